//! What is written, and what is not.

use serde_json::json;

use super::*;

fn key(kind: Kind, key: &str, has: Option<&str>, gives: Option<&str>) -> RevisedKey {
    let (has, gives) = (has.map(str::to_owned), gives.map(str::to_owned));
    RevisedKey { kind, key: key.to_owned(), has, gives, skip: None, is_held: false }
}

fn surveyed(keys: Vec<RevisedKey>) -> Surveyed {
    let marks =
        [("m/from", Some("worker@1".to_owned())), ("m/skipped", None), ("m/defaulted", None)];
    let revision = Revision { keys, marks, ..Revision::default() };
    let object = json!({"metadata": {
        "uid": "u", "resourceVersion": "7", "annotations": {"m/from": "worker@0", "m/skipped": "x"},
    }});
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
    let expected = json!({"metadata": {
        "uid": "u", "resourceVersion": "7", "labels": {"new": "x"},
        "annotations": {"old": "y", "m/from": "worker@1", "m/skipped": null},
    }});
    assert_eq!(plan.patch(&task.object), expected);
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
