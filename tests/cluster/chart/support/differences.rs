//! What differs between two renderings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::rendering::Rendering;

/// The longest text that is shown whole.
const LONGEST: usize = 2000;

/// What differs, by object: `added` or `removed`, or for each JSON pointer what is there now.
pub(crate) fn between(old: &Rendering, new: &Rendering) -> BTreeMap<String, Value> {
    let names: BTreeSet<&String> = old.objects.keys().chain(new.objects.keys()).collect();
    let mut found = BTreeMap::new();
    for name in names {
        let change = match (old.objects.get(name), new.objects.get(name)) {
            (Some(_), None) => json!("removed"),
            (None, _) => json!("added"),
            (Some(old), Some(new)) => {
                let mut changes = Map::new();
                values(old, new, "", &mut changes);
                Value::Object(changes)
            }
        };
        if change != json!({}) {
            found.insert(name.clone(), change);
        }
    }
    found
}

fn values(old: &Value, new: &Value, at: &str, changes: &mut Map<String, Value>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                match (old.get(key), new.get(key)) {
                    (Some(old), Some(new)) => values(old, new, &at, changes),
                    (_, new) => {
                        changes.insert(at, new.cloned().unwrap_or_default());
                    }
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (i, (old, new)) in old.iter().zip(new).enumerate() {
                values(old, new, &format!("{at}/{i}"), changes);
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            changes.insert(at.to_owned(), lists(old, new));
        }
        _ if old == new => {}
        // A file in a ConfigMap: what is in it has tests of its own.
        (Value::String(_), Value::String(text)) if text.len() > LONGEST => {
            changes.insert(at.to_owned(), json!("another text"));
        }
        _ => {
            changes.insert(at.to_owned(), new.clone());
        }
    }
}

/// What was added to a list, and what was removed.
fn lists(old: &[Value], new: &[Value]) -> Value {
    let without = |all: &[Value], others: &[Value]| -> Vec<Value> {
        all.iter().filter(|item| !others.contains(item)).cloned().collect()
    };
    let mut change = Map::new();
    for (what, items) in [("added", without(new, old)), ("removed", without(old, new))] {
        if !items.is_empty() {
            change.insert(what.to_owned(), json!(items));
        }
    }
    Value::Object(change)
}
