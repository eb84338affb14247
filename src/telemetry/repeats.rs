//! Saying the same thing once, not again and again.

use std::hash::{BuildHasher, Hash, RandomState};
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

/// How many things are remembered by [`LogEachOnce`].
const REMEMBERED: usize = 1024;
/// How many of them are logged a minute.
const EACH_MINUTE: u32 = 60;

/// Things that are logged once each. Whoever names them may be hostile: so many are remembered, and so many
/// are logged a minute.
#[derive(Debug)]
pub struct LogEachOnce {
    hasher: RandomState,
    /// Never held while anything else is done.
    logged: Mutex<Logged>,
}

#[derive(Debug)]
struct Logged {
    /// Hashes, each in the place that it says itself: a newer one takes the place of an older one.
    hashes: Box<[Option<u64>]>,
    /// When the minute began, and how many were logged in it.
    minute: Option<Instant>,
    count: u32,
}

impl Default for LogEachOnce {
    fn default() -> LogEachOnce {
        let hashes = vec![None; REMEMBERED].into();
        let logged = Mutex::new(Logged { hashes, minute: None, count: 0 });
        LogEachOnce { hasher: RandomState::new(), logged }
    }
}

impl LogEachOnce {
    /// Whether this is to be logged: it was not, as far as that is remembered.
    pub fn is_news(&self, thing: &impl Hash) -> bool {
        self.is_news_at(thing, Instant::now())
    }

    fn is_news_at(&self, thing: &impl Hash, now: Instant) -> bool {
        let hash = self.hasher.hash_one(thing);
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let place = usize::try_from(hash % REMEMBERED as u64).unwrap_or_default();
        if logged.hashes.get(place) == Some(&Some(hash)) {
            return false;
        }
        let is_over = |began: Instant| now.saturating_duration_since(began) >= PERIOD;
        if logged.minute.is_none_or(is_over) {
            (logged.minute, logged.count) = (Some(now), 0);
        }
        let is_news = logged.count < EACH_MINUTE;
        if is_news {
            logged.count += 1;
            if let Some(slot) = logged.hashes.get_mut(place) {
                *slot = Some(hash);
            }
        }
        is_news
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
    fn each_thing_is_logged_once_and_so_many_a_minute() {
        let (each, start) = (LogEachOnce::default(), Instant::now());
        assert!(each.is_news_at(&("ns", "a"), start) && !each.is_news_at(&("ns", "a"), start));
        assert!(each.is_news_at(&("other", "a"), start));
        let logged = (0..1000).filter(|n| each.is_news_at(n, start)).count();
        assert_eq!(logged, EACH_MINUTE as usize - 2);
        assert!(each.is_news_at(&"later", start + PERIOD));
    }

    #[test]
    fn what_goes_on_is_logged_once_a_minute() {
        let (limiter, start) = (LogLimiter::default(), Instant::now());
        let due: Vec<u64> =
            (0..130).filter(|at| limiter.is_due_at(start + Duration::from_secs(*at))).collect();
        assert_eq!(due, [0, 60, 120]);
    }
}
