//! The hot path without the network: `decide`, and bytes in → bytes out.
//!
//! `make bench` runs it; figures are per request, and mean something beside one another only.

#![allow(missing_docs, reason = "criterion's macros make functions without a sentence")]
#![allow(clippy::unwrap_used, reason = "a benchmark may fail so")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use kelos_metadata::engine::kelos::{Owner, Shape, Task};
use kelos_metadata::engine::rules::Policy;
use kelos_metadata::engine::variables::{Facts, need_workspace};
use kelos_metadata::engine::{Limits, decide};
use kelos_metadata::spawners::{Lookup, Objects, Snapshot, Spawners};
use kelos_metadata::webhook::Metrics;
use kelos_metadata::webhook::mutate_task::answer_review;
use serde_json::{Value, json};

/// Template sets by name: what a team might write.
const TEMPLATES: [(&str, &str, &str); 4] = [
    (
        "the example",
        r#"{"kelos.dev/source-kind": "{{.Kind}}", "kelos.dev/priority": "{{index .Labels 0}}", "team.example.com/area": "backend"}"#,
        r#"{"kelos.dev/source-url": "{{.URL}}", "kelos.dev/source-title": "{{.Title}}"}"#,
    ),
    (
        "with helpers",
        r#"{"priority": "{{index .Labels 0 | stripScope | lower}}", "title": "{{.Title | labelValue}}"}"#,
        r#"{"url": "{{.URL}}"}"#,
    ),
    (
        "in jinja",
        r#"{"priority": "{{ labels | first | stripScope }}", "title": "{{ title | labelValue }}"}"#,
        r#"{"url": "{{ url }}"}"#,
    ),
    (
        "with a loop",
        r#"{"priority": "{{range .Labels}}{{if eq . \"priority/critical\"}}critical{{end}}{{end}}"}"#,
        "{}",
    ),
];

fn known(labels: &str, annotations: &str) -> Arc<Snapshot> {
    let spawners = Spawners::new(Policy::default());
    spawners.replace(Objects {
        spawners: vec![Arc::new(from(json!({
            "metadata": {"name": "issue-worker", "namespace": "default", "annotations": {
                "metadata.kelos.dev/labels": labels, "metadata.kelos.dev/annotations": annotations}},
            "spec": {"when": {"githubIssues": {}}},
        })))],
        workspaces: vec![from(json!({
            "metadata": {"name": "my-repo", "namespace": "default"},
            "spec": {"repo": "https://github.com/acme/widgets.git"},
        }))],
        ..Objects::default()
    });
    spawners.snapshot()
}

fn from<T: serde::de::DeserializeOwned>(object: Value) -> T {
    serde_json::from_value(object).unwrap()
}

/// The review of a Task whose prompt fills it to 4 KiB.
fn review() -> (String, String) {
    let task = |prompt: &str| {
        json!({
            "apiVersion": "kelos.dev/v1alpha2",
            "kind": "Task",
            "metadata": {
                "name": "issue-worker-42", "namespace": "default",
                "labels": {"kelos.dev/taskspawner": "issue-worker"},
                "annotations": {
                    "kelos.dev/source-kind": "issue", "kelos.dev/source-number": "42",
                    "kelos.dev/source-title": "Fix the login page",
                    "kelos.dev/source-labels": "[\"priority/critical\", \"bug\"]"},
            },
            "spec": {"type": "claude-code", "prompt": prompt, "workspaceRef": {"name": "my-repo"}},
        })
    };
    let review = |task: Value| {
        json!({
            "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
            "request": {
                "uid": "6ea4f1f5-0c7b-4a2c-9d9e-1b8d4d2a7f10",
                "resource": {"group": "kelos.dev", "version": "v1alpha2", "resource": "tasks"},
                "namespace": "default", "operation": "CREATE",
                "userInfo": {"username": "spawner", "groups": ["system:authenticated"]},
                "object": task,
            },
        })
    };
    let empty = review(task("")).to_string().len();
    let task = task(&"x".repeat(4096 - empty));
    (task.to_string(), review(task).to_string())
}

fn hot_path(criterion: &mut Criterion) {
    let (task_json, review_json) = review();
    for (name, labels, annotations) in TEMPLATES {
        let known = known(labels, annotations);
        let owner = Owner { shape: Shape::Task, name: "issue-worker", uid: None };
        let Lookup::Found(spawner) = known.rules("default", &owner) else { return };
        let rules = &spawner.rules;
        criterion.bench_function(&format!("decide, {name}"), |bench| {
            bench.iter(|| {
                let task = Task::parse(black_box(&task_json)).unwrap();
                let spec = task.spec().filter(|_| need_workspace(&rules.uses));
                let facts = Facts {
                    namespace_name: "default",
                    workspace: spec.and_then(|spec| known.workspace_of("default", spec)),
                    ..Facts::default()
                };
                decide(&task, rules, &facts, &Limits::default()).operations.len()
            });
        });
        let metrics = Metrics::new();
        criterion.bench_function(&format!("bytes in → bytes out, {name}"), |bench| {
            bench.iter(|| {
                answer_review(
                    Shape::Task,
                    black_box(review_json.as_bytes()),
                    &known,
                    &Limits::default(),
                    &metrics,
                )
            });
        });
    }
}

criterion_group!(benches, hot_path);
criterion_main!(benches);
