//! Backfills of a small cluster whose API server conflicts, refuses and is busy when a test wants it.

mod ours;
mod world;

use std::sync::Arc;

use serde_json::{Value, json};

use self::world::{World, record, spawner, task};
use super::Summary;
use crate::cluster::scripted::{ScriptedResponse as Scripted, status};
use crate::commands::survey::{PassedOver, Survey};
use crate::engine::rules::{Defaults, Policy};

fn rules() -> Value {
    spawner(&json!({"number": "{{ .Number }}", "team": "backend"}))
}

fn label(world: &World, path: &str, key: &str) -> Value {
    world.get(path)["metadata"]["labels"][key].clone()
}

#[test]
fn who_is_asked_hears_of_one_object_as_of_one() {
    let asked = |budgeted| {
        let budgeted_labels = ["team".to_owned()].into();
        super::why_asked(&Summary { budgeted, budgeted_labels, ..Summary::default() })
    };
    let labels = "would have other labels that a TaskBudget selects on (team)";
    let one = format!("1 object {labels}: a Task that has not ended, or a TaskRecord. Spend ");
    let two = format!("2 objects {labels}: Tasks that have not ended, or TaskRecords. Spend ");
    assert!(asked(1).starts_with(&one) && asked(2).starts_with(&two), "{}", asked(1));
}

#[tokio::test]
async fn each_task_is_written_once_and_its_spec_never() {
    let world = World::of([
        ("taskspawners", rules()),
        ("tasks", task("a", "Succeeded")),
        ("tasks", task("b", "Succeeded")),
    ]);
    let (report, dry) = world.backfill(&[]).await.unwrap();
    assert_eq!((report.differ, report.all.added, dry.tasks.written), (2, 4, 2));
    assert_eq!(world.patched(), 0, "a dry run writes nothing");
    let (_, first) = world.backfill(&["--write"]).await.unwrap();
    assert_eq!((first.tasks.written, first.tasks.right), (2, 0));
    for path in ["tasks/a", "tasks/b"] {
        let expected = json!({"kelos.dev/taskspawner": "worker", "theirs": "kept", "number": "42", "team": "backend"});
        assert_eq!(world.get(path)["metadata"]["labels"], expected);
        let mark = &world.get(path)["metadata"]["annotations"]["metadata.kelos.dev/rendered-from"];
        assert!(mark.as_str().unwrap().starts_with("worker@"), "{mark}");
        assert_eq!(world.get(path)["spec"], json!({"prompt": "Fix it"}));
    }
    for patch in world.patches.lock().unwrap().iter() {
        let fields: Vec<_> = patch["metadata"].as_object().unwrap().keys().collect();
        assert_eq!(patch.as_object().unwrap().len(), 1);
        assert_eq!(fields, ["annotations", "labels", "resourceVersion", "uid"]);
    }
    let (report, second) = world.backfill(&["--write"]).await.unwrap();
    assert_eq!((second.tasks.written, second.tasks.right, world.patched()), (0, 2, 2));
    assert_eq!((report.differ, report.all.same), (0, 4), "a preview has nothing left to change");
}

#[tokio::test]
async fn what_a_backfill_wrote_the_next_one_updates_and_nobody_elses() {
    let world = World::of([("taskspawners", rules()), ("tasks", task("a", "Succeeded"))]);
    world.backfill(&["--write"]).await.unwrap();
    let edited = spawner(&json!({"team": "{{ .Number }}-team", "theirs": "ours", "new": "x"}));
    world.set("taskspawners/worker", edited);
    let (report, summary) = world.backfill(&["--write"]).await.unwrap();
    assert_eq!((report.all.changed, report.all.added), (1, 1));
    assert_eq!(summary.tasks.written, 1);
    for (key, value) in [("team", "42-team"), ("new", "x"), ("theirs", "kept"), ("number", "42")] {
        assert_eq!(label(&world, "tasks/a", key), value, "{key}");
    }
}

#[tokio::test]
async fn what_the_rules_no_longer_give_stays_until_it_is_pruned() {
    let world = World::of([("taskspawners", rules()), ("tasks", task("a", "Succeeded"))]);
    world.backfill(&["--write"]).await.unwrap();
    world.set("taskspawners/worker", spawner(&json!({"number": "{{ .Nope }}", "team": "backend"})));
    let (_, dry) = world.backfill(&[]).await.unwrap();
    let (report, kept) = world.backfill(&["--write"]).await.unwrap();
    assert_eq!((report.all.lost, kept.kept_keys, kept.tasks.written), (1, 1, 0));
    assert_eq!(dry.kept_keys, kept.kept_keys, "both end with the same status");
    assert_eq!(label(&world, "tasks/a", "number"), "42");
    let (_, pruned) = world.backfill(&["--write", "--prune"]).await.unwrap();
    assert_eq!((pruned.kept_keys, pruned.tasks.written), (0, 1));
    assert_eq!(label(&world, "tasks/a", "number"), Value::Null);
    let annotations = &world.get("tasks/a")["metadata"]["annotations"];
    assert_eq!(annotations["metadata.kelos.dev/skipped"], "label:number=missing_variable(.Nope)");
}

