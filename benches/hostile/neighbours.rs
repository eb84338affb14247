//! What one namespace notices of another's costly work: its latencies alone, and beside it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::memory::Source;
use crate::noise::{Noise, Rates};
use crate::works::{self, Work};
use crate::{Args, health};
use testing::measure::client::{self, Connection};
use testing::measure::figures::{Samples, spread};
use testing::measure::fixtures::{self, Templates};
use testing::measure::servers::{Running, Stage};

/// How many different Tasks the quiet namespace asks for.
const TASKS: usize = 16;

/// What half and 99 % of the calls may take beside noise: so many times what they take alone, or so
/// many microseconds, if that is more.
const P50: Bound = Bound { times: 5.0, micros: 2_000.0 };
const P99: Bound = Bound { times: 10.0, micros: 50_000.0 };

struct Bound {
    times: f64,
    micros: f64,
}

impl Bound {
    fn is_kept(&self, own: f64, alone: f64) -> bool {
        own <= (self.times * alone).max(self.micros)
    }
}

/// What the noisy namespace does meanwhile, and what was measured.
struct Scenario<'w> {
    label: &'w str,
    noise: Option<&'w Noise>,
    all: Samples,
    /// The latencies that half and 99 % of the calls kept to, round by round.
    p50: Vec<f64>,
    p99: Vec<f64>,
    rates: Vec<Rates>,
    longest_health: Duration,
}

impl<'w> Scenario<'w> {
    fn new(label: &'w str, noise: Option<&'w Noise>) -> Scenario<'w> {
        Scenario {
            label,
            noise,
            all: Samples::default(),
            p50: Vec::new(),
            p99: Vec::new(),
            rates: Vec::new(),
            longest_health: Duration::ZERO,
        }
    }

    fn row(&self, alone: &Scenario<'_>) -> String {
        let ratio = |own: &[f64], alone: &[f64]| {
            spread(own.iter().zip(alone).map(|(own, alone)| own / alone).collect()).1
        };
        let rate = |of: fn(&Rates) -> f64| spread(self.rates.iter().map(of).collect()).1;
        let (p50, p99) = (self.all.latency(50), self.all.latency(99));
        let mut row = format!(
            "{:<24} {p50:>8.0} {p99:>8.0} {:>7.2} {:>7.2} {:>8.0} {:>9.0} {:>10.1}",
            self.label,
            ratio(&self.p50, &alone.p50),
            ratio(&self.p99, &alone.p99),
            rate(|rates| rates.answered),
            rate(|rates| rates.refused),
            self.longest_health.as_secs_f64() * 1e3,
        );
        for (bound, own, alone, name) in
            [(P50, p50, alone.all.latency(50), "p50"), (P99, p99, alone.all.latency(99), "p99")]
        {
            if !bound.is_kept(own, alone) {
                row.push_str(&format!("  {name} over its bound"));
            }
        }
        row
    }
}

/// Measures and prints the quiet namespace's latencies.
pub(crate) fn print_tables(args: &Args, stage: &Stage) -> Result<()> {
    let mut works = works::all()?;
    let server = start(stage, &works)?;
    for work in &mut works {
        let name = work.name.clone();
        work.noise.keep_what_goes_off(&server).context(name)?;
    }
    for connections in &args.connections {
        println!(
            "neighbours: {} rounds of {} calls of a quiet namespace, one at a time; the noisy one has {connections} \
             connections; {}\n\
             bounds: p50 {} times what it is alone, or {} ms; p99 {} times, or {} ms",
            args.rounds,
            args.calls,
            stage.cores.describe(),
            P50.times,
            P50.micros / 1e3,
            P99.times,
            P99.micros / 1e3,
        );
        println!(
            "{:<24} {:>8} {:>8} {:>7} {:>7} {:>8} {:>9} {:>10}",
            "the noisy one sends",
            "p50 µs",
            "p99 µs",
            "× p50",
            "× p99",
            "noise/s",
            "refused/s",
            "healthz ms"
        );
        let mut scenarios = vec![Scenario::new("nothing", None)];
        scenarios.extend(works.iter().map(|work| Scenario::new(&work.name, Some(&work.noise))));
        measure(args, *connections, &server, &mut scenarios)?;
        scenarios.iter().for_each(|scenario| println!("{}", scenario.row(&scenarios[0])));
        println!();
    }
    Ok(())
}

/// Starts the server on both namespaces.
fn start(stage: &Stage, works: &[Work]) -> Result<Running> {
    let quiet = [fixtures::workspace(0), fixtures::spawner(0, Templates::Shared)];
    // Several kinds of work have the same TaskSpawner.
    let noisy: BTreeMap<String, &Value> = works
        .iter()
        .flat_map(|work| &work.spawners)
        .map(|spawner| (spawner["metadata"]["name"].to_string(), spawner))
        .collect();
    let objects = quiet.iter().chain(noisy.into_values());
    let (flag, rules) = Source::Lists.offer(stage, objects)?;
    let server = stage.product_from(flag, &rules, 2)?;
    health::wait_until_ready(server.server.health_address()?)?;
    (1..=TASKS).try_for_each(|number| server.check(0, number, Templates::Shared))?;
    Ok(server)
}

/// Runs all rounds; the first, for warming up, is thrown away.
fn measure(
    args: &Args,
    connections: u8,
    server: &Running,
    scenarios: &mut [Scenario<'_>],
) -> Result<()> {
    let requests = (1..=TASKS)
        .map(|number| Ok(client::post(&fixtures::review(0, number)?)))
        .collect::<Result<Vec<_>>>()?;
    let health_address = server.server.health_address()?;
    for round in 0..=args.rounds {
        for scenario in &mut *scenarios {
            let mut own: Vec<Connection> = server.connect(1)?;
            let mut quiet = || {
                health::during(health_address, || {
                    client::load(&mut own, &requests, args.calls as usize, b"\"patch\":\"")
                })
            };
            let measured = match scenario.noise {
                None => quiet().map(|measured| (measured, Rates::default())),
                Some(noise) => noise.during(server, connections, &mut quiet),
            };
            let ((latencies, longest), rates) = measured.context(scenario.label.to_owned())?;
            if round > 0 {
                let own = Samples { latencies, ..Samples::default() }.finish();
                scenario.p50.push(own.latency(50));
                scenario.p99.push(own.latency(99));
                scenario.rates.push(rates);
                scenario.longest_health = scenario.longest_health.max(longest);
                scenario.all.latencies.extend(own.latencies);
            }
        }
    }
    scenarios.iter_mut().for_each(|scenario| scenario.all.latencies.sort_unstable());
    Ok(())
}
