//! AdmissionReview of a TaskSpawner or SessionSpawner: bytes → what was written, and what was there before.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Resource, Unreadable, read};
use crate::engine::kelos::{GROUP, Shape, Str};

/// The longest name of a Namespace.
const NAMESPACE_BYTES: usize = 63;

/// A request about a spawner. Its objects are pieces of the body, not copies.
#[derive(Debug)]
pub(in crate::webhook) struct SpawnerReview {
    /// What the answer must repeat.
    pub(in crate::webhook) uid: String,
    /// The namespace of the spawner.
    pub(in crate::webhook) namespace: String,
    /// What is created or changed, if it is a spawner and no subresource of one.
    pub(in crate::webhook) makes: Option<Shape>,
    /// The spawner as JSON.
    pub(in crate::webhook) object: Bytes,
    /// What it was before, if it was there.
    pub(in crate::webhook) old_object: Option<Bytes>,
}

/// The request as it is on the wire. That of a Task is another one: there the object is read at once, and here it stays a
/// piece of the body, for what it was before is only looked at where it can matter.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    uid: Str<'a>,
    #[serde(borrow, default)]
    resource: Resource<'a>,
    #[serde(borrow, default)]
    sub_resource: Str<'a>,
    #[serde(borrow, default)]
    operation: Str<'a>,
    #[serde(borrow, default)]
    namespace: Str<'a>,
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    old_object: Option<&'a RawValue>,
}

impl SpawnerReview {
    /// Reads the body of an AdmissionReview.
    ///
    /// # Errors
    ///
    /// [`Unreadable`], with the uid wherever one can be found, even in broken JSON.
    pub(in crate::webhook) fn parse(body: &Bytes) -> Result<SpawnerReview, Unreadable> {
        let request = read(body, "a spawner", |request: &Request<'_>| &request.uid)?;
        let (uid, makes) = (request.uid.to_string(), request.makes());
        if request.namespace.len() > NAMESPACE_BYTES {
            let message = "the namespace of the request is longer than any".to_owned();
            return Err(Unreadable::Answerable { uid, message });
        }
        let piece = |raw: &RawValue| body.slice_ref(raw.get().as_bytes());
        Ok(SpawnerReview {
            uid,
            namespace: request.namespace.to_string(),
            makes,
            object: request.object.map(piece).unwrap_or_default(),
            old_object: request.old_object.map(piece),
        })
    }
}

impl Request<'_> {
    /// What is made by the spawner that is created or changed: of any version of Kelos's group.
    fn makes(&self) -> Option<Shape> {
        let is_written = matches!(&*self.operation, "CREATE" | "UPDATE")
            && &*self.resource.group == GROUP
            && self.sub_resource.is_empty()
            && self.object.is_some();
        let plural = &*self.resource.resource;
        let mut shapes = Shape::ALL.into_iter().filter(|_| is_written);
        shapes.find(|makes| plural == makes.spawner_plural())
    }
}
