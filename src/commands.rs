//! The subcommands, one file each.

mod controller;
mod eval;
mod explain;
mod listen;
mod render;
mod review;
mod serve;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::engine::rules::Policy;
use crate::manifests::{self, Found};
use crate::spawners::{FileObjects, ReadObjects, SpawnerProblem, Spawners};

/// Does what was typed; gives the exit status.
///
/// # Errors
///
/// Whatever keeps the command from doing it, in words for the person who typed it.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Controller(args) => controller::run(&args),
        Command::Review(args) => review::run(&args),
        Command::Render(args) => render::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Completions { shell } => {
            let mut command = Cli::command();
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "kelos-metadata", &mut script);
            io::stdout().write_all(&script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The cache for a command that runs once, and what teams have to fix in their TaskSpawners. What can't be
/// used at all is told.
fn load(read: ReadObjects, policy: Policy) -> (Spawners, Vec<SpawnerProblem>) {
    let spawners = Spawners::new(policy);
    let (objects, unusable) = FileObjects::default().update(read);
    for manifest in unusable {
        anstream::eprintln!("{manifest}");
    }
    let problems = spawners.replace(objects);
    (spawners, problems)
}

/// Reads manifests from a path, or from standard input for `-`.
fn read_manifests(path: &Path, found: impl FnMut(Found)) {
    if path == Path::new("-") {
        manifests::read_from("<stdin>", io::stdin().lock(), found);
    } else {
        manifests::read(path, found);
    }
}

/// Whether the reader of our output went away.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let of_io = |cause: &(dyn std::error::Error + 'static)| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        io.or_else(|| cause.downcast_ref::<serde_json::Error>()?.io_error_kind())
    };
    error.chain().any(|cause| of_io(cause) == Some(io::ErrorKind::BrokenPipe))
}
