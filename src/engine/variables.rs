//! Variables: what templates know of a Task.
//!
//! A variable comes from the Task itself, or follows from Task, TaskSpawner, Workspace and WorkerPool,
//! or is read back out of a field that Kelos rendered. One that none of these tells is not in the map,
//! and a template that asks for it gives `missing_variable`. The names, types and texts are those of
//! Kelos.

mod derive;
mod infer;
mod known;
mod recorded;
mod survey;

use std::borrow::Cow;
use std::sync::Arc;

use self::derive::{FROM_REPOSITORY, Sight};
pub use self::infer::{Inference, NotRead};
use self::known::Known;
pub use self::known::{Origin, Rendered};
use self::recorded::Recorded;
pub use self::survey::{Missing, Survey, Surveyed, survey};
use super::kelos::{
    Kind, Namespace, ObjectMeta, Str, StringMap, Task, TaskSpec, Workspace, is_ours,
};
use super::mark;
use super::render::Uses;
use super::render::value::{Map, Text, Value};
use super::repository;
use super::rules::Rules;

/// What is known about a request besides its Task.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'f> {
    /// The namespace of the request.
    pub namespace_name: &'f str,
    /// The Namespace, if it is known.
    pub namespace: Option<&'f Namespace>,
    /// The Workspace that the Task works in, if it is known.
    pub workspace: Option<&'f Workspace>,
    /// Who creates the Task; nobody outside of admission.
    pub user: Option<&'f User>,
    /// How many bytes of JSON the Task takes, or somewhat more.
    pub task_bytes: usize,
    /// The moment of the request, in seconds since 1970 (UTC).
    pub moment: i64,
}

/// Who creates the Task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The user's name.
    pub name: String,
    /// The user's groups.
    pub groups: Vec<String>,
}

/// Builds the variables that the templates of the rules read.
pub fn variables(task: &Task<'_>, rules: &Rules, facts: &Facts<'_>) -> Arc<Map> {
    let view = View { task, rules, facts, uses: &rules.uses, inference: &rules.inference };
    Arc::new(view.variables().root)
}

/// Variables, and who says what they are.
struct Variables {
    root: Map,
    origins: Vec<(Text, Origin)>,
    not_read: Vec<(Text, NotRead)>,
}

/// The variables that do not come from the source.
const GROUPS: [&str; 6] = ["Annotations", "Task", "Spawner", "Workspace", "Namespace", "User"];

/// Whether the templates need to know the Workspace of a Task.
pub fn need_workspace(uses: &Uses) -> bool {
    uses.has("Workspace") || FROM_REPOSITORY.iter().any(|name| uses.has(name))
}

/// Whether the templates ask for more than the groups, which don't depend on the source.
fn needs_source(uses: &Uses) -> bool {
    uses.all || uses.names.iter().any(|name| !GROUPS.contains(&&**name))
}

struct View<'v, 't> {
    task: &'v Task<'t>,
    rules: &'v Rules,
    facts: &'v Facts<'v>,
    /// What is wanted.
    uses: &'v Uses,
    inference: &'v Inference,
}

impl View<'_, '_> {
    fn variables(&self) -> Variables {
        let mut variables = if needs_source(self.uses) {
            self.source()
        } else {
            Variables { root: Map::new(), origins: Vec::new(), not_read: Vec::new() }
        };
        let mut group = |name: &str, build: &dyn Fn() -> Option<Value>| {
            if let Some(key) = self.uses.key(name)
                && let Some(value) = build()
            {
                variables.origins.push((Text::clone(&key), Origin::Task));
                variables.root.insert(key, value);
            }
        };
        group("Annotations", &|| Some(Value::from(self.inputs(Kind::Annotation))));
        group("Task", &|| Some(self.task()));
        group("Spawner", &|| Some(object(&self.rules.spawner.metadata)));
        group("Workspace", &|| self.facts.workspace.map(workspace));
        group("Namespace", &|| Some(self.namespace()));
        group("User", &|| self.facts.user.map(user));
        variables
    }

    /// What is known about the source: on the Task → derived → inferred.
    fn source(&self) -> Variables {
        let annotations = self.task.entries(Kind::Annotation).into_iter().flatten();
        let inputs = annotations
            .filter(|(key, _)| !self.is_output(Kind::Annotation, key))
            .map(|(key, value)| (&**key, &**value));
        let mut known = Known::new(self.uses);
        let recorded = Recorded::read(inputs, &mut known);
        let sight = Sight {
            task: self.task,
            spawner: &self.rules.spawner,
            workspace: self.facts.workspace,
            recorded: &recorded,
        };
        derive::derive(&sight, &mut known);
        let not_read = self.inference.read(self.task, self.reads_metadata(), &mut known);
        derive::derive_more(&sight, &mut known);
        let (root, origins) = known.into_parts();
        Variables { root, origins, not_read }
    }

