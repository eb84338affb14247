//! `values.schema.json` says of every value what it may be, and refuses every other one.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::chart::support::files::read;
use crate::harness::helm::chart;

/// Objects of Kubernetes that are handed on as they are: the API server checks them.
const HANDED_ON: [&str; 9] = [
    "/definitions/affinity",
    "/definitions/scaling",
    "/properties/extraEnv/items/properties/valueFrom",
    "/properties/extraObjects/items",
    "/properties/extraVolumes/items",
    "/properties/global",
    "/properties/networkPolicy/properties/metricsFrom/items/properties/ipBlock",
    "/properties/networkPolicy/properties/metricsFrom/items/properties/namespaceSelector",
    "/properties/networkPolicy/properties/metricsFrom/items/properties/podSelector",
];

fn schema() -> Value {
    read(&chart().join("values.schema.json"))
}

/// The paths of all values, with dots: every property that has no properties itself.
pub(crate) fn values() -> BTreeSet<String> {
    let schema = schema();
    let mut found = BTreeSet::new();
    leaves(&schema, &schema, "", &mut found);
    found
}

fn leaves(schema: &Value, node: &Value, path: &str, found: &mut BTreeSet<String>) {
    let node = match node["$ref"].as_str() {
        Some(reference) => schema.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => node,
    };
    let Some(properties) = node["properties"].as_object() else {
        found.insert(path.to_owned());
        return;
    };
    for (key, property) in properties {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        leaves(schema, property, &path, found);
    }
}

/// The paths of all values that `values.yaml` sets: as deep as the schema goes.
fn set(values: &Value, schema: &BTreeSet<String>, path: &str, found: &mut BTreeSet<String>) {
    match values {
        Value::Object(map) if !schema.contains(path) => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                set(value, schema, &path, found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn every_value_has_a_default_and_every_default_a_schema() {
    let (schema, mut found) = (values(), BTreeSet::new());
    set(&read(&chart().join("values.yaml")), &schema, "", &mut found);
    assert_eq!(found, schema);
}

#[test]
fn no_object_takes_keys_that_the_schema_does_not_name() {
    let schema = schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let mut open = Vec::new();
    open_objects(&schema, "", &mut open);
    assert_eq!(open, HANDED_ON);
}

/// The places of objects that take any key. `additionalProperties` with a schema makes a map: it has no known keys.
fn open_objects(node: &Value, at: &str, found: &mut Vec<String>) {
    let kinds = node["type"].as_array().map_or(std::slice::from_ref(&node["type"]), Vec::as_slice);
    if kinds.iter().any(|kind| kind == "object") {
        let others = &node["additionalProperties"];
        if !(others == false || others.is_object()) {
            found.push(at.to_owned());
        }
    }
    match node {
        Value::Object(map) => {
            for (key, node) in map {
                open_objects(node, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (i, node) in items.iter().enumerate() {
                open_objects(node, &format!("{at}/{i}"), found);
            }
        }
        _ => {}
    }
}
