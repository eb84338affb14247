//! How long to wait, never twice the same: kinds and replicas are not to ask together.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// The shortest and the longest pause before the next try.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(250);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The pauses between one try and the next, ever longer.
pub(super) fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times()
        .build()
        // Jitter is added to the longest one, too.
        .map(|pause| pause.min(LONGEST_PAUSE))
}

/// Some time between none and this, by chance.
pub(super) fn up_to(longest: Duration) -> Duration {
    // The keys of the standard library's hashers are the system's randomness: no crate is needed.
    let chance = RandomState::new().hash_one(()) >> 32;
    longest.mul_f64(chance as f64 / (1_u64 << 32) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_spreads_over_the_whole_time() {
        let mut found: Vec<_> = (0..1000).map(|_| up_to(Duration::from_secs(8))).collect();
        found.sort();
        assert!(found[0] < Duration::from_secs(1) && found[999] > Duration::from_secs(7));
        assert!(found[999] < Duration::from_secs(8));
        found.dedup();
        assert!(found.len() > 990, "{}", found.len());
    }
}
