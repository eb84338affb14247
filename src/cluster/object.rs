//! One object: read, and written by whoever saw it last.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::header::{DATE, RETRY_AFTER};
use hyper::http::response::Parts;
use jiff::fmt::rfc2822;
use kube::Client;
use kube::client::Body;
use kube::core::params::{self, GetParams, PatchParams, PostParams};
use kube::core::response::StatusDetails;
use kube::core::{Request as Requests, Status};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Error;
use crate::unix_seconds::UnixSeconds;

/// Who the API server remembers as the writer of fields.
const FIELD_MANAGER: &str = "kelos-metadata-controller";

/// One object of a kind, whether it is there or not.
#[derive(Clone, Debug)]
pub struct ObjectPath {
    /// The path of its kind, with the namespace if there is one.
    pub collection: String,
    /// Its name.
    pub name: String,
}

/// How a change is written.
pub enum Patch {
    /// A JSON merge patch (RFC 7386).
    Merge(Value),
    /// A strategic merge patch: entries of lists are found by their names.
    Strategic(Value),
}

/// What the API server answered.
#[derive(Debug)]
pub struct ObjectResponse<T> {
    /// The object.
    pub object: T,
    /// The time of the API server, unless it does not say.
    pub time: Option<UnixSeconds>,
}

impl ObjectPath {
    /// Reads the object as it is now: never an older state than another client has seen.
    ///
    /// # Errors
    /// [`Error`]; [`Error::is_not_found`] if it is not there.
    pub async fn read<T: DeserializeOwned>(
        &self,
        client: &Client,
    ) -> Result<ObjectResponse<T>, Error> {
        let request = self.requests().get(&self.name, &GetParams::default())?;
        send(client, request).await
    }

    /// Creates the object, which must not be there.
    ///
    /// # Errors
    /// [`Error`]; [`Error::is_conflict`] if it is there.
    pub async fn create(&self, client: &Client, object: &Value) -> Result<(), Error> {
        let params =
            PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        let request = self.requests().create(&params, object.to_string().into_bytes())?;
        send::<Ignored>(client, request).await.map(|_| ())
    }

    /// Changes the object. A patch that has a `metadata.resourceVersion` is refused if the object
    /// has another one by now.
    ///
    /// # Errors
    /// [`Error`]; [`Error::is_conflict`] if somebody else wrote it meanwhile.
    pub async fn patch(&self, client: &Client, patch: Patch) -> Result<(), Error> {
        self.patch_as(FIELD_MANAGER, client, patch).await
    }

    /// The same as another field manager.
    ///
    /// # Errors
    /// As [`patch`](ObjectPath::patch).
    pub async fn patch_as(
        &self,
        manager: &str,
        client: &Client,
        patch: Patch,
    ) -> Result<(), Error> {
        let patch = match patch {
            Patch::Merge(patch) => params::Patch::Merge(patch),
            Patch::Strategic(patch) => params::Patch::Strategic(patch),
        };
        let params =
            PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
        let request = self.requests().patch(&self.name, &params, &patch)?;
        send::<Ignored>(client, request).await.map(|_| ())
    }

    fn requests(&self) -> Requests {
        Requests::new(self.collection.clone())
    }
}

/// An answer that nobody reads.
type Ignored = serde::de::IgnoredAny;

/// Sends a request. kube's own ways to do so log an answer that does not parse, or hide its head.
pub(super) async fn send<T: DeserializeOwned>(
    client: &Client,
    request: Request<Vec<u8>>,
) -> Result<ObjectResponse<T>, Error> {
    let answer = async {
        let response = client.send(request.map(Body::from)).await?;
        let (head, body) = response.into_parts();
        Ok((head, body.collect().await?.to_bytes()))
    };
    let (head, body): (_, Bytes) = Error::in_time(answer).await?;
    if !head.status.is_success() {
        return Err(Error::Api(Box::new(refusal(&head, &body))));
    }
    let time = head.headers.get(DATE).and_then(|date| date.to_str().ok());
    let time = time.and_then(|date| rfc2822::parse(date).ok());
    let object = serde_json::from_slice(&body).map_err(|_| Error::InvalidResponse)?;
    Ok(ObjectResponse { object, time: time.map(|time| UnixSeconds(time.timestamp().as_second())) })
}

/// Why the API server, or whatever answers in its place, did not do it.
pub(super) fn refusal(head: &Parts, body: &[u8]) -> Status {
    let mut status: Status = serde_json::from_slice(body).unwrap_or_default();
    let code = head.status.as_u16();
    status.code = code;
    // What limits requests answers with a text, and says when to come again beside it.
    let seconds = head.headers.get(RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok());
    if let Some(seconds) = seconds {
        let details = status.details.get_or_insert_with(no_details);
        details.retry_after_seconds = seconds;
    }
    if status.message.is_empty() {
        status.message = format!("status {code}, without a reason");
    }
    status
}

fn no_details() -> StatusDetails {
    StatusDetails {
        name: String::new(),
        group: String::new(),
        kind: String::new(),
        uid: String::new(),
        causes: Vec::new(),
        retry_after_seconds: 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::scripted::{ScriptedResponse as Scripted, api, status};

    fn secret() -> ObjectPath {
        let collection = "/api/v1/namespaces/ns/secrets".to_owned();
        ObjectPath { collection, name: "tls".to_owned() }
    }

    #[tokio::test]
    async fn an_object_is_read_and_written_under_its_path() {
        let (client, asked) = api(|_| Scripted::Json(200, json!({"a": 1})));
        let answer = secret().read::<Value>(&client).await.unwrap();
        assert_eq!((answer.object, answer.time), (json!({"a": 1}), None));
        secret().create(&client, &json!({})).await.unwrap();
        secret().patch(&client, Patch::Merge(json!({}))).await.unwrap();
        let at = "/api/v1/namespaces/ns/secrets";
        let manager = "fieldManager=kelos-metadata-controller";
        assert_eq!(
            asked.all(),
            [format!("{at}/tls"), format!("{at}?&{manager}"), format!("{at}/tls?&{manager}")]
        );
    }

    #[tokio::test]
    async fn refusals_are_told_apart() {
        let refused = async |answer: fn() -> Scripted| {
            let (client, _) = api(move |_| answer());
            secret().read::<Value>(&client).await.unwrap_err()
        };
        let missing = refused(|| Scripted::Json(404, status(404, "NotFound", "none"))).await;
        assert!(missing.is_not_found() && !missing.is_conflict(), "{missing}");
        let conflict = refused(|| Scripted::Json(409, status(409, "Conflict", "changed"))).await;
        assert!(conflict.is_conflict(), "{conflict}");
        let proxy = refused(|| Scripted::Text(502, "<html>")).await.to_string();
        assert_eq!(proxy, "the API server rejected the request: status 502, without a reason");
        let strange = refused(|| Scripted::Text(200, "<html>")).await;
        assert!(matches!(strange, Error::InvalidResponse), "{strange}");
    }

    #[test]
    fn the_date_of_an_answer_is_read() {
        let date = rfc2822::parse("Sun, 17 Mar 2030 17:46:40 GMT").unwrap();
        assert_eq!(date.timestamp().as_second(), 1_900_000_000);
    }
}
