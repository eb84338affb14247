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
    /// Whether it was told apart by managedFields what is ours; else every key of a rules annotation was
    /// taken for ours.
    pub(super) is_certain: bool,
}

/// The Task as it was before the answer; nothing if it has no mark of ours.
///
/// Ours are the marks, and each key that a rules annotation declares, the Kelos field does not, and no field
/// manager has: the API server notes what a client sends before it calls webhooks.
pub(super) fn as_new(object: &Value, task: &Task<'_>, rules: &Rules) -> Option<AsNew> {
    if !is_marked(task, rules) {
        return None;
    }
    let mut object = object.clone();
    let managed = object["metadata"].get("managedFields").cloned();
    let is_managed = |kind: Kind, key: &str| {
        let entries = managed.as_ref().and_then(Value::as_array).into_iter().flatten();
        let pointer = |entry: &Value| {
            let fields = entry.get("fieldsV1")?.get("f:metadata")?;
            fields.get(format!("f:{kind}s"))?.get(format!("f:{key}")).map(|_| ())
        };
        entries.into_iter().any(|entry| pointer(entry).is_some())
    };
    let marks = MARKS.map(|mark| (Kind::Annotation, mark));
    let ours = rules.keys.iter().filter(|rule| !rule.in_field && !rule.is_protected());
    let ours = ours.map(|rule| (rule.kind, &*rule.key));
    for (kind, key) in ours.filter(|(kind, key)| !is_managed(*kind, key)).chain(marks) {
        let map = object["metadata"].get_mut(format!("{kind}s")).and_then(Value::as_object_mut);
        map.and_then(|map| map.remove(key));
    }
    Some(AsNew { json: object.to_string(), object, is_certain: managed.is_some() })
}
