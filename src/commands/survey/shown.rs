//! One Task before and after, as a unified diff of YAML.

use anyhow::Context;
use json_patch::jsonptr::Pointer;
use serde_json::{Map, Value, json};

use super::super::{NO_TASK, diff};
use crate::engine::comparison::Change;
use crate::engine::kelos::{Shape, Task};
use crate::engine::patch::map_of;
use crate::engine::revision::{RevisedKey, Revision};

/// Prints what changes in a Task; nothing if nothing does. Marks change only beside a key.
///
/// # Errors
///
/// When it can't be written.
pub(in crate::commands) fn diff(
    (shape, object, name): (Shape, &Value, &str),
    revision: &Revision,
    is_shown: impl Fn(&RevisedKey) -> bool,
) -> anyhow::Result<()> {
    let keys = revision.keys.iter().filter(|key| key.change() != Change::Same && is_shown(key));
    let keys: Vec<&RevisedKey> = keys.collect();
    if keys.is_empty() {
        return Ok(());
    }
    let mut before = object.clone();
    // Whose a field is would only be in the way.
    if let Some(metadata) = before.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    let text = before.to_string();
    let task = Task::parse_as(shape, &text).context(NO_TASK)?;
    let in_worker = task.pod_place().is_ok_and(|pod| pod.in_worker);
    let mut after = before.clone();
    for key in keys {
        set(&mut after, map_of(key.kind, in_worker), &key.key, key.gives.as_deref());
    }
    for (mark, value) in &revision.marks(&is_shown) {
        let annotations = map_of(crate::apimachinery::Kind::Annotation, false);
        set(&mut after, annotations, mark, value.as_deref());
    }
    diff::print_of(shape, name, &before, &after)
}

/// Sets or removes a key of a map that need not be there.
fn set(object: &mut Value, map: &Pointer, key: &str, value: Option<&str>) {
    let mut at = object;
    for token in map.tokens() {
        let name = token.decoded();
        if value.is_none() && at.get(&*name).is_none() {
            return;
        }
        if !at.get(&*name).is_some_and(Value::is_object) {
            at[&*name] = Value::Object(Map::new());
        }
        at = &mut at[&*name];
    }
    let Some(map) = at.as_object_mut() else { return };
    match value {
        Some(value) => drop(map.insert(key.to_owned(), json!(value))),
        None => drop(map.remove(key)),
    }
}
