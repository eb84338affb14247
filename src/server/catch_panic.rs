//! A panic in one request must not cost the connection, let alone the process.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Runs a future and turns a panic inside it into `Err(())`.
///
/// The panic hook has reported the place by then. The future is not polled again, and what it had
/// borrowed is shared state behind locks and atomics only: hence `AssertUnwindSafe`.
pub(super) async fn catch_panic<F: Future>(future: F) -> Result<F::Output, ()> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(_) => Poll::Ready(Err(())),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn output_or_panic() {
        assert_eq!(catch_panic(async { 7 }).await, Ok(7));
        let later = async {
            tokio::task::yield_now().await;
            if true {
                panic!("on purpose");
            }
            7
        };
        assert_eq!(catch_panic(later).await, Err(()));
    }
}
