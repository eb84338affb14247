//! Changes → a JSON Patch (RFC 6902).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;

use json_patch::jsonptr::Pointer;
use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::{Map, Value};

use super::kelos::{Filling, Task};
use crate::apimachinery::Kind;
use crate::templates::value::Text;

/// The order of the kinds in a patch, which is sorted by path.
const BY_PATH: [Kind; Kind::ALL.len()] =
    [Kind::Annotation, Kind::Label, Kind::PodLabel, Kind::NodeSelector];

/// Where a value stands in a Task: its key, and that as a JSON Pointer (RFC 6901), which is made
/// once, not for every Task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'k> {
    /// What it belongs to.
    pub kind: Kind,
    /// The key.
    pub key: &'k str,
    /// Its [`path`], if it has been made.
    pub path: Option<&'k Pointer>,
}

/// The JSON Pointer to a label or an annotation. What belongs to a Pod has another one from Task to Task.
pub fn path(kind: Kind, key: &str) -> Option<Box<Pointer>> {
    (!kind.is_of_pod()).then(|| map_of(kind, false).with_trailing_token(key).into())
}

/// The map of a Task that holds such keys.
pub fn map_of(kind: Kind, in_worker: bool) -> &'static Pointer {
    Pointer::from_static(match (kind, in_worker) {
        (Kind::Label, _) => "/metadata/labels",
        (Kind::Annotation, _) => "/metadata/annotations",
        (Kind::PodLabel, false) => "/spec/podOverrides/labels",
        (Kind::PodLabel, true) => "/spec/worker/podOverrides/labels",
        (Kind::NodeSelector, false) => "/spec/podOverrides/nodeSelector",
        (Kind::NodeSelector, true) => "/spec/worker/podOverrides/nodeSelector",
    })
}

fn overrides(in_worker: bool) -> &'static Pointer {
    Pointer::from_static(match in_worker {
        false => "/spec/podOverrides",
        true => "/spec/worker/podOverrides",
    })
}

/// What the answer does to a Task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes<'k>([BTreeMap<&'k str, Change<'k>>; Kind::ALL.len()]);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Change<'k> {
    place: Place<'k>,
    /// The new value, or none to remove the key.
    value: Option<Text>,
}

impl<'k> Changes<'k> {
    /// Sets a key.
    pub fn set(&mut self, place: Place<'k>, value: Text) {
        self.insert(place, Some(value));
    }

    /// Removes a key.
    pub fn remove(&mut self, place: Place<'k>) {
        self.insert(place, None);
    }

    /// The value of a key after these changes.
    pub fn get<'c>(&'c self, task: &'c Task<'_>, kind: Kind, key: &str) -> Option<&'c str> {
        match self.of(kind).get(key) {
            Some(change) => change.value.as_deref(),
            None => task.get(kind, key),
        }
    }

    /// The keys that are set and begin so, in order.
    pub fn beginning_with(&self, kind: Kind, prefix: &str) -> impl Iterator<Item = &'k str> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let behind = self.of(kind).range::<str, _>(from);
        let named = behind.take_while(move |(key, _)| key.starts_with(prefix));
        named.filter(|(_, change)| change.value.is_some()).map(|(key, _)| *key)
    }

    /// Whether the Task stays as it is.
    pub fn is_empty(&self, task: &Task<'_>) -> bool {
        Kind::ALL.into_iter().all(|kind| {
            let mut changes = self.of(kind).iter();
            changes.all(|(key, change)| task.get(kind, key) == change.value.as_deref())
        })
    }

    /// The fewest operations that make these changes: sorted by path, what holds a key before the key, none
    /// if everything is as it should be.
    pub fn operations(mut self, task: &Task<'_>) -> Vec<Operation<'k>> {
        let mut operations =
            Vec::with_capacity(self.0.iter().map(BTreeMap::len).sum::<usize>() + 2);
        // Where there is no place, nothing was set.
        let pod = task.pod_place();
        let in_worker = pod.is_ok_and(|pod| pod.in_worker);
        let mut has_overrides = pod.is_ok_and(|pod| pod.overrides != Filling::Absent);
        for kind in BY_PATH {
            let (map, before) = (map_of(kind, in_worker), operations.len());
            let changes = std::mem::take(&mut self.0[kind as usize]);
            operations.extend(changes.into_iter().filter_map(|(key, Change { place, value })| {
                operation(Path::Key(map, place), task.get(kind, key), value)
            }));
            if operations.len() == before {
                continue;
            }
            if task.entries(kind).is_none() {
                operations.insert(before, Operation::Add(Path::Map(map), None));
            }
            if kind.is_of_pod() && !std::mem::replace(&mut has_overrides, true) {
                operations.insert(before, Operation::Add(Path::Map(overrides(in_worker)), None));
            }
        }
        operations
    }

    fn insert(&mut self, place: Place<'k>, value: Option<Text>) {
        self.0[place.kind as usize].insert(place.key, Change { place, value });
    }

    fn of(&self, kind: Kind) -> &BTreeMap<&'k str, Change<'k>> {
        &self.0[kind as usize]
    }
}

