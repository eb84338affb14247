//! What the webhook costs the API server: its own histogram of the calls, and how long the creation of
//! a Task takes with and without the webhook, turn by turn at a steady rate.
//!
//! Nothing is asserted about time; a Task that is not labelled fails the run.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use crate::harness::cluster::alone_on_cluster;
use crate::harness::namespace::Namespace;
use crate::harness::objects::Spawner;
use crate::harness::{Cluster, spawner};

/// Creates a second, half of them with the webhook.
const RATE: u32 = 100;
const SECONDS: u32 = 20;
/// Creates before those that count.
const WARM_UP: u32 = 200;
/// The API server's histogram of webhook calls.
const HISTOGRAM: &str = "apiserver_admission_webhook_admission_duration_seconds";

#[test]
#[ignore = "it measures: `make bench` runs it"]
fn creates_with_the_webhook_and_without() {
    alone_on_cluster(async |cluster| {
        let with = cluster.namespace("with").await;
        let off = json!({"metadata.kelos.dev/injection": "disabled"});
        let without = cluster.namespace_with("without", off).await;
        let sides = [with, without];
        let mut workers = Vec::new();
        for side in &sides {
            side.creates_workspace("https://github.com/acme/widgets.git").await;
            let worker = spawner("issue-worker")
                .labels(json!({"kelos.dev/source-kind": "{{.Kind}}", "area": "backend"}))
                .annotations(json!({"kelos.dev/source-url": "{{.URL}}"}));
            workers.push(side.creates(worker).await);
        }
        sides[0].will_label(workers[0].issue(0), "area", "backend").await;

        creates(&sides, &workers, 1..WARM_UP).await;
        let before = calls(cluster).await;
        let latencies = creates(&sides, &workers, WARM_UP..WARM_UP + RATE * SECONDS).await;
        let after = calls(cluster).await;
        report(latencies, &before, &after);
        for task in sides[0].tasks().await {
            assert_eq!(task["metadata"]["labels"]["area"], "backend", "{}", task["metadata"]);
        }
    });
}

/// Creates Tasks on both sides in turn, at the steady rate; gives how long each took.
async fn creates(
    sides: &[Namespace; 2],
    workers: &[Spawner],
    numbers: std::ops::Range<u32>,
) -> [Vec<Duration>; 2] {
    let mut latencies = [Vec::new(), Vec::new()];
    let mut clock = interval(Duration::from_secs(1) / RATE);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in numbers {
        clock.tick().await;
        let side = number as usize % 2;
        let begun = Instant::now();
        sides[side].post("tasks", "", workers[side].issue(number).into()).await.ok();
        latencies[side].push(begun.elapsed());
    }
    latencies
}

/// The calls that the API server has made: the upper bounds of its buckets and their counts, and the
/// sum of all in seconds.
struct Calls {
    buckets: Vec<(f64, f64)>,
    sum: f64,
    count: f64,
}

async fn calls(cluster: &Cluster) -> Calls {
    let text = cluster.admin.text("/metrics").await.unwrap();
    let samples = |part: &str| -> Vec<(String, f64)> {
        let start = format!("{HISTOGRAM}_{part}{{");
        let lines = text.lines().filter(|line| line.starts_with(&start));
        lines
            .map(|line| {
                let (series, value) = line.rsplit_once(' ').unwrap();
                (series.to_owned(), value.parse().unwrap())
            })
            .collect()
    };
    let bound = |series: &str| -> f64 {
        let (_, rest) = series.split_once("le=\"").unwrap();
        rest.split('"').next().unwrap().parse().unwrap_or(f64::INFINITY)
    };
    let buckets = samples("bucket").iter().map(|(series, count)| (bound(series), *count)).collect();
    let total = |part: &str| samples(part).iter().map(|(_, value)| value).sum();
    Calls { buckets, sum: total("sum"), count: total("count") }
}

fn report(latencies: [Vec<Duration>; 2], before: &Calls, after: &Calls) {
    let count = after.count - before.count;
    let mean = (after.sum - before.sum) / count * 1e3;
    println!(
        "The API server's own histogram of {count} calls, at {RATE} creates a second, half of them called:"
    );
    println!("  mean {mean:.2} ms");
    for ((bound, now), (_, then)) in after.buckets.iter().zip(&before.buckets) {
        if *bound <= 0.5 {
            println!("  at most {:>5.1} ms: {:>5.1} %", bound * 1e3, (now - then) / count * 100.0);
        }
    }
    let [with, without] = latencies.map(|mut side| {
        side.sort_unstable();
        [0.5, 0.99].map(|share| side[(side.len() as f64 * share) as usize].as_secs_f64() * 1e3)
    });
    println!("Creation of a Task, as the client sees it:");
    println!("  | | p50 ms | p99 ms |");
    println!("  | with the webhook | {:.2} | {:.2} |", with[0], with[1]);
    println!("  | without | {:.2} | {:.2} |", without[0], without[1]);
    println!("  | ratio | {:.2} | {:.2} |", with[0] / without[0], with[1] / without[1]);
}
