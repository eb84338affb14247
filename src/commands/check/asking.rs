//! Asking the API server: what it says, or which right is missing.

use kube::Client;
use serde_json::Value;

use crate::certs::Secret;
use crate::cluster::{Error, ObjectPath, Resource, Selection};
use crate::unix_seconds::UnixSeconds;

/// A cluster that is asked.
pub(super) struct Asking {
    pub(super) client: Client,
    /// The time of the API server, or ours where it does not say.
    pub(super) now: UnixSeconds,
    /// The version of the API server.
    pub(super) kubernetes: String,
}

impl Asking {
    /// An object, if it is there; or why that can't be told.
    pub(super) async fn get(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, String> {
        let version = resource.versions.first().copied().unwrap_or("v1");
        let path =
            ObjectPath { collection: resource.path(version, namespace), name: name.to_owned() };
        match path.read(&self.client).await {
            Ok(read) => Ok(Some(read.object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(lacking("get", resource, namespace, &error)),
        }
    }

    /// A Secret, if it is there; or why that can't be told.
    pub(super) async fn secret(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Secret>, String> {
        let found = self.get(&Resource::SECRETS, Some(namespace), name).await?;
        let read = found.map(serde_json::from_value).transpose();
        read.map_err(|_| format!("Secret {namespace}/{name} has not the fields of one"))
    }

    /// All objects of a kind, in a namespace or in all, with these labels; none if there is no such kind.
    pub(super) async fn list(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        labels: Option<&str>,
    ) -> Result<Vec<Value>, String> {
        match resource.read_all(&self.client, Selection { namespace, labels, name: None }).await {
            Ok(all) => {
                Ok(all.iter().filter_map(|it| serde_json::from_str(it.get()).ok()).collect())
            }
            Err(Error::KindNotServed) => Ok(Vec::new()),
            Err(error) => Err(lacking("list", resource, namespace, &error)),
        }
    }
}

#[cfg(test)]
impl Asking {
    /// One of an API server that answers each path and query so.
    pub(super) fn scripted(
        answer: impl Fn(&str) -> crate::cluster::scripted::ScriptedResponse + Clone + Send + 'static,
    ) -> Asking {
        let (client, _) = crate::cluster::scripted::api(answer);
        Asking { client, now: UnixSeconds(1_900_000_000), kubernetes: "v1.36.0".to_owned() }
    }
}

/// The right that is missing, or what else is in the way.
pub(super) fn lacking(
    verb: &str,
    resource: &Resource,
    namespace: Option<&str>,
    error: &Error,
) -> String {
    let plural = resource.plural;
    if !error.is_forbidden() {
        return format!("{plural} can't be read: {error}");
    }
    let place = namespace.map(|it| format!(" in namespace {it}")).unwrap_or_default();
    format!("you lack the right to {verb} {}{place}", resource.full_name())
}

/// A text in an object, empty if it is not there.
pub(super) fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A list in an object, empty if it is not there.
pub(super) fn list<'v>(object: &'v Value, pointer: &str) -> &'v [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Whether a map of an object has all entries of another one, which has some.
pub(super) fn has_all(object: &Value, pointer: &str, wanted: &Value) -> bool {
    let Some(wanted) = wanted.as_object().filter(|it| !it.is_empty()) else { return false };
    let map = object.pointer(pointer).and_then(Value::as_object);
    map.is_some_and(|map| wanted.iter().all(|(key, value)| map.get(key) == Some(value)))
}
