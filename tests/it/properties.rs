//! Whatever templates and Tasks hold: the patch applies, control keys are untouched, the API server
//! would take the result, and a second pass changes nothing.

mod sessions;

use std::sync::Arc;

use kelos_metadata::apimachinery;
use kelos_metadata::apimachinery::Kind;
use kelos_metadata::engine::Limits;
use kelos_metadata::engine::Origin;
use kelos_metadata::engine::kelos::{
    DEFAULTED_MARK, GROUP, Protection, RENDERED_FROM_MARK, SKIPPED_MARK, Shape, Task, TaskSpawner,
    rules_annotation,
};
use kelos_metadata::engine::rules::{Defaults, Policy};
use kelos_metadata::engine::variables::{Facts, ReportedVariable, report};
use kelos_metadata::spawners::{Lookup, Objects, Spawners};
use kelos_metadata::templates::budget::Budget;
use kelos_metadata::templates::helpers::label;
use kelos_metadata::webhook::Metrics;
use kelos_metadata::webhook::mutate_task::answer_review;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use testing::generators::spawner_and_task;
use testing::review::{self, Answer};

fn answer(spawners: &Spawners, task: &Value) -> Answer {
    answer_within(&Limits::default(), spawners, task)
}

fn answer_within(limits: &Limits, spawners: &Spawners, task: &Value) -> Answer {
    let review = review::creation(task);
    let body = review::as_go_writes_it(&review);
    let shape = review::shape_of(task);
    let answered =
        answer_review(shape, body.as_bytes(), &spawners.snapshot(), limits, &Metrics::new());
    Answer::read(&review, answered.reply.body())
}

/// What a Task says of its Pod, as Kelos takes it: the worker's whole, else its own.
fn overrides(task: &Value) -> &Value {
    let of_worker = &task["spec"]["worker"]["podOverrides"];
    if of_worker.is_null() { &task["spec"]["podOverrides"] } else { of_worker }
}

/// The keys of a kind.
fn map_of(task: &Value, kind: Kind) -> &Value {
    match kind {
        Kind::Label => &task["metadata"]["labels"],
        Kind::Annotation => &task["metadata"]["annotations"],
        Kind::PodLabel => &overrides(task)["labels"],
        Kind::NodeSelector => &overrides(task)["nodeSelector"],
    }
}

fn entry_of<'v>(task: &'v Value, kind: Kind, key: &str) -> Option<&'v str> {
    map_of(task, kind).get(key)?.as_str()
}

/// The spec without what may be written there; what is nothing is not there.
fn rest_of_spec(task: &Value) -> Value {
    let mut spec = task["spec"].clone();
    for parent in ["", "/worker"] {
        let Some(parent) = spec.pointer_mut(parent).and_then(Value::as_object_mut) else {
            continue;
        };
        if let Some(overrides) = parent.get_mut("podOverrides").and_then(Value::as_object_mut) {
            overrides.remove("labels");
            overrides.remove("nodeSelector");
        }
        let is_nothing =
            |it: &Value| it.is_null() || it.as_object().is_some_and(|it| it.is_empty());
        if parent.get("podOverrides").is_some_and(is_nothing) {
            parent.remove("podOverrides");
        }
    }
    spec
}

/// The keys of a Task that a rule set touches, by kind.
fn changed(before: &Value, after: &Value) -> Vec<(Kind, String)> {
    let mut changed = Vec::new();
    for kind in Kind::ALL {
        for task in [before, after] {
            for key in map_of(task, kind).as_object().into_iter().flat_map(|map| map.keys()) {
                if entry_of(before, kind, key) != entry_of(after, kind, key) {
                    changed.push((kind, key.clone()));
                }
            }
        }
    }
    changed
}

const DEFAULTS: &str = r#"
labels: {a: "{{ .Title }}", b: x, c.example.com/a: {value: "{{ .Kind }}", allowed: [issue], default: issue}}
annotations: {a: "{{ .URL }}", kelos.dev/source-title: x}
podLabels: {cost: "{{ .Number }}", a: x}
nodeSelector: {pool: agents}
podLabelsFromTask: "d, a.example.com/*"
"#;

/// The cache with a TaskSpawner, and the Workspace `w` that the WorkerPool `p` works in.
fn spawners(spawner: &Value) -> Spawners {
    spawners_with(spawner, Policy::default())
}

