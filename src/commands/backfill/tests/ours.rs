//! What of a stored Task is ours, and what is left because it may be somebody else's.

use serde_json::{Value, json};

use super::label;
use super::world::{World, record, spawner, task};

/// A Task that the webhook answered: of its labels Kelos sent two, and the API server has noted what Kelos sent.
fn answered(name: &str, labels: &Value) -> Value {
    let mut task = task(name, "Succeeded");
    for (key, value) in labels.as_object().unwrap() {
        task["metadata"]["labels"][key] = value.clone();
    }
    task["metadata"]["annotations"]["metadata.kelos.dev/rendered-from"] = json!("worker@00000000");
    task["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"] = json!({});
    task
}

fn webhook(group: &str) -> Value {
    let rule = json!({"apiGroups": [group], "apiVersions": ["*"], "resources": ["*"], "operations": ["CREATE"]});
    json!({"metadata": {"name": "policies"}, "webhooks": [{"name": "add.policies.example", "rules": [rule]}]})
}

#[tokio::test]
async fn what_no_rule_declares_any_more_is_pruned() {
    let world = World::of([
        ("taskspawners", spawner(&json!({"team": "backend"}))),
        ("registrations", webhook("apps")),
        ("tasks", answered("a", &json!({"team": "backend", "gone": "x"}))),
    ]);
    let (report, kept) = world.backfill(&["--write"]).await.unwrap();
    assert_eq!((report.all.lost, kept.kept_keys, kept.tasks.written), (1, 1, 0));
    let (_, pruned) = world.backfill(&["--write", "--prune"]).await.unwrap();
    assert_eq!((pruned.kept_keys, pruned.tasks.written), (0, 1));
    assert_eq!(label(&world, "tasks/a", "gone"), Value::Null);
    assert_eq!(
        (label(&world, "tasks/a", "theirs"), label(&world, "tasks/a", "team")),
        (json!("kept"), json!("backend"))
    );
    let (report, again) = world.backfill(&["--write", "--prune"]).await.unwrap();
    assert_eq!((report.differ, again.tasks.written, again.tasks.right), (0, 0, 1));
}

