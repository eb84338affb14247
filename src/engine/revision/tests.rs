//! What today's rules change in a stored Task.

use serde_json::json;

use super::*;
use crate::engine::kelos::TaskSpawner;
use crate::engine::rules::Policy;
use crate::engine::variables::Facts;
use crate::engine::{Limits, decide};
use crate::templates::Templates;

fn rules(labels: &Value) -> Rules {
    rules_of(labels, &json!({}))
}

fn rules_of(labels: &Value, field: &Value) -> Rules {
    let annotations = json!({"metadata.kelos.dev/labels": labels.to_string()});
    let spawner: TaskSpawner = serde_json::from_value(json!({
        "metadata": {"name": "worker", "annotations": annotations},
        "spec": {"taskTemplate": {"metadata": {"labels": field}}},
    }))
    .unwrap();
    Rules::compile(spawner, &Policy::default(), &mut Templates::default())
}

/// A Task that was answered with these labels; those of `managed` another field manager has.
fn task(labels: &Value, managed: &[(&str, &str)]) -> Value {
    let managed = managed.iter().map(|(manager, key)| {
        let fields = json!({"f:metadata": {"f:labels": {format!("f:{key}"): {}}}});
        json!({"manager": manager, "fieldsV1": fields})
    });
    json!({"metadata": {
        "name": "a", "labels": labels, "managedFields": managed.collect::<Vec<_>>(),
        "annotations": {"metadata.kelos.dev/rendered-from": "worker@00000000", "kelos.dev/source-number": "42"},
    }})
}

/// Each key with what the Task has, what it would have, and whether others hold it.
fn revised(
    object: &Value,
    today: &Rules,
    before: Option<&Rules>,
) -> Vec<(String, Option<String>, Option<String>, bool)> {
    let json = object.to_string();
    let task = Task::parse(&json).unwrap();
    let rules = Ruled { today, before };
    let renewed = renewed(object, &json, &task, rules);
    let new = Task::parse(&renewed.json).unwrap();
    let decision = decide(&new, today, &Facts::default(), &Limits::default());
    let revision = renewed.revision((object, &task), rules, (&new, &decision));
    revision.keys.into_iter().map(|it| (it.key, it.has, it.gives, it.is_held)).collect()
}

fn row(
    key: &str,
    has: Option<&str>,
    gives: Option<&str>,
) -> (String, Option<String>, Option<String>, bool) {
    (key.to_owned(), has.map(str::to_owned), gives.map(str::to_owned), false)
}

#[test]
fn what_backfill_wrote_is_ours_and_what_others_have_is_not() {
    let today = rules(&json!({"a": "new", "b": "new", "c": "new"}));
    let managed = [
        ("kelos-metadata-backfill", "a"),
        ("kubectl", "b"),
        ("kelos-metadata-backfill", "c"),
        ("kubectl", "c"),
    ];
    let object = task(&json!({"a": "old", "b": "old", "c": "old"}), &managed);
    let expected = [
        row("a", Some("old"), Some("new")),
        row("b", Some("old"), Some("old")),
        row("c", Some("old"), Some("old")),
    ];
    assert_eq!(revised(&object, &today, None), expected);
}

#[test]
fn what_only_the_rules_before_declare_is_lost() {
    let (before, today) = (rules(&json!({"a": "x", "gone": "x"})), rules(&json!({"a": "y"})));
    let object = task(&json!({"a": "x", "gone": "x", "theirs": "x"}), &[("kubectl", "theirs")]);
    let expected = [row("a", Some("x"), Some("y")), row("gone", Some("x"), None)];
    assert_eq!(revised(&object, &today, Some(&before)), expected);
    let expected = [row("a", Some("x"), Some("y"))];
    assert_eq!(revised(&object, &today, None), expected, "nobody knows of the other any more");
}

#[test]
fn what_depends_on_who_creates_a_task_stays() {
    let today = rules(&json!({"by": "{{ .User.Name }}", "team": "{{ .Nope }}"}));
    let object = task(&json!({"by": "kelos", "team": "x"}), &[]);
    let expected = [row("by", Some("kelos"), Some("kelos")), row("team", Some("x"), None)];
    assert_eq!(revised(&object, &today, None), expected);
}

#[test]
fn a_value_of_others_that_has_to_go_is_told_and_held() {
    let today = rules(&json!({"team": {"value": "a", "allowed": ["a"]}}));
    let object = task(&json!({"team": "b"}), &[("kubectl", "team")]);
    let (key, has, gives, is_held) = revised(&object, &today, None).remove(0);
    assert_eq!(
        (&*key, has.as_deref(), gives.as_deref(), is_held),
        ("team", Some("b"), Some("a"), true)
    );
}

#[test]
fn an_edit_of_the_kelos_field_is_previewed_as_far_as_it_can_be_known() {
    let before = rules_of(&json!({}), &json!({"a": "old", "b": "{{.ID}}", "c": "x", "d": "x"}));
    let edited = json!({"a": "n-{{.Number}}", "b": "{{.Nope}}", "c": "x", "e": "new"});
    let today = rules_of(&json!({}), &edited);
    let object = task(
        &json!({"a": "old", "b": "42", "c": "x", "d": "x"}),
        &[("kelos", "a"), ("kelos", "d")],
    );
    let held = |(key, has, gives, _)| (key, has, gives, true);
    let expected = [
        held(row("a", Some("old"), Some("n-42"))),
        row("b", Some("42"), Some("42")),
        row("c", Some("x"), Some("x")),
        row("e", None, Some("new")),
        held(row("d", Some("x"), None)),
    ];
    assert_eq!(revised(&object, &today, Some(&before)), expected);
}