/// The same on a cluster with defaults.
fn spawners_with_defaults(spawner: &Value) -> Spawners {
    let defaults = Defaults::read(DEFAULTS, &Policy::default()).unwrap();
    spawners_with(spawner, Policy { defaults: Arc::new(defaults), ..Policy::default() })
}

fn spawners_with(spawner: &Value, policy: Policy) -> Spawners {
    fn read<T: DeserializeOwned>(object: Value) -> T {
        serde_json::from_value(object).unwrap()
    }
    let named = |name: &str| json!({"name": name, "namespace": "default"});
    let repo = "https://u:p@github.com/acme/widgets.git";
    let kind = spawner["kind"].as_str().unwrap_or_default();
    let makes = Shape::of_spawner(GROUP, kind).unwrap_or_default();
    let spawners = Spawners::new(policy);
    spawners.replace(Objects {
        spawners: vec![Arc::new(TaskSpawner::parse_as(makes, &spawner.to_string()).unwrap())],
        workspaces: vec![read(json!({"metadata": named("w"), "spec": {"repo": repo}}))],
        pools: vec![read(json!({
            "metadata": named("p"), "spec": {"worker": {"workspaceRef": {"name": "w"}}},
        }))],
        ..Objects::default()
    });
    spawners
}

#[test]
fn random_tasks_show_what_is_new_in_them() {
    let mut runner = TestRunner::deterministic();
    let (mut inferred, mut numbers, mut of_pods) = (0, 0, 0);
    for _ in 0..500 {
        let (spawner, task) = spawner_and_task().new_tree(&mut runner).unwrap().current();
        let spawners = spawners(&spawner);
        let text = task.to_string();
        let read = Task::parse(&text).unwrap();
        let Lookup::Found(known) = spawners.snapshot().rules("default", &read.owner().unwrap())
        else {
            panic!("{task:#} has no owner");
        };
        let report = report(&read, &known.rules, &Facts::default(), &Policy::default());
        let is_inferred = |it: &ReportedVariable| matches!(&it.known, Ok((_, Origin::Inferred(_))));
        inferred += usize::from(report.0.iter().any(is_inferred));
        let after = answer(&spawners, &task).apply(&task);
        let is_number = |(kind, key): &(Kind, String)| {
            matches!(entry_of(&task, *kind, key), Some("112" | "47" | "112 13"))
        };
        numbers += usize::from(changed(&task, &after).iter().any(is_number));
        of_pods += usize::from(changed(&task, &after).iter().any(|(kind, _)| kind.is_of_pod()));
    }
    assert!(inferred > 50, "{inferred} of 500 have a variable that was inferred");
    assert!(numbers > 10, "{numbers} of 500 lose the number of a byte");
    assert!(of_pods > 50, "{of_pods} of 500 write something for the Pod");
}

