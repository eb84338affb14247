//! The whole HTTPS call, measured on the real binary beside two yardsticks.
//!
//! Three servers run side by side, each on one worker thread of one core: the product, a server of
//! its stack that does nothing, and an ordinary Go webhook that does the same job. Each round gives
//! every server the same calls, one server after the other, so that the drift of a busy machine
//! meets all of them. What counts is the CPU time that a server itself used per call. Nothing is
//! asserted about time; wrong answers and a product that does not start fail the run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

#[allow(dead_code, reason = "the benchmark `hostile` uses all of it")]
mod child;
mod client;
mod figures;
mod fixtures;
#[path = "../peers/noop.rs"]
mod noop;
#[allow(dead_code, reason = "the benchmark `instructions` uses all of it")]
mod servers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

use child::Cores;
use client::Connection;
use figures::{Samples, spread};
use fixtures::Templates;
use servers::{GO_WEBHOOK, NOOP, PRODUCT, Running, Stage};

/// How many different Tasks the load is made of.
const TASKS: usize = 16;

/// Measures the HTTPS call of kelos-metadata beside a do-nothing server and a Go webhook.
#[derive(Parser)]
struct Args {
    /// Rounds that count; one more, for warming up, does not
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Calls of each server in a round, over all connections
    #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u32).range(100..))]
    calls: u32,
    /// Kept-alive connections to each server, each with one call under way
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
    /// Is the do-nothing server (used by the benchmark itself)
    Noop { certificate: PathBuf, key: PathBuf },
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.mode {
        Some(Mode::Noop { certificate, key }) => noop::serve(certificate, key),
        None if args.bench => run(&args),
        None => {
            println!("nothing measured: run it with `cargo bench --bench https`");
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
    let stage = Stage::set(Cores::share())?;
    let manifest = stage.manifests("example", 1, Templates::Shared)?;
    let folder = manifest.parent().context("no folder")?;
    let mut servers = vec![stage.noop()?];
    let mut missing = Vec::new();
    for (name, started) in
        [(PRODUCT, stage.product(folder)), (GO_WEBHOOK, stage.go_webhook(&manifest))]
    {
        match started {
            Ok(running) => servers.push(running),
            Err(error) => missing.push((name, format!("{error:#}"))),
        }
    }
    for server in &servers {
        (1..=TASKS).try_for_each(|number| server.check(0, number, Templates::Shared))?;
    }
    println!(
        "HTTPS: {} rounds of {} calls to each server in turn, {} connections, reviews of {} bytes; {}",
        args.rounds,
        args.calls,
        args.connections,
        fixtures::REVIEW_BYTES,
        stage.cores.describe(),
    );
    let samples = measure(args, &mut servers)?;
    print_table(&servers, &samples);
    drop(servers);
    for (name, reason) in &missing {
        println!("{name:<16} skipped: {reason}");
    }
    if missing.iter().any(|(name, _)| *name == PRODUCT) {
        bail!("{PRODUCT} itself could not be measured");
    }
    print_memory(&stage, folder)
}

/// Runs all rounds; the first, for warming up, is thrown away.
fn measure(args: &Args, servers: &mut [Running]) -> Result<Vec<Samples>> {
    let requests = (1..=TASKS)
        .map(|number| Ok(client::post(&fixtures::review(0, number)?)))
        .collect::<Result<Vec<_>>>()?;
    let mut connections: Vec<Vec<Connection>> =
        servers.iter().map(|server| server.connect(args.connections)).collect::<Result<_>>()?;
    let mut samples: Vec<Samples> = servers.iter().map(|_| Samples::default()).collect();
    for round in 0..=usize::from(args.rounds) {
        for turn in 0..servers.len() {
            // Each server goes first as often as the others.
            let index = (round + turn) % servers.len();
            let server = &mut servers[index];
            let must_hold: &[u8] =
                if server.name == NOOP { b"\"allowed\":true" } else { b"\"patch\":\"" };
            let before = server.server.cpu_nanoseconds()?;
            let calls = args.calls as usize;
            let latencies = client::load(&mut connections[index], &requests, calls, must_hold)
                .with_context(|| format!("{}, round {round}", server.name))?;
            let used = server.server.cpu_nanoseconds()? - before;
            if round > 0 {
                samples[index].cpu_per_call.push(used as f64 / latencies.len() as f64);
                samples[index].latencies.extend(latencies);
            }
        }
    }
    Ok(samples.into_iter().map(Samples::finish).collect())
}

fn print_table(servers: &[Running], samples: &[Samples]) {
    println!(
        "{:<16} {:>12} {:>17} {:>9} {:>9} {:>10}",
        "server", "CPU µs/call", "(least … most)", "p50 µs", "p99 µs", "× noop"
    );
    for (server, own) in servers.iter().zip(samples) {
        let (least, median, most) = spread(own.cpu_per_call.clone());
        println!(
            "{:<16} {:>12.1} {:>17} {:>9.0} {:>9.0} {:>10.2}",
            server.name,
            median / 1e3,
            format!("({:.1} … {:.1})", least / 1e3, most / 1e3),
            own.latency(50),
            own.latency(99),
            own.ratio_to(&samples[0]),
        );
    }
    let of = |name| servers.iter().position(|server| server.name == name).map(|at| &samples[at]);
    if let (Some(product), Some(go)) = (of(PRODUCT), of(GO_WEBHOOK)) {
        println!("{GO_WEBHOOK} / {PRODUCT}: {:.1}", go.ratio_to(product));
    }
}

/// Prints what the product keeps in memory, once it is loaded and has answered one call.
fn print_memory(stage: &Stage, example: &Path) -> Result<()> {
    println!(
        "\n{:<46} {:>10} {:>10}",
        "memory of kelos-metadata, with TaskSpawners", "now MiB", "peak MiB"
    );
    let report = |label: &str, folder: &Path, last: usize, templates| {
        let running = stage.product(folder)?;
        running.check(last, 1, templates)?;
        let mib = |name| anyhow::Ok(running.server.memory_kib(name)? as f64 / 1024.0);
        println!("{label:<46} {:>10.1} {:>10.1}", mib("VmRSS")?, mib("VmHWM")?);
        anyhow::Ok(())
    };
    report("1, the example", example, 0, Templates::Shared)?;
    for (label, name, count, templates) in [
        ("1000, which share their templates", "shared", 1000, Templates::Shared),
        ("5000, each with templates of its own", "different", 5000, Templates::Different),
    ] {
        let first = stage.manifests(name, count, templates)?;
        report(label, first.parent().context("no folder")?, count - 1, templates)?;
    }
    Ok(())
}
