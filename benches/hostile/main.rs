//! Hostile rules and requests, measured: what memory they take, how long the server is not ready, and
//! what the neighbours of the namespace that sends them notice.
//!
//! They are those of the tests, which assert what is counted: steps, bytes and the peak of the
//! allocator. Here is what is measured, in the program as it is shipped, which gets its rules from
//! files or from an API server's lists. Nothing is asserted about time; a figure over its bound is
//! marked, and a wrong answer of the server fails the run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

mod api;
#[path = "../bombs/bomb.rs"]
#[allow(dead_code, reason = "the benchmark of bombs uses all of it")]
mod bomb;
#[path = "../https/child.rs"]
#[allow(dead_code, reason = "the benchmark of HTTPS uses all of it")]
mod child;
#[path = "../https/client.rs"]
mod client;
#[path = "../https/figures.rs"]
#[allow(dead_code, reason = "the benchmark of HTTPS uses all of it")]
mod figures;
#[path = "../https/fixtures.rs"]
#[allow(dead_code, reason = "the benchmark of HTTPS uses all of it")]
mod fixtures;
mod floods;
mod health;
#[path = "../../tests/bombs/list.rs"]
mod list;
mod memory;
mod neighbours;
mod noise;
mod ordinary;
#[path = "../../tests/hostile/requests.rs"]
mod requests;
#[path = "../https/servers.rs"]
#[allow(dead_code, reason = "the benchmark of HTTPS uses all of it")]
mod servers;
mod sets;
#[path = "../../tests/common/hostile.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod spawners;
#[path = "../../tests/work/hostile.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
#[allow(clippy::unwrap_used, reason = "its objects are written there")]
mod tasks;
mod works;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use child::Cores;
use servers::Stage;

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
    let stage = Stage::set(Cores::both())?;
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
