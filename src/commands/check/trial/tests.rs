//! A Task that is tried, and what is said of it.

use super::*;
use crate::cluster::scripted::{ScriptedResponse as Scripted, api_with_bodies, status, versions};

const TASKS: &str = "/apis/kelos.dev/v1alpha2/namespaces/ns/tasks?dryRun=All";
const SPAWNERS: &str = "/apis/kelos.dev/v1alpha2/namespaces/ns/taskspawners";

/// What is said where the API server has this Namespace, and this one TaskSpawner, and answers each Task so by the
/// TaskSpawner that it names.
async fn tried(
    namespace: Option<Value>,
    spawner: Option<Value>,
    answered: fn(&str) -> Value,
) -> String {
    let tasks = Registered::chart(|_| {});
    tried_by(Some(&tasks), None, namespace, spawner, answered).await.to_string()
}

/// The same by this webhook, if it is known, and where these Namespaces are.
async fn tried_by(
    tasks: Option<&Registered>,
    namespaces: Option<&[Namespace]>,
    namespace: Option<Value>,
    spawner: Option<Value>,
    answered: fn(&str) -> Value,
) -> Report {
    let (client, _) = api_with_bodies(move |_, path, body| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        "/api/v1/namespaces/ns" => match &namespace {
            Some(labels) => {
                let metadata = json!({"name": "ns", "labels": labels});
                Scripted::Json(200, json!({ "metadata": metadata }))
            }
            None => Scripted::Json(403, status(403, "Forbidden", "no")),
        },
        TASKS => {
            let owner = body["metadata"]["labels"][TASKSPAWNER_LABEL].as_str().unwrap();
            Scripted::Json(200, answered(owner))
        }
        path if path.starts_with(SPAWNERS) => {
            let items: Vec<&Value> = spawner.iter().collect();
            Scripted::Json(200, json!({"metadata": {}, "items": items}))
        }
        path => panic!("{path}"),
    });
    let asking = Asking { client, ..Asking::scripted(|path| panic!("{path}")) };
    let kelos = Kelos::serving("v1alpha2");
    let asking = &asking;
    let trial = Trial { asking, kelos: &kelos, tasks, namespace: "ns", namespaces };
    let mut report = Report::default();
    trial.run(&mut report).await;
    report
}

#[tokio::test]
async fn a_registration_that_asks_about_no_task_is_to_be_mended_and_no_namespace_to_be_named() {
    type Change = fn(&mut Value);
    let changes: [(Change, &str); 4] = [
        (
            |it| it["rules"][0]["operations"] = json!(["UPDATE"]),
            "none of its rules is for CREATE of tasks in kelos.dev",
        ),
        (
            |it| it["objectSelector"] = json!({"matchLabels": {"team": "x"}}),
            "its objectSelector wants `team in (x)`",
        ),
        (
            |it| it["clientConfig"]["service"]["path"] = json!("/mutate"),
            "it has path /mutate, and only /mutate-task is served",
        ),
        (
            |it| it["matchConditions"] = json!([{"name": "off", "expression": "false"}]),
            "its matchCondition off holds for none",
        ),
    ];
    for (change, why) in changes {
        let tasks = Registered::chart(change);
        let said = tried_by(Some(&tasks), None, Some(json!({})), None, untouched).await;
        let said = said.to_string();
        assert!(said.starts_with("? task: no Task was tried in namespace ns: "), "{said}");
        assert!(said.contains(why) && said.contains("  → mend what is bad above"), "{said}");
    }
    let other = json!([{"name": "mine", "expression": "a == 1"}]);
    let tasks = Registered::chart(|it| it["matchConditions"] = other);
    let said = tried_by(Some(&tasks), None, Some(json!({})), None, untouched).await.to_string();
    assert!(said.contains("is not judged: `a == 1`\n  → compare what is registered"), "{said}");
    let off = Some(json!({INJECTION_SETTING: "disabled"}));
    let said = tried(off, None, untouched).await;
    assert!(said.contains("  → name one that is served: -n NAMESPACE"), "{said}");
}

