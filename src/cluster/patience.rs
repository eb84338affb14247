//! When a request is made again: as the API server asks for it, and after a transport error.
//!
//! Only for requests that may be made twice: those that read, and patches that name the version that they change.

use std::time::Duration;

use super::Error;
use super::pauses::pauses;

/// How often a request is made at the most while the API server says when to come again, as client-go does it.
const MOST_TRIES: usize = 10;
/// How often it is made where nothing says when: a restart of the API server behind a load balancer takes so long.
const TRIES_WITHOUT_AN_ANSWER: usize = 5;
/// The longest that is waited at once: who asks for more is asked again sooner.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Makes a request until it has an answer that is one, or trying again is of no use.
///
/// # Errors
///
/// The last [`Error`].
pub async fn patiently<T>(mut request: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
    let (mut pauses, mut tries) = (pauses(), 0);
    loop {
        tries += 1;
        let error = match request().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let pause = match &error {
            _ if tries >= MOST_TRIES => None,
            Error::Api(_) => error.retry_after(),
            Error::Timeout(_) | Error::Unreachable(_) if tries < TRIES_WITHOUT_AN_ANSWER => {
                pauses.next()
            }
            _ => None,
        };
        let Some(pause) = pause else { return Err(error) };
        tokio::time::sleep(pause.min(LONGEST_WAIT)).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::cluster::scripted::{ScriptedResponse as Scripted, api, status};
    use crate::cluster::{ObjectPath, Resource};

    async fn read(
        answers: impl Fn(usize) -> Scripted + Clone + Send + Sync + 'static,
    ) -> (Result<(), Error>, usize, u64) {
        let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = count.clone();
        let (client, asked) =
            api(move |_| answers(counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
        let collection = Resource::TASKS.path("v1alpha2", Some("ns"));
        let path = ObjectPath { collection, name: "a".to_owned() };
        let start = Instant::now();
        let read = patiently(async || path.read::<serde_json::Value>(&client).await).await;
        (read.map(|_| ()), asked.count("/a"), start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_told_to_come_again_does_so_then() {
        let busy = |count| match count {
            0 => Scripted::RetryAfter(429, 7),
            1 => Scripted::RetryAfter(503, 2),
            _ => Scripted::Json(200, serde_json::json!({})),
        };
        let (read, asked, seconds) = read(busy).await;
        assert!(read.is_ok(), "{read:?}");
        assert_eq!((asked, seconds), (3, 9));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let (refused, asked, _) = read(|_| Scripted::RetryAfter(429, 3600)).await;
        assert!(matches!(&refused, Err(Error::Api(status)) if status.code == 429), "{refused:?}");
        assert_eq!(asked, MOST_TRIES);
        for (code, reason) in
            [(403, "Forbidden"), (409, "Conflict"), (422, "Invalid"), (500, "InternalError")]
        {
            let (refused, asked, _) =
                read(move |_| Scripted::Json(code, status(code, reason, "no"))).await;
            assert!(refused.is_err());
            assert_eq!(asked, 1, "{code}");
        }
    }
}
