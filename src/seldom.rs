//! What the log is told of once a minute, however often it happens.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often something that goes on is told: whoever causes it must not choose how long the log gets.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Something that is told once, and again only when it still is so after a while.
#[derive(Debug, Default)]
pub(crate) struct Seldom {
    /// Never held while anything else is done.
    told: Mutex<Option<Instant>>,
}

impl Seldom {
    /// Something that was never told.
    pub(crate) const fn new() -> Seldom {
        Seldom { told: Mutex::new(None) }
    }

    /// Whether it is time to tell it; then it counts as told.
    pub(crate) fn is_due(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
        if is_due {
            *told = Some(Instant::now());
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_goes_on_is_told_once_a_minute() {
        let seldom = Seldom::new();
        assert!(seldom.is_due());
        assert!(!seldom.is_due());
        tokio::time::advance(TELL_EVERY).await;
        assert!(seldom.is_due());
        assert!(!seldom.is_due());
    }
}
