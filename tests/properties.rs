//! Whatever templates and Tasks hold: the patch applies, control keys are untouched, the API server
//! would take the result, and a second pass changes nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::review::{self, Answer};
use kelos_metadata::engine::Limits;
use kelos_metadata::engine::kelos::{Kind, Protection};
use kelos_metadata::engine::rules::Policy;
use kelos_metadata::engine::validate;
use kelos_metadata::metrics::Metrics;
use kelos_metadata::spawners::{Objects, Spawners};
use kelos_metadata::webhook::mutate_task::answer_review;
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
    fn spawner()(
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
    fn task()(labels in entries(), annotations in entries()) -> Value {
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

fn answer(spawners: &Spawners, task: &Value) -> Answer {
    let review = review::creation(task);
    let body = review.to_string();
    let answered =
        answer_review(body.as_bytes(), &spawners.snapshot(), &Limits::default(), &Metrics::new());
    Answer::read(&review, answered.reply.body())
}

fn entry_of<'v>(task: &'v Value, kind: Kind, key: &str) -> Option<&'v str> {
    task["metadata"][format!("{kind}s")].get(key)?.as_str()
}

/// The keys of a Task that a rule set touches, by kind.
fn changed(before: &Value, after: &Value) -> Vec<(Kind, String)> {
    let mut changed = Vec::new();
    for kind in Kind::ALL {
        for task in [before, after] {
            for key in task["metadata"][format!("{kind}s")]
                .as_object()
                .into_iter()
                .flat_map(|map| map.keys())
            {
                if entry_of(before, kind, key) != entry_of(after, kind, key) {
                    changed.push((kind, key.clone()));
                }
            }
        }
    }
    changed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_one_the_api_server_takes(spawner in spawner(), task in task()) {
        let spawners = Spawners::new(Policy::default());
        spawners.replace(Objects {
            spawners: vec![Arc::new(serde_json::from_value(spawner.clone()).unwrap())],
            ..Objects::default()
        });
        let after = answer(&spawners, &task).apply(&task);
        let protection = Protection::default();
        for (kind, key) in changed(&task, &after) {
            let is_mark = key == "metadata.kelos.dev/rendered-from" || key == "metadata.kelos.dev/skipped";
            let is_new = entry_of(&task, kind, &key).is_none();
            prop_assert!(!protection.covers(kind, &key) || (is_mark && is_new && kind == Kind::Annotation), "{kind} {key}");
            if let Some(value) = entry_of(&after, kind, &key) {
                prop_assert!(validate::key(kind, &key).is_ok(), "{kind} {key}");
                prop_assert!(validate::value(kind, value).is_ok(), "{kind} {key}: {value}");
            }
        }
        // What Kelos's field declares is valid afterwards, whatever it was.
        for kind in Kind::ALL {
            let declared = &spawner["spec"]["taskTemplate"]["metadata"][format!("{kind}s")];
            for key in declared.as_object().unwrap().keys().filter(|key| !protection.covers(kind, key)) {
                if let Some(value) = entry_of(&after, kind, key) {
                    prop_assert!(validate::key(kind, key).is_ok() && validate::value(kind, value).is_ok(), "{kind} {key}");
                }
            }
        }
        let total = |task: &Value| -> usize {
            let map = task["metadata"]["annotations"].as_object().into_iter().flatten();
            map.map(|(key, value)| key.len() + value.as_str().unwrap().len()).sum()
        };
        prop_assert!(total(&after) <= validate::ANNOTATIONS_BYTES.max(total(&task)), "annotations over the total");
        let second = answer(&spawners, &after);
        prop_assert_eq!(second.patch, None, "a second pass changes nothing");
    }

    #[test]
    fn sanitizing_gives_a_valid_value_and_leaves_valid_ones_alone(text in "\\PC{0,100}", valid in "([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?") {
        let clean = validate::sanitize(&text);
        prop_assert!(validate::value(Kind::Label, &clean).is_ok(), "{text:?} → {clean:?}");
        let has_something = text.chars().any(|c| c.is_ascii_alphanumeric());
        prop_assert!(has_something || clean.is_empty());
        prop_assert_eq!(validate::sanitize(&valid), valid.as_str());
        let again = validate::sanitize(&clean);
        prop_assert_eq!(again, clean.clone());
    }

    #[test]
    fn no_body_is_too_strange_for_an_answer(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let spawners = Spawners::new(Policy::default());
        let answered = answer_review(&body, &spawners.snapshot(), &Limits::default(), &Metrics::new());
        prop_assert!([200, 400].contains(&answered.reply.code().as_u16()));
    }
}
