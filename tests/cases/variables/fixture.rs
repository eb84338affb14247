//! The TaskSpawners and Tasks of a source, and what is known of them.

use std::collections::BTreeSet;
use std::path::Path;

use kelos_metadata::engine::Origin;
use kelos_metadata::engine::kelos::{GROUP, Task, group_of};
use kelos_metadata::engine::reason::Reason;
use kelos_metadata::engine::rules::{Infer, Policy};
use kelos_metadata::engine::variables::{Facts, Missing, ReportedVariable, report};
use kelos_metadata::manifests::{self, Manifest};
use kelos_metadata::spawners::{FileObjects, Lookup, ReadObjects, Snapshot, Spawners};
use kelos_metadata::templates::value::Value;
use serde_json::json;

const NAMESPACE: &str = "default";

/// What is known of each variable, Task by Task.
pub(crate) struct Fixture {
    tasks: Vec<Vec<ReportedVariable>>,
}

/// What one Task shows of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Known { value: String, origin: String },
    Missing,
    NotOfSource,
}

impl Fixture {
    /// Reads the file of a source; its TaskSpawners ask for all these variables.
    pub(crate) fn read(source: &str, variables: &BTreeSet<String>) -> Fixture {
        Fixture::with(source, variables, Policy::default())
    }

    /// The same, where the admin has switched inference off.
    pub(crate) fn read_without_inference(source: &str, variables: &BTreeSet<String>) -> Fixture {
        Fixture::with(source, variables, Policy { infer: Infer::Off, ..Policy::default() })
    }

    fn with(source: &str, variables: &BTreeSet<String>, policy: Policy) -> Fixture {
        let file = format!("tests/data/variables/{source}.yaml");
        let (mut read, mut tasks) = (ReadObjects::default(), Vec::new());
        manifests::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(&file), |found| {
            let mut manifest = found.unwrap_or_else(|error| panic!("{error}"));
            ask(&mut manifest, variables);
            if &*manifest.kind == "Task" {
                tasks.push(manifest.clone());
            }
            read.take(Ok(manifest));
        });
        let spawners = Spawners::new(policy.clone());
        let (objects, unusable) = FileObjects::default().update(read);
        assert!(unusable.is_empty(), "{file}: {unusable:?}");
        let mut problems = spawners.replace(objects);
        // Of a run by hand the person gives what the source never has.
        problems.retain(|it| source != "manual" || it.problem.reason != Reason::MissingVariable);
        assert_eq!(problems, [], "{file}");
        let known = spawners.snapshot();
        let reported = |manifest: &Manifest| reported(manifest, &known, &policy);
        Fixture { tasks: tasks.iter().map(reported).collect() }
    }

    /// What each Task shows of a variable.
    pub(crate) fn shown(&self, variable: &str) -> Vec<Shown> {
        let of = |task: &Vec<ReportedVariable>| {
            let found = task.iter().find(|reported| &*reported.name == variable).unwrap();
            match &found.known {
                Ok((value, origin)) => {
                    Shown::Known { value: printed(value), origin: word(origin).to_owned() }
                }
                Err(Missing::NotOfSource(_)) => Shown::NotOfSource,
                Err(_) => Shown::Missing,
            }
        };
        self.tasks.iter().map(of).collect()
    }

    /// The variables that its Tasks have.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.tasks.iter().flatten().map(|reported| reported.name.to_string()).collect()
    }
}

/// Has a TaskSpawner ask for all variables.
fn ask(manifest: &mut Manifest, variables: &BTreeSet<String>) {
    if group_of(&manifest.api_version) == GROUP && &*manifest.kind == "TaskSpawner" {
        let all: String = variables.iter().map(|name| format!("{{{{.{name}}}}}")).collect();
        let mut object = manifest.object();
        object["metadata"]["annotations"]["metadata.kelos.dev/annotations"] =
            json!(json!({ "all": all }).to_string());
        manifest.json = object.to_string().into();
    }
}

fn reported(manifest: &Manifest, known: &Snapshot, policy: &Policy) -> Vec<ReportedVariable> {
    let task = Task::parse(&manifest.json).unwrap();
    let Lookup::Found(spawner) = known.rules(NAMESPACE, &task.owner().unwrap()) else {
        panic!("{} has no TaskSpawner", task.name());
    };
    let workspace = task.spec().and_then(|spec| known.workspace_of(NAMESPACE, spec));
    let facts = Facts { namespace_name: NAMESPACE, workspace, ..Facts::default() };
    report(&task, &spawner.rules, &facts, policy).0
}

fn word(origin: &Origin) -> &'static str {
    match origin {
        Origin::Task => "task",
        Origin::Recorded => "recorded",
        Origin::Cluster => "cluster",
        Origin::Request => "request",
        Origin::Derived => "derived",
        Origin::Inferred(_) => "inferred",
    }
}

fn printed(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::Str(text) => text.to_string(),
        Value::Dual(dual) => match &dual.parts {
            Value::List(names) => names.iter().map(printed).collect::<Vec<_>>().join(", "),
            other => panic!("{other:?}"),
        },
        Value::Map(map) => format!("{map:?}"),
        other => panic!("{other:?}"),
    }
}
