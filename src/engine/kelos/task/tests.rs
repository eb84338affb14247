//! Which TaskSpawner a Task belongs to, and what is read of it however it is made.

use super::*;

fn owner(json: &str) -> Option<(String, Option<String>)> {
    let task = Task::parse(json).unwrap();
    task.owner().map(|owner| (owner.name.to_owned(), owner.uid.map(str::to_owned)))
}

#[test]
fn a_controller_reference_counts_alone() {
    let controller = |group: &str, kind: &str| {
        format!(
            r#"{{"metadata": {{"labels": {{"kelos.dev/taskspawner": "label"}}, "ownerReferences": [
                {{"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "1"}},
                {{"apiVersion": "{group}", "kind": "{kind}", "name": "ref", "uid": "2", "controller": true}}
            ]}}}}"#
        )
    };
    let ours = Some(("ref".to_owned(), Some("2".to_owned())));
    assert_eq!(owner(&controller("kelos.dev/v1alpha2", "TaskSpawner")), ours);
    assert_eq!(owner(&controller("kelos.dev/v9", "TaskSpawner")), ours);
    assert_eq!(owner(&controller("kelos.dev/v1alpha2", "Session")), None);
    assert_eq!(owner(&controller("example.com/v1", "TaskSpawner")), None);
}

#[test]
fn without_one_the_label_counts_and_then_the_annotation() {
    let label = r#""labels": {"kelos.dev/taskspawner": "a"}"#;
    let annotation = r#""annotations": {"kelos.dev/created-from-taskspawner": "b"}"#;
    let named = |name: &str| Some((name.to_owned(), None));
    assert_eq!(owner(&format!(r#"{{"metadata": {{{label}, {annotation}}}}}"#)), named("a"));
    assert_eq!(owner(&format!(r#"{{"metadata": {{{annotation}}}}}"#)), named("b"));
    let empty = r#""labels": {"kelos.dev/taskspawner": ""}"#;
    assert_eq!(owner(&format!(r#"{{"metadata": {{{empty}, {annotation}}}}}"#)), named("b"));
    assert_eq!(owner(r#"{"metadata": {"labels": null}}"#), None);
    assert_eq!(owner("{}"), None);
}

#[test]
fn a_spec_of_any_shape_is_read_as_far_as_it_goes() {
    let spec = |spec: &str| {
        let json = format!(r#"{{"spec": {spec}}}"#);
        let task = Task::parse(&json).unwrap();
        let spec = task.spec().cloned().unwrap_or_default();
        (spec.model().map(str::to_owned), spec.workspace().map(str::to_owned))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(spec(r#"{"model": "m", "workspaceRef": {"name": "w"}}"#), (some("m"), some("w")));
    assert_eq!(
        spec(r#"{"worker": {"model": "m", "workspaceRef": {"name": "w"}}}"#),
        (some("m"), some("w"))
    );
    assert_eq!(spec(r#"{"model": 5, "workspaceRef": {"name": "w"}}"#), (None, some("w")));
    assert_eq!(spec("null"), (None, None));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let with_deep = format!(r#"{{"prompt": {deep}, "model": "m", "branch": {deep}}}"#);
    assert_eq!(spec(&with_deep), (some("m"), None));
}