#[tokio::test]
async fn what_another_webhook_or_a_policy_may_have_written_stays_and_is_counted() {
    let rule =
        json!({"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["*"]});
    let policy =
        json!({"metadata": {"name": "p"}, "spec": {"matchConstraints": {"resourceRules": [rule]}}});
    for other in [("registrations", webhook("*")), ("policies", policy)] {
        let world = World::of([
            ("taskspawners", spawner(&json!({"team": "backend"}))),
            other,
            ("tasks", answered("a", &json!({"team": "old", "gone": "x"}))),
        ]);
        let (report, summary) = world.backfill(&["--write", "--prune"]).await.unwrap();
        assert_eq!((report.all.lost, report.unproven, summary.tasks.written), (0, 1, 1));
        assert_eq!(label(&world, "tasks/a", "gone"), "x");
        // What a backfill wrote is ours whoever else there is.
        world.set("taskspawners/worker", spawner(&json!({"number": "1"})));
        world.backfill(&["--write", "--prune"]).await.unwrap();
        assert_eq!(label(&world, "tasks/a", "team"), Value::Null);
        assert_eq!(label(&world, "tasks/a", "gone"), "x");
        let mark =
            &world.get("tasks/a")["metadata"]["annotations"]["metadata.kelos.dev/rendered-from"];
        assert!(mark.is_string(), "the Task is still one that was answered");
    }
}

#[tokio::test]
async fn what_reads_a_key_that_others_may_have_written_stays_and_is_said_to() {
    let read = json!({"value": r#"{{ index .Task.Labels "gone" }}"#, "default": "none"});
    for (other, gives) in [("apps", "none"), ("*", "old")] {
        let world = World::of([
            ("taskspawners", spawner(&json!({"o": read}))),
            ("registrations", webhook(other)),
            ("tasks", answered("a", &json!({"o": "old", "gone": "x"}))),
        ]);
        let (report, _) = world.backfill(&["--write"]).await.unwrap();
        assert_eq!(report.open, usize::from(gives == "old"));
        assert_eq!(label(&world, "tasks/a", "o"), gives);
    }
}

#[tokio::test]
async fn a_value_that_a_person_has_is_not_marked_as_a_default() {
    let rules =
        json!({"priority": {"value": "{{ .Nope }}", "allowed": ["a"], "default": "a"}, "new": "x"});
    let mut mine = answered("a", &json!({"priority": "mine"}));
    let fields = json!({"f:metadata": {"f:labels": {"f:priority": {}}}});
    let entry = json!({"manager": "kubectl", "fieldsV1": fields});
    mine["metadata"]["managedFields"].as_array_mut().unwrap().push(entry);
    let world = World::of([("taskspawners", spawner(&rules)), ("tasks", mine)]);
    let (_, summary) = world.backfill(&["--write"]).await.unwrap();
    assert_eq!((summary.held_keys, summary.tasks.written), (1, 1));
    let annotations = &world.get("tasks/a")["metadata"]["annotations"];
    assert_eq!(annotations["metadata.kelos.dev/defaulted"], Value::Null, "{annotations}");
}

#[tokio::test]
async fn a_task_that_the_webhook_is_not_asked_about_is_left() {
    let off =
        json!({"key": "metadata.kelos.dev/injection", "operator": "NotIn", "values": ["disabled"]});
    let registered = json!({"metadata": {"name": "kelos-metadata"}, "webhooks": [{
        "name": "mtask.metadata.kelos.dev", "objectSelector": {"matchExpressions": [off]}}]});
    let of_all = json!({"metadata": {"name": "kelos-metadata"}, "webhooks": [{"name": "mtask.metadata.kelos.dev"}]});
    let nothing = json!({"metadata": {"name": "others"}});
    for (registered, written) in [(registered, 0), (nothing, 0), (of_all, 1)] {
        let mut rules = spawner(&json!({"team": "backend"}));
        rules["spec"]["taskTemplate"]["metadata"] =
            json!({"labels": {"metadata.kelos.dev/injection": "disabled"}});
        let mut task = task("a", "Succeeded");
        task["metadata"]["labels"]["metadata.kelos.dev/injection"] = json!("disabled");
        let world =
            World::of([("registrations", registered), ("taskspawners", rules), ("tasks", task)]);
        let (report, summary) = world.backfill(&["--write"]).await.unwrap();
        let why: Vec<_> = report.passed_over.keys().map(|it| it.as_str()).collect();
        assert_eq!(why, if written == 0 { vec!["switched_off"] } else { vec![] });
        assert_eq!((summary.tasks.written, world.patched()), (written, written));
    }
}

#[tokio::test]
async fn a_label_that_a_task_lost_before_is_pruned_from_its_record_too() {
    let world = World::of([
        ("taskspawners", spawner(&json!({"team": "{{ dropKey }}"}))),
        ("tasks", answered("a", &json!({"team": "backend"}))),
        ("taskrecords", record("a", json!({"team": "backend", "priority": "p"}))),
    ]);
    world.backfill(&["--write", "--prune"]).await.unwrap();
    assert_eq!(label(&world, "tasks/a", "team"), Value::Null);
    let (_, kept) = world.backfill(&["--write", "--records", "--yes"]).await.unwrap();
    assert_eq!(kept.records.right, 1);
    let (_, pruned) = world.backfill(&["--write", "--prune", "--records", "--yes"]).await.unwrap();
    assert_eq!(pruned.records.written, 1);
    assert_eq!(world.get("taskrecords/uid-a")["metadata"]["labels"], json!({"priority": "p"}));
}

#[tokio::test]
async fn a_task_that_does_not_say_what_it_used_has_no_record() {
    let mut unmeasured = task("a", "Succeeded");
    unmeasured["status"].as_object_mut().unwrap().remove("usage");
    let world =
        World::of([("taskspawners", spawner(&json!({"team": "x"}))), ("tasks", unmeasured)]);
    let (_, summary) = world.backfill(&["--records"]).await.unwrap();
    assert_eq!((summary.without_usage, summary.records.right), (1, 0));
    let (_, summary) = world.backfill(&[]).await.unwrap();
    assert_eq!(summary.without_usage, 0, "nobody asked");
}

#[tokio::test]
async fn rules_that_are_not_read_are_told() {
    let mut broken = spawner(&json!({"team": "x"}));
    broken["metadata"]["annotations"]["metadata.kelos.dev/annotations"] = json!("- no mapping");
    let world = World::of([("taskspawners", broken), ("tasks", task("a", "Succeeded"))]);
    let (report, _) = world.backfill(&[]).await.unwrap();
    assert_eq!(report.skipped_keys(), ["metadata.kelos.dev/annotations"]);
}

#[tokio::test]
async fn what_is_not_known_of_the_switches_is_said_and_nothing_is_promised() {
    let forbidden = json!({"metadata": {"name": "ns"}, "forbidden": true});
    let world = World::of([
        ("namespaces", forbidden),
        ("taskspawners", spawner(&json!({"team": "x"}))),
        ("tasks", task("a", "Succeeded")),
    ]);
    let survey = world.survey().await.unwrap();
    assert!(survey.lacks_switches() && survey.is_partial() && survey.knows_all().is_err());
    let missing = json!({"metadata": {"name": "ns"}, "missing": true});
    world.set("namespaces/ns", missing);
    let error = world.survey().await.err().unwrap();
    assert_eq!(error.to_string(), "the cluster has no namespace ns");
}
