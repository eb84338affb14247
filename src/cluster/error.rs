//! Why the API server did not give what it was asked for.

use std::time::Duration;

use kube::core::Status;
use tokio::time::timeout;

/// How long the API server may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why the API server did not give what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not serve this kind of object.
    #[error("the cluster does not have this kind of object")]
    KindNotServed,
    /// It rejected the request; its words name the verb, the resource and who asked.
    #[error("the API server rejected the request: {}", .0.message)]
    Api(Box<Status>),
    /// It did not answer in time.
    #[error("the API server did not answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// A watch gave no sign of life.
    #[error("the watch stalled: nothing came over it, not even its end")]
    WatchStalled,
    /// A watch was closed as soon as it began.
    #[error("the API server closes the watch at once")]
    WatchClosed,
    /// Its answer is not what the Kubernetes API promises.
    #[error("the answer is no list and no object of the Kubernetes API")]
    InvalidResponse,
    /// There is no way to it.
    #[error("the API server can't be reached")]
    Unreachable(#[source] Box<kube::Error>),
    /// A name that can be part of no path.
    #[error("the request can't be built")]
    InvalidName(#[from] kube::core::request::Error),
}

impl Error {
    /// Waits for an answer, but not for ever.
    pub(super) async fn within_timeout<T>(
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        timeout(TIMEOUT, answer).await.map_err(|_| Error::Timeout(TIMEOUT))?
    }

    /// Whether there is no such object, or no such kind.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::KindNotServed)
            || matches!(self, Error::Api(status) if status.code == 404)
    }

    /// Whether the kind is there, but no such object.
    pub fn is_missing_object(&self) -> bool {
        let names_it = |status: &Status| {
            status.details.as_ref().is_some_and(|details| !details.name.is_empty())
        };
        self.is_not_found() && matches!(self, Error::Api(status) if names_it(status))
    }

    /// Whether somebody else was faster: the object has changed, or is there already.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Error::Api(status) if status.code == 409)
    }

    /// Whether a right is missing.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Error::Api(status) if status.code == 403)
    }

    /// Whether the object is not as the API server takes it, now or ever.
    pub fn is_invalid(&self) -> bool {
        matches!(self, Error::Api(status) if matches!(status.code, 400 | 413 | 422))
    }

    /// When to come again, if the API server asks for that.
    pub fn retry_after(&self) -> Option<Duration> {
        let Error::Api(status) = self else { return None };
        let said = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
        match (status.code, u64::from(said)) {
            (429, said) => Some(Duration::from_secs(said.max(1))),
            (500.., 1..) => Some(Duration::from_secs(u64::from(said))),
            _ => None,
        }
    }

    /// How to go on with a list whose pages have grown too old, if the API server says so.
    pub(super) fn continue_token(&self) -> Option<&str> {
        let Error::Api(status) = self else { return None };
        let token = status.metadata.as_ref().and_then(|list| list.continue_.as_deref());
        token.filter(|token| self.is_expired() && !token.is_empty())
    }

    /// Whether what was known is too old to go on from.
    pub fn is_expired(&self) -> bool {
        matches!(self, Error::Api(status) if status.code == 410)
    }
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Error {
        match error {
            kube::Error::Api(status) => Error::Api(status),
            // What serde says may quote what it read.
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => Error::InvalidResponse,
            other => Error::Unreachable(Box::new(other)),
        }
    }
}
