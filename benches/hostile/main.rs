//! Hostile rules and requests, measured: what memory they take, how long the server is not ready, and
//! what the neighbours of the namespace that sends them notice.
//!
//! They are those of the tests, which assert what is counted: steps, bytes and the peak of the
//! allocator. Here is what is measured, in the program as it is shipped, which gets its rules from
//! files or from an API server's lists. Nothing is asserted about time; a figure over its bound is
//! marked, and a wrong answer of the server fails the run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

mod api;
mod floods;
mod health;
mod memory;
mod neighbours;
mod noise;
mod ordinary;
mod sets;
mod works;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use testing::measure::child::Cores;
use testing::measure::servers::{Built, Stage};

/// What Cargo built for this bench.
const BUILT: Built =
    Built { program: env!("CARGO_BIN_EXE_kelos-metadata"), folder: env!("CARGO_TARGET_TMPDIR") };

/// Measures what hostile TaskSpawners and requests cost the server and its other clients.
#[derive(Parser)]
struct Args {
    /// Only these tables
    #[arg(value_enum)]
    tables: Vec<Table>,
    /// Rounds of the quiet namespace's calls; one more, for warming up, does not count
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Calls of the quiet namespace in a round, for each kind of noise: enough for half a second of it
    #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u32).range(100..))]
    calls: u32,
    /// Connections of the noisy namespace, each with one call under way
    #[arg(long, default_values_t = [4, 16], value_parser = clap::value_parser!(u8).range(1..=64))]
    connections: Vec<u8>,
    /// Set by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Table {
    /// Memory and readiness under hostile TaskSpawners
    Rules,
    /// Memory under hostile requests
    Requests,
    /// Latencies of another namespace
    Neighbours,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        println!("nothing measured: run it with `cargo bench --bench hostile`");
        return ExitCode::SUCCESS;
    }
    if let Err(error) = run(&args) {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run(args: &Args) -> Result<()> {
    let stage = Stage::set(Cores::both(), BUILT)?;
    let wants = |table| args.tables.is_empty() || args.tables.contains(&table);
    if wants(Table::Rules) {
        memory::print_table(&stage)?;
    }
    if wants(Table::Requests) {
        floods::print_tables(&stage)?;
    }
    if wants(Table::Neighbours) {
        neighbours::print_tables(args, &stage)?;
    }
    Ok(())
}
