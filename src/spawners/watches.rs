//! The watches of a cluster.

use std::sync::Arc;

use kube::Client;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::{Receiver, Sender, WeakSender, channel};

use super::ClusterChange;
use crate::cluster::{Change, Reflector, Relist, Resource, Scope};
use crate::engine::kelos::TaskSpawner;
use crate::spawners::SpawnerMetrics;
use crate::words::words;

/// How many changes may wait until they are taken in, which is soon: each of them may be a page.
const WAITING_CHANGES: usize = 4;

words! {
    /// What is watched in the cluster.
    pub enum WatchedKind {
        /// TaskSpawners.
        TaskSpawners = "taskspawners",
        /// Workspaces.
        Workspaces = "workspaces",
        /// WorkerPools.
        WorkerPools = "workerpools",
        /// Namespaces.
        Namespaces = "namespaces",
    }
}

/// The watches of a cluster, for as long as this is kept.
#[derive(Debug)]
pub struct Watches {
    /// What changes. The first of each kind is a list.
    pub changes: Receiver<ClusterChange>,
    /// For changes that are none of the cluster. It does not keep the receiver waiting when all others are
    /// gone.
    pub others: WeakSender<ClusterChange>,
    relists: [Relist; WatchedKind::ALL.len()],
}

impl Watches {
    /// Asks for a list of a kind before its time.
    pub fn relist(&self, kind: WatchedKind) {
        self.relists[kind as usize].ask();
    }
}

/// Follows TaskSpawners, Workspaces, WorkerPools and Namespaces until what is given back is dropped.
/// The age of each watch counts from here, so that one that never begins is seen, too.
pub fn watch(client: &Client, metrics: &SpawnerMetrics) -> Watches {
    let (sender, changes) = channel(WAITING_CHANGES);
    let watches = Watches { changes, others: sender.downgrade(), relists: Default::default() };
    let start = Start { client, changes: sender, relists: &watches.relists };
    start.reflector(
        Resource::TASK_SPAWNERS,
        WatchedKind::TaskSpawners,
        |changed: Change<TaskSpawner>| Some(ClusterChange::Spawners(changed.map(Arc::new))),
    );
    start.reflector(Resource::WORKSPACES, WatchedKind::Workspaces, |it| {
        Some(ClusterChange::Workspaces(it))
    });
    start.reflector(Resource::WORKER_POOLS, WatchedKind::WorkerPools, |it| {
        Some(ClusterChange::WorkerPools(it))
    });
    start.reflector(Resource::NAMESPACES, WatchedKind::Namespaces, |it| {
        Some(ClusterChange::Namespaces(it))
    });
    WatchedKind::ALL.into_iter().for_each(|kind| metrics.watch_is_alive(kind));
    watches
}

struct Start<'s> {
    client: &'s Client,
    changes: Sender<ClusterChange>,
    relists: &'s [Relist],
}

impl Start<'_> {
    fn reflector<T>(
        &self,
        resource: Resource,
        watched: WatchedKind,
        wrap: fn(Change<T>) -> Option<ClusterChange>,
    ) where
        T: DeserializeOwned + Send + 'static,
    {
        let (client, changes) = (self.client.clone(), self.changes.clone());
        let reflector = Reflector::new(client, resource, Scope::Cluster, changes, wrap);
        let relist = self.relists[watched as usize].clone();
        tokio::spawn(reflector.with_relist(relist).run());
    }
}
