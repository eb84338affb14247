//! A moment, as seconds since 1970. Who reads the clock is another matter: [`crate::clock`].

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment: the seconds since 1970 (UTC), before it if they are negative. Reckoning with it never
/// overflows: it stops at the ends of what it can hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(pub i64);

impl UnixSeconds {
    /// The latest moment: it never comes.
    pub const NEVER: UnixSeconds = UnixSeconds(i64::MAX);

    /// The moment so many seconds after 1970.
    pub fn from_secs(seconds: u64) -> UnixSeconds {
        UnixSeconds(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    /// How long after 1970 it is; nothing if it is before.
    pub fn since_1970(self) -> Duration {
        Duration::from_secs(u64::try_from(self.0).unwrap_or_default())
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// So many seconds later.
impl Add<i64> for UnixSeconds {
    type Output = UnixSeconds;

    fn add(self, seconds: i64) -> UnixSeconds {
        UnixSeconds(self.0.saturating_add(seconds))
    }
}

/// So many seconds earlier.
impl Sub<i64> for UnixSeconds {
    type Output = UnixSeconds;

    fn sub(self, seconds: i64) -> UnixSeconds {
        UnixSeconds(self.0.saturating_sub(seconds))
    }
}

/// How many seconds lie between the two; less than none if the other one is later.
impl Sub for UnixSeconds {
    type Output = i64;

    fn sub(self, other: UnixSeconds) -> i64 {
        self.0.saturating_sub(other.0)
    }
}
