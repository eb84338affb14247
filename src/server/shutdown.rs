//! How a server is told to end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Three steps to the end: retire (serve, and send clients elsewhere), drain (finish what is in
/// flight), abort (drop it). Each implies those before it.
///
/// Clones share their state. A server that drains goes on to abort by itself when its own time
/// limit is over.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    retire: CancellationToken,
    drain: CancellationToken,
    abort: CancellationToken,
}

impl Shutdown {
    /// Starts with nothing to end.
    pub fn new() -> Shutdown {
        Shutdown::default()
    }

    /// Serves as before, on connections old and new, but each answer is the last one of its
    /// connection: it says `Connection: close`.
    pub fn retire(&self) {
        self.retire.cancel();
    }

    /// Takes no new connections from now on, and lets requests in flight finish.
    pub fn drain(&self) {
        self.retire();
        self.drain.cancel();
    }

    /// Cuts what is still open.
    pub fn abort(&self) {
        self.drain();
        self.abort.cancel();
    }

    /// Whether [`Shutdown::retire`] was called, or what implies it.
    pub fn is_retiring(&self) -> bool {
        self.retire.is_cancelled()
    }

    /// Returns once [`Shutdown::drain`] or [`Shutdown::abort`] was called.
    pub async fn draining(&self) {
        self.drain.cancelled().await;
    }

    /// Returns once [`Shutdown::abort`] was called.
    pub async fn aborted(&self) {
        self.abort.cancelled().await;
    }
}

/// SIGTERM and SIGINT, caught from the moment this is made.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes over both signals for the rest of the process.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub fn catch() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next of the two.
    ///
    /// The first is the time to call [`Shutdown::retire`], the second to call [`Shutdown::abort`].
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_step_implies_those_before_it() {
        let shutdown = Shutdown::new();
        let seen = shutdown.clone();
        assert!(!seen.is_retiring());
        shutdown.abort();
        seen.draining().await;
        seen.aborted().await;
        assert!(seen.is_retiring());

        let shutdown = Shutdown::new();
        shutdown.retire();
        assert!(shutdown.is_retiring() && !shutdown.drain.is_cancelled());
        shutdown.drain();
        assert!(shutdown.drain.is_cancelled() && !shutdown.abort.is_cancelled());
    }
}
