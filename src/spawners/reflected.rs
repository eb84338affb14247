//! Objects out of a cluster.

use std::sync::Arc;

use kube::Client;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::ClusterChange;
use crate::cluster::{Change, Reflector, Resource, Scope};
use crate::engine::kelos::{GROUP, TaskSpawner};
use crate::metrics::{Metrics, Watched};

/// How many changes may wait until the ones before them are compiled.
const WAITING_CHANGES: usize = 64;

/// The versions of Kelos's kinds: v0.40 and later store v1alpha2, older ones know v1alpha1 only.
const KELOS_VERSIONS: &[&str] = &["v1alpha2", "v1alpha1"];

/// TaskSpawners.
pub(super) const TASK_SPAWNERS: Resource = kelos("taskspawners");
/// Workspaces.
pub(super) const WORKSPACES: Resource = kelos("workspaces");
/// WorkerPools; older versions of Kelos have none.
pub(super) const WORKER_POOLS: Resource = kelos("workerpools");
/// Namespaces: their names, labels and annotations.
pub(super) const NAMESPACES: Resource =
    Resource { group: "", versions: &["v1"], plural: "namespaces", metadata_only: true };

const fn kelos(plural: &'static str) -> Resource {
    Resource { group: GROUP, versions: KELOS_VERSIONS, plural, metadata_only: false }
}

/// Follows TaskSpawners, Workspaces, WorkerPools and Namespaces until the receiver is dropped. The
/// first change of each kind is a [`Change::All`]. Counts the age of each watch.
pub fn reflect(client: &Client, metrics: &Arc<Metrics>) -> Receiver<ClusterChange> {
    let (changes, changed) = channel(WAITING_CHANGES);
    let start = Start { client, metrics, changes };
    start.reflector(TASK_SPAWNERS, Watched::TaskSpawners, |changed: Change<TaskSpawner>| {
        ClusterChange::Spawners(changed.map(Arc::new))
    });
    start.reflector(WORKSPACES, Watched::Workspaces, ClusterChange::Workspaces);
    start.reflector(WORKER_POOLS, Watched::WorkerPools, ClusterChange::WorkerPools);
    start.reflector(NAMESPACES, Watched::Namespaces, ClusterChange::Namespaces);
    changed
}

struct Start<'s> {
    client: &'s Client,
    metrics: &'s Arc<Metrics>,
    changes: Sender<ClusterChange>,
}

impl Start<'_> {
    fn reflector<T>(
        &self,
        resource: Resource,
        watched: Watched,
        wrap: fn(Change<T>) -> ClusterChange,
    ) where
        T: DeserializeOwned + Send + 'static,
    {
        let (client, changes) = (self.client.clone(), self.changes.clone());
        let metrics = Arc::clone(self.metrics);
        // Its age counts from here, so that a watch that never begins is seen, too.
        metrics.watch_is_alive(watched);
        let alive = move || metrics.watch_is_alive(watched);
        let reflector = Reflector::new(client, resource, Scope::Cluster, changes, wrap, alive);
        tokio::spawn(reflector.run());
    }
}
