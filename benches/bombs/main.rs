//! Bombs, measured: what each costs in CPU time and memory. What its namespace's neighbours notice is in
//! the benchmark `hostile`.
//!
//! The bombs are those of the tests, which assert what is counted: steps, bytes and the peak of the
//! allocator. Here is what is measured, in the program as it is shipped. Nothing is asserted about
//! time; a bomb that is not stopped fails the run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

mod cost;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use testing::measure::child::Cores;

/// Measures templates that would take for ever, or all memory, if they were not bounded.
#[derive(Parser)]
struct Args {
    /// How often each bomb is rendered; once more, for warming up, does not count
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Set by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    mode: Option<Mode>,
}

#[derive(Subcommand)]
enum Mode {
    /// Renders one bomb and says what it cost (used by the benchmark itself)
    One { bomb: usize, runs: u16 },
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.mode {
        Some(Mode::One { bomb, runs }) => cost::measure_here(*bomb, *runs),
        None if args.bench => cost::print_table(args.runs, Cores::share()),
        None => {
            println!("nothing measured: run it with `cargo bench --bench bombs`");
            Ok(())
        }
    };
    if let Err(error) = result {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
