//! Saying the same thing once, not again and again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often something that goes on is logged: often enough for whoever looks now, too seldom to fill
/// a log.
const PERIOD: Duration = Duration::from_secs(60);

/// Something that is logged when it changes, and not while it stays the same.
#[derive(Clone, Debug)]
pub struct LogOnce<T>(Option<T>);

impl<T> Default for LogOnce<T> {
    fn default() -> LogOnce<T> {
        LogOnce(None)
    }
}

impl<T: PartialEq> LogOnce<T> {
    /// Whether this differs from what was logged last, and so is to be logged.
    pub fn is_news(&mut self, now: T) -> bool {
        let is_news = self.0.as_ref() != Some(&now);
        self.0 = Some(now);
        is_news
    }

    /// It is over: the next one is news, even if it is the same. Gives whether there was one.
    pub fn clear(&mut self) -> bool {
        self.0.take().is_some()
    }
}

/// Something that is logged once a minute at most: whoever causes it must not choose how long the log gets.
#[derive(Debug, Default)]
pub struct LogLimiter {
    /// Never held while anything else is done.
    logged: Mutex<Option<Instant>>,
}

impl LogLimiter {
    /// Something that was never logged.
    pub const fn new() -> LogLimiter {
        LogLimiter { logged: Mutex::new(None) }
    }

    /// Whether it is to be logged: it was not within the last minute.
    pub fn is_due(&self) -> bool {
        self.is_due_at(Instant::now())
    }

    /// The same for a moment that whoever calls has at hand.
    pub fn is_due_at(&self, now: Instant) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = logged.is_none_or(|logged| now.saturating_duration_since(logged) >= PERIOD);
        if is_due {
            *logged = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_is_news() {
        let mut once = LogOnce::default();
        assert!(!once.clear(), "there was nothing yet");
        assert!(once.is_news("a") && !once.is_news("a") && once.is_news("b") && once.is_news("a"));
        assert!(once.clear() && once.is_news("a"), "it was over, and is again");
    }

    #[test]
    fn what_goes_on_is_logged_once_a_minute() {
        let (limiter, start) = (LogLimiter::default(), Instant::now());
        let due: Vec<u64> =
            (0..130).filter(|at| limiter.is_due_at(start + Duration::from_secs(*at))).collect();
        assert_eq!(due, [0, 60, 120]);
    }
}
