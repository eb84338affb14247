//! The places of a listener: who has one, and who has to give his to the next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use super::activity::Activity;

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

    /// Takes a free place, or that of the connection which has been idle for longest, or waits until
    /// there is the one or the other. `None` never comes: the places are not closed.
    pub(super) async fn take(self: &Arc<Places>) -> Option<Place> {
        loop {
            let free = Arc::clone(&self.free);
            if let Ok(permit) = Arc::clone(&free).try_acquire_owned() {
                return Some(self.place(permit));
            }
            if self.evict_oldest() {
                // Comes when the connection is really closed, and so are no files left over.
                return Some(self.place(free.acquire_owned().await.ok()?));
            }
            if let Ok(permit) = timeout(LOOK_AGAIN, free.acquire_owned()).await {
                return Some(self.place(permit.ok()?));
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

    /// Closes the connection that has been idle for longest; `false` when none is idle.
    ///
    /// A connection with a request in flight is never chosen, and one that is chosen begins none.
    pub(super) fn evict_oldest(&self) -> bool {
        let taken = self.taken();
        loop {
            let idle = taken.by_id.values().filter_map(|holder| {
                let since = holder.activity.idle_since()?;
                Some((since, holder, holder.task.as_ref()?))
            });
            let Some((since, holder, task)) = idle.min_by_key(|(since, ..)| *since) else {
                return false;
            };
            if holder.activity.evict(since) {
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
            self.evict_oldest();
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
mod tests {
    use std::future::pending;

    use super::*;

    /// Far longer than anything here takes.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Takes a place for a connection that lasts until it is evicted.
    async fn connect(places: &Arc<Places>) -> Arc<Activity> {
        let place = timeout(PATIENCE, places.take()).await.expect("a place").unwrap();
        let (id, activity) = (place.id(), Arc::clone(place.activity()));
        let task = tokio::spawn(async move {
            let _place = place;
            pending::<()>().await;
        });
        places.held_by(id, task.abort_handle());
        // Times are told apart by milliseconds.
        sleep(Duration::from_millis(3)).await;
        activity
    }

    fn is_evicted(activity: &Activity) -> bool {
        !activity.begin(false)
    }

    #[tokio::test]
    async fn the_oldest_idle_one_goes_first_and_a_busy_one_never() {
        let places = Places::new(3);
        let (oldest, older, young) =
            (connect(&places).await, connect(&places).await, connect(&places).await);
        assert!(oldest.begin(true));
        let next = connect(&places).await;
        // Its request is over: from now on it is the youngest.
        oldest.body_ended();
        oldest.answered();
        assert!(oldest.sent());
        let last = connect(&places).await;
        assert!(is_evicted(&older) && is_evicted(&young));
        assert!(!is_evicted(&oldest) && !is_evicted(&next) && !is_evicted(&last));
        assert!(places.are_full());
        assert_eq!(places.taken().by_id.len(), 3);
    }

    #[tokio::test]
    async fn a_new_one_waits_only_while_all_are_busy() {
        let places = Places::new(2);
        let (one, two) = (connect(&places).await, connect(&places).await);
        assert!(one.begin(false) && two.begin(false));
        let mut next = Box::pin(connect(&places));
        assert!(timeout(LOOK_AGAIN * 5, next.as_mut()).await.is_err());
        two.answered();
        assert!(two.sent());
        next.await;
        assert!(is_evicted(&two) && one.idle_since().is_none());
    }

    /// How many places are taken, and how many given up.
    fn numbers(places: &Places) -> (usize, usize) {
        let taken = places.taken();
        (taken.by_id.len(), taken.given_up)
    }

    #[tokio::test]
    async fn a_shortage_costs_places_but_never_the_last_and_no_busy_connection() {
        let places = Places::new(16);
        let mut open = Vec::new();
        for _ in 0..8 {
            open.push(connect(&places).await);
        }
        assert!(open[0].begin(false));
        places.shrink().await;
        assert_eq!(numbers(&places), (6, 10));
        assert!(is_evicted(&open[1]) && is_evicted(&open[2]) && !is_evicted(&open[3]));
        for _ in 0..20 {
            places.shrink().await;
        }
        assert_eq!(numbers(&places), (2, 14));
        assert!(open[0].idle_since().is_none() && open[3].idle_since().is_none());
        places.evict_all();
        let next = connect(&places).await;
        assert!(next.idle_since().is_some());

        let empty = Places::new(4);
        empty.shrink().await;
        connect(&empty).await;
        assert_eq!(empty.taken().given_up, 3);
    }

    #[tokio::test]
    async fn all_places_come_back() {
        let places = Places::new(4);
        for _ in 0..20 {
            connect(&places).await.begin(false);
            if places.are_full() {
                places.evict_all();
            }
        }
        places.evict_all();
        let all = timeout(PATIENCE, places.free.acquire_many(4)).await;
        assert!(all.expect("free").is_ok() && places.taken().by_id.is_empty());
    }
}
