//! Where templates that loop, or cost much, are rendered, and large requests read and decided: beside
//! the accept loop, a few at a time, and one at a time of each namespace, so that a team with slow
//! templates waits for nobody but itself, and one huge request at a time.

mod threads;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use self::threads::Threads;
use super::router::LARGE_BYTES;
use crate::fair::{Bounds, FairPlaces};

/// How many Tasks of one namespace may wait at once. More could not be rendered in time anyway, and
/// would take the places of other namespaces' requests.
pub(super) const WAITING_TASKS: usize = 64;

/// Whose turn it is to read a large request, whose namespace is not known before: nobody's name.
pub(super) const UNREAD: &str = "";
/// Whose turn it is to read a huge request, and to decide it, whatever its namespace: one at a time, so that
/// the other place is never taken by one. Nobody's name, either.
pub(super) const HUGE: &str = "*";

/// Whose turn it is to work on a request of so many bytes, of a namespace if that is known.
pub(super) fn turn_of(bytes: usize, namespace: Option<&str>) -> &str {
    if bytes > LARGE_BYTES { HUGE } else { namespace.unwrap_or(UNREAD) }
}

/// The pool.
#[derive(Debug)]
pub(super) struct Pool {
    places: Arc<FairPlaces>,
    threads: Threads,
}

impl Pool {
    /// A pool with so many places, and as many who wait of one namespace.
    pub(super) fn new(places: usize, waiting_of_one: usize) -> Pool {
        let bounds = Bounds { places, of_one: 1, waiting_of_one };
        Pool { places: FairPlaces::new(bounds), threads: Threads::new(places) }
    }

    /// Runs `work` when it is the namespace's turn and a place is free; nothing if that is not in
    /// time, or too many wait already. A panic of `work` goes on in the caller.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        namespace: &str,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let place = timeout(patience, self.places.take(namespace)).await.ok()??;
        // The place goes along: a caller that leaves does not make room for more work.
        let work = move || {
            let _place = place;
            work()
        };
        match self.threads.run(work).await? {
            Ok(result) => Some(result),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const WAITING: usize = WAITING_TASKS;
    const SOON: Duration = Duration::from_millis(50);
    const LATER: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_namespace_waits_only_for_itself() {
        let pool = Arc::new(Pool::new(2, WAITING));
        let (release, blocked) = mpsc::channel::<()>();
        let (entered, has_entered) = tokio::sync::oneshot::channel();
        let busy = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move {
                let work = move || {
                    let _ = entered.send(());
                    blocked.recv().is_ok()
                };
                pool.run("busy", LATER, work).await
            }
        });
        has_entered.await.unwrap();
        assert_eq!(pool.run("busy", SOON, || 1).await, None, "it is not its turn");
        assert_eq!(pool.run("other", LATER, || 2).await, Some(2));
        release.send(()).unwrap();
        assert_eq!(busy.await.unwrap(), Some(true));
        assert_eq!(pool.run("busy", LATER, || 3).await, Some(3));
    }

    #[tokio::test]
    async fn a_panic_goes_on_where_the_work_was_asked_for_and_costs_no_thread() {
        let pool = Arc::new(Pool::new(2, WAITING));
        for _ in 0..4 {
            let pool = Arc::clone(&pool);
            let asked =
                tokio::spawn(async move { pool.run("a", LATER, || panic!("on purpose")).await });
            let error = asked.await.map(|_: Option<()>| ()).unwrap_err();
            assert!(error.is_panic());
        }
        assert_eq!(pool.run("a", LATER, || 1).await, Some(1));
    }

    #[tokio::test]
    async fn a_namespace_has_only_so_many_who_wait() {
        let pool = Arc::new(Pool::new(2, WAITING));
        let (release, blocked) = mpsc::channel::<()>();
        let ask = |work: Box<dyn FnOnce() -> bool + Send>| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.run("busy", LATER, work).await })
        };
        let busy = ask(Box::new(move || blocked.recv().is_ok()));
        let waiting: Vec<_> = (0..WAITING).map(|_| ask(Box::new(|| true))).collect();
        while pool.places.waiting() < WAITING {
            tokio::task::yield_now().await;
        }
        assert_eq!(ask(Box::new(|| true)).await.unwrap(), None);
        assert_eq!(pool.run("other", LATER, || true).await, Some(true));
        release.send(()).unwrap();
        for asked in waiting.into_iter().chain([busy]) {
            assert_eq!(asked.await.unwrap(), Some(true));
        }
    }
}
