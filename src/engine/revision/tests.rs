//! What today's rules change in a stored Task.

use serde_json::json;

use super::*;
use crate::engine::kelos::RENDERED_FROM_MARK;
use crate::engine::kelos::TaskSpawner;
use crate::engine::mark::rendered_from;
use crate::engine::rules::{Policy, Shared};
use crate::engine::variables::Facts;
use crate::engine::{Limits, decide};

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
    Rules::compile(spawner, &Policy::default(), &mut Shared::default())
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

/// The same Task, of which it is noted what it was created with.
fn made(mut task: Value, sent: &[(&str, &str)]) -> Value {
    let mut fields = json!({"f:spec": {}});
    for (map, key) in sent {
        fields["f:metadata"][format!("f:{map}")][format!("f:{key}")] = json!({});
    }
    let entry = json!({"manager": "kelos-spawner", "fieldsV1": fields});
    task["metadata"]["managedFields"].as_array_mut().unwrap().push(entry);
    task
}

#[test]
fn what_no_rule_declares_any_more_is_ours_if_nobody_has_sent_or_written_it() {
    let annotations = json!({"metadata.kelos.dev/labels": json!({
        "o": {"value": r#"{{ index .Annotations "team.example.com/o" }}"#, "default": "none"},
    }).to_string()});
    let spawner: TaskSpawner = serde_json::from_value(json!({
        "metadata": {"name": "worker", "annotations": annotations},
        "spec": {"taskTemplate": {"metadata": {"labels": {"field": "x"}}}},
    }))
    .unwrap();
    let today = Rules::compile(spawner, &Policy::default(), &mut Shared::default());
    let labels = json!({"o": "old", "theirs": "x", "patched": "x", "backfilled": "x", "field": "y",
                        "kelos.dev/taskspawner": "worker"});
    let managed = [("kubectl", "patched"), ("kelos-metadata-backfill", "backfilled")];
    let mut stored = task(&labels, &managed);
    stored["metadata"]["annotations"]["team.example.com/o"] = json!("old");
    stored["metadata"]["annotations"]["team.example.com/theirs"] = json!("x");
    let o = row("o", Some("old"), Some("none"));
    let backfilled = row("backfilled", Some("x"), None);
    let field = row("field", Some("y"), Some("y"));

    // Of what nothing is known, nothing is thrown away, but for what a backfill is noted for.
    let expected = [field.clone(), row("o", Some("old"), Some("old")), backfilled.clone()];
    assert_eq!(revised(&stored, &today, None), expected);

    let sent = [("labels", "theirs"), ("annotations", "team.example.com/theirs")];
    let stored = made(stored, &sent);
    let expected = [field, o, backfilled, row("team.example.com/o", Some("old"), None)];
    assert_eq!(revised(&stored, &today, None), expected);

    let mut unmarked = stored;
    let mark = RENDERED_FROM_MARK;
    unmarked["metadata"]["annotations"].as_object_mut().unwrap().remove(mark);
    let kept = revised(&unmarked, &today, None);
    assert!(kept.iter().all(|(_, has, gives, _)| has == gives), "{kept:?}");
}

#[test]
fn a_name_that_the_api_server_made_is_none() {
    let today = rules(&json!({"name": {"value": "{{ .Task.Name }}", "default": "none"}}));
    for (name, base, gives) in [
        ("w-x7k2m", "w-", "none"),
        ("w-x7k2m", "", "w-x7k2m"),
        ("w-mine", "w-", "w-mine"),
        ("w-aeiou", "w-", "w-aeiou"),
    ] {
        for mark in ["worker@00000000", "x"] {
            let mut object = task(&json!({}), &[]);
            object["metadata"]["name"] = json!(name);
            object["metadata"]["generateName"] = json!(base);
            object["metadata"]["annotations"][RENDERED_FROM_MARK] = json!(mark);
            assert_eq!(revised(&object, &today, None), [row("name", None, Some(gives))], "{name}");
        }
    }
}

/// The marks of a Task of which these keys are written.
fn marks_of(object: &Value, today: &Rules, is_written: impl Fn(&RevisedKey) -> bool) -> Value {
    let json = object.to_string();
    let task = Task::parse(&json).unwrap();
    let rules = Ruled { today, before: None };
    let renewed = renewed(object, &json, &task, rules);
    let new = Task::parse(&renewed.json).unwrap();
    let decision = decide(&new, today, &Facts::default(), &Limits::default());
    let revision = renewed.revision((object, &task), rules, (&new, &decision));
    let [_, (_, skipped), (_, defaulted)] = revision.marks(is_written);
    json!({"skipped": skipped, "defaulted": defaulted})
}

#[test]
fn the_marks_say_of_a_key_that_stays_only_what_is_true_of_it() {
    let today = rules(&json!({
        "new": "x", "lost": "{{ .Nope }}", "user": "{{ .User.Name }}",
        "held": {"value": "a", "allowed": ["a"], "default": "a"},
        "never": "{{ .Never }}",
    }));
    let mut object =
        task(&json!({"lost": "x", "user": "admin", "held": "mine"}), &[("kubectl", "held")]);
    let told = "label:lost=render_error,label:user=not_allowed";
    object["metadata"]["annotations"]["metadata.kelos.dev/defaulted"] = json!(told);
    let never = "label:never=missing_variable(.Never)";
    let kept = marks_of(&object, &today, |it| !it.is_held && it.change() != Change::Lost);
    assert_eq!(kept, json!({"skipped": never, "defaulted": told}));
    let pruned = marks_of(&object, &today, |it| !it.is_held);
    let skipped = format!("label:lost=missing_variable(.Nope),{never}");
    let defaulted = "label:user=not_allowed";
    assert_eq!(pruned, json!({"skipped": skipped, "defaulted": defaulted}));
}

#[test]
fn what_was_read_from_a_label_that_was_removed_stays_after_an_edit_of_something_else() {
    let of = |tt: &str, field: Value, more: &str| {
        let annotations = json!({
            "metadata.kelos.dev/annotations": json!({"tt": tt}).to_string(),
            "metadata.kelos.dev/labels": json!({"x": more}).to_string(),
        });
        let spawner: TaskSpawner = serde_json::from_value(json!({
            "metadata": {"name": "worker", "annotations": annotations},
            "spec": {"when": {"githubIssues": {}}, "taskTemplate": {"metadata": {"labels": field}}},
        }))
        .unwrap();
        Rules::compile(spawner, &Policy::default(), &mut Shared::default())
    };
    let field = json!({"t": "{{.Title}}"});
    let stored = |mark: &str, labels: Value| {
        let mut stored = made(task(&labels, &[]), &[("labels", "t")]);
        stored["metadata"]["annotations"][RENDERED_FROM_MARK] = json!(mark);
        stored["metadata"]["annotations"]["tt"] = json!("A b/c");
        stored
    };
    let gives = |stored: &Value, today: &Rules, before: Option<&Rules>| {
        let all = revised(stored, today, before);
        all.into_iter().find(|(key, ..)| key == "tt").unwrap().2
    };
    let (first, edited) =
        (of("{{.Title}}", field.clone(), "1"), of("{{.Title}}", field.clone(), "2"));
    let mark = rendered_from(&first);
    let (removed, is_there) = (stored(&mark, json!({})), stored(&mark, json!({"t": "A"})));
    let has = Some("A b/c".to_owned());
    for before in [None, Some(&first), Some(&edited)] {
        assert_eq!(gives(&removed, &edited, before), has, "nobody knows its title any more");
    }
    let broken = of("{{.Author}}", field.clone(), "2");
    assert_eq!(gives(&removed, &broken, Some(&first)), None, "the template was edited");
    assert_eq!(gives(&is_there, &broken, None), None, "the label is what Kelos rendered");
    assert_eq!(gives(&is_there, &edited, None), Some("A".to_owned()));
}
