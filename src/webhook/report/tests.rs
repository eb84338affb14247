//! What the log hears of decisions: how often, at which level, and how much at the most.

use std::sync::Arc;

use serde_json::json;

use crate::engine::Limits;
use crate::engine::kelos::Shape;
use crate::engine::rules::Policy;
use crate::spawners::{Objects, Spawners};
use crate::telemetry::{LogFormat, captured};
use crate::webhook::Metrics;
use crate::webhook::mutate_task::answer_review;

fn answer(shape: Shape, body: &serde_json::Value, spawners: &Spawners) {
    let (body, known) = (body.to_string(), spawners.snapshot());
    answer_review(shape, body.as_bytes(), &known, &Limits::default(), &Metrics::new());
}

/// The levels at which keys were skipped in Tasks of a TaskSpawner with these labels.
fn levels(spawner: serde_json::Value, labels: &[serde_json::Value]) -> Vec<(String, String)> {
    let spawners = Spawners::new(Policy::default());
    let spawner = Arc::new(serde_json::from_value(spawner).unwrap());
    spawners.replace(Objects { spawners: vec![spawner], ..Objects::default() });
    let text = captured(LogFormat::Json, "debug", || {
        for labels in labels {
            let mut labels = labels.clone();
            labels["kelos.dev/taskspawner"] = "w".into();
            let body = json!({"kind": "AdmissionReview", "request": {
                "uid": "1", "operation": "CREATE", "namespace": "ns",
                "resource": {"group": "kelos.dev", "resource": "tasks"},
                "object": {"metadata": {"name": "t", "labels": labels}},
            }});
            answer(Shape::Task, &body, &spawners);
        }
    });
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines = lines.filter(|line: &serde_json::Value| line["message"] == "Skipped a key");
    let word = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap().to_owned();
    lines.map(|line| (word(&line, "key"), word(&line, "level"))).collect()
}

fn said(levels: &[(&str, &str)]) -> Vec<(String, String)> {
    levels.iter().map(|(key, level)| ((*key).to_owned(), (*level).to_owned())).collect()
}

#[test]
fn what_was_told_when_the_rules_were_read_is_not_told_again() {
    let labels = "bad: '{{'\nkelos.dev/taskspawner: x\n_: y\nmissing: '{{.Title}}'";
    let spawner = json!({"metadata": {"name": "w", "namespace": "ns", "annotations": {
        "metadata.kelos.dev/labels": labels, "metadata.kelos.dev/annotations": "a: ["}}});
    let first = [
        ("_", "DEBUG"),
        ("bad", "DEBUG"),
        ("kelos.dev/taskspawner", "DEBUG"),
        ("missing", "INFO"),
        ("metadata.kelos.dev/annotations", "DEBUG"),
    ];
    let again = first.map(|(key, _)| (key, "DEBUG"));
    assert_eq!(levels(spawner, &[json!({}), json!({})]), said(&[first, again].concat()));
}

#[test]
fn what_is_removed_behind_the_limits_of_the_field_is_told_of_the_first_task_that_has_it() {
    let field: serde_json::Map<_, _> = (0..70).map(|n| (format!("k{n:02}"), "x".into())).collect();
    let spawner = json!({"metadata": {"name": "w", "namespace": "ns"},
        "spec": {"when": {"jira": {}}, "taskTemplate": {"metadata": {"labels": field}}}});
    let task = json!({"k66": "a/b", "k68": "a/b"});
    let behind = |levels: Vec<(String, String)>| -> Vec<(String, String)> {
        levels.into_iter().filter(|(key, _)| key.as_str() > "k63").collect()
    };
    let told = behind(levels(spawner, &[json!({}), task.clone(), task]));
    let levels = [("k66", "INFO"), ("k68", "INFO"), ("k66", "DEBUG"), ("k68", "DEBUG")];
    assert_eq!(told, said(&levels));
}

#[test]
fn audit_has_one_line_a_task_and_a_switch_that_is_misspelt_one_for_its_namespace() {
    let spawner = json!({"metadata": {"name": "w", "namespace": "ns", "annotations": {
        "metadata.kelos.dev/labels": "a: SECRET\nb: '{{.Title}}'"}}});
    let namespace = json!({"metadata": {
        "name": "ns", "labels": {"metadata.kelos.dev/injection": "dissabled"}}});
    let body = json!({"kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "namespace": "ns",
        "resource": {"group": "kelos.dev", "resource": "tasks"},
        "object": {"metadata": {"name": "t", "labels": {"kelos.dev/taskspawner": "w"}}},
    }});
    let text = captured(LogFormat::Json, "info", || {
        let spawners = Spawners::new(Policy::default());
        let spawner = Arc::new(serde_json::from_value(spawner.clone()).unwrap());
        let namespace = serde_json::from_value(namespace.clone()).unwrap();
        let objects =
            Objects { spawners: vec![spawner], namespaces: vec![namespace], ..Objects::default() };
        spawners.replace(objects);
        answer(Shape::Task, &body, &spawners);
    });
    let lines =
        || text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let would = lines().filter(|line| line["message"] == "Would set").collect::<Vec<_>>();
    assert_eq!(would.len(), 1, "{text}");
    assert_eq!(would[0]["keys"], "label:a=applied,label:b=missing_variable");
    assert!(!text.contains("SECRET") && !text.contains("dissabled"), "{text}");
}

#[test]
fn what_a_session_of_an_unknown_spawner_gets_is_said_once() {
    let owner = json!({"apiVersion": "kelos.dev/v1alpha2", "kind": "SessionSpawner",
        "name": "gone", "uid": "1", "controller": true});
    let body = json!({"kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "namespace": "of-unknown",
        "resource": {"group": "kelos.dev", "resource": "sessions"},
        "object": {"metadata": {"name": "s", "ownerReferences": [owner]}},
    }});
    let text = captured(LogFormat::Text, "info", || {
        let spawners = Spawners::new(Policy::default());
        spawners.replace(Objects::default());
        (0..2).for_each(|_| answer(Shape::Session, &body, &spawners));
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    let said = "Unknown SessionSpawner: its Sessions get no more than the defaults";
    assert!(text.contains(said), "{text}");
}

#[test]
fn no_request_fills_the_log_whatever_it_is_called_and_whatever_is_skipped() {
    let keys: serde_json::Map<_, _> =
        (0..64).map(|n| (format!("{n}\u{1b}{}", "é\"".repeat(100)), json!("{{ .X }}"))).collect();
    let keys = serde_json::Value::from(keys).to_string();
    let spawner = json!({"metadata": {"name": "w", "namespace": "ns", "annotations": {
        "metadata.kelos.dev/labels": keys, "metadata.kelos.dev/annotations": keys}}});
    let spawners = Spawners::new(Policy::default());
    let spawner = Arc::new(serde_json::from_value(spawner).unwrap());
    spawners.replace(Objects { spawners: vec![spawner], ..Objects::default() });
    let review = json!({"kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "namespace": "ns",
        "resource": {"group": "kelos.dev", "resource": "tasks"},
        "object": {"metadata": {"name": "\u{1}\n".repeat(3 << 20), "labels": {"kelos.dev/taskspawner": "w"}}},
    }});
    for format in [LogFormat::Text, LogFormat::Json] {
        let text = captured(format, "debug", || {
            answer(Shape::Task, &review, &spawners);
        });
        assert_eq!(text.lines().count(), super::SKIPS + 1, "{text}");
        assert!(text.len() <= 64 << 10, "{} bytes", text.len());
        assert!(
            text.contains("More keys were skipped or defaulted") && text.contains("96"),
            "{text}"
        );
    }
}
