//! Changes → a JSON Patch (RFC 6902).

use std::collections::BTreeMap;

use json_patch::jsonptr::Pointer;
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::{Map, Value};

use super::kelos::Task;
use crate::apimachinery::Kind;

const LABELS: &Pointer = Pointer::from_static("/metadata/labels");
const ANNOTATIONS: &Pointer = Pointer::from_static("/metadata/annotations");

/// Where a value stands in a Task: its key, and that as a JSON Pointer (RFC 6901), which is made
/// once, not for every Task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'k> {
    /// Label or annotation.
    pub kind: Kind,
    /// The key.
    pub key: &'k str,
    /// Its [`path`].
    pub path: &'k Pointer,
}

/// The JSON Pointer to a label or an annotation.
pub fn path(kind: Kind, key: &str) -> Box<Pointer> {
    map_of(kind).with_trailing_token(key).into()
}

fn map_of(kind: Kind) -> &'static Pointer {
    match kind {
        Kind::Label => LABELS,
        Kind::Annotation => ANNOTATIONS,
    }
}

/// What the answer does to a Task's labels and annotations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes<'k> {
    labels: BTreeMap<&'k str, Change<'k>>,
    annotations: BTreeMap<&'k str, Change<'k>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Change<'k> {
    /// Nothing if it is made when it is needed.
    path: Option<&'k Pointer>,
    /// The new value, or none to remove the key.
    value: Option<String>,
}

impl<'k> Changes<'k> {
    /// Sets a key.
    pub fn set(&mut self, place: Place<'k>, value: String) {
        self.insert(place.kind, place.key, Some(place.path), Some(value));
    }

    /// Removes a key.
    pub fn remove(&mut self, place: Place<'k>) {
        self.insert(place.kind, place.key, Some(place.path), None);
    }

    /// Removes a key that no rule is about.
    pub fn remove_key(&mut self, kind: Kind, key: &'k str) {
        self.insert(kind, key, None, None);
    }

    /// The value of a key after these changes.
    pub fn get<'c>(&'c self, task: &'c Task<'_>, kind: Kind, key: &str) -> Option<&'c str> {
        match self.of(kind).get(key) {
            Some(change) => change.value.as_deref(),
            None => task.get(kind, key),
        }
    }

    /// Whether the Task stays as it is.
    pub fn is_empty(&self, task: &Task<'_>) -> bool {
        Kind::ALL.into_iter().all(|kind| {
            let mut changes = self.of(kind).iter();
            changes.all(|(key, change)| task.get(kind, key) == change.value.as_deref())
        })
    }

    /// The smallest patch that makes these changes: sorted by path, a missing map first, empty if
    /// everything is as it should be.
    pub fn patch(self, task: &Task<'_>) -> Patch {
        let mut operations = Vec::with_capacity(self.annotations.len() + self.labels.len() + 2);
        for (kind, changes) in [(Kind::Annotation, self.annotations), (Kind::Label, self.labels)] {
            let before = operations.len();
            operations.extend(
                changes
                    .into_iter()
                    .filter_map(|(key, change)| operation(kind, key, task.get(kind, key), change)),
            );
            if task.entries(kind).is_none() && operations.len() > before {
                let (path, value) = (map_of(kind).to_buf(), Value::Object(Map::new()));
                operations.insert(before, PatchOperation::Add(AddOperation { path, value }));
            }
        }
        Patch(operations)
    }

    fn insert(
        &mut self,
        kind: Kind,
        key: &'k str,
        path: Option<&'k Pointer>,
        value: Option<String>,
    ) {
        let map = match kind {
            Kind::Label => &mut self.labels,
            Kind::Annotation => &mut self.annotations,
        };
        map.insert(key, Change { path, value });
    }

    fn of(&self, kind: Kind) -> &BTreeMap<&'k str, Change<'k>> {
        match kind {
            Kind::Label => &self.labels,
            Kind::Annotation => &self.annotations,
        }
    }
}

fn operation(kind: Kind, key: &str, old: Option<&str>, new: Change<'_>) -> Option<PatchOperation> {
    let path = || match new.path {
        Some(path) => path.to_buf(),
        None => map_of(kind).with_trailing_token(key),
    };
    Some(match (old, new.value) {
        (Some(old), Some(value)) if old == value => return None,
        (Some(_), Some(value)) => {
            PatchOperation::Replace(ReplaceOperation { path: path(), value: value.into() })
        }
        (None, Some(value)) => {
            PatchOperation::Add(AddOperation { path: path(), value: value.into() })
        }
        (Some(_), None) => PatchOperation::Remove(RemoveOperation { path: path() }),
        (None, None) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_minimal_and_sorted_and_makes_missing_maps() {
        let json = r#"{"metadata": {"labels": {"same": "1", "old": "1", "gone": "1"}}}"#;
        let task = Task::parse(json).unwrap();
        let mut changes = Changes::default();
        let paths = [
            (Kind::Label, "same", Some("1")),
            (Kind::Label, "old", Some("2")),
            (Kind::Label, "gone", None),
            (Kind::Label, "never-there", None),
            (Kind::Annotation, "a~b/c", Some("x")),
        ]
        .map(|(kind, key, value)| (kind, key, path(kind, key), value));
        for (kind, key, path, value) in &paths {
            let place = Place { kind: *kind, key, path };
            match value {
                Some(value) => changes.set(place, (*value).to_owned()),
                None => changes.remove(place),
            }
        }
        assert_eq!(
            serde_json::to_value(changes.patch(&task)).unwrap(),
            serde_json::json!([
                {"op": "add", "path": "/metadata/annotations", "value": {}},
                {"op": "add", "path": "/metadata/annotations/a~0b~1c", "value": "x"},
                {"op": "remove", "path": "/metadata/labels/gone"},
                {"op": "replace", "path": "/metadata/labels/old", "value": "2"},
            ])
        );
        assert!(Changes::default().patch(&task).0.is_empty());
    }
}
