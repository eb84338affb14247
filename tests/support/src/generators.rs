//! TaskSpawners and Tasks as nobody should write them, and SessionSpawners and Sessions likewise.

mod rendered;
mod sessions;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use self::rendered::{Rendered, rendered};
pub use self::sessions::spawner_and_session;

/// Keys of every kind: control keys, plain ones, prefixed ones, invalid ones, long ones.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-d]",
        2 => "[a-c]\\.example\\.com/[a-c]",
        2 => select(vec![
            "kelos.dev/taskspawner", "kelos.dev/source-kind", "kelos.dev/source-number", "kelos.dev/source-title",
            "kelos.dev/source-labels", "kelos.dev/github-reporting", "metadata.kelos.dev/skipped",
            "metadata.kelos.dev/rendered-from", "kelos.dev/v1alpha2-x", "helm.sh/hook", "kelos.dev/source-author",
            "kelos.dev/task", "job-name", "batch.kubernetes.io/job-name", "app.kubernetes.io/name",
            "kelos.dev/session-display-name", "kelos.dev/session-reset-request",
            "kubernetes.io/hostname", "kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/pod-group-name",
        ]).prop_map(str::to_owned),
        1 => select(vec!["a b", "/x", "x/", "a/b/c", "A.B/c", "~", "é", ""]).prop_map(str::to_owned),
        1 => "[a-z]{60,66}",
    ]
}

fn template() -> impl Strategy<Value = String> {
    let parts = select(vec![
        "{{ .Title }}",
        "{{ .Number }}",
        "{{ .Kind }}",
        "{{ index .Labels 0 }}",
        "{{ .URL }}",
        "{{ . }}",
        "{{ range .Labels }}{{ . }}-{{ end }}",
        "{{ len .Annotations }}",
        "{{ .Annotations }}",
        "{{ .Task.Labels }}",
        "{{ default \"x\" .Author }}",
        "{{ labels | first }}",
        "{{ title | default(\"none\") }}",
        "{{ .Source }}",
        "{% for l in labels %}{{ l }}{% endfor %}",
        "{{ Annotations | length }}",
        "{{ Task.Labels }}",
        "{{ number + 1 }}",
        "{{ .Author | trunc 3 }}",
        "{{ printf \"%05d\" .Number }}",
        "{{",
        "}}",
        "{{ end }}",
        "plain",
        " ",
        "/",
        "é",
        "{{ range 30000 }}{{ end }}x",
        "{{ .Title | labelValue }}",
        "{{ .Workspace.Repo }}",
        "{{ if .Title }}a{{ else }}b{{ end }}",
    ]);
    prop::collection::vec(parts, 0..4).prop_map(|parts| parts.concat())
}

fn entry() -> impl Strategy<Value = Value> {
    let text = select(vec!["x", "a", "b", "", "a b", "42"]);
    prop_oneof![
        4 => template().prop_map(Value::from),
        1 => (template(), prop::option::of(text.clone()), prop::option::of(prop::collection::vec(text, 0..3)), any::<bool>())
            .prop_map(|(value, default, allowed, sanitize)| {
                let mut entry = json!({"value": value});
                if let Some(default) = default { entry["default"] = json!(default); }
                if let Some(allowed) = allowed { entry["allowed"] = json!(allowed); }
                if sanitize { entry["onInvalid"] = json!("sanitize"); }
                entry
            }),
    ]
}

fn rules_annotation() -> impl Strategy<Value = BTreeMap<String, Value>> {
    prop::collection::btree_map(key(), entry(), 0..6)
}

fn field() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map(key(), template(), 0..5)
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{0,5}",
        2 => "[ -~]{0,70}",
        1 => "\\PC{0,20}",
        1 => Just("x".repeat(140_000)),
        1 => select(vec!["issue", "42", "[\"p/critical\", \"b\"]", "{{ .Title }}", "a, b"]).prop_map(str::to_owned),
    ]
}

fn entries() -> impl Strategy<Value = Option<BTreeMap<String, String>>> {
    prop::option::of(prop::collection::btree_map(key(), value(), 0..6))
}

/// What a Task, or its worker, says of its Pod.
fn overrides() -> impl Strategy<Value = Option<Value>> {
    let map = || prop_oneof![1 => Just(json!(null)), 3 => pod_entries().prop_map(|map| json!(map))];
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(json!(null))),
        1 => Just(Some(json!({}))),
        2 => (map(), map()).prop_map(|(labels, nodes)| {
            Some(json!({"env": [], "labels": labels, "nodeSelector": nodes}))
        }),
    ]
}

/// Labels of a Pod as teams write them: Kelos makes no Job of others.
fn pod_entries() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("[a-d]", "[a-z]{0,5}", 0..3)
}

