//! One object: read, and written by whoever saw it last.

use hyper::Request;
use kube::Client;
use kube::core::Request as Requests;
use kube::core::params::{self, GetParams, PatchParams, PostParams};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::body::OBJECT_BYTES;
use super::{Error, body};
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
    let (head, body) = body::exchange(client, request, OBJECT_BYTES).await?;
    let object = serde_json::from_slice(&body).map_err(|_| Error::InvalidResponse)?;
    Ok(ObjectResponse { object, time: body::time_of(&head.headers) })
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
}
