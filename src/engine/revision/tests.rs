//! What today's rules change in a stored Task.

use serde_json::json;

use super::*;
use crate::engine::kelos::TaskSpawner;
use crate::engine::rules::Policy;
use crate::templates::Templates;

fn rules(labels: &Value) -> Rules {
    let spawner: TaskSpawner = serde_json::from_value(json!({"metadata": {
        "name": "worker", "annotations": {"metadata.kelos.dev/labels": labels.to_string()},
    }}))
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
    let revision = revise((object, &json, &task), rules, &Facts::default()).unwrap();
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
