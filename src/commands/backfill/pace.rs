//! When to write, and when to stop.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

/// Ctrl-C, or the signal by which a system ends a process: then the write that is under way is the last one.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    is_asked: bool,
}

impl Stop {
    /// Sees the signals from now on.
    ///
    /// # Errors
    ///
    /// When the system does not tell of them.
    pub(super) fn listen() -> std::io::Result<Stop> {
        let (interrupt, terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Stop { interrupt, terminate, is_asked: false })
    }

    /// Whether there was one.
    pub(super) fn is_asked(&mut self) -> bool {
        self.is_asked |= self.wait().now_or_never().is_some();
        self.is_asked
    }

    /// Waits for one.
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        self.is_asked = true;
    }
}

/// A bound on how often something is done.
pub(super) struct Pace {
    period: Duration,
    next: Instant,
}

impl Pace {
    /// So often a second, at the most.
    pub(super) fn of(rate: f64) -> Pace {
        Pace { period: Duration::from_secs_f64(1.0 / rate), next: Instant::now() }
    }

    /// Waits until it may be done again; says whether it is still wanted then.
    pub(super) async fn turn(&mut self, stop: &mut Stop) -> bool {
        if stop.is_asked() {
            return false;
        }
        tokio::select! {
            () = sleep_until(self.next) => {}
            () = stop.wait() => return false,
        }
        self.next = Instant::now() + self.period;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_done_more_often_than_it_may() {
        let (mut pace, mut stop) = (Pace::of(20.0), Stop::listen().unwrap());
        let start = Instant::now();
        for _ in 0..41 {
            assert!(pace.turn(&mut stop).await);
        }
        // A timer may be late by its own grain, never early.
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_secs(2), "{elapsed:?}");
        stop.is_asked = true;
        assert!(!pace.turn(&mut stop).await);
    }
}
