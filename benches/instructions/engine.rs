//! The engine: a Task is read and decided.

use std::hint::black_box;

use anyhow::Result;
use kelos_metadata::engine::kelos::{Task, TaskSpawner, Workspace};
use kelos_metadata::engine::rules::{Policy, Rules};
use kelos_metadata::engine::variables::Facts;
use kelos_metadata::engine::{Limits, decide};
use kelos_metadata::templates;
use serde_json::{Value, json};

use crate::Subject;
use testing::measure::fixtures::{self, Templates};

/// How many annotations fit into the 256 KiB that the API server takes.
const KEYS: usize = 27_000;

/// Three keys more, and the same for the Pod.
pub(crate) const MORE_LABELS: &str = "decide: a small Task, with three more labels";
pub(crate) const OF_THE_POD: &str = "decide: a small Task, with two Pod labels and a node selector";
/// How many instructions the latter may take more.
pub(crate) const MOST_MORE: u64 = 6_000;

pub(crate) const SUBJECTS: [Subject; 5] = [
    ("decide: a small Task", || deciding(fixtures::spawner(0, Templates::Told), task()?)),
    (MORE_LABELS, || {
        let more = json!({"a.example.com/kind": "{{.Kind}}", "b.example.com/pool": "agents",
                          "c.example.com/number": "{{.Number}}"});
        deciding(asking("labels", more), task()?)
    }),
    (OF_THE_POD, || {
        let labels =
            json!({"a.example.com/kind": "{{.Kind}}", "c.example.com/number": "{{.Number}}"});
        let mut spawner = asking("pod-labels", labels);
        ask(&mut spawner, "node-selector", json!({"b.example.com/pool": "agents"}));
        deciding(spawner, task()?)
    }),
    ("decide: a small Task, with a title read back", || {
        deciding(fixtures::spawner(0, Templates::Shared), task()?)
    }),
    ("decide: a Task with 27,000 annotations", || {
        let mut task = task()?;
        if let Some(annotations) = task["metadata"]["annotations"].as_object_mut() {
            annotations.extend((0..KEYS).map(|number| (format!("k{number:x}"), json!("v"))));
        }
        deciding(fixtures::spawner(0, Templates::Shared), task)
    }),
];

/// An ordinary TaskSpawner that asks for more in a rules annotation.
fn asking(annotation: &str, more: Value) -> Value {
    let mut spawner = fixtures::spawner(0, Templates::Told);
    ask(&mut spawner, annotation, more);
    spawner
}

fn ask(spawner: &mut Value, annotation: &str, mut more: Value) {
    let text = &mut spawner["metadata"]["annotations"][format!("metadata.kelos.dev/{annotation}")];
    let there = text.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    if let (Some(more), Some(Value::Object(there))) = (more.as_object_mut(), there) {
        more.extend(there);
    }
    *text = more.to_string().into();
}

/// The Task of an ordinary review.
fn task() -> Result<Value> {
    let review: Value = serde_json::from_slice(&fixtures::review(0, 1)?)?;
    Ok(review["request"]["object"].clone())
}

fn deciding(spawner: Value, task: Value) -> Result<Box<dyn FnMut()>> {
    let spawner: TaskSpawner = serde_json::from_value(spawner)?;
    let rules = Rules::compile(spawner, &Policy::default(), &mut templates::Templates::default());
    let workspace: Workspace = serde_json::from_value(fixtures::workspace(0))?;
    let namespace = workspace.metadata.namespace.clone();
    let json = task.to_string();
    Ok(Box::new(move || {
        let Ok(task) = Task::parse(black_box(&json)) else { return };
        let facts = Facts {
            namespace_name: &namespace,
            workspace: Some(&workspace),
            task_bytes: json.len(),
            ..Facts::default()
        };
        black_box(decide(&task, &rules, &facts, &Limits::default()).patch);
    }))
}
