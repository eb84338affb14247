//! The wish for a list before its time.

use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::Notify;

/// Asks a reflector for a list soon. Clones ask the same one; what is asked twice is done once.
#[derive(Clone, Debug, Default)]
pub struct Relist(Arc<Notify>);

impl Relist {
    /// Asks for a list. It is begun within seconds, and not soon after the one before.
    pub fn ask(&self) {
        self.0.notify_one();
    }

    /// A list begins: what was asked until now is done with it.
    pub(super) fn is_served(&self) {
        let _ = self.0.notified().now_or_never();
    }

    /// Returns when somebody has asked since the last time.
    pub(super) async fn asked(&self) {
        self.0.notified().await;
    }
}
