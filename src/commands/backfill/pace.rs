//! When to write, and when to stop.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::super::stdio::warn;
use crate::server::{Shutdown, Signals};

/// Has Ctrl-C end what goes on: at the first one the write that is under way is the last, the second one waits for
/// nothing. So it is with the signal by which a system ends a process.
///
/// # Errors
///
/// When the system does not tell of them.
pub(super) fn until_stopped() -> std::io::Result<Shutdown> {
    let (shutdown, mut signals) = (Shutdown::new(), Signals::catch()?);
    let told = shutdown.clone();
    tokio::spawn(async move {
        signals.next().await;
        warn("the write that is under way is the last one; Ctrl-C again does not wait for it");
        told.drain();
        signals.next().await;
        told.abort();
    });
    Ok(shutdown)
}

/// A bound on how often something is done.
pub(super) struct Pace {
    period: Duration,
    next: Instant,
    shutdown: Shutdown,
}

impl Pace {
    /// So often a second, at the most, until it is to end.
    pub(super) fn of(rate: f64, shutdown: Shutdown) -> Pace {
        Pace { period: Duration::from_secs_f64(1.0 / rate), next: Instant::now(), shutdown }
    }

    /// Whether it is to end.
    pub(super) fn is_over(&self) -> bool {
        self.shutdown.is_retiring()
    }

    /// Waits until it may be done again; says whether it is still wanted then.
    pub(super) async fn turn(&mut self) -> bool {
        tokio::select! {
            biased;
            () = self.shutdown.draining() => return false,
            () = sleep_until(self.next) => {}
        }
        self.next = Instant::now() + self.period;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_done_more_often_than_it_may_nor_after_the_end() {
        let shutdown = Shutdown::new();
        let mut pace = Pace::of(20.0, shutdown.clone());
        let start = Instant::now();
        for _ in 0..41 {
            assert!(pace.turn().await);
        }
        // A timer may be late by its own grain, never early.
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_secs(2), "{elapsed:?}");
        shutdown.drain();
        assert!(pace.is_over() && !pace.turn().await);
    }
}
