//! Each value does what `effects.yaml` says, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::chart::schema;
use crate::chart::support::differences;
use crate::chart::support::files::{beside, read};
use crate::chart::support::rendering::Rendering;

/// One value, changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Effect {
    /// Its path in `values.yaml`, with dots.
    value: String,
    /// Other values that it needs.
    #[serde(default)]
    with: Map<String, Value>,
    /// Whether it changes what only `helm test` creates.
    #[serde(default)]
    tests: bool,
    /// What it is set to.
    to: Value,
    /// What has to be set with it.
    #[serde(default)]
    and: Map<String, Value>,
    /// What is rendered differently then: see [`differences::between`].
    changes: BTreeMap<String, Value>,
}

impl Effect {
    /// The values, with this one changed.
    fn values(&self) -> Value {
        let mut values = Value::Object(self.with.clone());
        merge(&mut values, &Value::Object(self.and.clone()));
        let mut place = &mut values;
        for key in self.value.split('.') {
            place = &mut place[key];
        }
        *place = self.to.clone();
        values
    }
}

/// Sets the values of one map in another.
fn merge(into: &mut Value, from: &Value) {
    let Value::Object(map) = from else {
        *into = from.clone();
        return;
    };
    map.iter().for_each(|(key, value)| merge(&mut into[key], value));
}

fn effects() -> Vec<Effect> {
    read(&beside("effects.yaml"))
}

#[test]
fn each_value_changes_what_the_table_says_and_nothing_else() {
    let (mut failures, mut before) = (Vec::new(), BTreeMap::new());
    for effect in effects() {
        assert!(!effect.changes.is_empty(), "{}: such a row shows nothing", effect.value);
        let with = Value::Object(effect.with.clone());
        let render = if effect.tests { Rendering::of_tests } else { Rendering::of };
        let key = (effect.tests, with.to_string());
        let before = before.entry(key).or_insert_with(|| render(&with));
        let found = differences::between(before, &render(&effect.values()));
        if found != effect.changes {
            let found = serde_saphyr::to_string(&found).unwrap();
            failures.push(format!("{} = {} changes\n{found}", effect.value, effect.to));
        }
    }
    assert!(failures.is_empty(), "{} rows:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn each_value_of_the_schema_is_in_the_table() {
    let rows: BTreeSet<String> = effects().into_iter().map(|effect| effect.value).collect();
    assert_eq!(rows, schema::values());
}
