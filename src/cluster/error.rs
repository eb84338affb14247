//! Why the API server did not give what it was asked for.

use std::error::Error;
use std::time::Duration;

use kube::core::Status;
use thiserror::Error;
use tokio::time::timeout;

/// How long the API server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the API server did not give what it was asked for.
#[derive(Debug, Error)]
pub enum Trouble {
    /// It has no such kind of object.
    #[error("the cluster does not have this kind of object")]
    Absent,
    /// It refuses; its words name the verb, the resource and who asked.
    #[error("the API server refuses: {}", .0.message)]
    Refused(Box<Status>),
    /// It did not answer in time.
    #[error("the API server did not answer within {} ms", .0.as_millis())]
    Slow(Duration),
    /// A watch gave no sign of life.
    #[error("nothing came over the watch, not even its end")]
    Silent,
    /// A watch was ended as soon as it began.
    #[error("the API server ends the watch at once")]
    Hasty,
    /// Its answer is not what the Kubernetes API promises.
    #[error("the answer is no list and no object of the Kubernetes API")]
    Unreadable,
    /// There is no way to it.
    #[error("the API server can't be reached")]
    Unreachable(#[source] Box<kube::Error>),
    /// A name that can be part of no path.
    #[error("the request can't be built")]
    Unaskable(#[from] kube::core::request::Error),
}

impl Trouble {
    /// Waits for an answer, but not for ever.
    pub(super) async fn in_time<T>(
        answer: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, Trouble> {
        Trouble::soon(async { Ok(answer.await?) }).await
    }

    /// Waits for an answer that may be trouble already, but not for ever.
    pub(super) async fn soon<T>(
        answer: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        timeout(PATIENCE, answer).await.map_err(|_| Trouble::Slow(PATIENCE))?
    }

    /// Whether there is no such object, or no such kind.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Trouble::Absent)
            || matches!(self, Trouble::Refused(status) if status.code == 404)
    }

    /// Whether the kind is there, but no such object.
    pub fn is_missing_object(&self) -> bool {
        let names_it = |status: &Status| {
            status.details.as_ref().is_some_and(|details| !details.name.is_empty())
        };
        self.is_not_found() && matches!(self, Trouble::Refused(status) if names_it(status))
    }

    /// Whether somebody else was faster: the object has changed, or is there already.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Trouble::Refused(status) if status.code == 409)
    }

    /// Whether a right is missing.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Trouble::Refused(status) if status.code == 403)
    }

    /// Whether what was known is too old to go on from.
    pub(super) fn is_expired(&self) -> bool {
        matches!(self, Trouble::Refused(status) if status.code == 410)
    }

    /// All that is known of it, on one line.
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(source) = cause {
            text.extend([": ", &source.to_string()]);
            cause = source.source();
        }
        text
    }
}

impl From<kube::Error> for Trouble {
    fn from(error: kube::Error) -> Trouble {
        match error {
            kube::Error::Api(status) => Trouble::Refused(status),
            // What serde says may quote what it read.
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => Trouble::Unreadable,
            other => Trouble::Unreachable(Box::new(other)),
        }
    }
}
