//! Where templates that loop, or cost much, are rendered: beside the accept loop, a few at a time, and
//! one at a time of each namespace, so that a team with slow templates waits for nobody but itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::turns::Turns;

/// How many Tasks of one namespace may wait at once. More could not be rendered in time anyway, and
/// would take the places of other namespaces' requests.
const WAITING: usize = 64;

/// The pool.
#[derive(Debug)]
pub(super) struct Pool {
    places: Arc<Semaphore>,
    turns: Turns,
}

impl Pool {
    /// A pool with so many places.
    pub(super) fn new(places: usize) -> Pool {
        Pool { places: Arc::new(Semaphore::new(places)), turns: Turns::default() }
    }

    /// Runs `work` when it is the namespace's turn and a place is free; nothing if that is not in
    /// time, or too many wait already. A panic of `work` goes on in the caller.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        namespace: &str,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = self.turns.of(namespace);
        // One count is ours, one that of the list.
        if Arc::strong_count(&turn) > WAITING + 2 {
            return None;
        }
        let waiting = async {
            let turn = turn.acquire_owned().await.ok()?;
            let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
            Some((turn, place))
        };
        let permits = timeout(patience, waiting).await.ok()??;
        // The permits go along: a caller that leaves does not make room for more work.
        let running = spawn_blocking(move || {
            let _permits = permits;
            work()
        });
        match running.await {
            Ok(result) => Some(result),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const LATER: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_namespace_waits_only_for_itself() {
        let pool = Arc::new(Pool::new(2));
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
    async fn a_namespace_has_only_so_many_who_wait() {
        let pool = Arc::new(Pool::new(2));
        let (release, blocked) = mpsc::channel::<()>();
        let ask = |work: Box<dyn FnOnce() -> bool + Send>| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.run("busy", LATER, work).await })
        };
        let busy = ask(Box::new(move || blocked.recv().is_ok()));
        let waiting: Vec<_> = (0..WAITING).map(|_| ask(Box::new(|| true))).collect();
        while Arc::strong_count(&pool.turns.of("busy")) < WAITING + 3 {
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
