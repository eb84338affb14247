//! A Task that was answered before, as when it was new.

use json_patch::jsonptr::Pointer;
use serde_json::Value;

use super::kelos::{MARKS, Task};
use super::mark::is_marked;
use super::patch::map_of;
use super::rules::Rules;
use crate::apimachinery::Kind;

/// Who `backfill` is to the API server: what this field manager has is ours.
pub const BACKFILL_MANAGER: &str = "kelos-metadata-backfill";

/// A Task without what an answer of ours has left on it.
pub struct AsNew {
    /// The Task.
    pub object: Value,
    /// Its JSON.
    pub json: String,
    /// Whether it was told apart by managedFields what is ours; else every key that we declare was taken for
    /// ours.
    pub is_certain: bool,
}

/// The Task as it was before the answer; nothing if it has no mark of ours.
///
/// Ours are the marks, and each key that a rules annotation or the defaults declare, the Kelos field does not,
/// and no field manager has but [`BACKFILL_MANAGER`]: the API server notes what a client sends before it calls
/// webhooks. So are the labels that its Pod has from the Task.
pub fn as_new(object: &Value, task: &Task<'_>, rules: &Rules) -> Option<AsNew> {
    as_new_of(object, task, &[rules])
}

/// The same where several rules may have been those that the Task was answered by; the first ones say whether it
/// was.
pub fn as_new_of(object: &Value, task: &Task<'_>, all: &[&Rules]) -> Option<AsNew> {
    if !all.first().is_some_and(|rules| is_marked(task, rules)) {
        return None;
    }
    let managed = Managed::of(object);
    let in_worker = task.pod_place().is_ok_and(|pod| pod.in_worker);
    let marks = MARKS.map(|mark| (Kind::Annotation, mark));
    let ours = all.iter().flat_map(|rules| &rules.keys);
    let ours = ours.filter(|rule| !rule.in_field && !rule.is_protected());
    let ours = ours.map(|rule| (rule.kind, &*rule.key));
    let copied = task.entries(Kind::PodLabel).into_iter().flatten().filter(|(key, value)| {
        all.iter().any(|rules| rules.copies.has(key)) && task.get(Kind::Label, key) == Some(value)
    });
    let copied = copied.map(|(key, _)| (Kind::PodLabel, &**key));
    let is_free = |(kind, key): &(Kind, &str)| !managed.has(map_of(*kind, in_worker), Some(key));
    let ours: Vec<(Kind, &str)> = ours.chain(copied).filter(is_free).chain(marks).collect();
    let mut object = object.clone();
    for (kind, key) in ours {
        let map = object.pointer_mut(map_of(kind, in_worker).as_str());
        map.and_then(Value::as_object_mut).and_then(|map| map.remove(key));
    }
    for kind in [Kind::PodLabel, Kind::NodeSelector] {
        let map = map_of(kind, in_worker);
        // What holds nothing any more came with what it held.
        for path in [Some(map), map.parent()].into_iter().flatten() {
            if !managed.has(path, None) {
                remove_empty(&mut object, path);
            }
        }
    }
    Some(AsNew { json: object.to_string(), object, is_certain: managed.0.is_some() })
}

/// Takes away an object that holds nothing.
fn remove_empty(object: &mut Value, path: &Pointer) {
    let Some((parent, name)) = path.split_back() else { return };
    let parent = object.pointer_mut(parent.as_str()).and_then(Value::as_object_mut);
    let is_empty = |it: &Value| it.as_object().is_some_and(serde_json::Map::is_empty);
    if let Some(parent) = parent.filter(|it| it.get(&*name.decoded()).is_some_and(is_empty)) {
        parent.remove(&*name.decoded());
    }
}

/// Whether a field manager has a key of the object's own metadata, other than [`BACKFILL_MANAGER`].
pub fn is_held(object: &Value, kind: Kind, key: &str) -> bool {
    Managed::of(object).has(map_of(kind, false), Some(key))
}

/// The same of a label of a TaskRecord: who has made the record only copied what the Task had.
pub fn is_held_on_record(record: &Value, key: &str) -> bool {
    let Managed(Some(entries)) = Managed::of(record) else { return false };
    let has_spec = |entry: &Value| entry.pointer("/fieldsV1/f:spec").is_some();
    let others: Vec<Value> = entries.iter().filter(|entry| !has_spec(entry)).cloned().collect();
    Managed(Some(&others)).has(map_of(Kind::Label, false), Some(key))
}

/// What field managers have, if the object says so: those that are not ours.
struct Managed<'o>(Option<&'o Vec<Value>>);

impl<'o> Managed<'o> {
    fn of(object: &'o Value) -> Managed<'o> {
        let entries = object.get("metadata").and_then(|meta| meta.get("managedFields"));
        Managed(entries.and_then(Value::as_array))
    }

    /// Whether one of them has a field, or a key in it.
    fn has(&self, path: &Pointer, key: Option<&str>) -> bool {
        let entries = self.0.into_iter().flatten();
        let others = entries
            .filter(|entry| entry.get("manager").and_then(Value::as_str) != Some(BACKFILL_MANAGER));
        let mut fields = others.filter_map(|entry| entry.get("fieldsV1"));
        fields.any(|fields| {
            let names = path.tokens().map(|it| it.decoded().into_owned());
            let mut names = names.chain(key.map(str::to_owned));
            names.try_fold(fields, |at, name| at.get(format!("f:{name}"))).is_some()
        })
    }
}
