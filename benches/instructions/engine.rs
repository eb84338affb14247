//! The engine: a Task is read and decided.

use std::hint::black_box;

use anyhow::Result;
use kelos_metadata::engine::kelos::{Shape, Task, TaskSpawner, Workspace};
use kelos_metadata::engine::rules::{Policy, Rules, Shared};
use kelos_metadata::engine::variables::Facts;
use kelos_metadata::engine::{Limits, decide};
use serde_json::{Value, json};

use crate::Subject;
use testing::measure::fixtures::{self, Templates};

/// How many annotations fit into the 256 KiB that the API server takes.
const KEYS: usize = 27_000;

/// How many variables others record at the most.
const RECORDED: usize = 10_000;

/// Three keys more, and the same for the Pod.
pub(crate) const MORE_LABELS: &str = "decide: a small Task, with three more labels";
pub(crate) const OF_THE_POD: &str = "decide: a small Task, with two Pod labels and a node selector";
/// How many instructions the latter may take more.
pub(crate) const MOST_MORE: u64 = 6_000;

/// The same event as a Task, and as a Session.
pub(crate) const TASK_OF_AN_EVENT: &str = "decide: a Task of an event, with a title read back";
pub(crate) const SESSION_OF_AN_EVENT: &str =
    "decide: a Session of an event, with a title read back";

pub(crate) const SUBJECTS: [Subject; 8] = [
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
    (TASK_OF_AN_EVENT, || of_an_event(Shape::Task)),
    (SESSION_OF_AN_EVENT, || of_an_event(Shape::Session)),
    ("decide: a Task with 27,000 annotations", || {
        let mut task = task()?;
        if let Some(annotations) = task["metadata"]["annotations"].as_object_mut() {
            annotations.extend((0..KEYS).map(|number| (format!("k{number:x}"), json!("v"))));
        }
        deciding(fixtures::spawner(0, Templates::Shared), task)
    }),
    // Each is a variable, and is looked for by its name: with twice as many it must take twice as long, and not more.
    ("decide: a Task that records 10,000 variables, all of them read", || {
        let mut task = task()?;
        if let Some(annotations) = task["metadata"]["annotations"].as_object_mut() {
            annotations
                .extend((0..RECORDED).map(|it| (format!("kelos.dev/source-k{it:x}"), json!("v"))));
        }
        deciding(asking("annotations", json!({"example.com/all": "{{ . }}"})), task)
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

/// What Kelos makes of an event that both kinds of spawners ask the same of.
fn of_an_event(shape: Shape) -> Result<Box<dyn FnMut()>> {
    let (prompt, branch) = ("Work on {{.URL}}\n{{.Title}}\n\n{{.Body}}", "kelos-{{.Number}}");
    let template = match shape {
        Shape::Task => json!({"promptTemplate": prompt, "branch": branch}),
        Shape::Session => json!({"initialPrompt": prompt, "initialBranch": branch}),
    };
    let field = match shape {
        Shape::Task => "taskTemplate",
        Shape::Session => "sessionTemplate",
    };
    let when = json!({"githubWebhook": {"repository": "acme/widgets", "events": ["issues"]}});
    let spawner = json!({
        "metadata": {"name": "helpers", "namespace": "ns", "uid": "u-1", "annotations": {
            "metadata.kelos.dev/annotations": json!({"example.com/title": "{{.Title}}", "example.com/url": "{{.URL}}"})
                .to_string(),
            "metadata.kelos.dev/labels": json!({"example.com/number": "{{.Number}}", "example.com/kind": "{{.Kind}}",
                "example.com/repository": "{{.RepositoryName}}"}).to_string(),
        }},
        "spec": {"when": when, field: template},
    });
    let (prompt, branch) = (
        "Work on https://github.com/acme/widgets/issues/42\nFix the login page\n\nIt is broken.",
        "kelos-42",
    );
    let spec = match shape {
        Shape::Task => json!({"prompt": prompt, "branch": branch, "worker": {"type": "codex"}}),
        Shape::Session => {
            json!({"initialPrompt": prompt, "initialBranch": branch, "worker": {"type": "codex"}})
        }
    };
    let owner = json!({"apiVersion": "kelos.dev/v1alpha2", "kind": shape.spawner(), "name": "helpers",
                       "uid": "u-1", "controller": true});
    let made = json!({
        "metadata": {"name": "helpers-issues-0a1b2c3d4e5f", "namespace": "ns", "ownerReferences": [owner]},
        "spec": spec,
    });
    deciding_as(shape, TaskSpawner::parse_as(shape, &spawner.to_string())?, &made)
}

/// The Task of an ordinary review.
fn task() -> Result<Value> {
    let review: Value = serde_json::from_slice(&fixtures::review(0, 1)?)?;
    Ok(review["request"]["object"].clone())
}

fn deciding(spawner: Value, task: Value) -> Result<Box<dyn FnMut()>> {
    deciding_as(Shape::Task, serde_json::from_value(spawner)?, &task)
}

fn deciding_as(shape: Shape, spawner: TaskSpawner, made: &Value) -> Result<Box<dyn FnMut()>> {
    let rules = Rules::compile(spawner, &Policy::default(), &mut Shared::default());
    let workspace: Workspace = serde_json::from_value(fixtures::workspace(0))?;
    let namespace = workspace.metadata.namespace.clone();
    let json = made.to_string();
    Ok(Box::new(move || {
        let Ok(task) = Task::parse_as(shape, black_box(&json)) else { return };
        let facts = Facts {
            namespace_name: &namespace,
            workspace: Some(&workspace),
            task_bytes: json.len(),
            ..Facts::default()
        };
        black_box(decide(&task, &rules, &facts, &Limits::default()).operations);
    }))
}
