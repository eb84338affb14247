//! How a server is told to end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Two steps to the end: drain (finish what is in flight), then abort (drop it).
///
/// Clones share their state. A server that drains goes on to abort by itself when its own time
/// limit is over.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    drain: CancellationToken,
    abort: CancellationToken,
}

impl Shutdown {
    /// Starts with nothing to end.
    pub fn new() -> Shutdown {
        Shutdown::default()
    }

    /// Takes no new connections from now on, and lets requests in flight finish.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Cuts what is still open.
    pub fn abort(&self) {
        self.drain.cancel();
        self.abort.cancel();
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
    /// The first is the time to call [`Shutdown::drain`], the second to call [`Shutdown::abort`].
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
    async fn abort_implies_drain() {
        let shutdown = Shutdown::new();
        let seen = shutdown.clone();
        shutdown.abort();
        seen.draining().await;
        seen.aborted().await;
    }
}
