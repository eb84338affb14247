//! What is written, and what is not.

use serde_json::json;

use super::*;
use crate::engine::comparison::Ruled;
use crate::engine::kelos::{Task, TaskSpawner};
use crate::engine::revision::renewed;
use crate::engine::rules::{Policy, Rules, Shared};
use crate::engine::variables::Facts;
use crate::engine::{Limits, decide};

fn key(kind: Kind, key: &str, has: Option<&str>, gives: Option<&str>) -> RevisedKey {
    let (has, gives) = (has.map(str::to_owned), gives.map(str::to_owned));
    RevisedKey {
        kind,
        key: key.to_owned(),
        has,
        gives,
        skip: None,
        is_held: false,
        is_open: false,
        is_traceless: false,
    }
}

/// A Task with these keys; its marks are those of a decision that gives a label and skips one.
fn surveyed(keys: Vec<RevisedKey>) -> Surveyed {
    let object = json!({"metadata": {
        "uid": "u", "resourceVersion": "7", "annotations": {
            "metadata.kelos.dev/rendered-from": "worker@00000000", "metadata.kelos.dev/defaulted": "label:x=empty",
        },
    }});
    let labels = json!({"x": "y", "skipped": "{{ .Nope }}"}).to_string();
    let spawner = json!({"metadata": {
        "name": "worker", "annotations": {"metadata.kelos.dev/labels": labels}}});
    let spawner: TaskSpawner = serde_json::from_value(spawner).unwrap();
    let rules = Rules::compile(spawner, &Policy::default(), &mut Shared::default());
    let json = object.to_string();
    let task = Task::parse(&json).unwrap();
    let ruled = Ruled { today: &rules, before: None };
    let renewed = renewed(&object, &json, &task, ruled);
    let new = Task::parse(&renewed.json).unwrap();
    let decision = decide(&new, &rules, &Facts::default(), &Limits::default());
    let revision = renewed.revision((&object, &task), ruled, (&new, &decision));
    let revision = Revision { keys, ..revision };
    let (namespace, name) = ("ns".to_owned(), "a".to_owned());
    Surveyed { object, namespace, name, verdict: Ok(revision), is_audited: false }
}

fn no_budgets() -> Budgets {
    Budgets::none()
}

#[test]
fn a_patch_has_what_differs_the_marks_and_the_version_that_was_read() {
    let task = surveyed(vec![
        key(Kind::Label, "same", Some("x"), Some("x")),
        key(Kind::Label, "new", None, Some("x")),
        key(Kind::Annotation, "old", Some("x"), Some("y")),
        key(Kind::PodLabel, "pod", None, Some("x")),
        key(Kind::NodeSelector, "node", None, Some("x")),
        key(Kind::Label, "lost", Some("x"), None),
        RevisedKey { is_held: true, ..key(Kind::Label, "held", Some("x"), Some("y")) },
    ]);
    let plan = Plan::of_task(&task, Lost::Kept, &no_budgets());
    let mut patch = plan.patch(&task.object);
    let from = patch["metadata"]["annotations"]["metadata.kelos.dev/rendered-from"].take();
    assert!(from.as_str().unwrap().starts_with("worker@"), "{from}");
    let expected = json!({"metadata": {
        "uid": "u", "resourceVersion": "7", "labels": {"new": "x"},
        "annotations": {
            "old": "y", "metadata.kelos.dev/rendered-from": null,
            "metadata.kelos.dev/skipped": "label:skipped=missing_variable(.Nope)",
            "metadata.kelos.dev/defaulted": null,
        },
    }});
    assert_eq!(patch, expected);
    assert_eq!((plan.held, plan.kept), (1, 1));
    let pruned = Plan::of_task(&task, Lost::Pruned, &no_budgets());
    assert_eq!(pruned.patch(&task.object)["metadata"]["labels"], json!({"new": "x", "lost": null}));
    assert_eq!(pruned.kept, 0);
}

#[test]
fn marks_are_never_written_alone() {
    for keys in [
        vec![],
        vec![key(Kind::Label, "lost", Some("x"), None)],
        vec![key(Kind::PodLabel, "p", None, Some("x"))],
    ] {
        assert!(Plan::of_task(&surveyed(keys), Lost::Kept, &no_budgets()).is_empty());
    }
}

#[test]
fn whether_a_budget_still_counts_a_task_follows_from_its_phase() {
    for (phase, annotation, counts) in [
        (json!(null), json!(null), true),
        (json!("Pending"), json!("{}"), true),
        (json!("Waiting"), json!("{}"), true),
        (json!("Running"), json!(null), true),
        (json!("Running"), json!("{}"), false),
        (json!("Succeeded"), json!(null), false),
        (json!("Failed"), json!(null), false),
    ] {
        let task = json!({"metadata": {"annotations": {BUDGET_LABELS: annotation}}, "status": {"phase": phase}});
        assert_eq!(is_counted_later(&task), counts, "{task}");
    }
}

#[test]
fn a_label_of_a_record_goes_with_that_of_its_task_even_if_that_went_before() {
    let record = |labels: Value| {
        json!({"metadata": {"labels": labels, "managedFields": [
            {"manager": "kelos", "fieldsV1": {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {}}},
            {"manager": "kubectl", "fieldsV1": {"f:metadata": {"f:labels": {"f:theirs": {}}}}},
        ]}})
    };
    let of = |key: RevisedKey, lost, labels| {
        let plan = Plan::of_record(&record(labels), &surveyed(vec![key]), lost, &no_budgets());
        plan.patch(&json!({}))["metadata"]["labels"].clone()
    };
    let gone = || key(Kind::Label, "a", None, None);
    assert_eq!(of(gone(), Lost::Pruned, json!({"a": "x"})), json!({"a": null}));
    assert_eq!(of(gone(), Lost::Kept, json!({"a": "x"})), json!(null));
    assert_eq!(of(gone(), Lost::Pruned, json!({})), json!(null));
    let theirs = key(Kind::Label, "theirs", None, None);
    assert_eq!(of(theirs, Lost::Pruned, json!({"theirs": "x"})), json!(null));
    let open = RevisedKey { is_open: true, ..gone() };
    assert_eq!(of(open, Lost::Pruned, json!({"a": "x"})), json!(null));
}
