//! The metadata of a Task, of which nothing is collected without a bound.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::entries::{Entries, Room};
use super::{Excess, Str};

/// The most owner references that a Task may have. Each takes at least 49 bytes and, in the managed
/// fields, its uid once more: etcd's 1.5 MiB have room for some 22,000.
const OWNER_REFERENCES: usize = 32 << 10;

/// What is read of a Task's metadata.
#[derive(Clone, Debug, Default)]
pub(super) struct TaskMeta<'a> {
    pub(super) name: Option<Str<'a>>,
    pub(super) generate_name: Option<Str<'a>>,
    pub(super) labels: Option<Entries<'a>>,
    pub(super) annotations: Option<Entries<'a>>,
    /// The first owner reference that is a controller.
    pub(super) controller: Option<OwnerReference<'a>>,
    /// What there was too much of.
    pub(super) excess: Option<Excess>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OwnerReference<'a> {
    #[serde(borrow)]
    pub(super) api_version: Str<'a>,
    #[serde(borrow)]
    pub(super) kind: Str<'a>,
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    #[serde(borrow)]
    pub(super) uid: Str<'a>,
    controller: Option<bool>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    Name,
    GenerateName,
    Labels,
    Annotations,
    OwnerReferences,
    #[serde(other)]
    Other,
}

impl TaskMeta<'_> {
    /// The bytes that it takes beside the request.
    pub(super) fn heap_bytes(&self) -> usize {
        let entries = [&self.labels, &self.annotations].into_iter().flatten();
        let names = [&self.name, &self.generate_name].into_iter().flatten();
        let controller = self.controller.iter();
        entries.map(Entries::heap_bytes).sum::<usize>()
            + names.map(Str::heap_bytes).sum::<usize>()
            + controller.map(OwnerReference::heap_bytes).sum::<usize>()
    }
}

impl OwnerReference<'_> {
    fn heap_bytes(&self) -> usize {
        [&self.api_version, &self.kind, &self.name, &self.uid].map(Str::heap_bytes).iter().sum()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for TaskMeta<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TaskMeta<'a>, D::Error> {
        deserializer.deserialize_map(Metadata)
    }
}

struct Metadata;

impl<'de> Visitor<'de> for Metadata {
    type Value = TaskMeta<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("metadata")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TaskMeta<'de>, A::Error> {
        let (mut meta, mut room) = (TaskMeta::default(), Room::new());
        let (mut name, mut generate_name) = (None, None);
        let (mut labels, mut annotations, mut owners) = (None, None, None);
        while let Some(field) = map.next_key()? {
            match field {
                Field::Name => once(&mut name, "name", map.next_value()?)?,
                Field::GenerateName => {
                    once(&mut generate_name, "generateName", map.next_value()?)?;
                }
                Field::Labels => once(&mut labels, "labels", map.next_value_seed(&mut room)?)?,
                Field::Annotations => {
                    once(&mut annotations, "annotations", map.next_value_seed(&mut room)?)?;
                }
                Field::OwnerReferences => {
                    once(&mut owners, "ownerReferences", map.next_value_seed(Owners)?)?;
                }
                Field::Other => drop(map.next_value::<de::IgnoredAny>()?),
            }
        }
        meta.name = name.flatten();
        meta.generate_name = generate_name.flatten();
        meta.labels = labels.flatten();
        meta.annotations = annotations.flatten();
        let owners = owners.unwrap_or_default();
        meta.controller = owners.controller;
        let is_exceeded = [
            (room.is_exceeded, Excess::Entries),
            (owners.count > OWNER_REFERENCES, Excess::OwnerReferences),
        ];
        meta.excess = is_exceeded.into_iter().find_map(|(is, excess)| is.then_some(excess));
        Ok(meta)
    }
}

/// Keeps the value of a field that may be there once.
fn once<T, E: Error>(slot: &mut Option<T>, name: &'static str, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(name)),
    }
}

/// Reads owner references one by one, and keeps the first controller.
struct Owners;

#[derive(Default)]
struct Read<'a> {
    controller: Option<OwnerReference<'a>>,
    count: usize,
}

impl<'de> DeserializeSeed<'de> for Owners {
    type Value = Read<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read<'de>, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Owners {
    type Value = Read<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of owner references")
    }

    fn visit_none<E>(self) -> Result<Read<'de>, E> {
        Ok(Read::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read<'de>, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Read<'de>, A::Error> {
        let mut read = Read::default();
        while let Some(reference) = list.next_element::<OwnerReference<'_>>()? {
            read.count += 1;
            if read.controller.is_none() && reference.controller == Some(true) {
                read.controller = Some(reference);
            }
        }
        Ok(read)
    }
}
