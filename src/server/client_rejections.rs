//! Clients that are rejected because of what they showed in the handshake.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use crate::telemetry::LogLimiter;

/// Says why a failed handshake is the client's own fault, in words of which there are few; nothing if
/// it is not. Whoever brings the verifier of the clients knows.
pub type RejectionReason = fn(&io::Error) -> Option<&'static str>;

/// Logs clients that were rejected: each reason once, and again only after a minute.
#[derive(Debug)]
pub(super) struct ClientRejections {
    reason: RejectionReason,
    logged: Mutex<HashMap<&'static str, LogLimiter>>,
}

impl ClientRejections {
    pub(super) fn new(reason: RejectionReason) -> ClientRejections {
        ClientRejections { reason, logged: Mutex::default() }
    }

    /// Logs a handshake that failed, if it is because of what the client showed; `false` if it is
    /// not.
    pub(super) fn log(&self, handshake: &io::Error, client: Option<SocketAddr>) -> bool {
        let Some(reason) = (self.reason)(handshake) else { return false };
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.entry(reason).or_default().is_due() {
            let client = client.map(tracing::field::display);
            tracing::warn!(client, problem = reason, "A client was rejected");
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_verifier_knows_is_a_rejection() {
        let rejections = ClientRejections::new(|error| {
            (error.kind() == io::ErrorKind::InvalidData).then_some("its certificate is none")
        });
        assert!(rejections.log(&io::ErrorKind::InvalidData.into(), None));
        assert!(rejections.log(&io::ErrorKind::InvalidData.into(), None));
        assert!(!rejections.log(&io::ErrorKind::ConnectionReset.into(), None));
        assert_eq!(rejections.logged.lock().unwrap().len(), 1);
    }
}
