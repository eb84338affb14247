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
    /// Whether it was told apart by managedFields what is ours; else every key that rules annotations and defaults
    /// declare was taken for ours.
    pub is_certain: bool,
}

/// The Task as it was before the answer; nothing if it has no mark of ours.
///
/// Ours are the marks, and each key that no field manager has but [`BACKFILL_MANAGER`], and that a rules annotation or
/// the defaults declare and the Kelos field does not: the API server notes what a client sends before it calls
/// webhooks. So is a key that no rule declares any more, if it is [proven](Stored::is_proven), and a label that its Pod
/// has from the Task. The name that the API server made of `generateName` came after the answer.
pub fn as_new(object: &Value, task: &Task<'_>, rules: &Rules) -> Option<AsNew> {
    as_new_of(object, task, &[rules], Traceless::Ours)
}

/// Whose keys are that no rule declares and nobody is noted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traceless {
    /// Ours: nobody else is asked when a Task is created.
    Ours,
    /// Those of others, who may have written them before we were asked.
    Others,
}

/// The same where several rules may have been those that the Task was answered by; the first ones say whether it
/// was.
pub fn as_new_of(
    object: &Value,
    task: &Task<'_>,
    all: &[&Rules],
    traceless: Traceless,
) -> Option<AsNew> {
    if !all.first().is_some_and(|rules| is_marked(task, rules)) {
        return None;
    }
    let (managed, in_worker) = (Managed::of(object), in_worker(task));
    let stored = Stored { task, all, traceless, managed, in_worker };
    let mut new = object.clone();
    for kind in Kind::ALL {
        let map = new.pointer_mut(map_of(kind, stored.in_worker).as_str());
        let Some(map) = map.and_then(Value::as_object_mut) else { continue };
        for (key, value) in task.entries(kind).into_iter().flatten() {
            if stored.is_ours(kind, key, value) {
                map.remove(&**key);
            }
        }
    }
    for kind in [Kind::PodLabel, Kind::NodeSelector] {
        let map = map_of(kind, stored.in_worker);
        // What holds nothing any more came with what it held.
        for path in [Some(map), map.parent()].into_iter().flatten() {
            if !stored.managed.has(path, None) {
                remove_empty(&mut new, path);
            }
        }
    }
    if has_made_name(object) {
        remove_name(&mut new);
    }
    Some(AsNew { json: new.to_string(), object: new, is_certain: stored.managed.0.is_some() })
}

/// A Task, whose keys are told apart.
struct Stored<'s, 'o> {
    task: &'s Task<'s>,
    all: &'s [&'s Rules],
    traceless: Traceless,
    managed: Managed<'o>,
    in_worker: bool,
}

impl Stored<'_, '_> {
    fn is_ours(&self, kind: Kind, key: &str, value: &str) -> bool {
        if kind == Kind::Annotation && MARKS.contains(&key) {
            return true;
        }
        let declares = |rules: &&Rules| {
            rules.rule(kind, key).is_some_and(|rule| !rule.in_field && !rule.is_protected())
        };
        let is_copied = || {
            kind == Kind::PodLabel
                && self.all.iter().any(|rules| rules.copies.has(key))
                && self.task.get(Kind::Label, key) == Some(value)
        };
        !self.managed.has(map_of(kind, self.in_worker), Some(key))
            && (self.all.iter().any(declares) || is_copied() || self.is_proven(kind, key))
    }

    /// Whether a key that no rule declares can only have come from us, or from somebody else whom the API server asks
    /// when a Task is created: whoever made the Task has not sent it, and nobody has written it since. That says
    /// nothing of a key that the Kelos field declares, nor of those that are written for Kelos itself.
    fn is_proven(&self, kind: Kind, key: &str) -> bool {
        let map = map_of(kind, self.in_worker);
        let is_traced = || self.managed.is_backfills(map, key);
        let is_ours = self.traceless == Traceless::Ours && self.managed.tells_of_creation();
        (is_ours || is_traced())
            && !self
                .all
                .iter()
                .any(|it| it.is_in_field(kind, key) || it.protection.covers(kind, key))
    }
}

fn in_worker(task: &Task<'_>) -> bool {
    task.pod_place().is_ok_and(|pod| pod.in_worker)
}

/// How many characters the API server puts behind `generateName`, and of which.
const MADE_CHARACTERS: usize = 5;
const MADE_OF: &str = "bcdfghjklmnpqrstvwxz2456789";
/// How many characters of `generateName` it keeps.
const MOST_GENERATE_NAME: usize = 58;

/// Whether the API server made the name of a Task: when it asked the webhook, there was none.
pub fn has_made_name(object: &Value) -> bool {
    let text = |field: &str| object.get("metadata").and_then(|it| it.get(field)?.as_str());
    let (Some(name), Some(base)) = (text("name"), text("generateName")) else { return false };
    let base = base.get(..MOST_GENERATE_NAME).unwrap_or(base);
    let made = name.strip_prefix(base).filter(|_| !base.is_empty());
    made.is_some_and(|it| it.len() == MADE_CHARACTERS && it.chars().all(|c| MADE_OF.contains(c)))
}

/// Takes away the name of a Task.
pub(super) fn remove_name(object: &mut Value) {
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    metadata.and_then(|it| it.remove("name"));
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

/// Whether it is noted that a backfill wrote a key.
pub(super) fn is_backfills(object: &Value, task: &Task<'_>, kind: Kind, key: &str) -> bool {
    Managed::of(object).is_backfills(map_of(kind, in_worker(task)), key)
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

    /// Whether it is said what the Task was created with: its spec was, and is never written again.
    fn tells_of_creation(&self) -> bool {
        let mut entries = self.0.into_iter().flatten();
        entries.any(|entry| entry.pointer("/fieldsV1/f:spec").is_some())
    }

    /// Whether one of them has a field, or a key in it.
    fn has(&self, path: &Pointer, key: Option<&str>) -> bool {
        self.entries(false).any(|entry| has_field(entry, path, key))
    }

    /// Whether [`BACKFILL_MANAGER`] has a key.
    fn is_backfills(&self, path: &Pointer, key: &str) -> bool {
        self.entries(true).any(|entry| has_field(entry, path, Some(key)))
    }

    /// The entries of our manager, or of the others.
    fn entries(&self, of_ours: bool) -> impl Iterator<Item = &'o Value> {
        let is_ours =
            |entry: &Value| entry.get("manager").and_then(Value::as_str) == Some(BACKFILL_MANAGER);
        self.0.into_iter().flatten().filter(move |entry| is_ours(entry) == of_ours)
    }
}

fn has_field(entry: &Value, path: &Pointer, key: Option<&str>) -> bool {
    let Some(fields) = entry.get("fieldsV1") else { return false };
    let names = path.tokens().map(|it| it.decoded().into_owned());
    let mut names = names.chain(key.map(str::to_owned));
    names.try_fold(fields, |at, name| at.get(format!("f:{name}"))).is_some()
}
