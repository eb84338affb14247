//! What a Task has beside what today's rules give it.

use serde_json::json;

use super::*;
use crate::engine::kelos::TaskSpawner;
use crate::engine::rules::{Policy, Rules, Shared};
use crate::engine::variables::Facts;
use crate::engine::{Limits, decide};

#[test]
fn a_change_is_what_differs() {
    for (has, gives, change) in [
        (None, None, Change::Same),
        (Some("a"), Some("a"), Change::Same),
        (None, Some("a"), Change::Added),
        (Some("a"), Some("b"), Change::Changed),
        (Some("a"), None, Change::Lost),
    ] {
        assert_eq!(Change::between(has, gives), change, "{has:?} {gives:?}");
    }
}

#[test]
fn each_key_of_the_rules_is_compared_and_what_others_wrote_stays() {
    let labels = json!({
        "same": "x", "added": "{{ .Number }}", "changed": "new", "lost": "{{ .Nope }}", "theirs": "ours",
        "never": "{{ .Nope }}", "user": "{{ .User.Name }}",
    });
    let spawner: TaskSpawner = serde_json::from_value(json!({"metadata": {
        "name": "worker", "annotations": {"metadata.kelos.dev/labels": labels.to_string()},
    }}))
    .unwrap();
    let rules = Rules::compile(spawner, &Policy::default(), &mut Shared::default());
    let task = |labels: serde_json::Value| {
        let annotations = json!({"kelos.dev/source-number": "42"});
        json!({"metadata": {"labels": labels, "annotations": annotations}}).to_string()
    };
    let stored = task(
        json!({"same": "x", "changed": "old", "lost": "gone", "theirs": "theirs", "user": "ann"}),
    );
    let new = task(json!({"theirs": "theirs"}));
    let (stored, new) = (Task::parse(&stored).unwrap(), Task::parse(&new).unwrap());
    let decision = decide(&new, &rules, &Facts::default(), &Limits::default());
    let compared = compare(&stored, &new, &decision, Ruled { today: &rules, before: None });
    let found: Vec<_> = compared.iter().map(|it| (it.decision.key, it.change())).collect();
    let expected = [
        ("added", Change::Added),
        ("changed", Change::Changed),
        ("lost", Change::Lost),
        ("never", Change::Same),
        ("same", Change::Same),
        ("theirs", Change::Same),
        ("user", Change::Same),
    ];
    assert_eq!(found, expected);
    let open = compared.iter().filter(|it| it.is_open).map(|it| it.decision.key);
    assert_eq!(open.collect::<Vec<_>>(), ["user"]);
}
