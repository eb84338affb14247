//! What a Task or Session says of its Pod: `podOverrides`, of itself or of its worker.

use serde::de::DeserializeSeed;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::entries::{Entries, Room};
use crate::apimachinery::Kind;

/// What a Task says of its Pod, as far as it can be read.
#[derive(Clone, Debug, Default)]
pub(super) enum Overrides<'a> {
    /// Nothing. `null` is nothing, too.
    #[default]
    Absent,
    /// This, be it empty.
    There(PodOverrides<'a>, Filling),
    /// Something that the API server will refuse.
    Unreadable,
}

/// Labels and node selectors of a Pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PodOverrides<'a> {
    #[serde(borrow, deserialize_with = "map")]
    labels: Option<Entries<'a>>,
    #[serde(borrow, deserialize_with = "map")]
    node_selector: Option<Entries<'a>>,
}

/// Where a Task can say what its Pod is like. Kelos takes the worker's `podOverrides` whole if they are
/// there, else those of the Task, and never merges the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodPlace {
    /// Whether it is in `spec.worker`.
    pub in_worker: bool,
    /// What the `podOverrides` there hold.
    pub overrides: Filling,
}

/// What an object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// There is no such object.
    Absent,
    /// Nothing.
    Empty,
    /// Something.
    Filled,
}

/// Why a Task can't say what its Pod is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPodPlace {
    /// Its Pod is there already.
    #[error("the Task runs in a Pod of a WorkerPool, which is there already and stays as it is")]
    WorkerPool,
    /// What it says is nothing that Kelos knows.
    #[error("its `podOverrides` can't be read")]
    Unreadable,
    /// It has no spec.
    #[error("it has no spec")]
    NoSpec,
    /// It is a Session, and has no worker.
    #[error("it has no spec.worker")]
    NoWorker,
}

impl<'a> Overrides<'a> {
    pub(super) fn entries(&self, kind: Kind) -> Option<&Entries<'a>> {
        let Overrides::There(overrides, _) = self else { return None };
        match kind {
            Kind::PodLabel => overrides.labels.as_ref(),
            Kind::NodeSelector => overrides.node_selector.as_ref(),
            Kind::Label | Kind::Annotation => None,
        }
    }

    /// The bytes that they take beside the request.
    pub(super) fn heap_bytes(&self) -> usize {
        let Overrides::There(PodOverrides { labels, node_selector }, _) = self else { return 0 };
        [labels, node_selector].into_iter().flatten().map(Entries::heap_bytes).sum()
    }
}

/// Reads them. Whatever else they hold does not matter.
pub(super) fn overrides<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Overrides<'de>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    Ok(match serde_json::from_str(raw) {
        _ if raw == "null" => Overrides::Absent,
        // The fields of an object can be read out of a list, too.
        _ if !raw.starts_with('{') => Overrides::Unreadable,
        Ok(overrides) => {
            let inside = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
            let is_empty = inside.trim().is_empty();
            Overrides::There(overrides, if is_empty { Filling::Empty } else { Filling::Filled })
        }
        Err(_) => Overrides::Unreadable,
    })
}

/// Reads a map of which there is as much as an API server can store.
fn map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Entries<'de>>, D::Error> {
    let mut room = Room::new();
    let read = room.deserialize(deserializer)?;
    match room.is_exceeded {
        true => Err(serde::de::Error::custom("it has more entries than an API server can store")),
        false => Ok(read),
    }
}
