//! The slots of a listener: who has one, and who is evicted for the next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use super::connection_state::{ConnectionState, EvictionClass};

/// How often it is looked whether a connection has become idle, while all of them are busy.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How long evicted connections get to close their files before a new one is tried.
const CLOSING: Duration = Duration::from_millis(20);
/// How long slots stay given up after a shortage of files.
const SHORTAGE: Duration = Duration::from_secs(60);

/// ConnectionSlots for so many connections at once.
#[derive(Debug)]
pub(super) struct ConnectionSlots {
    free: Arc<Semaphore>,
    epoch: Instant,
    taken: Mutex<SlotTable>,
}

#[derive(Debug, Default)]
struct SlotTable {
    next_id: u64,
    by_id: HashMap<u64, SlotHolder>,
    given_up: usize,
    shortage: Option<Instant>,
}

#[derive(Debug)]
struct SlotHolder {
    state: Arc<ConnectionState>,
    task: Option<AbortHandle>,
}

/// The slot of one connection; dropped, it is free again. Drop it after the socket is closed.
#[derive(Debug)]
pub(super) struct Slot {
    id: u64,
    state: Arc<ConnectionState>,
    slots: Arc<ConnectionSlots>,
    _permit: OwnedSemaphorePermit,
}

impl ConnectionSlots {
    pub(super) fn new(count: usize) -> Arc<ConnectionSlots> {
        let count = count.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(ConnectionSlots {
            free: Arc::new(Semaphore::new(count)),
            epoch: Instant::now(),
            taken: Mutex::default(),
        })
    }

    /// Whether every slot is taken.
    pub(super) fn are_full(&self) -> bool {
        self.free.available_permits() == 0
    }

    /// Takes a free slot, or that of a connection that may go, or waits until there is the one or the other.
    pub(super) async fn take(self: &Arc<ConnectionSlots>) -> Slot {
        loop {
            let free = Arc::clone(&self.free);
            if let Ok(permit) = Arc::clone(&free).try_acquire_owned() {
                return self.slot(permit);
            }
            // Whoever is evicted gives a permit back when it is really closed, and so no files are left over.
            let patience = if self.evict_one() { Duration::MAX } else { LOOK_AGAIN };
            if let Ok(Ok(permit)) = timeout(patience, free.acquire_owned()).await {
                return self.slot(permit);
            }
        }
    }

    fn slot(self: &Arc<ConnectionSlots>, permit: OwnedSemaphorePermit) -> Slot {
        let state = Arc::new(ConnectionState::new(self.epoch));
        let mut taken = self.taken();
        if taken.shortage.is_some_and(|shortage| shortage.elapsed() > SHORTAGE) {
            taken.shortage = None;
            self.free.add_permits(std::mem::take(&mut taken.given_up));
        }
        let id = taken.next_id;
        taken.next_id += 1;
        taken.by_id.insert(id, SlotHolder { state: Arc::clone(&state), task: None });
        drop(taken);
        Slot { id, state, slots: Arc::clone(self), _permit: permit }
    }

    /// Says which task serves the connection of a slot; it is the one that an eviction ends.
    pub(super) fn held_by(&self, id: u64, task: AbortHandle) {
        // It may have come to its end already.
        if let Some(holder) = self.taken().by_id.get_mut(&id) {
            holder.task = Some(task);
        }
    }

    /// Closes a connection that waits for its client; `false` when none may go now.
    ///
    /// They go by [`EvictionClass`], and of each the one that has waited for longest. New ones get the time for a first
    /// request, and while there are any, a connection that was answered before and is idle stays: so a flood pushes out its
    /// own. A connection whose request we have is never chosen, and one that is chosen begins none.
    pub(super) fn evict_one(&self) -> bool {
        let taken = self.taken();
        loop {
            let mut has_new = false;
            let waiting = taken.by_id.values().filter_map(|holder| {
                let waiting = holder.state.waiting()?;
                has_new |= waiting.class == EvictionClass::New;
                Some((waiting, holder, holder.task.as_ref()?))
            });
            let Some((waiting, holder, task)) = waiting.min_by_key(|(waiting, ..)| *waiting) else {
                return false;
            };
            let has_to_stay = match waiting.class {
                EvictionClass::NeverServed | EvictionClass::SlowBody => false,
                EvictionClass::Idle => has_new,
                EvictionClass::New => true,
            };
            if has_to_stay {
                return false;
            }
            if holder.state.evict(waiting) {
                task.abort();
                return true;
            }
        }
    }

    /// Makes do with fewer slots for a while, for there are not files enough: with an eighth less
    /// than are taken, so that some files are left for others. What has to go for it is idle.
    pub(super) async fn shrink(&self) {
        let before = self.taken().by_id.len();
        for _ in 0..before / 8 + 1 {
            self.evict_one();
        }
        sleep(CLOSING).await;
        let mut taken = self.taken();
        taken.shortage = Some(Instant::now());
        // One slot stays whatever happens.
        let spare = self.free.available_permits().saturating_sub(usize::from(before == 0));
        taken.given_up += self.free.forget_permits(spare);
    }

    /// Closes every connection, whatever it does.
    pub(super) fn evict_all(&self) {
        for task in self.taken().by_id.values().filter_map(|holder| holder.task.as_ref()) {
            task.abort();
        }
    }

    fn taken(&self) -> MutexGuard<'_, SlotTable> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn state(&self) -> &Arc<ConnectionState> {
        &self.state
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.taken().by_id.remove(&self.id);
    }
}

#[cfg(test)]
mod tests;
