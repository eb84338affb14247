//! How much one listener grants its clients.

use std::time::Duration;

/// How much one listener grants its clients.
///
/// The deadlines of a request begin with its first byte and are not put off by more bytes: who
/// trickles is closed like who is silent. They are far longer than an honest client needs, and a
/// webhook has at most 30 s of the API server's patience, 3 s by our own configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, or fewer if the process may not open so many files. When all are taken,
    /// an idle one is closed for a new one, first of those that were never answered. Each may hold some 100 KiB of
    /// what its client has sent, see `tests/it/clients/flood.rs`.
    pub connections: usize,
    /// From the accepted connection to the end of the TLS handshake.
    pub handshake: Duration,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// From the end of the head to the end of the body.
    pub body: Duration,
    /// How long a client may leave an answer, or the goodbye of TLS, lying.
    pub answer: Duration,
    /// How long a connection may lie idle. Longer than the 90 s after which the API server closes
    /// an idle connection, for if we closed first, a request on its way to us would be lost.
    pub idle: Duration,
    /// How long requests in flight may take once the server is told to end.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 512,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(5),
            body: Duration::from_secs(10),
            answer: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            drain: Duration::from_secs(10),
        }
    }
}
