//! Where the rules come from, and how they keep up with it.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use kube::Client;
use tokio::sync::watch;

use crate::manifests::{self, Manifests};
use crate::metrics::{Metrics, Watched};
use crate::spawners::{FileObjects, LiveLookup, SpawnerProblem, Spawners, reflect};
use crate::watch::Watch;

/// The name of the thread that compiles rules.
const THREAD: &str = "rules";

/// Rules that follow their source for as long as this is kept.
pub(super) struct Rules {
    /// Whether everything was read once. The sender is gone when the thread is that keeps the rules.
    pub(super) loaded: watch::Receiver<bool>,
    _watch: Option<Watch>,
}

impl Rules {
    /// Loads the manifests, and loads them again whenever they change.
    pub(super) fn from_manifests(
        folder: &Path,
        spawners: &Arc<Spawners>,
        metrics: &Arc<Metrics>,
    ) -> anyhow::Result<Rules> {
        let mut files = FileObjects::default();
        let (spawners, metrics) = (Arc::clone(spawners), Arc::clone(metrics));
        let mut load = move |read: Manifests| {
            let (objects, unusable) = files.update(read);
            for problem in unusable {
                tracing::error!(%problem, "A manifest needs mending; if it was good before, that stays");
            }
            tell(spawners.replace(objects), &spawners, &metrics);
            tracing::info!(spawners = spawners.snapshot().spawner_count(), "Loaded manifests");
        };
        let context = || format!("--manifests {} can't be watched", folder.display());
        folder
            .metadata()
            .with_context(|| format!("--manifests {} can't be read", folder.display()))?;
        let (changes, changed) = std::sync::mpsc::channel();
        let (first, folder_watch) =
            manifests::watch(folder, move |read| drop(changes.send(read))).with_context(context)?;
        load(first);
        let loaded = keep(true, move |_| changed.into_iter().for_each(load))?;
        Ok(Rules { loaded, _watch: Some(folder_watch) })
    }

    /// Follows the cluster. Rules are compiled on a thread of their own: nobody's request waits
    /// for somebody's templates.
    pub(super) fn from_cluster(
        client: &Client,
        spawners: &Arc<Spawners>,
        live: &Arc<LiveLookup>,
        metrics: &Arc<Metrics>,
    ) -> anyhow::Result<Rules> {
        let mut changes = reflect(client, metrics);
        let (spawners, live, metrics) =
            (Arc::clone(spawners), Arc::clone(live), Arc::clone(metrics));
        let follow = move |is_loaded: &watch::Sender<bool>| {
            let mut listed = HashSet::new();
            while let Some(change) = changes.blocking_recv() {
                if let Some((namespace, name)) = change.one_spawner() {
                    live.forget(namespace, name);
                }
                let kind = change.is_list().then(|| change.kind());
                tell(spawners.apply(change), &spawners, &metrics);
                listed.extend(kind);
                is_loaded.send_replace(listed.len() == Watched::ALL.len());
            }
        };
        Ok(Rules { loaded: keep(false, follow)?, _watch: None })
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

/// Logs what is to be mended in TaskSpawners that have just changed, and counts what there is.
fn tell(problems: Vec<SpawnerProblem>, spawners: &Spawners, metrics: &Metrics) {
    for found in problems {
        tracing::warn!(
            namespace = found.namespace,
            spawner = found.spawner,
            kind = found.problem.kind.as_str(),
            key = found.problem.key,
            reason = found.problem.reason.as_str(),
            problem = found.problem.message,
            "A TaskSpawner needs mending"
        );
    }
    let known = spawners.snapshot();
    metrics.set_rules(known.spawner_count(), known.invalid_templates());
}

#[cfg(test)]
mod tests {
    use super::super::life_cycle::lost;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

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