/// Sources of every kind, of a kind that came later, several, and none.
fn when() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"githubIssues": {}}),
        json!({"githubIssues": {"repo": "https://u:p@ghe.example.com:8443/a/b.git"}}),
        json!({"githubPullRequests": {"repo": "a/b", "reviewState": "approved"}}),
        json!({"jira": {"baseUrl": "https://jira.example.com", "project": "ENG"}}),
        json!({"cron": {"schedule": "0 9 * * 1"}}),
        json!({"githubWebhook": {"events": ["issues"], "repository": "a/b"}}),
        json!({"githubWebhook": {"events": ["issues", "issue_comment"],
                                 "filters": [{"event": "issue_comment", "action": "created"}]}}),
        json!({"linearWebhook": {"types": ["Issue"]}}),
        json!({"webhook": {"source": "alerts"}}),
        json!({"slack": {}}),
        json!({"later": {}}),
        json!({"githubIssues": {}, "githubWebhook": {"events": ["issues"]}}),
        json!({}),
    ])
}

prop_compose! {
    fn spawner_of(rendered: Rendered)(
        labels in rules_annotation(), annotations in rules_annotation(),
        pod_labels in rules_annotation(), node_selector in rules_annotation(),
        copies in select(vec!["", "a, b", "a.example.com/*, kelos.dev/*", "kueue.x-k8s.io/*, job-name, c", "a b"]),
        field_labels in field(), field_annotations in field(),
        sanitize in any::<bool>(), infer in select(vec![None, None, Some("on"), Some("off"), Some("true")]),
        when in when(),
    ) -> Value {
        let mut spawner = json!({
            "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner",
            "metadata": {"name": "worker", "namespace": "default", "uid": "1", "annotations": {
                "metadata.kelos.dev/labels": json!(labels).to_string(),
                "metadata.kelos.dev/annotations": json!(annotations).to_string(),
                "metadata.kelos.dev/pod-labels": json!(pod_labels).to_string(),
                "metadata.kelos.dev/node-selector": json!(node_selector).to_string(),
                "metadata.kelos.dev/pod-labels-from-task": copies,
                "metadata.kelos.dev/on-invalid": if sanitize { "sanitize" } else { "skip" },
            }},
            "spec": {"when": when, "taskTemplate": {
                "metadata": {"labels": field_labels, "annotations": field_annotations}}},
        });
        if let Some(infer) = infer {
            spawner["metadata"]["annotations"]["metadata.kelos.dev/infer"] = json!(infer);
        }
        rendered.ask(&mut spawner);
        spawner
    }
}

/// How a Task names its owner.
#[derive(Clone, Copy, Debug)]
enum Owner {
    Reference,
    Label,
    Manual,
}

prop_compose! {
    fn task_of(rendered: Rendered)(
        labels in entries(), annotations in entries(),
        owner in prop_oneof![4 => Just(Owner::Reference), 1 => Just(Owner::Label), 1 => Just(Owner::Manual)],
        reference in select(vec![
            json!({"workspaceRef": {"name": "w"}}), json!({"workerPoolRef": {"name": "p"}}),
            json!({"worker": {"workspaceRef": {"name": "w"}}}), json!({}),
        ]),
        own in overrides(), of_worker in overrides(),
    ) -> Value {
        let mut task = json!({
            "apiVersion": "kelos.dev/v1alpha2", "kind": "Task",
            "metadata": {"labels": labels, "annotations": annotations},
            "spec": reference,
        });
        if let Some(own) = own {
            task["spec"]["podOverrides"] = own;
        }
        if let (Some(of_worker), Some(worker)) = (of_worker, task["spec"].get_mut("worker")) {
            worker["podOverrides"] = of_worker;
        }
        rendered.give(&mut task);
        let metadata = &mut task["metadata"];
        match owner {
            Owner::Reference => metadata["ownerReferences"] = json!([{
                "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner", "controller": true,
            }]),
            Owner::Label => metadata["labels"]["kelos.dev/taskspawner"] = json!(""),
            Owner::Manual => {
                if let Some(labels) = metadata["labels"].as_object_mut() {
                    labels.remove("kelos.dev/taskspawner");
                }
                metadata["annotations"]["kelos.dev/created-from-taskspawner"] = json!("");
            }
        }
        belongs_to(&mut task, "worker", "1");
        task
    }
}

/// Says in a Task whose it is, the way it says it.
pub fn belongs_to(task: &mut Value, name: &str, uid: &str) {
    let metadata = &mut task["metadata"];
    if metadata.get("ownerReferences").is_some() {
        metadata["ownerReferences"][0]["name"] = json!(name);
        metadata["ownerReferences"][0]["uid"] = json!(uid);
    } else if metadata["labels"].get("kelos.dev/taskspawner").is_some() {
        metadata["labels"]["kelos.dev/taskspawner"] = json!(name);
    } else {
        metadata["annotations"]["kelos.dev/created-from-taskspawner"] = json!(name);
    }
}

/// A TaskSpawner that asks for anything, and a Task of it that carries anything: what Kelos rendered, as a
/// rule, and what others wrote.
pub fn spawner_and_task() -> impl Strategy<Value = (Value, Value)> {
    rendered().prop_flat_map(|rendered| (spawner_of(rendered.clone()), task_of(rendered)))
}
