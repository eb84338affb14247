//! Instructions: what the engine, a whole HTTPS call and an event of the watch take, counted by callgrind.
//!
//! The count is the same on a busy machine. `benches/instructions.json` keeps what was counted, and where:
//! there, 3 % more fail this benchmark; on another machine, or with another toolchain, it only prints.
//! `BLESS=1` writes the file.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

mod baseline;
mod call;
mod callgrind;
mod engine;
mod events;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use baseline::{Baseline, Counts};
use callgrind::Callgrind;
use testing::measure::noop;
use testing::measure::servers::Built;

/// What Cargo built for the servers that are counted.
const BUILT: Built =
    Built { program: env!("CARGO_BIN_EXE_kelos-metadata"), folder: env!("CARGO_TARGET_TMPDIR") };

/// Counts the instructions of kelos-metadata.
#[derive(Parser)]
struct Args {
    /// Set by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    mode: Option<Mode>,
}

#[derive(Subcommand)]
enum Mode {
    /// Is the do-nothing server (used by the benchmark itself)
    Noop { certificate: PathBuf, key: PathBuf },
    /// Does one thing, for callgrind to count (used by the benchmark itself)
    Subject { name: String },
}

/// What is counted inside of this program: a name, and what prepares the work.
type Subject = (&'static str, fn() -> Result<Box<dyn FnMut()>>);

/// How often a subject does its work before it counts, so that what is made once is there.
const WARM_UP: u32 = 5;
/// How often it does its work while it is counted.
const TIMES: u32 = 20;

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.mode {
        Some(Mode::Noop { certificate, key }) => noop::serve(certificate, key).map(|()| true),
        Some(Mode::Subject { name }) => subject(name).map(|()| true),
        None if args.bench => run(),
        None => {
            println!("nothing counted: run it with `cargo bench --bench instructions`");
            Ok(true)
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Counts all, and says whether nothing takes more than it did.
fn run() -> Result<bool> {
    let Some(callgrind) = Callgrind::find()? else {
        println!("nothing counted: valgrind is not installed");
        return Ok(true);
    };
    let mut counts = Counts::new();
    for (name, _) in subjects() {
        let command = [std::env::current_exe()?.display().to_string()];
        let words = ["subject", name].map(str::to_owned);
        let counted = callgrind.count_inside(&[&command[..], &words].concat())?;
        counts.insert(name.to_owned(), counted / u64::from(TIMES));
    }
    counts.extend(call::count(&callgrind)?);
    let more = counts[engine::OF_THE_POD].saturating_sub(counts[engine::MORE_LABELS]);
    println!("two Pod labels and a node selector take {more} more than three labels");
    let (task, session) = (counts[engine::TASK_OF_AN_EVENT], counts[engine::SESSION_OF_AN_EVENT]);
    println!("a Task of an event takes {task}, a Session of it {session}");
    // What a Task costs, and 3 %.
    let is_within = more <= engine::MOST_MORE && session <= task + task / 32;
    Ok(Baseline { made_with: callgrind.circumstances()?, counts }.judge()? && is_within)
}

fn subjects() -> impl Iterator<Item = Subject> {
    engine::SUBJECTS.into_iter().chain(events::SUBJECTS)
}

fn subject(name: &str) -> Result<()> {
    let (_, prepare) = subjects().find(|it| it.0 == name).context("there is no such subject")?;
    let mut work = prepare()?;
    (0..WARM_UP).for_each(|_| work());
    (0..TIMES).for_each(|_| counted(&mut work));
    Ok(())
}

/// What callgrind counts: it knows this function by its name.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
    // So that this is no jump into the work, but a call that comes back.
    std::hint::black_box(());
}
