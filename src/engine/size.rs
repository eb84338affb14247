//! How large a Task is, and may become.
//!
//! What an entry takes is counted as the API server writes it, byte for byte, so that a second pass, which
//! sees the entry in its place, finds as much room left as the first.

use std::borrow::Cow;

use crate::apimachinery::ANNOTATIONS_BYTES;
use crate::apimachinery::Kind;
use crate::engine::kelos::{Filling, Str, Task};
use crate::engine::patch::Place;
use crate::json_text;

/// What a Task may grow to, as JSON: etcd refuses objects of 1.5 MiB. One that is larger already may
/// stay as large as it is, and not grow: etcd may still take it, and would not take more.
const OBJECT_BYTES: usize = 1408 << 10;

/// What an entry takes beside its key and value: quotes and a colon.
const ENTRY_BYTES: usize = 5;

/// What a Task takes, in bytes, as far as it is bounded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// All keys and values of its annotations.
    annotations: usize,
    /// The object as JSON, at the most.
    object: usize,
    /// What the object may take.
    object_limit: usize,
    /// How many keys of each kind there are; nothing where there is no such map.
    entries: [Option<usize>; Kind::ALL.len()],
    /// What holds the maps of what belongs to the Pod.
    overrides: Filling,
}

impl Size {
    /// The size of a Task that comes with so many bytes of JSON.
    pub(super) fn of(task: &Task<'_>, object: usize) -> Size {
        let annotations = task.entries(Kind::Annotation).into_iter().flatten();
        Size {
            annotations: annotations.map(|(key, value)| key.len() + value.len()).sum(),
            object,
            object_limit: object.max(OBJECT_BYTES),
            entries: Kind::ALL.map(|kind| task.entries(kind).map(|entries| entries.len())),
            overrides: task.pod_place().map_or(Filling::Absent, |pod| pod.overrides),
        }
    }

    /// The size with this value of the Task's counted as the API server would write it, if somebody else
    /// wrote it.
    pub(super) fn as_written(mut self, value: &Str<'_>) -> Size {
        if let Cow::Borrowed(raw) = value.0 {
            self.object += json_text::bytes(raw) - raw.len();
        }
        self
    }

    /// The size without an entry that has this value now.
    pub(super) fn without(mut self, place: Place<'_>, value: &str) -> Size {
        if place.kind == Kind::Annotation {
            self.annotations -= place.key.len() + value.len();
        }
        let left = self.entries[place.kind as usize].map_or(0, |entries| entries.saturating_sub(1));
        self.entries[place.kind as usize] = Some(left);
        self.object = self.object.saturating_sub(entry_bytes(place.key, value, left));
        self
    }

    /// The size with an entry that is not there.
    pub(super) fn with(mut self, place: Place<'_>, value: &str) -> Size {
        if place.kind == Kind::Annotation {
            self.annotations += place.key.len() + value.len();
        }
        let others = self.entries[place.kind as usize].unwrap_or_else(|| {
            self.object += self.new_map(place.kind);
            0
        });
        self.entries[place.kind as usize] = Some(others + 1);
        self.object += entry_bytes(place.key, value, others);
        self
    }

    /// What the map of a kind takes that comes with its first entry, as in `"labels":{},`: metadata and
    /// spec have something else to be parted from, `podOverrides` may not.
    fn new_map(&mut self, kind: Kind) -> usize {
        let map = kind.field().len() + r#""":{}"#.len();
        if !kind.is_of_pod() {
            return map + ",".len();
        }
        map + match std::mem::replace(&mut self.overrides, Filling::Filled) {
            Filling::Absent => r#""podOverrides":{},"#.len(),
            Filling::Empty => 0,
            Filling::Filled => ",".len(),
        }
    }

    /// Whether the API server takes the Task with all its annotations.
    pub(super) fn annotations_fit(self) -> bool {
        self.annotations <= ANNOTATIONS_BYTES
    }

    /// Whether etcd takes the Task, as far as that depends on us.
    pub(super) fn fits_etcd(self) -> bool {
        self.object <= self.object_limit
    }
}

/// What an entry adds to a map with so many others: a comma, too, if there are any.
fn entry_bytes(key: &str, value: &str, others: usize) -> usize {
    json_text::bytes(key) + json_text::bytes(value) + ENTRY_BYTES + usize::from(others > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn an_entry_is_counted_as_it_is_written() {
        let written = |labels: &[(&str, &str)]| {
            let map: serde_json::Map<_, _> =
                labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
            serde_json::json!({"metadata": {"labels": map, "name": "t"}}).to_string()
        };
        let empty = r#"{"metadata":{"name":"t"}}"#;
        let mut size = Size::of(&Task::parse(empty).unwrap(), empty.len());
        let entries = [("a", "x"), ("b", "\"\\\n\u{1}é日"), ("c", "")];
        let place = |n: usize| Place { kind: Kind::Label, key: entries[n].0, path: None };
        for n in 0..entries.len() {
            size = size.with(place(n), entries[n].1);
            assert_eq!(size.object, written(&entries[..=n]).len());
        }
        for n in (0..entries.len()).rev() {
            size = size.without(place(n), entries[n].1);
            assert_eq!(size.object, written(&entries[..n]).len());
        }
    }

    #[test]
    fn what_belongs_to_the_pod_comes_with_what_holds_it() {
        for (before, after) in [
            ("", r#""podOverrides":{OURS},"#),
            (r#""podOverrides":{},"#, r#""podOverrides":{OURS},"#),
            (r#""podOverrides":{"env":[]},"#, r#""podOverrides":{"env":[],OURS},"#),
        ] {
            let task = |overrides: &str| format!(r#"{{"spec":{{{overrides}"prompt":"p"}}}}"#);
            let before = task(before);
            let mut size = Size::of(&Task::parse(&before).unwrap(), before.len());
            for (kind, ours) in [
                (Kind::NodeSelector, r#""nodeSelector":{"k":"v"}"#),
                (Kind::PodLabel, r#""nodeSelector":{"k":"v"},"labels":{"k":"v"}"#),
            ] {
                size = size.with(Place { kind, key: "k", path: None }, "v");
                assert_eq!(size.object, task(&after.replace("OURS", ours)).len(), "{before}");
            }
        }
    }
}
