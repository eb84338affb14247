//! Wrong values are refused before anything is applied, with the words of `refusals.yaml`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::chart::schema;
use crate::chart::support::files::{beside, read};
use crate::harness::helm::Helm;

/// Values that make no sense.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    /// The values.
    values: Value,
    /// What helm says of them, in part.
    says: String,
}

fn refusals() -> Vec<Refusal> {
    read(&beside("refusals.yaml"))
}

#[test]
fn wrong_values_are_refused_with_a_readable_message() {
    let mut failures = Vec::new();
    for Refusal { values, says } in refusals() {
        let output = Helm::offline().template(&values).refusal();
        if !output.contains(&says) {
            failures.push(format!("{values}: {output}"));
        }
    }
    assert!(failures.is_empty(), "{} rows:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn each_value_has_something_that_it_refuses() {
    let rows: Vec<Value> = refusals().into_iter().map(|refusal| refusal.values).collect();
    let is_there = |path: &String| {
        let pointer = format!("/{}", path.replace('.', "/"));
        rows.iter().any(|values| values.pointer(&pointer).is_some())
    };
    let missing: BTreeSet<String> =
        schema::values().into_iter().filter(|path| !is_there(path)).collect();
    assert!(missing.is_empty(), "no row sets {missing:?}");
}
