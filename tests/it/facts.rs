//! docs/facts.md: each way that it shows makes the fact known, on a Task as that version of Kelos makes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kelos_metadata::engine::kelos::{Task, TaskSpawner};
use kelos_metadata::engine::rules::{Policy, Rules, Shared};
use kelos_metadata::engine::variables::{Facts, report};
use serde_json::{Map, Value, json};
use testing::inference::{plain, rendered};

/// What makes a Task of a TaskSpawner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kelos {
    /// It does not know `taskTemplate.metadata`, and names no owner.
    V024,
    /// It names no owner.
    V025,
    /// As later ones.
    V026,
}

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/facts.md")).unwrap()
}

/// What the page says to write under a heading: its only block of YAML.
fn shown(heading: &str) -> Value {
    let page = page();
    let (_, rest) = page.split_once(&format!("## {heading}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let blocks: Vec<&str> = section.split("```yaml\n").skip(1).collect();
    let [block] = blocks[..] else { panic!("{heading} has {} blocks", blocks.len()) };
    serde_saphyr::from_str(block.split("```").next().unwrap()).unwrap()
}

/// The TaskSpawner with what the page says, and the Task that Kelos makes of it: `values` are the variables
/// of its source.
fn known(
    kelos: Kelos,
    source: &str,
    heading: &str,
    values: &Value,
) -> BTreeMap<String, (Value, String)> {
    let mut spawner = shown(heading);
    let values: BTreeMap<String, Value> = serde_json::from_value(values.clone()).unwrap();
    let rendered = |template: &Value| json!(rendered(template.as_str().unwrap(), &values));
    let template = &spawner["spec"]["taskTemplate"];
    let prompt = rendered(template.get("promptTemplate").unwrap_or(&json!("Do it.")));
    let field = template.pointer("/metadata/annotations").and_then(Value::as_object);
    let field = field.filter(|_| kelos != Kelos::V024);
    let mut annotations: Map<String, Value> = (field.into_iter().flatten())
        .map(|(key, template)| (key.clone(), rendered(template)))
        .collect();
    if source == "githubIssues" {
        annotations.insert("kelos.dev/source-kind".to_owned(), json!("issue"));
        annotations.insert("kelos.dev/source-number".to_owned(), json!("42"));
    }
    let version = if kelos == Kelos::V026 { "kelos.dev/v1alpha2" } else { "kelos.dev/v1alpha1" };
    let owner = json!([{"apiVersion": version, "kind": "TaskSpawner", "name": "worker", "uid": "1",
        "controller": true}]);
    let name = if source == "githubIssues" { "worker-42" } else { "worker-issues-0a1b2c3d4e5f" };
    let task = json!({
        "apiVersion": version,
        "kind": "Task",
        "metadata": {
            "name": name,
            "labels": {"kelos.dev/taskspawner": "worker"},
            "annotations": annotations,
            "ownerReferences": if kelos == Kelos::V026 { owner } else { json!([]) },
        },
        "spec": {"prompt": prompt},
    });
    spawner["metadata"] = json!({"name": "worker", "uid": "1"});
    spawner["spec"]["when"] = json!({source: {"events": ["issues"]}});
    if spawner["spec"]["taskTemplate"].get("promptTemplate").is_none() {
        spawner["spec"]["taskTemplate"]["promptTemplate"] = json!("Do it.");
    }
    variables(spawner, &task)
}

fn variables(spawner: Value, task: &Value) -> BTreeMap<String, (Value, String)> {
    let spawner: TaskSpawner = serde_json::from_value(spawner).unwrap();
    let policy = Policy::default();
    let rules = Rules::compile(spawner, &policy, &mut Shared::default());
    let json = task.to_string();
    let task = Task::parse(&json).unwrap();
    let reported = report(&task, &rules, &Facts::default(), &policy).0.into_iter();
    reported
        .filter_map(|it| Some((it.name, it.known.ok()?)))
        .map(|(name, (value, origin))| (name.to_string(), (plain(&value), origin.to_string())))
        .collect()
}

/// An issue as Kelos's polled sources have it.
fn issue() -> Value {
    json!({"Title": "Fix the login page", "Body": "It hangs.", "Number": 42,
        "Labels": ["bug", "priority/high"], "Context": {"author": "octocat"}})
}

#[test]
fn a_line_in_the_kelos_field_tells_the_labels() {
    for kelos in [Kelos::V025, Kelos::V026] {
        let known = known(kelos, "githubIssues", "A line in the Kelos field", &issue());
        let labels = json!(["bug", "priority/high"]);
        let from = "inferred from annotation kelos.dev/source-labels".to_owned();
        assert_eq!(known["Labels"], (labels, from), "{kelos:?}");
    }
    // Where Kelos has no such field, another way is shown.
    let known = known(Kelos::V024, "githubIssues", "A line in the Kelos field", &issue());
    assert!(!known.contains_key("Labels"));
}

#[test]
fn a_line_over_the_payload_tells_labels_author_and_milestone() {
    // The chain gives an empty text where there is no milestone.
    for milestone in ["v1.2", ""] {
        let get =
            json!({"GetUser": {"GetLogin": "octocat"}, "GetMilestone": {"GetTitle": milestone}});
        let issue = json!({"Labels": [{"Name": "bug"}, {"Name": "priority/high"}]});
        let event = json!({"Payload": {"Issue": issue, "GetIssue": get}});
        let known = known(Kelos::V026, "githubWebhook", "A line over the payload", &event);
        assert_eq!(known["Labels"].0, json!(["bug", "priority/high"]));
        assert_eq!(known["Author"].0, json!("octocat"));
        assert_eq!(known["Milestone"].0, json!(milestone));
    }
}

#[test]
fn a_line_in_the_prompt_tells_what_it_prints() {
    for kelos in [Kelos::V024, Kelos::V025, Kelos::V026] {
        let known = known(kelos, "githubIssues", "A line in the prompt", &issue());
        let from = "inferred from promptTemplate";
        assert_eq!(
            known["Labels"],
            (json!(["bug", "priority/high"]), from.to_owned()),
            "{kelos:?}"
        );
        assert_eq!(known["Title"], (json!("Fix the login page"), from.to_owned()), "{kelos:?}");
    }
}

#[test]
fn a_context_source_tells_what_it_fetched() {
    let known = known(Kelos::V026, "githubIssues", "A context source", &issue());
    assert_eq!(known["Context"].0, json!({"author": "octocat"}));
    assert_eq!(known["Title"].0, json!("Fix the login page"));
}

#[test]
fn every_way_of_the_page_is_tried() {
    let page = page();
    let ways = page.split("\n## ").skip(1).map(|section| section.lines().next().unwrap());
    let tried = [
        "A line in the Kelos field",
        "A line over the payload",
        "A line in the prompt",
        "A context source",
    ];
    assert_eq!(ways.collect::<Vec<_>>(), tried);
    assert_eq!(page.matches("```yaml").count(), tried.len(), "one block each");
}
