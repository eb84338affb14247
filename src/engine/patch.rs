//! Changes → a JSON Patch (RFC 6902).

use std::collections::BTreeMap;

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::{Map, Value};

use super::kelos::{Kind, Task};

/// What the answer does to a Task's labels and annotations: the new value by key, or none to
/// remove the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    labels: BTreeMap<String, Option<String>>,
    annotations: BTreeMap<String, Option<String>>,
}

impl Changes {
    /// Sets a key.
    pub fn set(&mut self, kind: Kind, key: &str, value: String) {
        self.of_mut(kind).insert(key.to_owned(), Some(value));
    }

    /// Removes a key.
    pub fn remove(&mut self, kind: Kind, key: &str) {
        self.of_mut(kind).insert(key.to_owned(), None);
    }

    /// The value of a key after these changes.
    pub fn get<'c>(&'c self, task: &'c Task<'_>, kind: Kind, key: &str) -> Option<&'c str> {
        match self.of(kind).get(key) {
            Some(change) => change.as_deref(),
            None => task.get(kind, key),
        }
    }

    /// Whether the Task stays as it is.
    pub fn is_empty(&self, task: &Task<'_>) -> bool {
        Kind::ALL.iter().all(|kind| {
            self.of(*kind).iter().all(|(key, value)| task.get(*kind, key) == value.as_deref())
        })
    }

    /// The smallest patch that makes these changes: sorted by path, a missing map first, empty if
    /// everything is as it should be.
    pub fn patch(&self, task: &Task<'_>) -> Patch {
        let mut operations = Vec::new();
        for (kind, map) in [(Kind::Annotation, "annotations"), (Kind::Label, "labels")] {
            let before = operations.len();
            operations.extend(self.of(kind).iter().filter_map(|(key, value)| {
                operation(task.get(kind, key), path(map, Some(key)), value.as_deref())
            }));
            if task.entries(kind).is_none() && operations.len() > before {
                let value = Value::Object(Map::new());
                let add = AddOperation { path: path(map, None), value };
                operations.insert(before, PatchOperation::Add(add));
            }
        }
        Patch(operations)
    }

    fn of(&self, kind: Kind) -> &BTreeMap<String, Option<String>> {
        match kind {
            Kind::Label => &self.labels,
            Kind::Annotation => &self.annotations,
        }
    }

    fn of_mut(&mut self, kind: Kind) -> &mut BTreeMap<String, Option<String>> {
        match kind {
            Kind::Label => &mut self.labels,
            Kind::Annotation => &mut self.annotations,
        }
    }
}

fn operation(old: Option<&str>, path: PointerBuf, new: Option<&str>) -> Option<PatchOperation> {
    match (old, new) {
        (Some(old), Some(new)) if old == new => None,
        (Some(_), Some(new)) => {
            Some(PatchOperation::Replace(ReplaceOperation { path, value: new.into() }))
        }
        (None, Some(new)) => Some(PatchOperation::Add(AddOperation { path, value: new.into() })),
        (Some(_), None) => Some(PatchOperation::Remove(RemoveOperation { path })),
        (None, None) => None,
    }
}

fn path(map: &str, key: Option<&str>) -> PointerBuf {
    PointerBuf::from_tokens(["metadata", map].into_iter().chain(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_minimal_and_sorted_and_makes_missing_maps() {
        let json = r#"{"metadata": {"labels": {"same": "1", "old": "1", "gone": "1"}}}"#;
        let task = Task::parse(json).unwrap();
        let mut changes = Changes::default();
        changes.set(Kind::Label, "same", "1".to_owned());
        changes.set(Kind::Label, "old", "2".to_owned());
        changes.remove(Kind::Label, "gone");
        changes.remove(Kind::Label, "never-there");
        changes.set(Kind::Annotation, "a~b/c", "x".to_owned());
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
