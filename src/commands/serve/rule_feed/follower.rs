//! The thread that keeps the rules of a cluster.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::watch;

use super::log_problems;
use crate::spawners::{ClusterChange, LiveLookup, SpawnerMetrics, Spawners, WatchedKind, Watches};

/// How many changes are taken in before the next batch of work.
const AT_ONCE: usize = 256;

/// Takes changes of the cluster into the cache, and has it work on them.
pub(super) struct RuleThread {
    pub(super) watches: Watches,
    pub(super) spawners: Arc<Spawners>,
    pub(super) live: Arc<LiveLookup>,
    pub(super) metrics: Arc<SpawnerMetrics>,
    /// The kinds that have been listed once.
    pub(super) listed: HashSet<WatchedKind>,
}

impl RuleThread {
    /// Works until nobody tells of changes any more. Changes go before the backlog of work, so that
    /// nobody's waits for somebody else's.
    pub(super) fn follow(&mut self, is_loaded: &watch::Sender<bool>) {
        let mut is_done = true;
        loop {
            let changes = &mut self.watches.changes;
            let first = if is_done {
                changes.blocking_recv().ok_or(TryRecvError::Disconnected)
            } else {
                changes.try_recv()
            };
            let mut alive = HashSet::new();
            match first {
                Ok(change) => self.take(change, &mut alive),
                Err(TryRecvError::Empty) => (),
                Err(TryRecvError::Disconnected) => return,
            }
            for _ in 1..AT_ONCE {
                let Ok(change) = self.watches.changes.try_recv() else { break };
                self.take(change, &mut alive);
            }
            let worked = self.spawners.work();
            log_problems(worked.problems, &self.spawners, &self.metrics);
            alive.into_iter().for_each(|kind| self.metrics.watch_is_alive(kind));
            worked.wants_lists.into_iter().for_each(|kind| self.watches.relist(kind));
            if self.listed.len() == self.watches.kinds.len() && worked.has_started {
                is_loaded.send_if_modified(|is_loaded| !std::mem::replace(is_loaded, true));
            }
            is_done = worked.is_done;
        }
    }

    fn take(&mut self, change: ClusterChange, alive: &mut HashSet<WatchedKind>) {
        if let Some((makes, namespace, name)) = change.one_spawner() {
            self.live.forget(makes, namespace, name);
        }
        if change.ends_list() {
            self.listed.extend(change.kind());
        }
        if change.is_sign_of_life() {
            alive.extend(change.kind());
        }
        self.spawners.take(change);
    }
}
