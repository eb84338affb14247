//! What hostile requests cost of memory, beside ordinary rules and beside hostile ones.

use std::rc::Rc;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::memory::{Source, mib};
use crate::noise::spawner;
use crate::{health, ordinary, sets};
use testing::hostile::requests::{Part, escaped_entries, repeated, review, tiny_entries};
use testing::measure::client::{self, Connection};
use testing::measure::servers::{Running, Stage};

/// What the memory may be at the most, in MiB, beside an ordinary cache and beside hostile rules.
const MOST_MIB: f64 = 160.0;
const MOST_MIB_WITH_RULES: f64 = 224.0;
/// How many requests are sent at once, how often, and how many worker threads the server has.
const AT_ONCE: u8 = 10;
const ROUNDS: usize = 3;
const WORKERS: u8 = 16;

/// TaskSpawners that read nothing, and who asks.
const PLAIN: &str = "plain";
const USER: &str = "user";

/// Sends all requests to a server with ordinary rules, and to one with hostile ones.
pub(crate) fn print_tables(stage: &Stage) -> Result<()> {
    let floods = floods();
    let sets = sets::all()?;
    let hostile = sets.last().map_or(&[][..], |set| &set.objects);
    for (rules, hostile, most) in [
        ("an ordinary cache", &[][..], MOST_MIB),
        ("all hostile rules beside it", hostile, MOST_MIB_WITH_RULES),
    ] {
        println!(
            "requests: {AT_ONCE} at once, {ROUNDS} rounds, {WORKERS} worker threads, {rules}; {}\n\
             bound: {most} MiB; the peak counts from the start",
            stage.cores.describe(),
        );
        println!(
            "{:<28} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "requests with", "bytes", "answered", "refused", "peak MiB", "now MiB"
        );
        let server = start(stage, hostile)?;
        print_row("nothing", 0, (0, 0), &server, most)?;
        for (name, request) in &floods {
            let answers = send(&server, request).with_context(|| format!("{name}, {rules}"))?;
            print_row(name, request.len(), answers, &server, most)?;
        }
        ordinary::check(&server)?;
        println!();
    }
    Ok(())
}

fn print_row(
    name: &str,
    bytes: usize,
    (answered, refused): (usize, usize),
    server: &Running,
    most: f64,
) -> Result<()> {
    let (peak, now) = (mib(server, "VmHWM")?, mib(server, "VmRSS")?);
    let mark = if peak > most { "  OVER ITS MEMORY" } else { "" };
    println!("{name:<28} {bytes:>9} {answered:>9} {refused:>9} {peak:>9.1} {now:>9.1}{mark}");
    Ok(())
}

/// Starts the server on an ordinary cache, these objects, and what the requests name.
fn start(stage: &Stage, hostile: &[Rc<Value>]) -> Result<Running> {
    let plain = spawner("default", PLAIN, &json!({"a": "b"}), "go");
    let user = spawner("default", USER, &json!({"a": "{{ .User.Name | upper }}"}), "go");
    let known = [plain, user];
    let objects = hostile.iter().map(Rc::as_ref).chain(&known);
    let (flag, rules) = Source::Lists.offer(stage, objects)?;
    let server = stage.product_from(flag, &rules, WORKERS)?;
    health::wait_until_ready(server.server.health_address()?)?;
    ordinary::check(&server)?;
    Ok(server)
}

/// The requests that the tests count.
fn floods() -> Vec<(&'static str, Vec<u8>)> {
    const LARGE: usize = 6 << 20;
    let text = |key: &str, value: &str| format!("\"{key}\":\"{value}\"");
    [
        ("owner references", review(PLAIN, Part::Owners, &repeated("{}", 2_400_000))),
        ("32,000 owner references", review(PLAIN, Part::Owners, &repeated("{}", 32_000))),
        ("groups of who asks", review(USER, Part::Groups, &repeated("\"\"", 2_400_000))),
        ("16,000 groups of who asks", review(USER, Part::Groups, &repeated("\"g\"", 16_000))),
        ("270,000 labels", review(PLAIN, Part::Labels, &tiny_entries(270_000))),
        ("80,000 labels", review(PLAIN, Part::Labels, &tiny_entries(80_000))),
        ("270,000 escaped annotations", {
            review(PLAIN, Part::Annotations, &escaped_entries(270_000))
        }),
        ("80,000 escaped annotations", {
            review(PLAIN, Part::Annotations, &escaped_entries(80_000))
        }),
        (
            "one annotation of 3 MB",
            review(PLAIN, Part::Annotations, &text("a", &"x".repeat(LARGE / 2))),
        ),
        ("a prompt of 6 MB", review(PLAIN, Part::Spec, &text("prompt", &"x".repeat(LARGE)))),
        (
            "an escaped model of 6 MB",
            review(PLAIN, Part::Spec, &text("model", &"\\n".repeat(LARGE / 2))),
        ),
        ("a long key in front", review(PLAIN, Part::Front, &text(&"x".repeat(LARGE), "x"))),
    ]
    .map(|(name, review)| (name, client::post(review.as_bytes())))
    .into()
}

/// Sends a request over many connections at once; gives how many were answered, and how many refused.
fn send(server: &Running, request: &[u8]) -> Result<(usize, usize)> {
    let open = || Connection::open(server.server.address, &server.tls);
    let one = || -> Result<(usize, usize)> {
        let mut counts = (0, 0);
        for _ in 0..ROUNDS {
            // A connection of its own: one that was refused is closed.
            match open()?.call(request).map(|answer| answer.status) {
                Ok(200) => counts.0 += 1,
                Ok(503) | Err(_) => counts.1 += 1,
                Ok(other) => bail!("the server answered {other}"),
            }
        }
        Ok(counts)
    };
    thread::scope(|scope| {
        let senders: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(one)).collect();
        let mut all = (0, 0);
        for sender in senders {
            let Ok(counts) = sender.join() else { bail!("a client thread panicked") };
            let counts = counts?;
            all = (all.0 + counts.0, all.1 + counts.1);
        }
        ensure!(all.0 + all.1 > 0, "nothing was sent");
        Ok(all)
    })
}
