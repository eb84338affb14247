//! A TaskSpawner with templates, and a Task with what Kelos made of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use kelos_metadata::engine::kelos::{Task, TaskSpawner, Workspace};
use kelos_metadata::engine::rules::{Policy, Rules, Shared};
use kelos_metadata::engine::variables::{Facts, report};
use kelos_metadata::templates::budget::Budget;
use kelos_metadata::templates::value::{Map, Value as Variable};
use kelos_metadata::templates::{Syntax, Template};
use serde::Deserialize;
use serde_json::{Value, json};

/// A template, and the text that is on the Task.
type Pair = (String, String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    #[serde(default = "github_issues")]
    pub source: String,
    /// Annotations of the Task.
    #[serde(default)]
    pub on: BTreeMap<String, String>,
    #[serde(default)]
    pub prompt: Option<Pair>,
    #[serde(default)]
    pub branch: Option<Pair>,
    #[serde(default, rename = "nameTemplate")]
    pub name_template: Option<Pair>,
    #[serde(default)]
    pub labels: BTreeMap<String, Pair>,
    #[serde(default)]
    pub annotations: BTreeMap<String, Pair>,
    /// The name of the Task, where no template makes it.
    #[serde(default)]
    pub name_of_task: Option<String>,
    /// The repository of the Task's Workspace, as it is typed.
    #[serde(default)]
    pub workspace: Option<String>,
    /// What `when` says of its source.
    #[serde(default)]
    pub when: BTreeMap<String, Value>,
    /// What the TaskSpawner says about reading back.
    #[serde(default)]
    pub infer: Option<String>,
}

fn github_issues() -> String {
    "githubIssues".to_owned()
}

impl Sample {
    pub fn of_prompt(source: &str, template: &str, text: &str) -> Sample {
        Sample {
            source: source.to_owned(),
            on: BTreeMap::new(),
            prompt: Some((template.to_owned(), text.to_owned())),
            branch: None,
            name_template: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            name_of_task: None,
            workspace: None,
            when: BTreeMap::new(),
            infer: None,
        }
    }

    /// All variables that are known, and who says so.
    pub fn known(&self) -> BTreeMap<String, (Value, String)> {
        let spawner: TaskSpawner = serde_json::from_value(self.spawner()).unwrap();
        let policy = Policy::default();
        let rules = Rules::compile(spawner, &policy, &mut Shared::default());
        let json = self.task().to_string();
        let task = Task::parse(&json).unwrap();
        let workspace: Option<Workspace> = self.workspace.as_ref().map(|repo| {
            let workspace = json!({"metadata": {"name": "w"}, "spec": {"repo": repo}});
            serde_json::from_value(workspace).unwrap()
        });
        let facts = Facts { workspace: workspace.as_ref(), ..Facts::default() };
        let reported = report(&task, &rules, &facts, &policy).0.into_iter();
        reported
            .filter_map(|it| Some((it.name, it.known.ok()?)))
            .map(|(name, (value, origin))| (name.to_string(), (plain(&value), origin.to_string())))
            .collect()
    }

    fn spawner(&self) -> Value {
        let template = |pair: &Option<Pair>| pair.as_ref().map(|(template, _)| template.clone());
        let templates = |pairs: &BTreeMap<String, Pair>| {
            let templates = pairs.iter().map(|(key, (template, _))| (key.clone(), json!(template)));
            Value::Object(templates.collect())
        };
        let annotations =
            self.infer.as_ref().map(|infer| json!({"metadata.kelos.dev/infer": infer}));
        json!({
            "metadata": {"name": "worker", "annotations": annotations},
            "spec": {
                "when": {self.source.as_str(): self.when},
                "taskTemplate": {
                    // Without a template of its own a TaskSpawner has Kelos's.
                    "promptTemplate": template(&self.prompt).unwrap_or_else(|| "Do it.".to_owned()),
                    "branch": template(&self.branch),
                    "nameTemplate": template(&self.name_template),
                    "metadata": {
                        "labels": templates(&self.labels),
                        "annotations": templates(&self.annotations),
                    },
                },
            },
        })
    }

    fn task(&self) -> Value {
        let text = |pair: &Option<Pair>| pair.as_ref().map(|(_, text)| text.clone());
        let texts = |pairs: &BTreeMap<String, Pair>| {
            let texts = pairs.iter().map(|(key, (_, text))| (key.clone(), json!(text)));
            texts.collect::<serde_json::Map<_, _>>()
        };
        let mut annotations = texts(&self.annotations);
        annotations.extend(self.on.iter().map(|(key, value)| (key.clone(), json!(value))));
        json!({
            "metadata": {
                "name": text(&self.name_template)
                    .or_else(|| self.name_of_task.clone())
                    .unwrap_or_else(|| "worker-x".to_owned()),
                "labels": texts(&self.labels),
                "annotations": annotations,
                "ownerReferences": [{
                    "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner", "name": "worker",
                    "uid": "1", "controller": true,
                }],
            },
            "spec": {"prompt": text(&self.prompt).unwrap_or_else(|| "Do it.".to_owned()), "branch": text(&self.branch)},
        })
    }
}

/// What Kelos makes of a template: labels are a text there.
pub fn rendered(template: &str, values: &BTreeMap<String, Value>) -> String {
    let template = Template::compile(template, Syntax::Go).unwrap();
    let variables: Map = values
        .iter()
        .map(|(name, value)| {
            let value = match value.as_array() {
                Some(labels) => {
                    let labels: Vec<_> = labels.iter().filter_map(Value::as_str).collect();
                    Variable::from(labels.join(", "))
                }
                None => Variable::from(value.clone()),
            };
            (name.as_str().into(), value)
        })
        .collect();
    template.render(&Arc::new(variables), &mut Budget::template()).unwrap().into()
}

/// A variable as JSON.
pub fn plain(value: &Variable) -> Value {
    match value {
        Variable::Int(number) => json!(number),
        Variable::Str(text) => json!(&**text),
        Variable::Dual(dual) => plain(&dual.parts),
        Variable::List(items) => items.iter().map(plain).collect(),
        Variable::Map(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.to_string(), plain(value))).collect())
        }
        other => panic!("{other:?}"),
    }
}