/// An operation of a JSON Patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation<'k> {
    /// Adds a text, or an empty map.
    Add(Path<'k>, Option<Text>),
    /// Puts a text in the place of another one.
    Replace(Path<'k>, Text),
    /// Removes a key.
    Remove(Path<'k>),
}

/// Where an operation does what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path<'k> {
    /// At a map.
    Map(&'static Pointer),
    /// At a key of one.
    Key(&'static Pointer, Place<'k>),
}

impl<'k> Path<'k> {
    /// The JSON Pointer.
    pub fn pointer(&self) -> Cow<'k, Pointer> {
        match self {
            Path::Map(map) => Cow::Borrowed(map),
            Path::Key(_, Place { path: Some(path), .. }) => Cow::Borrowed(path),
            Path::Key(map, Place { key, .. }) => Cow::Owned(map.with_trailing_token(*key)),
        }
    }
}

impl From<&Operation<'_>> for PatchOperation {
    fn from(operation: &Operation<'_>) -> PatchOperation {
        let path = |path: &Path<'_>| path.pointer().into_owned();
        match operation {
            Operation::Add(at, value) => {
                let value = value.as_deref().map_or_else(|| Value::Object(Map::new()), Value::from);
                PatchOperation::Add(AddOperation { path: path(at), value })
            }
            Operation::Replace(at, value) => {
                let value = value.as_str().into();
                PatchOperation::Replace(ReplaceOperation { path: path(at), value })
            }
            Operation::Remove(at) => PatchOperation::Remove(RemoveOperation { path: path(at) }),
        }
    }
}

fn operation<'k>(path: Path<'k>, old: Option<&str>, new: Option<Text>) -> Option<Operation<'k>> {
    match (old, new) {
        (Some(old), Some(value)) if old == value => None,
        (Some(_), Some(value)) => Some(Operation::Replace(path, value)),
        (None, Some(value)) => Some(Operation::Add(path, Some(value))),
        (Some(_), None) => Some(Operation::Remove(path)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(task: &str, wanted: &[(Kind, &str, Option<&str>)]) -> Value {
        let task = Task::parse(task).unwrap();
        let mut changes = Changes::default();
        for &(kind, key, value) in wanted {
            let place = Place { kind, key, path: None };
            match value {
                Some(value) => changes.set(place, value.into()),
                None => changes.remove(place),
            }
        }
        let operations = changes.operations(&task);
        let operations: Vec<_> = operations.iter().map(PatchOperation::from).collect();
        serde_json::to_value(operations).unwrap()
    }

    #[test]
    fn a_patch_is_minimal_and_sorted_and_makes_missing_maps() {
        let task = r#"{"metadata": {"labels": {"same": "1", "old": "1", "gone": "1"}}}"#;
        let wanted = [
            (Kind::Label, "same", Some("1")),
            (Kind::Label, "old", Some("2")),
            (Kind::Label, "gone", None),
            (Kind::Label, "never-there", None),
            (Kind::Annotation, "a~b/c", Some("x")),
        ];
        let expected = json!([
            {"op": "add", "path": "/metadata/annotations", "value": {}},
            {"op": "add", "path": "/metadata/annotations/a~0b~1c", "value": "x"},
            {"op": "remove", "path": "/metadata/labels/gone"},
            {"op": "replace", "path": "/metadata/labels/old", "value": "2"},
        ]);
        assert_eq!(patched(task, &wanted), expected);
        assert!(Changes::default().operations(&Task::parse(task).unwrap()).is_empty());
    }

    #[test]
    fn a_path_that_was_made_is_the_one_that_would_be_made() {
        for (kind, key) in [(Kind::Label, "a~b/c"), (Kind::Annotation, "x")] {
            let made = map_of(kind, false).with_trailing_token(key);
            assert_eq!(path(kind, key).as_deref(), Some(&*made));
        }
        assert_eq!((path(Kind::PodLabel, "a"), path(Kind::NodeSelector, "a")), (None, None));
    }

    #[test]
    fn what_belongs_to_a_pod_is_written_where_kelos_reads_it() {
        let wanted = [(Kind::PodLabel, "a/b", Some("x")), (Kind::NodeSelector, "n", Some("y"))];
        let add = |path: &str, value: Value| json!({"op": "add", "path": path, "value": value});
        for (spec, at, first) in [
            (json!({}), "/spec/podOverrides", 0),
            (json!({"podOverrides": null, "worker": null}), "/spec/podOverrides", 0),
            (json!({"podOverrides": {}}), "/spec/podOverrides", 1),
            (json!({"podOverrides": {"labels": null, "env": []}}), "/spec/podOverrides", 1),
            (json!({"podOverrides": {"labels": {}}}), "/spec/podOverrides", 2),
            (json!({"worker": {}}), "/spec/worker/podOverrides", 0),
            (json!({"worker": {"podOverrides": {}}}), "/spec/worker/podOverrides", 1),
            (json!({"worker": {}, "podOverrides": {}}), "/spec/podOverrides", 1),
            (
                json!({"worker": {"podOverrides": {}}, "podOverrides": {"labels": {"a/b": "x"}}}),
                "/spec/worker/podOverrides",
                1,
            ),
        ] {
            let task = json!({ "spec": spec }).to_string();
            let all = [
                add(at, json!({})),
                add(&format!("{at}/labels"), json!({})),
                add(&format!("{at}/labels/a~1b"), json!("x")),
                add(&format!("{at}/nodeSelector"), json!({})),
                add(&format!("{at}/nodeSelector/n"), json!("y")),
            ];
            assert_eq!(patched(&task, &wanted), json!(all[first..]), "{task}");
        }
        let there =
            r#"{"spec": {"podOverrides": {"labels": {"a/b": "x"}, "nodeSelector": {"m": ""}}}}"#;
        let expected = json!([add("/spec/podOverrides/nodeSelector/n", json!("y"))]);
        assert_eq!(patched(there, &wanted), expected);
    }
}
