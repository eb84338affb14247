//! Clients that are turned away because of their certificate.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use super::accept::Seldom;
use crate::tls::ClientRefusal;

/// Tells of clients that were turned away: each reason once, and again only after a while.
#[derive(Debug, Default)]
pub(super) struct Refused([Mutex<Seldom>; ClientRefusal::ALL.len()]);

impl Refused {
    /// Tells of a handshake that failed, if it is because of what the client showed; `false` if it
    /// is not.
    pub(super) fn tell(&self, handshake: &io::Error, client: Option<SocketAddr>) -> bool {
        let Some(refusal) = ClientRefusal::of(handshake) else { return false };
        let mut seldom = self.0[refusal as usize].lock().unwrap_or_else(PoisonError::into_inner);
        if seldom.is_due() {
            let client = client.map(tracing::field::display);
            tracing::warn!(client, problem = refusal.message(), "A client was turned away");
        }
        true
    }
}
