//! How much of the API server's time is left for a request.

use std::time::{Duration, Instant};

/// The longest that an answer may take, whatever the API server grants.
const TIME_BUDGET: Duration = Duration::from_millis(1500);
/// What is kept of the API server's time for the way there and back.
const TIME_RESERVE: Duration = Duration::from_secs(1);
/// How long the API server waits before it asks again, because we say so in `Retry-After`.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// What the API server must have left then, for one more call.
const ANOTHER_CALL: Duration = Duration::from_millis(200);

/// The time of one request, from the moment that its body was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeBudget {
    started: Instant,
    /// The time that the API server says it has left, rounded down: it rounds up.
    granted: Option<Duration>,
}

impl TimeBudget {
    /// Starts the clock for a request with this query, such as `timeout=3s`.
    pub(super) fn start(query: Option<&str>) -> TimeBudget {
        let seconds = query
            .into_iter()
            .flat_map(|query| query.split('&'))
            .find_map(|pair| pair.strip_prefix("timeout=")?.strip_suffix('s')?.parse().ok());
        let granted =
            seconds.map(|seconds| Duration::from_secs(seconds).saturating_sub(TIME_RESERVE));
        TimeBudget { started: Instant::now(), granted }
    }

    /// How long an answer may still be waited for: what the API server has left less a reserve, and
    /// never long.
    pub(super) fn left(&self) -> Duration {
        self.whole().saturating_sub(self.started.elapsed())
    }

    /// Whether the API server asks again if it is told to come back. It does so up to ten times, after
    /// `Retry-After`, for as long as its own time is not over; each time `timeout` is what is left of
    /// that, rounded up to whole seconds. So with `timeout=2s` there may be hardly more than one second
    /// left, which waiting takes: from there on down this try has to count as the last one, and with
    /// `timeout=3s` it is not, if the first 0.8 s have not passed yet.
    pub(super) fn has_another_try(&self) -> bool {
        self.granted.is_none_or(|granted| {
            granted.saturating_sub(self.started.elapsed()) >= RETRY_AFTER + ANOTHER_CALL
        })
    }

    fn whole(&self) -> Duration {
        self.granted.map_or(TIME_BUDGET, |granted| granted.min(TIME_BUDGET))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_follows_the_api_server() {
        for (query, milliseconds) in [
            (None, 1500),
            (Some("timeout=3s"), 1500),
            (Some("timeout=2s"), 1000),
            (Some("timeout=1s"), 0),
            (Some("x=1&timeout=30s"), 1500),
            (Some("timeout=soon"), 1500),
        ] {
            let whole = TimeBudget::start(query).whole();
            assert_eq!(whole, Duration::from_millis(milliseconds), "{query:?}");
        }
    }

    #[test]
    fn the_last_try_is_known_before_it_fails() {
        for (query, milliseconds, another) in [
            (None, 0, true),
            (Some("timeout=10s"), 0, true),
            (Some("timeout=3s"), 500, true),
            (Some("timeout=3s"), 900, false),
            (Some("timeout=2s"), 0, false),
            (Some("timeout=1s"), 0, false),
            (Some("timeout=0s"), 0, false),
        ] {
            let mut time = TimeBudget::start(query);
            time.started -= Duration::from_millis(milliseconds);
            assert_eq!(time.has_another_try(), another, "{query:?} after {milliseconds} ms");
        }
    }
}
