//! `completions`: what a shell has to know to complete our commands.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use super::stdio::UNWRITABLE;
use crate::cli::Cli;

pub(super) fn run(shell: Shell) -> anyhow::Result<ExitCode> {
    io::stdout().write_all(&script(shell)).context(UNWRITABLE)?;
    Ok(ExitCode::SUCCESS)
}

/// The script for a shell.
fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kelos-metadata", &mut script);
    match shell {
        Shell::Bash => with_one_name_for_a_command(&script),
        _ => script,
    }
}

/// The script for bash calls a command by two names if the program's own name has a `-`, and so finds none
/// behind the first word. Here both are one.
fn with_one_name_for_a_command(script: &[u8]) -> Vec<u8> {
    let script = String::from_utf8_lossy(script);
    script.replace("kelos__subcmd__metadata", "kelos__metadata").into_bytes()
}
