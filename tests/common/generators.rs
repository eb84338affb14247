//! TaskSpawners and Tasks as nobody should write them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

/// Keys of every kind: control keys, plain ones, prefixed ones, invalid ones, long ones.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-d]",
        2 => "[a-c]\\.example\\.com/[a-c]",
        2 => prop::sample::select(vec![
            "kelos.dev/taskspawner", "kelos.dev/source-kind", "kelos.dev/source-number", "kelos.dev/source-title",
            "kelos.dev/source-labels", "kelos.dev/github-reporting", "metadata.kelos.dev/skipped",
            "metadata.kelos.dev/rendered-from", "kelos.dev/v1alpha2-x", "helm.sh/hook", "kelos.dev/source-author",
        ]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["a b", "/x", "x/", "a/b/c", "A.B/c", "~", "é", ""]).prop_map(str::to_owned),
        1 => "[a-z]{60,66}",
    ]
}

fn template() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
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
    let text = prop::sample::select(vec!["x", "a", "b", "", "a b", "42"]);
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

fn carrier() -> impl Strategy<Value = BTreeMap<String, Value>> {
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
        1 => prop::sample::select(vec!["issue", "42", "[\"p/critical\", \"b\"]", "{{ .Title }}", "a, b"]).prop_map(str::to_owned),
    ]
}

fn entries() -> impl Strategy<Value = Option<BTreeMap<String, String>>> {
    prop::option::of(prop::collection::btree_map(key(), value(), 0..6))
}

prop_compose! {
    /// A TaskSpawner that asks for anything.
    pub(crate) fn spawner()(
        labels in carrier(), annotations in carrier(),
        field_labels in field(), field_annotations in field(),
        sanitize in any::<bool>(),
    ) -> Value {
        json!({
            "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner",
            "metadata": {"name": "worker", "namespace": "default", "uid": "1", "annotations": {
                "metadata.kelos.dev/labels": json!(labels).to_string(),
                "metadata.kelos.dev/annotations": json!(annotations).to_string(),
                "metadata.kelos.dev/on-invalid": if sanitize { "sanitize" } else { "skip" },
            }},
            "spec": {"when": {"githubIssues": {}}, "taskTemplate": {
                "metadata": {"labels": field_labels, "annotations": field_annotations}}},
        })
    }
}

prop_compose! {
    /// A Task of it that carries anything.
    pub(crate) fn task()(labels in entries(), annotations in entries()) -> Value {
        json!({
            "apiVersion": "kelos.dev/v1alpha2", "kind": "Task",
            "metadata": {
                "name": "worker-42", "labels": labels, "annotations": annotations,
                "ownerReferences": [{"apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner",
                                     "name": "worker", "uid": "1", "controller": true}],
            },
            "spec": {"workspaceRef": {"name": "w"}},
        })
    }
}
