//! `docs/reference.md`, made of the commands: `BLESS=1 cargo test --profile checked --test
//! reference` writes it.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command as Process;

use clap::{Command, CommandFactory};
use kelos_metadata::cli::Cli;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");

/// Lines are as wide as they are in a terminal that is wide enough.
const WIDTH: usize = 100;

const INTRO: &str = "\
# Reference

<!-- Made of the commands by `BLESS=1 cargo test --profile checked --test it reference`. -->

What every command and flag of `kelos-metadata` does: the texts of `--help`. What to write on a TaskSpawner is
in [rules](rules.md), how to run it on a cluster in [install](install.md).

The exit status of every command:

| status | means |
| --- | --- |
| 0 | it is done |
| 1 | the answer is no: the template of `eval` fails; a case of `test` fails; `lint` finds an error; a key of the Task of `explain` is missing or not as today's rules give it; Kelos makes no Task of the item of `render`, or a key is not written under `--strict`; a Task of `preview` would lose a key; `backfill` has not written a key, or kept one that the rules no longer give; `check` finds something bad; `serve` or `controller` can't go on |
| 2 | it could not be asked: a flag, a file, the cluster or the rights are in the way, or the output can't be written |

`serve` ends with 0 after SIGTERM or SIGINT, when `--shutdown-delay` is over and requests in flight are answered, and
`controller` when its Lease is let go; a second signal ends them at once. Who closes the pipe that a command prints to,
as `head` does, ends it quietly with 0. Logs and messages go to standard error, results to standard output. Colours are
only for terminals, and `NO_COLOR` switches them off there.

A script for your shell completes commands, flags and values, as in `source <(kelos-metadata completion bash)`.
";

/// Every command with its own help, in the order in which `--help` lists them, parents first.
fn helps(command: &mut Command, found: &mut Vec<(String, String)>) {
    let title = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    found.push((title, command.render_long_help().to_string()));
    for child in command.get_subcommands_mut().filter(|child| child.get_name() != "help") {
        helps(child, found);
    }
}

fn commands() -> Vec<(String, String)> {
    let mut command = Cli::command().term_width(WIDTH);
    command.build();
    let mut found = Vec::new();
    helps(&mut command, &mut found);
    found
}

fn page() -> String {
    let mut page = INTRO.to_owned();
    for (title, help) in commands() {
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        write!(page, "\n## {title}\n\n```text\n{}\n```\n", lines.join("\n").trim_end()).unwrap();
    }
    page
}

#[test]
fn the_reference_is_what_the_commands_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let made = page();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "docs/reference.md is not what the commands say: BLESS=1 cargo test --profile checked --test it reference writes it"
    );
}

/// What is made of the library is what somebody sees who asks the program.
#[test]
fn the_program_says_the_same_of_itself() {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let commands = commands();
    assert!(commands.len() >= 6, "{commands:?}");
    for (title, help) in commands {
        let words = title.split(' ').skip(1);
        let output = Process::new(PROGRAM).args(words).arg("--help").output().unwrap();
        assert!(output.status.success(), "{title}");
        let output = String::from_utf8(output.stdout).unwrap();
        assert_eq!(squeezed(&output), squeezed(&help), "{title} --help");
    }
}