#[tokio::test]
async fn who_may_not_see_the_registration_has_a_task_tried_and_may_learn_that_it_is_answered() {
    let answered = |_: &str| json!({"metadata": {"annotations": {RENDERED_FROM_MARK: "w@1"}}});
    let said = tried_by(None, None, None, None, answered).await.to_string();
    assert!(said.starts_with("✓ task: a Task in namespace ns was answered"), "{said}");
    let said = tried_by(None, None, None, None, untouched).await.to_string();
    assert!(said.starts_with("? task: a Task in namespace ns was created"), "{said}");
    assert!(said.contains("for what is registered is not known\n  → ask as"), "{said}");
}

#[tokio::test]
async fn a_namespace_that_is_not_there_is_a_mistake_of_whoever_asks() {
    let tasks = Registered::chart(|_| {});
    let said = tried_by(Some(&tasks), Some(&[]), None, None, untouched).await;
    let text = "? task: no Task was tried: there is no namespace ns\n";
    assert!(said.to_string().starts_with(text), "{said}");
    let of = |status| format!("{status:?}");
    assert_eq!(of(said.status()), of(std::process::ExitCode::from(2)));
}

fn untouched(_: &str) -> Value {
    json!({"metadata": {"name": NAME}})
}

#[tokio::test]
async fn who_may_not_see_the_switch_of_the_namespace_is_not_told_that_nobody_answers() {
    let unknown = tried(None, None, untouched).await;
    assert!(unknown.starts_with("? task: a Task in namespace ns was created"), "{unknown}");
    assert!(unknown.contains("the labels of Namespace ns are not known"), "{unknown}");
    let on = tried(Some(json!({})), None, untouched).await;
    assert!(on.starts_with("✗ task: "), "{on}");
    let off = tried(Some(json!({INJECTION_SETTING: "disabled"})), None, untouched).await;
    assert!(off.starts_with("? task: no Task was tried in namespace ns: "), "{off}");
}

#[tokio::test]
async fn rules_that_leave_no_mark_are_no_sign_that_nobody_answers() {
    let annotations = json!({"metadata.kelos.dev/pod-labels-from-task": "a"});
    let spawner = json!({"metadata": {"name": "w", "annotations": annotations}});
    let marked = |owner: &str| match owner {
        "w" => json!({"metadata": {"annotations": {RENDERED_FROM_MARK: "w@0123abcd"}}}),
        other => panic!("{other}"),
    };
    let said = tried(Some(json!({})), Some(spawner.clone()), marked).await;
    assert!(said.contains("it has the mark `w@0123abcd`"), "{said}");
    let said = tried(Some(json!({})), Some(spawner), untouched).await;
    assert!(said.starts_with("✗ task: "), "the webhook says nothing of another one: {said}");
}

fn answer(annotations: Value, warnings: &[&str]) -> Answer {
    Answer {
        object: json!({"metadata": {"annotations": annotations}}),
        warnings: warnings.iter().map(|it| (*it).to_owned()).collect(),
        time: None,
    }
}

#[test]
fn only_what_the_webhook_writes_proves_that_it_answered() {
    assert_eq!(proof(&answer(json!(null), &[]), Some("w")), None);
    assert_eq!(proof(&answer(json!({"a": "b"}), &["deprecated"]), None), None);
    let mark = json!({RENDERED_FROM_MARK: "w@0123abcd"});
    let proved = proof(&answer(mark, &[]), Some("w")).unwrap();
    assert_eq!(proved, "it has the mark `w@0123abcd`");
    for warning in [
        "kelos-metadata: nothing was added: x",
        "audit: label a=b",
        "there is no TaskSpawner kelos-metadata-check in this namespace",
    ] {
        assert!(proof(&answer(json!(null), &[warning]), None).is_some(), "{warning}");
    }
}

#[test]
fn a_refusal_says_whose_it_is() {
    for (code, message, said) in [
        (
            403,
            "tasks is forbidden: User x cannot create resource tasks",
            "? task: a Task by dry run: you lack",
        ),
        (403, "denied by a policy", "? task: a Task by dry run was refused: "),
        (404, "namespaces not found", "? task: no Task was tried: there is no namespace ns"),
        (
            500,
            "failed calling webhook \"mtask.metadata.kelos.dev\": x",
            "✗ task: no Task can be created: ",
        ),
    ] {
        let status = serde_json::from_value(status(code, "", message)).unwrap();
        let mut report = Report::default();
        refused(&Error::Api(Box::new(status)), "ns", &mut report);
        assert!(report.to_string().starts_with(said), "{report}");
    }
}
