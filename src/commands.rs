//! The subcommands, one file each.

mod backfill;
mod budget;
mod cells;
mod check;
mod complete;
mod completions;
mod controller;
mod counted;
mod created;
mod defaults;
mod deployed;
mod diff;
mod eval;
mod explain;
mod harmless;
mod known;
mod lint;
mod listen;
mod monitoring;
mod preview;
mod progress;
mod reach;
mod read;
mod registrations;
mod render;
mod report;
mod review;
mod serve;
mod shown_variable;
mod simulated;
mod snippet;
mod stdio;
mod subject;
mod survey;
mod test;
mod vars;
mod version;
mod wanted;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

pub use self::complete::run as complete;
pub use self::stdio::complain;
use crate::cli::{Cli, Command};
use crate::engine::kelos::GROUP;
use crate::engine::rules::Policy;
use crate::manifests::{self, Found};
use crate::spawners::{FileObjects, ReadObjects, SpawnerProblem, Spawners};

/// Does what was typed; gives the exit status.
///
/// # Errors
///
/// Whatever keeps the command from doing it, in words for the person who typed it.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let status = match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Controller(args) => controller::run(&args),
        Command::Review(args) => review::run(&args),
        Command::Render(args) => render::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Lint(args) => lint::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Preview(args) => preview::run(&args),
        Command::Backfill(args) => backfill::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Monitoring(args) => monitoring::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Version(args) => version::run(&args),
        Command::Completions { shell } => completions::run(shell),
    }?;
    stdio::unless_closed(stdio::finish())?;
    Ok(status)
}

/// Shows what clap says instead of a command: help, the version, or what is wrong with the words typed.
///
/// # Errors
///
/// When that can't be written.
pub fn explain_usage(error: &clap::Error) -> anyhow::Result<ExitCode> {
    error.print().context(stdio::UNWRITABLE)?;
    stdio::finish()?;
    Ok(if error.use_stderr() { not_asked() } else { ExitCode::SUCCESS })
}

/// The exit status of a command that could not do what it was asked for: its flags, its files or the cluster
/// are in the way. 1 means that it was done, and the answer is no.
pub fn not_asked() -> ExitCode {
    ExitCode::from(2)
}

/// What is said of what is no Task.
const NO_TASK: &str = "this is no Task as Kelos has it";

/// What a command that runs once has read.
struct Loaded {
    spawners: Spawners,
    /// What teams have to fix in their TaskSpawners.
    problems: Vec<SpawnerProblem>,
    /// Whether every document could be used.
    is_whole: bool,
}

/// The cache for a command that runs once, and what teams have to fix in their TaskSpawners. What can't be
/// used at all is told.
fn load(read: ReadObjects, policy: Policy) -> Loaded {
    let spawners = Spawners::new(policy);
    let (objects, unusable) = FileObjects::default().update(read);
    for manifest in &unusable {
        complain(manifest);
    }
    let problems = spawners.replace(objects);
    Loaded { spawners, problems, is_whole: unusable.is_empty() }
}

/// Reads manifests from a path, or from standard input for `-`. A file of defaults that lies among them is none; what
/// else lies in a folder and is no manifest is passed over.
fn read_manifests(path: &Path, defaults: Option<&Path>, found: impl FnMut(Found)) {
    if path == Path::new("-") {
        manifests::read_from("<stdin>", io::stdin().lock(), found);
    } else {
        manifests::read_among_others(path, defaults, GROUP, found);
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
