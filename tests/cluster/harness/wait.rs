//! Waiting for what happens soon, with an end.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Far longer than anything here takes.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none after [`TIMEOUT`].
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(TIMEOUT, what, ask).await
}

/// Asks again and again until there is an answer, for this long.
///
/// # Panics
/// When there is none by then.
pub(crate) async fn within<T>(
    time: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + time;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not after {time:?}");
        sleep(Duration::from_millis(25)).await;
    }
}
