//! A Task that was answered before, as when it was new.

use serde_json::Value;

use crate::apimachinery::Kind;
use crate::engine::is_marked;
use crate::engine::kelos::{MARKS, Task};
use crate::engine::rules::Rules;

/// A Task without what an answer of ours has left on it.
pub(super) struct AsNew {
    pub(super) object: Value,
    /// Its JSON.
    pub(super) json: String,
    /// Whether it was told apart by managedFields what is ours; else every key that we declare was taken for
    /// ours.
    pub(super) is_certain: bool,
}

/// The Task as it was before the answer; nothing if it has no mark of ours.
///
/// Ours are the marks, and each key that a rules annotation or the defaults declare, the Kelos field does not,
/// and no field manager has: the API server notes what a client sends before it calls webhooks. So are the
/// labels that its Pod has from the Task.
pub(super) fn as_new(object: &Value, task: &Task<'_>, rules: &Rules) -> Option<AsNew> {
    if !is_marked(task, rules) {
        return None;
    }
    let mut object = object.clone();
    let managed = Managed(object["metadata"].get("managedFields").cloned());
    let in_worker = task.pod_place().is_ok_and(|pod| pod.in_worker);
    let marks = MARKS.map(|mark| (Kind::Annotation, mark));
    let ours = rules.keys.iter().filter(|rule| !rule.in_field && !rule.is_protected());
    let ours = ours.map(|rule| (rule.kind, &*rule.key));
    let copied =
        task.entries(Kind::PodLabel).into_iter().flatten().filter(|(key, value)| {
            rules.copies.has(key) && task.get(Kind::Label, key) == Some(value)
        });
    let copied = copied.map(|(key, _)| (Kind::PodLabel, &**key));
    let is_free = |(kind, key): &(Kind, &str)| !managed.has(path(*kind, in_worker), Some(key));
    let ours: Vec<(Kind, &str)> = ours.chain(copied).filter(is_free).chain(marks).collect();
    for (kind, key) in ours {
        let map = path(kind, in_worker).iter().try_fold(&mut object, |at, field| at.get_mut(field));
        map.and_then(Value::as_object_mut).and_then(|map| map.remove(key));
    }
    for kind in [Kind::PodLabel, Kind::NodeSelector] {
        let path = path(kind, in_worker);
        // What holds nothing any more came with what it held.
        for length in (path.len() - 1..=path.len()).rev() {
            if !managed.has(&path[..length], None) {
                remove_empty(&mut object, &path[..length]);
            }
        }
    }
    Some(AsNew { json: object.to_string(), object, is_certain: managed.0.is_some() })
}

/// Where the keys of a kind stand in a Task.
fn path(kind: Kind, in_worker: bool) -> &'static [&'static str] {
    match (kind, in_worker) {
        (Kind::Label, _) => &["metadata", "labels"],
        (Kind::Annotation, _) => &["metadata", "annotations"],
        (Kind::PodLabel, false) => &["spec", "podOverrides", "labels"],
        (Kind::PodLabel, true) => &["spec", "worker", "podOverrides", "labels"],
        (Kind::NodeSelector, false) => &["spec", "podOverrides", "nodeSelector"],
        (Kind::NodeSelector, true) => &["spec", "worker", "podOverrides", "nodeSelector"],
    }
}

/// Takes away an object that holds nothing.
fn remove_empty(object: &mut Value, path: &[&str]) {
    let Some((name, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(object, |at, field| at.get_mut(field));
    let Some(parent) = parent.and_then(Value::as_object_mut) else { return };
    if parent.get(*name).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
        parent.remove(*name);
    }
}

/// What field managers have, if the object says so.
struct Managed(Option<Value>);

impl Managed {
    /// Whether one of them has a field, or a key in it.
    fn has(&self, path: &[&str], key: Option<&str>) -> bool {
        let entries = self.0.as_ref().and_then(Value::as_array).into_iter().flatten();
        let mut fields = entries.filter_map(|entry| entry.get("fieldsV1"));
        fields.any(|fields| {
            let mut path = path.iter().chain(&key);
            path.try_fold(fields, |at, field| at.get(format!("f:{field}"))).is_some()
        })
    }
}
