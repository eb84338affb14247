//! How long the caBundle has settled, by the clock of this process.

use std::time::Duration;

/// Since when this process has seen the mark of the Secret.
///
/// The mark has a time of the API server. That of another API server may be far ahead, and somebody
/// may set a clock; the one that is counted here only goes on. A process that has just begun to look
/// has seen nothing settle.
#[derive(Clone, Debug, Default)]
pub(super) struct Propagation {
    mark: Option<String>,
    since: Duration,
}

impl Propagation {
    /// For how long the mark has been this one. `uptime` is the time of a clock that nobody sets.
    pub(super) fn see(&mut self, mark: Option<&str>, uptime: Duration) -> Duration {
        if mark.is_none() || self.mark.as_deref() != mark {
            self.mark = mark.map(str::to_owned);
            self.since = uptime;
        }
        uptime.saturating_sub(self.since)
    }

    /// Whatever was seen counts no more.
    pub(super) fn restart(&mut self) {
        self.mark = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_time_with_the_same_mark_counts() {
        let mut propagation = Propagation::default();
        for (mark, uptime, settled) in [
            (None, 5, 0),
            (Some("a"), 7, 0),
            (Some("a"), 9, 2),
            (Some("b"), 20, 0),
            (Some("b"), 21, 1),
            (None, 22, 0),
            (Some("b"), 30, 0),
            (Some("b"), 40, 10),
        ] {
            let seen = propagation.see(mark, Duration::from_secs(uptime));
            assert_eq!(seen, Duration::from_secs(settled), "{mark:?} {uptime}");
        }
        propagation.restart();
        assert_eq!(propagation.see(Some("b"), Duration::from_secs(50)), Duration::ZERO);
        assert_eq!(propagation.see(Some("b"), Duration::from_secs(51)), Duration::from_secs(1));
    }
}
