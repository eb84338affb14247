//! The places of a listener: who has one, and who has to give his to the next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use super::activity::{Activity, Rank};

/// How often it is looked whether a connection has become idle, while all of them are busy.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How long evicted connections get to close their files before a new one is tried.
const CLOSING: Duration = Duration::from_millis(20);
/// How long places stay given up after a shortage of files.
const SHORTAGE: Duration = Duration::from_secs(60);

/// Places for so many connections at once.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    epoch: Instant,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next_id: u64,
    by_id: HashMap<u64, Holder>,
    given_up: usize,
    shortage: Option<Instant>,
}

#[derive(Debug)]
struct Holder {
    activity: Arc<Activity>,
    task: Option<AbortHandle>,
}

/// The place of one connection; dropped, it is free again. Drop it after the socket is closed.
#[derive(Debug)]
pub(super) struct Place {
    id: u64,
    activity: Arc<Activity>,
    places: Arc<Places>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(count: usize) -> Arc<Places> {
        let count = count.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Places {
            free: Arc::new(Semaphore::new(count)),
            epoch: Instant::now(),
            taken: Mutex::default(),
        })
    }

    /// Whether every place is taken.
    pub(super) fn are_full(&self) -> bool {
        self.free.available_permits() == 0
    }

    /// Takes a free place, or that of a connection that may go, or waits until there is the one or the other.
    pub(super) async fn take(self: &Arc<Places>) -> Place {
        loop {
            let free = Arc::clone(&self.free);
            if let Ok(permit) = Arc::clone(&free).try_acquire_owned() {
                return self.place(permit);
            }
            // Whoever is evicted gives a permit back when it is really closed, and so no files are left over.
            let patience = if self.evict_one() { Duration::MAX } else { LOOK_AGAIN };
            if let Ok(Ok(permit)) = timeout(patience, free.acquire_owned()).await {
                return self.place(permit);
            }
        }
    }

    fn place(self: &Arc<Places>, permit: OwnedSemaphorePermit) -> Place {
        let activity = Arc::new(Activity::new(self.epoch));
        let mut taken = self.taken();
        if taken.shortage.is_some_and(|shortage| shortage.elapsed() > SHORTAGE) {
            taken.shortage = None;
            self.free.add_permits(std::mem::take(&mut taken.given_up));
        }
        let id = taken.next_id;
        taken.next_id += 1;
        taken.by_id.insert(id, Holder { activity: Arc::clone(&activity), task: None });
        drop(taken);
        Place { id, activity, places: Arc::clone(self), _permit: permit }
    }

    /// Tells which task serves the connection of a place; it is the one that an eviction ends.
    pub(super) fn held_by(&self, id: u64, task: AbortHandle) {
        // It may have come to its end already.
        if let Some(holder) = self.taken().by_id.get_mut(&id) {
            holder.task = Some(task);
        }
    }

    /// Closes a connection that waits for its client; `false` when none may go now.
    ///
    /// They go by [`Rank`], and of each the one that has waited for longest. Newcomers get the time for a first
    /// request, and while there are any, whoever was answered before and is idle stays: so a flood pushes out its
    /// own. A connection whose request we have is never chosen, and one that is chosen begins none.
    pub(super) fn evict_one(&self) -> bool {
        let taken = self.taken();
        loop {
            let mut has_newcomers = false;
            let waiting = taken.by_id.values().filter_map(|holder| {
                let waiting = holder.activity.waiting()?;
                has_newcomers |= waiting.rank == Rank::Newcomer;
                Some((waiting, holder, holder.task.as_ref()?))
            });
            let Some((waiting, holder, task)) = waiting.min_by_key(|(waiting, ..)| *waiting) else {
                return false;
            };
            let has_to_stay = match waiting.rank {
                Rank::Stranger | Rank::Slow => false,
                Rank::Idle => has_newcomers,
                Rank::Newcomer => true,
            };
            if has_to_stay {
                return false;
            }
            if holder.activity.evict(waiting) {
                task.abort();
                return true;
            }
        }
    }

    /// Makes do with fewer places for a while, for there are not files enough: with an eighth less
    /// than are taken, so that some files are left for others. What has to go for it is idle.
    pub(super) async fn shrink(&self) {
        let before = self.taken().by_id.len();
        for _ in 0..before / 8 + 1 {
            self.evict_one();
        }
        sleep(CLOSING).await;
        let mut taken = self.taken();
        taken.shortage = Some(Instant::now());
        // One place stays whatever happens.
        let spare = self.free.available_permits().saturating_sub(usize::from(before == 0));
        taken.given_up += self.free.forget_permits(spare);
    }

    /// Closes every connection, whatever it does.
    pub(super) fn evict_all(&self) {
        for task in self.taken().by_id.values().filter_map(|holder| holder.task.as_ref()) {
            task.abort();
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().by_id.remove(&self.id);
    }
}

#[cfg(test)]
mod tests;
