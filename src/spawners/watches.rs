//! The watches of a cluster.

use std::sync::Arc;

use kube::Client;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::{Receiver, Sender, WeakSender, channel};

use super::ClusterChange;
use crate::cluster::{Change, Reflector, Relist, Resource, Scope};
use crate::engine::kelos::{SessionSpawner, Shape, TaskSpawner};
use crate::spawners::SpawnerMetrics;
use crate::words::words;

/// How many changes may wait until they are taken in, which is soon: each of them may be a page.
const WAITING_CHANGES: usize = 4;

words! {
    /// What is watched in the cluster.
    pub enum WatchedKind {
        /// TaskSpawners.
        TaskSpawners = "taskspawners",
        /// SessionSpawners.
        SessionSpawners = "sessionspawners",
        /// Workspaces.
        Workspaces = "workspaces",
        /// WorkerPools.
        WorkerPools = "workerpools",
        /// Namespaces.
        Namespaces = "namespaces",
    }
}

impl WatchedKind {
    /// The spawners of what has this shape.
    pub fn spawners(makes: Shape) -> WatchedKind {
        match makes {
            Shape::Task => WatchedKind::TaskSpawners,
            Shape::Session => WatchedKind::SessionSpawners,
        }
    }

    /// What is made by these, if they are spawners.
    pub fn makes(self) -> Option<Shape> {
        Shape::ALL.into_iter().find(|makes| WatchedKind::spawners(*makes) == self)
    }
}

/// The watches of a cluster, for as long as this is kept.
#[derive(Debug)]
pub struct Watches {
    /// What is watched.
    pub kinds: Vec<WatchedKind>,
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

/// Follows TaskSpawners, Workspaces, WorkerPools and Namespaces, and SessionSpawners if they are asked for, until what
/// is given back is dropped. The age of each watch counts from here, so that one that never begins is seen, too.
pub fn watch(client: &Client, shapes: &[Shape], metrics: &SpawnerMetrics) -> Watches {
    let (sender, changes) = channel(WAITING_CHANGES);
    let left_out =
        Shape::ALL.into_iter().filter(|it| !shapes.contains(it)).map(WatchedKind::spawners);
    let left_out: Vec<_> = left_out.collect();
    let kinds = WatchedKind::ALL.into_iter().filter(|kind| !left_out.contains(kind)).collect();
    let watches =
        Watches { kinds, changes, others: sender.downgrade(), relists: Default::default() };
    let start = Start { client, changes: sender, relists: &watches.relists };
    for makes in shapes {
        let watched = WatchedKind::spawners(*makes);
        match makes {
            Shape::Task => {
                start.reflector(Resource::TASK_SPAWNERS, watched, |it: Change<TaskSpawner>| {
                    Some(ClusterChange::Spawners(Shape::Task, it.map(Arc::new)))
                });
            }
            Shape::Session => {
                start.reflector(
                    Resource::SESSION_SPAWNERS,
                    watched,
                    |it: Change<SessionSpawner>| {
                        let read = it.map(|spawner| Arc::new(spawner.into()));
                        Some(ClusterChange::Spawners(Shape::Session, read))
                    },
                );
            }
        }
    }
    start.reflector(Resource::WORKSPACES, WatchedKind::Workspaces, |it| {
        Some(ClusterChange::Workspaces(it))
    });
    start.reflector(Resource::WORKER_POOLS, WatchedKind::WorkerPools, |it| {
        Some(ClusterChange::WorkerPools(it))
    });
    start.reflector(Resource::NAMESPACES, WatchedKind::Namespaces, |it| {
        Some(ClusterChange::Namespaces(it))
    });
    watches.kinds.iter().for_each(|kind| metrics.watch_is_alive(*kind));
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
