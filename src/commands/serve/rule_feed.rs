//! Where the rules come from, and how they keep up with it.

mod follower;
mod problem_lines;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use kube::Client;
use tokio::sync::watch;

use self::follower::RuleThread;
use self::problem_lines::ProblemLine;
use super::super::defaults::DefaultsFile;
use crate::engine::kelos::Shape;
use crate::engine::rules::Defaults;
use crate::manifests;
use crate::spawners::{
    self, ClusterChange, FileObjects, LiveLookup, ReadObjects, SpawnerMetrics, SpawnerProblem,
    Spawners,
};
use crate::watch::Watch;
use crate::webhook::Metrics;

/// The name of the thread that compiles rules.
const THREAD: &str = "rules";

/// Rules that follow their source for as long as this is kept.
pub(super) struct RuleFeed {
    /// Whether everything was read once. The sender is gone when the thread is that keeps the rules.
    pub(super) loaded: watch::Receiver<bool>,
    _watches: Vec<Watch>,
}

/// What has changed beside a cluster.
enum Reading {
    Manifests(ReadObjects),
    Defaults(Arc<Defaults>),
}

impl RuleFeed {
    /// Loads the manifests, and loads them again whenever they change.
    pub(super) fn from_manifests(
        folder: &Path,
        shapes: &[Shape],
        defaults: Option<DefaultsFile>,
        spawners: &Arc<Spawners>,
        metrics: &Arc<Metrics>,
    ) -> anyhow::Result<RuleFeed> {
        let mut files = FileObjects::default();
        let (spawners, metrics) = (Arc::clone(spawners), Arc::clone(metrics));
        let serves_sessions = shapes.contains(&Shape::Session);
        let mut load = move |reading: Reading| {
            let read = match reading {
                Reading::Manifests(read) => read,
                Reading::Defaults(defaults) => {
                    let problems = spawners.apply(ClusterChange::Defaults(defaults));
                    return log_problems(problems, &spawners, metrics.spawners());
                }
            };
            let (objects, unusable) = files.update(read);
            for problem in unusable {
                tracing::error!(%problem, "A manifest is invalid; if it was valid before, that version stays");
            }
            log_problems(spawners.replace(objects), &spawners, metrics.spawners());
            let loaded = spawners.snapshot();
            let [of_tasks, of_sessions] = Shape::ALL.map(|makes| loaded.spawner_count(makes));
            tracing::info!(spawners = of_tasks + of_sessions, "Loaded manifests");
            if of_sessions > 0 && !serves_sessions {
                tracing::warn!(
                    session_spawners = of_sessions,
                    "Their Sessions get no labels until `serve` is started with --sessions"
                );
            }
        };
        let context = || format!("--manifests {} can't be watched", folder.display());
        folder
            .metadata()
            .with_context(|| format!("--manifests {} can't be read", folder.display()))?;
        let (changes, changed) = std::sync::mpsc::channel();
        let defaults_changes = changes.clone();
        let on_change = move |read| drop(changes.send(Reading::Manifests(read)));
        let other = defaults.as_ref().map(|file| file.path().to_owned());
        let read = move |path: &Path| ReadObjects::but(path, other.as_deref());
        let (first, folder_watch) =
            manifests::watch(folder, read, on_change).with_context(context)?;
        load(Reading::Manifests(first));
        let loaded = keep(true, move |_| changed.into_iter().for_each(load))?;
        let on_change = move |defaults| drop(defaults_changes.send(Reading::Defaults(defaults)));
        let defaults_watch = defaults.map(|file| file.follow(on_change)).transpose()?;
        Ok(RuleFeed {
            loaded,
            _watches: [Some(folder_watch), defaults_watch].into_iter().flatten().collect(),
        })
    }

    /// Follows the cluster. Rules are compiled on a thread of their own: nobody's request waits
    /// for somebody's templates.
    pub(super) fn from_cluster(
        client: &Client,
        shapes: &[Shape],
        defaults: Option<DefaultsFile>,
        spawners: &Arc<Spawners>,
        live: &Arc<LiveLookup>,
        metrics: &Arc<Metrics>,
    ) -> anyhow::Result<RuleFeed> {
        let mut follower = RuleThread {
            watches: spawners::watch(client, shapes, metrics.spawners()),
            spawners: Arc::clone(spawners),
            live: Arc::clone(live),
            metrics: Arc::clone(metrics.spawners()),
            listed: HashSet::new(),
        };
        let others = follower.watches.others.clone();
        let follow = move |is_loaded: &watch::Sender<bool>| follower.follow(is_loaded);
        let loaded = keep(false, follow)?;
        let on_change = move |defaults| {
            if let Some(changes) = others.upgrade() {
                drop(changes.blocking_send(ClusterChange::Defaults(defaults)));
            }
        };
        let defaults_watch = defaults.map(|file| file.follow(on_change)).transpose()?;
        Ok(RuleFeed { loaded, _watches: defaults_watch.into_iter().collect() })
    }
}

