//! An event of the watch: a TaskSpawner has changed, and thousands of others are known.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Result, ensure};
use kelos_metadata::cluster::Change;
use kelos_metadata::engine::kelos::{Shape, TaskSpawner};
use kelos_metadata::engine::rules::Policy;
use kelos_metadata::spawners::{ClusterChange, Objects, Spawners};
use kelos_metadata::webhook::Metrics;
use serde_json::json;

use crate::{Subject, TIMES, WARM_UP};

/// How many TaskSpawners are known, and in how many namespaces they are. There is room for so many.
const SPREAD: Cache = Cache { spawners: 10_000, namespaces: 100 };
const TOGETHER: Cache = Cache { spawners: 4_000, namespaces: 1 };

#[derive(Clone, Copy)]
struct Cache {
    spawners: usize,
    namespaces: usize,
}

pub(crate) const SUBJECTS: [Subject; 4] = [
    ("an event: a status, 10,000 TaskSpawners", || events(SPREAD, false)),
    ("an event: a template, 10,000 TaskSpawners", || events(SPREAD, true)),
    ("an event: a status, 4,000 TaskSpawners in one namespace", || events(TOGETHER, false)),
    ("an event: a template, 4,000 TaskSpawners in one namespace", || events(TOGETHER, true)),
];

fn spawner(namespaces: usize, number: usize, value: &str) -> Result<Arc<TaskSpawner>> {
    let labels = json!({ "area": value }).to_string();
    Ok(Arc::new(serde_json::from_value(json!({
        "metadata": {
            "name": format!("worker-{number}"),
            "namespace": format!("team-{}", number % namespaces),
            "uid": number.to_string(),
            "creationTimestamp": "2026-11-22T14:35:21Z",
            "annotations": {"metadata.kelos.dev/labels": labels},
        },
        "spec": {"when": {"githubIssues": {}}},
    }))?))
}

/// Events of one TaskSpawner after the other.
fn events(cache: Cache, has_new_template: bool) -> Result<Box<dyn FnMut()>> {
    let Cache { spawners: count, namespaces } = cache;
    let (spawners, metrics) = (Spawners::new(Policy::default()), Metrics::new());
    let all = (0..count).map(|number| spawner(namespaces, number, "backend"));
    spawners.replace(Objects { spawners: all.collect::<Result<_>>()?, ..Objects::default() });
    ensure!(
        spawners.snapshot().spawner_count(Shape::Task) == count,
        "there is no room for all of them"
    );
    let number = |event: u32| event as usize * 331 % count;
    let event = |event: u32| {
        let value =
            if has_new_template { format!("{{{{.Kind}}}}-{event}") } else { "backend".to_owned() };
        spawner(namespaces, number(event), &value)
    };
    let mut events = (0..WARM_UP + TIMES).map(event).collect::<Result<Vec<_>>>()?.into_iter();
    Ok(Box::new(move || {
        let Some(spawner) = events.next() else { return };
        spawners.take(ClusterChange::Spawners(Shape::Task, Change::One(spawner)));
        black_box(spawners.work());
        // What is told after each.
        let known = spawners.snapshot();
        metrics.spawners().set_rules(|makes| known.spawner_count(makes), known.invalid_templates());
        let weight = spawners.weight();
        metrics.spawners().set_weight(weight.bytes, weight.refused);
    }))
}