    /// Whether labels and annotations are as Kelos rendered them: later some are ours. A Task that can't
    /// be marked would look new again, and tell something else.
    fn reads_metadata(&self) -> bool {
        self.inference.reads_metadata()
            && !mark::is_marked(self.task, self.rules)
            && mark::has_room(self.task, self.rules, self.facts.task_bytes)
    }

    /// The labels or annotations that no template of this Task writes: what it writes is absent the
    /// first time and there the second, and both times must give the same.
    fn inputs(&self, kind: Kind) -> Map {
        let entries = self.task.entries(kind).into_iter().flatten();
        entries
            .filter(|(key, _)| !is_housekeeping(key) && !self.is_output(kind, key))
            .map(|(key, value)| (Text::from(&**key), text(value)))
            .collect()
    }

    fn is_output(&self, kind: Kind, key: &Str<'_>) -> bool {
        self.rules.is_output(kind, key)
    }

    fn task(&self) -> Value {
        let spec = self.task.spec();
        let mut map = Map::new();
        let mut put = |name: &str, value: Option<&str>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                map.insert(name.into(), Value::from(value));
            }
        };
        put("Name", Some(self.task.name()));
        put("GenerateName", Some(self.task.generate_name()));
        put("Namespace", Some(self.facts.namespace_name));
        put("Type", spec.and_then(TaskSpec::agent_type));
        put("Model", spec.and_then(TaskSpec::model));
        put("Effort", spec.and_then(TaskSpec::effort));
        put("Branch", spec.and_then(|spec| spec.branch.as_deref()));
        map.insert("Labels".into(), Value::from(self.inputs(Kind::Label)));
        map.insert("Annotations".into(), Value::from(self.inputs(Kind::Annotation)));
        Value::from(map)
    }

    fn namespace(&self) -> Value {
        match self.facts.namespace {
            Some(namespace) => object(&namespace.metadata),
            None => {
                Value::from(Map::from([("Name".into(), Value::from(self.facts.namespace_name))]))
            }
        }
    }
}

/// A text as a variable: a URL loses what may be secret in it.
fn text(value: &str) -> Value {
    Value::from(repository::clean(value).as_ref())
}

fn strings(map: &StringMap) -> Value {
    let data = map.iter().filter(|(key, _)| !is_housekeeping(key));
    Value::from(data.map(|(key, value)| (Text::from(key.as_str()), text(value))).collect::<Map>())
}

/// Our own carriers, settings and marks, and what kubectl keeps: no data for templates.
fn is_housekeeping(key: &str) -> bool {
    is_ours(key) || key == "kubectl.kubernetes.io/last-applied-configuration"
}

/// An object's name, labels and annotations.
fn object(meta: &ObjectMeta) -> Value {
    Value::from(Map::from([
        ("Name".into(), text(&meta.name)),
        ("Labels".into(), strings(&meta.labels)),
        ("Annotations".into(), strings(&meta.annotations)),
    ]))
}

fn workspace(workspace: &Workspace) -> Value {
    let mut map = Map::from([("Name".into(), text(&workspace.metadata.name))]);
    if let Some(clean) = repository::without_secrets(&workspace.spec.repo) {
        map.insert("Repo".into(), Value::from(clean));
    }
    if let Some(repository) = workspace.repository() {
        if let Some(host) = repository.host() {
            map.insert("Host".into(), text(host));
        }
        map.insert("Owner".into(), text(&repository.owner));
        map.insert("RepoName".into(), text(&repository.name));
    }
    Value::from(map)
}

fn user(user: &User) -> Value {
    let groups = user.groups.iter().map(|group| text(group)).collect::<Vec<_>>();
    let map =
        Map::from([("Name".into(), text(&user.name)), ("Groups".into(), Value::from(groups))]);
    Value::named(&user.name, map)
}

/// `review-state` in camelCase, `reviewState`; with `upper`, `ReviewState`.
fn camel_case(name: &str, upper: bool) -> Cow<'_, str> {
    let mut out = String::with_capacity(name.len());
    let mut raise = upper;
    for c in name.chars() {
        match c {
            '-' | '_' | '.' => raise = !out.is_empty() || upper,
            c if raise => {
                out.extend(c.to_uppercase());
                raise = false;
            }
            c => out.push(c),
        }
    }
    if out == name { Cow::Borrowed(name) } else { Cow::Owned(out) }
}