/// Does the work on a thread of its own. What it gives back says whether the rules are loaded, and
/// that the thread has come to its end, whatever brought it there.
fn keep(
    is_loaded: bool,
    work: impl FnOnce(&watch::Sender<bool>) + Send + 'static,
) -> anyhow::Result<watch::Receiver<bool>> {
    let (is_loaded, loaded) = watch::channel(is_loaded);
    std::thread::Builder::new()
        .name(THREAD.to_owned())
        .spawn(move || work(&is_loaded))
        .context("no thread can be started")?;
    Ok(loaded)
}

/// Logs what is invalid in TaskSpawners that have just changed, and counts what there is.
fn log_problems(problems: Vec<SpawnerProblem>, spawners: &Spawners, metrics: &SpawnerMetrics) {
    problem_lines::lines(problems).iter().for_each(ProblemLine::log);
    let known = spawners.snapshot();
    metrics.set_rules(|makes| known.spawner_count(makes), known.invalid_templates());
    let weight = spawners.weight();
    metrics.set_weight(weight.bytes, weight.refused);
}

#[cfg(test)]
mod tests {
    use super::super::life_cycle::lost;
    use std::time::Duration;

    use serde_json::{Value, json};
    use tokio::time::timeout;

    use super::*;
    use crate::cluster::scripted::{Asked, ScriptedResponse, api, versions};
    use crate::engine::rules::Policy;
    use crate::spawners::WatchedKind;

    /// An API server with these TaskSpawners, and no other objects.
    fn cluster(spawners: Vec<Value>) -> (Client, Asked) {
        api(move |path| match path {
            "/apis/kelos.dev" => versions(&["v1alpha2"]),
            _ if path.contains("watch=true") => ScriptedResponse::Events(Vec::new(), None),
            _ => {
                let is_spawners = path.contains("/taskspawners?");
                let items = if is_spawners { spawners.clone() } else { Vec::new() };
                ScriptedResponse::Json(
                    200,
                    json!({"metadata": {"resourceVersion": "1"}, "items": items}),
                )
            }
        })
    }

    #[tokio::test]
    async fn all_kinds_are_listed_before_the_rules_are_there_and_are_seen_as_alive_after() {
        let spawner = json!({"metadata": {"namespace": "ns", "name": "worker", "annotations":
                                          {"metadata.kelos.dev/labels": "a: '{{'"}}});
        let (client, asked) = cluster(vec![spawner]);
        let spawners = Arc::new(Spawners::new(Policy::default()));
        let metrics = Arc::new(Metrics::new());
        let live = Arc::new(LiveLookup::new(
            client.clone(),
            Arc::clone(&spawners),
            Arc::clone(metrics.spawners()),
        ));
        let rules =
            RuleFeed::from_cluster(&client, &Shape::ALL, None, &spawners, &live, &metrics).unwrap();
        let mut loaded = rules.loaded.clone();
        let loaded = timeout(Duration::from_secs(30), loaded.wait_for(|is_loaded| *is_loaded));
        loaded.await.expect("in time").unwrap();
        let listed = asked.count("limit=");
        assert_eq!(listed, WatchedKind::ALL.len(), "{:?}", asked.all());
        assert!(Shape::ALL.into_iter().all(|makes| spawners.is_warm(makes)));
        let text = metrics.encode().unwrap();
        for line in [
            "kelos_metadata_spawners{kind=\"taskspawners\"} 1",
            "kelos_metadata_invalid_templates 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
    }

    #[tokio::test]
    async fn the_end_of_the_thread_is_noticed_and_a_change_is_no_end() {
        let (go_on, told) = std::sync::mpsc::channel::<()>();
        let work = move |is_loaded: &watch::Sender<bool>| {
            is_loaded.send_replace(true);
            told.recv().unwrap();
            panic!("on purpose");
        };
        let loaded = keep(false, work).unwrap();
        loaded.clone().wait_for(|is_loaded| *is_loaded).await.unwrap();
        assert!(timeout(Duration::from_millis(100), lost(loaded.clone())).await.is_err());
        go_on.send(()).unwrap();
        timeout(Duration::from_secs(30), lost(loaded.clone())).await.expect("noticed");
        assert!(*loaded.borrow(), "what it has said stands");
    }
}
