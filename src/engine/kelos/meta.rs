//! The metadata of an object.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer};

use super::entries::Entries;
use super::{Bounded, StringMap, TooLong, is_ours, null_as_default};

/// The metadata of an object, as far as templates can ask for it.
///
/// Reading it out of JSON keeps a bounded part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "ReadMeta")]
pub struct ObjectMeta {
    /// Its name.
    pub name: String,
    /// Its namespace; empty for a Namespace, or where a manifest leaves it out.
    pub namespace: String,
    /// Its uid; manifests written by hand have none.
    pub uid: Option<String>,
    /// When it was made, in RFC 3339; manifests written by hand say nothing.
    pub creation_timestamp: String,
    /// Its labels.
    pub labels: StringMap,
    /// Its annotations.
    pub annotations: StringMap,
    /// Of its annotations that mean something to us, those that were longer than is read.
    pub too_long: BTreeMap<String, TooLong>,
    /// Annotations whose names begin as ours do and mean nothing, as far as they may be typing errors.
    pub unread: BTreeSet<String>,
}

/// The metadata of an object as it is read.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ReadMeta {
    name: Name,
    namespace: Name,
    uid: Option<Name>,
    #[serde(deserialize_with = "null_as_default")]
    creation_timestamp: Name,
    #[serde(deserialize_with = "null_as_default")]
    labels: Entries,
    #[serde(deserialize_with = "null_as_default")]
    annotations: Entries,
}

impl From<ReadMeta> for ObjectMeta {
    fn from(read: ReadMeta) -> ObjectMeta {
        ObjectMeta {
            name: read.name.0,
            namespace: read.namespace.0,
            uid: read.uid.map(|uid| uid.0),
            creation_timestamp: read.creation_timestamp.0,
            labels: read.labels.kept,
            annotations: read.annotations.kept,
            too_long: read.annotations.too_long,
            unread: read.annotations.unread,
        }
    }
}

/// A name, or something else that the API server has short. A longer one is an error.
#[derive(Default, Deserialize)]
#[serde(try_from = "Bounded<NAME_BYTES>")]
struct Name(String);

/// The longest name of an object that Kubernetes has.
pub(super) const NAME_BYTES: usize = 253;

impl TryFrom<Bounded<NAME_BYTES>> for Name {
    type Error = &'static str;

    fn try_from(name: Bounded<NAME_BYTES>) -> Result<Name, &'static str> {
        match name.is_whole() {
            true => Ok(Name(name.to_string())),
            false => Err("a name, namespace, uid or time is longer than 253 bytes"),
        }
    }
}

/// Reads name and namespace alone: nothing else of the object's metadata is asked for.
pub(super) fn names_only<'de, D>(deserializer: D) -> Result<ObjectMeta, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Names {
        name: Name,
        namespace: Name,
    }
    let Names { name, namespace } = Names::deserialize(deserializer)?;
    Ok(ObjectMeta { name: name.0, namespace: namespace.0, ..ObjectMeta::default() })
}

/// Reads metadata without what only a TaskSpawner has.
pub(super) fn no_rules_annotations<'de, D>(deserializer: D) -> Result<ObjectMeta, D::Error>
where
    D: Deserializer<'de>,
{
    let mut meta = ObjectMeta::deserialize(deserializer)?;
    meta.annotations.retain(|key, _| !is_ours(key));
    meta.too_long = BTreeMap::new();
    meta.unread = BTreeSet::new();
    Ok(meta)
}
