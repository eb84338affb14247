//! The metadata of an object.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer};

use super::entries::Entries;
use super::{Bounded, StringMap, TooLong, is_ours, null_as_default};
use crate::templates::purse::{ALLOCATION, tree_bytes};
use crate::templates::value::Text;

/// The metadata of an object, as far as templates can ask for it.
///
/// Reading it out of JSON keeps a bounded part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "ReadMeta")]
pub struct ObjectMeta {
    /// Its name.
    pub name: Text,
    /// Its namespace; empty for a Namespace, or where a manifest leaves it out.
    pub namespace: Text,
    /// Its uid; manifests written by hand have none.
    pub uid: Option<String>,
    /// When it was made, in RFC 3339; manifests written by hand say nothing.
    pub creation_timestamp: Text,
    /// Its labels.
    pub labels: StringMap,
    /// Its annotations.
    pub annotations: StringMap,
    /// What is known of annotations that are not kept. Most objects have none.
    pub(super) not_kept: Option<Box<NotKept>>,
}

/// Annotations with names of ours that are not kept as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct NotKept {
    /// Of those that mean something, those that were longer than is read.
    pub(super) too_long: BTreeMap<String, TooLong>,
    /// Those that mean nothing, as far as they may be typing errors.
    pub(super) unread: BTreeSet<String>,
}

impl ObjectMeta {
    /// What is known of an annotation that means something to us, if it was longer than is read.
    pub fn too_long(&self, name: &str) -> Option<TooLong> {
        self.not_kept.as_ref()?.too_long.get(name).copied()
    }

    /// The names of annotations that begin as ours do and mean nothing, as far as they may be typing errors.
    pub fn unread(&self) -> impl Iterator<Item = &str> {
        self.not_kept.iter().flat_map(|it| &it.unread).map(String::as_str)
    }

    /// What those take in memory, in bytes.
    pub fn not_kept_bytes(&self) -> usize {
        let Some(not_kept) = &self.not_kept else { return 0 };
        let NotKept { too_long, unread } = &**not_kept;
        let names = too_long.keys().chain(unread);
        names.map(|name| name.len() + ALLOCATION).sum::<usize>()
            + tree_bytes(too_long.len(), size_of::<String>() + size_of::<TooLong>())
            + tree_bytes(unread.len(), size_of::<String>())
            + size_of_val(&**not_kept)
            + ALLOCATION
    }
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
            uid: read.uid.map(|uid| uid.0.into()),
            creation_timestamp: read.creation_timestamp.0,
            labels: read.labels.kept,
            annotations: read.annotations.kept,
            not_kept: read.annotations.not_kept,
        }
    }
}

/// A name, or something else that the API server has short. A longer one is an error.
#[derive(Default, Deserialize)]
#[serde(try_from = "Bounded<NAME_BYTES>")]
struct Name(Text);

/// The longest name of an object that Kubernetes has.
pub(super) const NAME_BYTES: usize = 253;

impl TryFrom<Bounded<NAME_BYTES>> for Name {
    type Error = &'static str;

    fn try_from(name: Bounded<NAME_BYTES>) -> Result<Name, &'static str> {
        match name.is_whole() {
            true => Ok(Name(Text::from(&*name))),
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
    meta.not_kept = None;
    Ok(meta)
}