#[tokio::test]
async fn a_conflict_is_read_again_and_the_other_writer_keeps_what_is_his() {
    let world = World::of([("taskspawners", rules()), ("tasks", task("a", "Succeeded"))]);
    let world = world.instead(|objects, path, before| {
        if before == 0 {
            let metadata = &mut objects.get_mut(path).unwrap()["metadata"];
            metadata["labels"]["team"] = json!("a-person");
            metadata["resourceVersion"] = json!("2");
            metadata["managedFields"][0]["fieldsV1"]["f:metadata"]["f:labels"]["f:team"] =
                json!({});
        }
        None
    });
    let (_, summary) = world.backfill(&["--write"]).await.unwrap();
    assert_eq!((summary.tasks.written, summary.tasks.conflicts, world.patched()), (1, 0, 2));
    assert_eq!(label(&world, "tasks/a", "team"), "a-person");
    assert_eq!(label(&world, "tasks/a", "number"), "42");
}

#[tokio::test]
async fn a_task_that_is_written_by_others_for_ever_is_given_up() {
    let world = World::of([
        ("taskspawners", rules()),
        ("tasks", task("a", "Succeeded")),
        ("tasks", task("b", "Succeeded")),
    ]);
    let world = world.instead(|_, path, _| {
        (path == "tasks/a").then(|| Scripted::Json(409, status(409, "Conflict", "changed")))
    });
    let (_, summary) = world.backfill(&["--write"]).await.unwrap();
    assert_eq!((summary.tasks.conflicts, summary.tasks.written, world.patched()), (1, 1, 6));
    assert!(summary.is_incomplete());
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_busy_is_asked_again_when_it_says() {
    let world = World::of([("taskspawners", rules()), ("tasks", task("a", "Succeeded"))]);
    let world = world.instead(|_, _, before| (before < 3).then_some(Scripted::RetryAfter(429, 5)));
    let start = tokio::time::Instant::now();
    let (_, summary) = world.backfill(&["--write"]).await.unwrap();
    assert_eq!((summary.tasks.written, world.patched()), (1, 4));
    assert!(start.elapsed().as_secs() >= 15, "{:?}", start.elapsed());
}

#[tokio::test]
async fn what_is_refused_or_gone_costs_nothing_but_itself() {
    let world = World::of([
        ("taskspawners", rules()),
        ("tasks", task("a", "Succeeded")),
        ("tasks", task("b", "Succeeded")),
        ("tasks", task("c", "Succeeded")),
        ("tasks", task("d", "Succeeded")),
    ]);
    let world = world.instead(|objects, path, _| match path {
        "tasks/a" => Some(Scripted::Json(422, status(422, "Invalid", "a policy says no"))),
        "tasks/b" => {
            objects.remove(path);
            None
        }
        "tasks/c" => {
            objects.get_mut(path).unwrap()["metadata"]["uid"] = json!("another");
            None
        }
        _ => None,
    });
    let (_, summary) = world.backfill(&["--write"]).await.unwrap();
    let tasks = &summary.tasks;
    assert_eq!((tasks.refused, tasks.gone, tasks.written), (1, 2, 1));
    let said = summary.sentences(false).join("\n");
    assert!(said.contains("1 object refused (for one, ns/a): a policy says no"), "{said}");
    assert_eq!(label(&world, "tasks/c", "team"), Value::Null, "another Task of the same name");
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_fails_ends_it_and_says_how_to_go_on() {
    let world = World::of([("taskspawners", rules()), ("tasks", task("a", "Succeeded"))]);
    let world =
        world.instead(|_, _, _| Some(Scripted::Json(500, status(500, "InternalError", "etcd"))));
    let error = world.backfill(&["--write"]).await.err().unwrap();
    assert_eq!(error.to_string(), "nothing more is written; the same command goes on from here");
}

#[tokio::test]
async fn a_dry_run_that_can_not_go_on_does_not_say_that_it_could() {
    let world = World::of([
        ("taskspawners", rules()),
        ("tasks", task("a", "Succeeded")),
        ("taskrecords", json!({"metadata": {"name": "uid-a"}, "forbidden": true})),
    ]);
    let error = world.backfill(&["--records"]).await.err().unwrap();
    assert_eq!(error.to_string(), "TaskRecord uid-a can't be read");
}

#[tokio::test]
async fn labels_that_a_budget_selects_on_are_changed_with_consent_alone() {
    let budget = json!({
        "metadata": {"name": "b", "namespace": "ns"},
        "spec": {"taskSelector": {"matchLabels": {"team": "backend"}}},
    });
    let mut running = task("running", "Running");
    running["metadata"]["annotations"]["kelos.dev/taskbudget-labels"] = json!("{}");
    let objects = [
        ("taskspawners", rules()),
        ("taskbudgets", budget),
        ("tasks", task("waiting", "Waiting")),
        ("tasks", task("new", "")),
        ("tasks", task("uncounted", "Running")),
        ("tasks", running),
        ("tasks", task("done", "Failed")),
        ("taskrecords", record("done", json!({"priority": "p"}))),
    ];
    let world = World::of(objects.clone());
    let (_, planned) = world.backfill(&["--records"]).await.unwrap();
    assert_eq!((planned.budgeted, &*planned.budgeted_labels()), (4, "team"));
    let (_, summary) = world.backfill(&["--write", "--records"]).await.unwrap();
    assert_eq!((summary.tasks.held_back, summary.tasks.written), (3, 2));
    assert_eq!(summary.records.held_back, 1);
    assert_eq!(label(&world, "tasks/waiting", "number"), Value::Null, "a Task is written whole");
    let (_, summary) = world.backfill(&["--write", "--records", "--yes"]).await.unwrap();
    assert_eq!((summary.tasks.held_back, summary.tasks.written, summary.tasks.right), (0, 3, 2));
    assert_eq!(label(&world, "taskrecords/uid-done", "team"), "backend");
}

#[tokio::test]
async fn a_record_gets_the_labels_of_its_task_but_for_what_others_have_changed() {
    let mut relabelled = record("b", json!({"team": "a-person"}));
    let fields = json!({"f:metadata": {"f:labels": {"f:team": {}}}});
    relabelled["metadata"]["managedFields"] = json!([{"manager": "kubectl", "fieldsV1": fields}]);
    let world = World::of([
        ("taskspawners", rules()),
        ("tasks", task("a", "Succeeded")),
        ("taskrecords", record("a", json!({"team": "old", "priority": "p"}))),
        ("tasks", task("b", "Succeeded")),
        ("taskrecords", relabelled),
        ("tasks", task("without-record", "Succeeded")),
    ]);
    let (_, summary) = world.backfill(&["--write", "--records"]).await.unwrap();
    assert_eq!((summary.tasks.written, summary.records.written, summary.held_keys), (3, 2, 1));
    let labels = |name| world.get(name)["metadata"]["labels"].clone();
    let expected = json!({"team": "backend", "number": "42", "priority": "p"});
    assert_eq!(labels("taskrecords/uid-a"), expected);
    assert_eq!(labels("taskrecords/uid-b"), json!({"team": "a-person", "number": "42"}));
    let (_, again) = world.backfill(&["--write", "--records"]).await.unwrap();
    assert_eq!((again.records.written, again.records.right), (0, 2));
    assert_eq!(world.patched(), 5);
}

#[tokio::test]
async fn a_namespace_that_is_switched_to_audit_is_previewed_and_left() {
    let switched = |word| json!({"metadata": {"name": "ns", "labels": {"metadata.kelos.dev/injection": word}}});
    let world = World::of([
        ("namespaces", switched("audit")),
        ("taskspawners", rules()),
        ("tasks", task("a", "Succeeded")),
    ]);
    let (report, summary) = world.backfill(&["--write"]).await.unwrap();
    assert_eq!((report.all.added, report.audited, summary.audited, world.patched()), (2, 1, 1, 0));
    // What is lost there is no reason to end otherwise than the write does.
    let mut lost = task("a", "Succeeded");
    lost["metadata"]["labels"]["number"] = json!("42");
    lost["metadata"]["annotations"]["metadata.kelos.dev/rendered-from"] = json!("worker@00000000");
    world.set("tasks/a", lost);
    world.set("taskspawners/worker", spawner(&json!({"number": "{{ .Nope }}"})));
    for flags in [&[][..], &["--write"]] {
        let (report, summary) = world.backfill(flags).await.unwrap();
        assert_eq!((report.all.lost, summary.kept_keys), (1, 0), "{flags:?}");
    }
    world.set("namespaces/ns", switched("disabled"));
    let (report, _) = world.backfill(&["--write"]).await.unwrap();
    assert_eq!((report.tasks, report.passed_over.len(), world.patched()), (0, 1, 0));
}

/// What the chart registers where Namespaces opt in.
fn opt_in() -> Value {
    let wanted =
        json!({"key": "metadata.kelos.dev/injection", "operator": "In", "values": ["enabled"]});
    json!({"metadata": {"name": "kelos-metadata"}, "webhooks": [{
        "name": "mtask.metadata.kelos.dev", "namespaceSelector": {"matchExpressions": [wanted]}}]})
}

#[tokio::test]
async fn a_namespace_that_the_webhook_is_not_registered_for_is_left() {
    let world = World::of([
        ("registrations", opt_in()),
        ("taskspawners", rules()),
        ("tasks", task("a", "Succeeded")),
    ]);
    let (report, summary) = world.backfill(&["--write"]).await.unwrap();
    let why: Vec<_> = report.passed_over.keys().map(|it| it.as_str()).collect();
    assert_eq!((why, summary.tasks.written, world.patched()), (vec!["not_selected"], 0, 0));
    let labels = json!({"metadata.kelos.dev/injection": "enabled"});
    world.set("namespaces/ns", json!({"metadata": {"name": "ns", "labels": labels}}));
    let (_, summary) = world.backfill(&["--write"]).await.unwrap();
    assert_eq!(summary.tasks.written, 1);
}

#[tokio::test]
async fn a_task_whose_spawner_is_gone_is_left_and_previewed_with_the_defaults() {
    let world = World::of([("tasks", task("a", "Succeeded"))]);
    let json = world.get("tasks/a").to_string();
    let verdict = |survey: &Survey| survey.survey(&json).unwrap().unwrap().verdict;
    let survey = world.survey().await.unwrap().with_stand_ins();
    assert_eq!(verdict(&survey).unwrap_err(), PassedOver::UnknownSpawner, "without defaults");
    let defaults = Defaults::read("labels: {org: acme}", &Policy::default()).unwrap();
    let policy = Policy { defaults: Arc::new(defaults), ..Policy::default() };
    let survey = world.survey_with(policy).await.unwrap();
    assert_eq!(verdict(&survey).unwrap_err(), PassedOver::UnknownSpawner, "a backfill");
    let revision = verdict(&survey.with_stand_ins()).unwrap();
    let given: Vec<_> = revision.keys.iter().map(|it| (&*it.key, it.gives.as_deref())).collect();
    assert_eq!(given, [("org", Some("acme"))]);
}

#[tokio::test]
async fn a_task_that_lost_the_label_it_was_selected_by_is_left() {
    let world = World::of([("taskspawners", rules()), ("tasks", task("a", "Succeeded"))]);
    let world = world.instead(|objects, path, before| {
        if before == 0 {
            let metadata = &mut objects.get_mut(path).unwrap()["metadata"];
            metadata["labels"]["theirs"] = json!("changed");
            metadata["resourceVersion"] = json!("2");
        }
        None
    });
    let (_, summary) = world.backfill(&["--write", "-l", "theirs=kept"]).await.unwrap();
    assert_eq!((summary.tasks.gone, summary.tasks.written, world.patched()), (1, 0, 1));
    assert_eq!(label(&world, "tasks/a", "team"), Value::Null);
}

#[tokio::test]
async fn rules_and_switches_that_change_before_the_consent_stop_it() {
    let world = World::of([("taskspawners", rules()), ("tasks", task("a", "Succeeded"))]);
    let survey = world.survey().await.unwrap();
    survey.is_unchanged().await.unwrap();
    world.set("taskspawners/worker", spawner(&json!({"team": "another"})));
    let said = survey.is_unchanged().await.unwrap_err().to_string();
    assert!(said.contains("rules or switches have changed meanwhile"), "{said}");
    world.set("taskspawners/worker", rules());
    survey.is_unchanged().await.unwrap();
    let labels = json!({"metadata.kelos.dev/injection": "disabled"});
    world.set("namespaces/ns", json!({"metadata": {"name": "ns", "labels": labels}}));
    assert!(survey.is_unchanged().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn ctrl_c_ends_it_after_the_write_and_once_more_at_once() {
    let world = || {
        World::of([
            ("taskspawners", rules()),
            ("tasks", task("a", "Succeeded")),
            ("tasks", task("b", "Succeeded")),
        ])
    };
    let first = world();
    let shutdown = first.shutdown.clone();
    let first = first.instead(move |_, _, _| {
        shutdown.drain();
        None
    });
    let (_, summary) = first.backfill(&["--write"]).await.unwrap();
    assert_eq!((summary.interrupted, summary.tasks.written, first.patched()), (true, 1, 1));
    let second = world();
    let shutdown = second.shutdown.clone();
    let second = second.instead(move |_, _, _| {
        shutdown.abort();
        Some(Scripted::RetryAfter(429, 30))
    });
    let start = tokio::time::Instant::now();
    let (_, summary) = second.backfill(&["--write"]).await.unwrap();
    assert_eq!((summary.interrupted, summary.tasks.written, second.patched()), (true, 0, 1));
    assert_eq!(start.elapsed().as_secs(), 0, "it does not wait for the API server");
}
