//! How often the allocator is asked for a whole answer, from bytes to bytes.
//!
//! It is counted exactly, and asserted so: whoever needs more says here why, and whoever needs fewer writes
//! that down, so that it stays.

use std::sync::Arc;

use allocation_counter::measure;
use kelos_metadata::engine::Limits;
use kelos_metadata::engine::kelos::Shape;
use kelos_metadata::engine::rules::Policy;
use kelos_metadata::spawners::{Objects, Snapshot, Spawners};
use kelos_metadata::webhook::Metrics;
use kelos_metadata::webhook::mutate_task::answer_review;
use serde_json::{Value, json};

use testing::measure::fixtures::{self, Templates};

/// What is known: the Workspace of the fixtures, and this TaskSpawner.
fn known(spawner: Value) -> Arc<Snapshot> {
    let spawners = Spawners::new(Policy::default());
    let problems = spawners.replace(Objects {
        spawners: vec![Arc::new(serde_json::from_value(spawner).unwrap())],
        workspaces: vec![serde_json::from_value(fixtures::workspace(0)).unwrap()],
        ..Objects::default()
    });
    assert_eq!(problems, []);
    spawners.snapshot()
}

/// The example's TaskSpawner with these rules.
fn with_rules(labels: Value, annotations: Value) -> Value {
    let mut spawner = fixtures::spawner(0, Templates::Shared);
    spawner["metadata"]["annotations"] = json!({
        "metadata.kelos.dev/labels": labels.to_string(),
        "metadata.kelos.dev/annotations": annotations.to_string(),
    });
    spawner
}

/// How often an answer asks for memory, once all is there that is made once.
fn allocations(spawner: Value) -> u64 {
    let (known, metrics) = (known(spawner), Metrics::new());
    let review = fixtures::review(0, 1).unwrap();
    let answer = || answer_review(Shape::Task, &review, &known, &Limits::default(), &metrics);
    drop(answer());
    measure(|| drop(std::hint::black_box(answer()))).count_total
}

#[test]
fn an_answer_allocates_so_often_and_not_more() {
    let counted = [
        ("no rules", allocations(with_rules(json!({}), json!({})))),
        ("a fixed text", allocations(with_rules(json!({"area": "backend"}), json!({})))),
        ("what the Task tells", allocations(fixtures::spawner(0, Templates::Told))),
        ("a title that is read back", allocations(fixtures::spawner(0, Templates::Shared))),
    ];
    let expected = [
        ("no rules", 6),
        ("a fixed text", 13),
        ("what the Task tells", 21),
        ("a title that is read back", 39),
    ];
    assert_eq!(counted, expected);
}
