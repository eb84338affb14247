//! What one namespace notices of another's bombs: its latencies alone, and beside them.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::Args;
use crate::client::{self, Connection};
use crate::figures::{Samples, spread};
use crate::fixtures::{self, Templates};
use crate::noise::{self, Noise, in_namespace};
use crate::servers::{Running, Stage};

/// How many different Tasks the quiet namespace asks for.
const TASKS: usize = 16;

/// What the noisy namespace does meanwhile, and what the quiet one was given.
struct Scene {
    label: String,
    noise: Option<Noise>,
    all: Samples,
    /// Half and 99 % of the calls kept to these latencies, round by round.
    p50: Vec<f64>,
    p99: Vec<f64>,
    /// Answers to the noise a second, round by round.
    noise_rate: Vec<f64>,
}

impl Scene {
    fn new(label: String, noise: Option<Noise>) -> Scene {
        let none = Vec::new;
        Scene {
            label,
            noise,
            all: Samples::default(),
            p50: none(),
            p99: none(),
            noise_rate: none(),
        }
    }
}

/// Measures and prints the quiet namespace's latencies.
pub(crate) fn print_table(args: &Args, stage: &Stage) -> Result<()> {
    let server = start(stage)?;
    let mut scenes = vec![Scene::new("is silent".to_owned(), None)];
    for (is_straight, words) in [(false, "looping"), (true, "straight-line")] {
        let noise =
            Noise::of(&server, |bomb| Ok(bomb.compile()?.is_straight_line() == is_straight))?;
        scenes.push(Scene::new(format!("sends {} {words} bombs", noise.len()), Some(noise)));
    }
    measure(args, &server, &mut scenes)?;
    println!(
        "neighbours: {} rounds of {} calls of a quiet namespace, one at a time; the noisy one has {} connections; {}",
        args.rounds,
        args.calls,
        args.connections,
        stage.cores.describe(),
    );
    println!(
        "{:<32} {:>7} {:>7} {:>7} {:>7} {:>8}",
        "while the noisy one …", "p50 µs", "p99 µs", "× p50", "× p99", "noise/s"
    );
    let silence = &scenes[0];
    for scene in &scenes {
        let ratio = |own: &[f64], alone: &[f64]| {
            spread(own.iter().zip(alone).map(|(own, alone)| own / alone).collect()).1
        };
        println!(
            "{:<32} {:>7.0} {:>7.0} {:>7.2} {:>7.2} {:>8.0}",
            scene.label,
            scene.all.latency(50),
            scene.all.latency(99),
            ratio(&scene.p50, &silence.p50),
            ratio(&scene.p99, &silence.p99),
            spread(scene.noise_rate.clone()).1,
        );
    }
    Ok(())
}

/// Starts the server on both namespaces.
fn start(stage: &Stage) -> Result<Running> {
    let folder = stage.folder.path().join("neighbours");
    fs::create_dir(&folder)?;
    let quiet = vec![fixtures::workspace(0), fixtures::spawner(0, Templates::Shared)];
    let mut noisy = noise::spawners();
    noisy.push(in_namespace(fixtures::workspace(0), "noisy"));
    for (name, items) in [("quiet", quiet), ("noisy", noisy)] {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        fs::write(folder.join(name).with_extension("json"), serde_json::to_vec(&list)?)?;
    }
    let server = stage.product(&folder)?;
    (1..=TASKS).try_for_each(|number| server.check(0, number, Templates::Shared))?;
    Ok(server)
}

/// Runs all rounds; the first, for warming up, is thrown away.
fn measure(args: &Args, server: &Running, scenes: &mut [Scene]) -> Result<()> {
    let requests = (1..=TASKS)
        .map(|number| Ok(client::post(&fixtures::review(0, number)?)))
        .collect::<Result<Vec<_>>>()?;
    let mut connections: Vec<Connection> = server.connect(1)?;
    let mut quiet =
        || client::load(&mut connections, &requests, args.calls as usize, b"\"patch\":\"");
    for round in 0..=args.rounds {
        for scene in &mut *scenes {
            let (latencies, rate) = match &scene.noise {
                None => (quiet()?, 0.0),
                Some(noise) => noise.during(server, args.connections, &mut quiet)?,
            };
            if round > 0 {
                let own = Samples { latencies, ..Samples::default() }.finish();
                scene.p50.push(own.latency(50));
                scene.p99.push(own.latency(99));
                scene.noise_rate.push(rate);
                scene.all.latencies.extend(own.latencies);
            }
        }
    }
    for scene in scenes {
        scene.all.latencies.sort_unstable();
        ensure!(!scene.all.latencies.is_empty(), "nothing was measured");
    }
    Ok(())
}
