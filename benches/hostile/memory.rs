//! What hostile TaskSpawners cost: memory, and the time until the server is ready.

use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::noise::review;
use crate::sets::{self, NAMESPACE, Set};
use crate::{api, health, ordinary};
use testing::measure::client;
use testing::measure::servers::{Running, Stage};

/// What the memory may be at the most, in MiB, and how long it may take until the server is ready.
const MOST_MIB: f64 = 128.0;
const MOST_SECONDS: f64 = 5.0;
/// How long the server is left alone before its memory at rest is read.
const REST: Duration = Duration::from_secs(1);
/// How many Tasks of the hostile TaskSpawners are asked for.
const TASKS: usize = 40;

/// Where the server gets its rules from.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    Lists,
    Files,
}

/// Prints what each set costs, beside an ordinary cache.
pub(crate) fn print_table(stage: &Stage) -> Result<()> {
    println!(
        "rules: hostile ones beside an ordinary cache of {} TaskSpawners, through an API server's lists and \
         from files; {}\n\
         bounds: {MOST_MIB} MiB, ready after {MOST_SECONDS} s; peak MiB once it is ready, MiB at rest, and peak \
         MiB after {TASKS} of their Tasks",
        ordinary::COUNT,
        stage.cores.describe(),
    );
    println!(
        "{:<36} {:<6} {:>8} {:>7} {:>7} {:>7}",
        "TaskSpawners of one team", "from", "ready s", "peak", "at rest", "Tasks"
    );
    let alone = Set { name: "none", objects: Vec::new() };
    for set in [alone].into_iter().chain(sets::all()?) {
        for (source, from) in [(Source::Lists, "lists"), (Source::Files, "files")] {
            let cost = Cost::of(stage, source, &set);
            println!("{:<36} {from:<6} {}", set.name, cost.with_context(|| set.name)?.row());
        }
    }
    println!();
    Ok(())
}

struct Cost {
    ready: Duration,
    peak: f64,
    at_rest: f64,
    peak_of_tasks: f64,
}

impl Cost {
    fn of(stage: &Stage, source: Source, set: &Set) -> Result<Cost> {
        let (flag, rules) = source.offer(stage, set.objects.iter().map(Rc::as_ref))?;
        let begun = Instant::now();
        let server = stage.product_from(flag, &rules, 2)?;
        health::wait_until_ready(server.server.health_address()?)?;
        let ready = begun.elapsed();
        ordinary::check(&server)?;
        thread::sleep(REST);
        let (peak, at_rest) = (mib(&server, "VmHWM")?, mib(&server, "VmRSS")?);
        ask_for_tasks(&server, set)?;
        Ok(Cost { ready, peak, at_rest, peak_of_tasks: mib(&server, "VmHWM")? })
    }

    fn row(&self) -> String {
        let seconds = self.ready.as_secs_f64();
        let mut row = format!(
            "{seconds:>8.2} {:>7.1} {:>7.1} {:>7.1}",
            self.peak, self.at_rest, self.peak_of_tasks
        );
        if self.peak_of_tasks > MOST_MIB {
            row.push_str("  OVER ITS MEMORY");
        }
        if seconds > MOST_SECONDS {
            row.push_str("  slow");
        }
        row
    }
}

impl Source {
    /// Offers an ordinary cache and these objects; gives the flag for it, and its value.
    pub(crate) fn offer<'o>(
        self,
        stage: &Stage,
        hostile: impl Iterator<Item = &'o Value>,
    ) -> Result<(&'static str, PathBuf)> {
        let folder = tempfile::tempdir_in(stage.folder.path())?.keep();
        let ordinary = ordinary::objects();
        let hostile: Vec<&Value> = hostile.collect();
        let objects = ordinary.iter().chain(hostile);
        match self {
            Source::Lists => Ok(("--kubeconfig", api::start(objects, &folder.join("api"))?)),
            Source::Files => {
                for (number, object) in objects.enumerate() {
                    fs::write(folder.join(format!("{number}.json")), object.to_string())?;
                }
                Ok(("--manifests", folder))
            }
        }
    }
}

/// A memory figure of a server, in MiB.
pub(crate) fn mib(server: &Running, name: &str) -> Result<f64> {
    Ok(server.server.memory_kib(name)? as f64 / 1024.0)
}

/// Asks for Tasks of these TaskSpawners, one after the other.
fn ask_for_tasks(server: &Running, set: &Set) -> Result<()> {
    let spawners = set.objects.iter().filter(|object| object["kind"] == "TaskSpawner");
    for spawner in spawners.cycle().take(TASKS) {
        let owner = spawner["metadata"]["name"].as_str().context("a TaskSpawner without a name")?;
        let request = client::post(review(NAMESPACE, owner).to_string().as_bytes());
        let (status, _) = client::first_answer(server.server.address, &server.tls, &request)?;
        ensure!(status == 200, "the server answered {status} to a Task of {owner}");
    }
    Ok(())
}