/// The API server takes out what is `null` before it asks.
fn without_nulls(value: &mut Value) {
    if let Some(map) = value.as_object_mut() {
        map.retain(|_, value| !value.is_null());
        map.values_mut().for_each(without_nulls);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_one_the_api_server_takes((spawner, task) in spawner_and_task(), has_defaults in any::<bool>()) {
        let spawners = if has_defaults { spawners_with_defaults(&spawner) } else { spawners(&spawner) };
        let after = answer(&spawners, &task).apply(&task);
        let protection = Protection::default();
        for (kind, key) in changed(&task, &after) {
            let is_mark = kind == Kind::Annotation
                && [RENDERED_FROM_MARK, SKIPPED_MARK, DEFAULTED_MARK].contains(&&*key);
            // What Kelos wrote in our name goes.
            let declared = &spawner["spec"]["taskTemplate"]["metadata"][format!("{kind}s")];
            let is_removed = key.starts_with("metadata.kelos.dev/")
                && declared.get(&key).is_some()
                && entry_of(&after, kind, &key).is_none();
            prop_assert!(!protection.covers(kind, &key) || is_mark || is_removed, "{kind} {key}");
            let annotation = &spawner["metadata"]["annotations"][rules_annotation(kind)];
            let is_declared = declared.get(&key).is_some()
                || annotation.as_str().unwrap().contains(&json!(key).to_string());
            prop_assert!(is_mark || is_declared || entry_of(&task, kind, &key).is_none(), "{kind} {key} was there");
            if let Some(value) = entry_of(&after, kind, &key) {
                prop_assert!(apimachinery::key(kind, &key).is_ok(), "{kind} {key}");
                prop_assert!(apimachinery::value(kind, value).is_ok(), "{kind} {key}: {value}");
            }
        }
        for kind in [Kind::PodLabel, Kind::NodeSelector] {
            for (key, value) in map_of(&task, kind).as_object().into_iter().flatten() {
                prop_assert_eq!(entry_of(&after, kind, key), value.as_str(), "what is there stays");
            }
        }
        prop_assert_eq!(rest_of_spec(&after), rest_of_spec(&task), "nothing else of the spec changes");
        if !task["spec"]["worker"]["podOverrides"].is_null() {
            prop_assert_eq!(&after["spec"]["podOverrides"], &task["spec"]["podOverrides"]);
        }
        // What Kelos's field declares is valid afterwards, whatever it was.
        for kind in Kind::OF_METADATA {
            let declared = &spawner["spec"]["taskTemplate"]["metadata"][format!("{kind}s")];
            for key in declared.as_object().unwrap().keys().filter(|key| !protection.covers(kind, key)) {
                if let Some(value) = entry_of(&after, kind, key) {
                    prop_assert!(apimachinery::key(kind, key).is_ok() && apimachinery::value(kind, value).is_ok(), "{kind} {key}");
                }
            }
        }
        let total = |task: &Value| -> usize {
            let map = task["metadata"]["annotations"].as_object().into_iter().flatten();
            map.map(|(key, value)| key.len() + value.as_str().unwrap().len()).sum()
        };
        prop_assert!(total(&after) <= apimachinery::ANNOTATIONS_BYTES.max(total(&task)), "annotations over the total");
        let second = answer(&spawners, &after);
        prop_assert_eq!(second.patch, None, "a second pass changes nothing");
    }

    #[test]
    fn no_task_grows_past_what_etcd_takes((spawner, task) in spawner_and_task(), size in 1_430_000_usize..1_460_000) {
        const LIMIT: usize = 1408 << 10;
        let mut task = task;
        without_nulls(&mut task["spec"]);
        task["spec"]["prompt"] = json!("");
        let room = size.saturating_sub(task.to_string().len());
        task["spec"]["prompt"] = json!("x".repeat(room));
        let spawners = spawners_with_defaults(&spawner);
        let after = answer(&spawners, &task).apply(&task);
        let [before, grown] = [&task, &after].map(|task| review::as_go_writes_it(task).len());
        prop_assert!(grown <= before.max(LIMIT), "from {before} to {grown} bytes");
        prop_assert_eq!(answer(&spawners, &after).patch, None, "a second pass changes nothing");
    }

    #[test]
    fn a_second_pass_changes_nothing_wherever_the_budget_ends(
        (spawner, task) in spawner_and_task(),
        steps in prop_oneof![0_u64..200, 0_u64..2000, 0_u64..70_000], bytes in prop_oneof![0_u64..10_000, Just(1 << 24)],
    ) {
        let limits = Limits::new(Budget::new(steps, bytes));
        let spawners = spawners_with_defaults(&spawner);
        let after = answer_within(&limits, &spawners, &task).apply(&task);
        let second = answer_within(&limits, &spawners, &after);
        prop_assert_eq!(second.patch, None, "a second pass changes nothing");
    }

    #[test]
    fn sanitizing_gives_a_valid_value_and_leaves_valid_ones_alone(text in "\\PC{0,100}", valid in "([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?") {
        let clean = label::sanitize(&text);
        prop_assert!(apimachinery::value(Kind::Label, &clean).is_ok(), "{text:?} → {clean:?}");
        let has_something = text.chars().any(char::is_alphanumeric);
        prop_assert!(has_something || clean.is_empty());
        prop_assert_eq!(label::sanitize(&valid), valid.as_str());
        let again = label::sanitize(&clean);
        prop_assert_eq!(again, clean.clone());
    }

    #[test]
    fn no_body_is_too_strange_for_an_answer(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let spawners = Spawners::new(Policy::default());
        let answered = answer_review(Shape::Task, &body, &spawners.snapshot(), &Limits::default(), &Metrics::new());
        prop_assert!([200, 400].contains(&answered.reply.code().as_u16()));
    }
}
