//! Bombs, measured: what each costs in CPU time and memory, and what its namespace's neighbours notice.
//!
//! The bombs are those of the tests, which assert what is counted: steps, bytes and the peak of the
//! allocator. Here is what is measured, in the program as it is shipped. Nothing is asserted about
//! time; a bomb that is not stopped, and a wrong answer of the server, fail the run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

mod bomb;
#[path = "../https/child.rs"]
#[allow(dead_code, reason = "the benchmark of HTTPS uses all of it")]
mod child;
#[path = "../https/client.rs"]
mod client;
mod cost;
#[path = "../https/figures.rs"]
#[allow(dead_code, reason = "the benchmark of HTTPS uses all of it")]
mod figures;
#[path = "../https/fixtures.rs"]
#[allow(dead_code, reason = "the benchmark of HTTPS uses all of it")]
mod fixtures;
#[path = "../../tests/bombs/list.rs"]
mod list;
mod neighbours;
mod noise;
#[path = "../https/servers.rs"]
#[allow(dead_code, reason = "the benchmark of HTTPS uses all of it")]
mod servers;
#[path = "../../tests/bombs/stranger.rs"]
mod stranger;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use servers::Stage;

/// Measures templates that would take for ever, or all memory, if they were not bounded.
#[derive(Parser)]
struct Args {
    /// How often each bomb is rendered; once more, for warming up, does not count
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Rounds of the quiet namespace's calls; one more, for warming up, does not count
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Calls of the quiet namespace in a round, for each kind of noise
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(100..))]
    calls: u32,
    /// Connections of the noisy namespace, each with one call under way
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    connections: u8,
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
        None if args.bench => run(&args),
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

fn run(args: &Args) -> Result<()> {
    let stage = Stage::set()?;
    cost::print_table(args.runs, stage.cores)?;
    println!();
    neighbours::print_table(args, &stage)
}
