//! Variables: what templates know of a Task.
//!
//! A variable comes from the Task itself, or follows from Task, TaskSpawner, Workspace and WorkerPool,
//! or is read back out of a field that Kelos rendered, or somebody recorded it. One that none of these
//! tells is not in the map, and a template that asks for it gives `missing_variable`. The names, types
//! and texts are those of Kelos. All of it is paid for from the budget of the Task.

mod build;
mod report;

use std::sync::Arc;

pub use self::report::{Missing, ReportedVariable, VariableReport, report};
use super::kelos::{Injection, MARKS, Namespace, Shape, Task, Workspace};
use super::mark;
use super::meter::Meter;
use super::rules::{NewInputs, Rules};
use super::sources::{
    FROM_REPOSITORY, Inference, NotRead, Origin, Question, VariableSet, is_group,
};
use crate::apimachinery::Kind;
use crate::templates::Uses;
use crate::templates::budget::{Budget, Exhausted};
use crate::templates::go::NO_VALUE;
use crate::templates::value::{Map, Text, Value};
use crate::unix_seconds::UnixSeconds;

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
    /// The moment of the request.
    pub moment: UnixSeconds,
}

impl Facts<'_> {
    /// What the Namespace is switched to; one that is not known says nothing.
    pub fn injection(&self) -> Injection {
        self.namespace.map(Namespace::injection).unwrap_or_default()
    }
}

/// Who creates the Task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The user's name.
    pub name: String,
    /// The user's groups.
    pub groups: Vec<String>,
}

/// Builds the variables that the templates of the rules read, at the cost of `budget`. What can't be
/// paid is missing, and then nothing is left.
pub(super) fn variables(
    task: &Task<'_>,
    rules: &Rules,
    facts: &Facts<'_>,
    budget: &mut Budget,
) -> Arc<Map> {
    let meter = Meter::new(*budget);
    let view = View { task, rules, facts, uses: &rules.uses, inference: &rules.inference };
    let variables = view.variables(&meter);
    *budget = meter.left();
    Arc::new(variables.known.into_root())
}

/// Variables, and who says what they are.
struct Variables<'u> {
    known: VariableSet<'u>,
    not_read: Vec<(Text, NotRead)>,
    /// Those that took more to build than a Task may cost.
    too_large: Vec<Text>,
}

/// Whether the templates need to know the Workspace of a Task.
pub fn need_workspace(uses: &Uses) -> bool {
    uses.has("Workspace") || FROM_REPOSITORY.iter().any(|name| uses.has(name))
}

/// Whether the templates read what Kelos rendered into labels and annotations that the Kelos field alone
/// declares.
pub(super) fn reads_new_inputs(rules: &Rules, uses: &Uses) -> bool {
    let NewInputs { labels, annotations, sources } = rules.new_inputs;
    ((labels || annotations) && uses.has(rules.spawner.makes.group()))
        || (annotations && uses.has("Annotations"))
        || (sources && needs_source(rules.spawner.makes, uses))
}

/// Whether the templates ask for more than the groups, which don't depend on the source.
fn needs_source(makes: Shape, uses: &Uses) -> bool {
    // A field of any webhook may be called as a group is in Jinja.
    uses.all || uses.spellings().len() > 0 || uses.names().iter().any(|name| !is_group(makes, name))
}

struct View<'v, 't> {
    task: &'v Task<'t>,
    rules: &'v Rules,
    facts: &'v Facts<'v>,
    /// What is wanted.
    uses: &'v Uses,
    inference: &'v Inference,
}

impl<'v> View<'v, '_> {
    /// The groups come first: a stranger's text, which may be long, can't leave them unpaid.
    fn variables(&self, meter: &'v Meter) -> Variables<'v> {
        let (task, rules, facts) = (self.task, self.rules, self.facts);
        let is_new = self.is_as_kelos_made_it();
        let inputs = Inputs { rules, is_new };
        let (mut groups, mut too_large) = (Vec::new(), Vec::new());
        let mut group =
            |name: &'static str, build: &dyn Fn() -> Result<Option<Value>, Exhausted>| {
                if !self.uses.has(name) {
                    return;
                }
                match build() {
                    Ok(Some(value)) => groups.push((name, value)),
                    Ok(None) => {}
                    Err(_) => too_large.push(name.into()),
                }
            };
        group("Annotations", &|| build::inputs(task, Kind::Annotation, inputs, meter).map(Some));
        group(task.shape().group(), &|| {
            build::task(task, facts.namespace_name, inputs, meter).map(Some)
        });
        let spawner = Some(&rules.spawner.metadata).filter(|meta| !meta.name.is_empty());
        group("Spawner", &|| spawner.map(|meta| build::object(meta, meter)).transpose());
        group("Workspace", &|| facts.workspace.map(|it| build::workspace(it, meter)).transpose());
        group("Namespace", &|| {
            build::namespace(facts.namespace, facts.namespace_name, meter).map(Some)
        });
        group("User", &|| facts.user.map(|user| build::user(user, meter)).transpose());
        let mut known = VariableSet::new(self.uses, meter);
        let not_read = self.source(inputs, &mut known);
        for (name, value) in groups {
            known.set_group(name, value, origin_of_group(name));
        }
        Variables { known, not_read, too_large }
    }

    /// Tells what is known about the source, and gives why some of it was not read.
    fn source(&self, inputs: Inputs<'_>, known: &mut VariableSet<'_>) -> Vec<(Text, NotRead)> {
        if !needs_source(self.rules.spawner.makes, self.uses) {
            return Vec::new();
        }
        let is_input = |key: &str, value: &str| inputs.has(Kind::Annotation, key, value);
        let question = Question {
            task: self.task,
            spawner: &self.rules.spawner,
            workspace: self.facts.workspace,
            is_input: &is_input,
            inference: self.inference,
            reads_metadata: inputs.is_new && self.inference.reads_metadata(),
        };
        question.answer(known)
    }

    /// Whether labels and annotations are as Kelos made them, if anybody reads that: later some are ours. A
    /// Task that can't be marked would look new again, and say something else.
    fn is_as_kelos_made_it(&self) -> bool {
        (self.inference.reads_metadata() || reads_new_inputs(self.rules, self.uses))
            && !mark::is_marked(self.task, self.rules)
            && mark::has_room(self.task, self.rules, self.facts.task_bytes)
    }
}

/// Who says what a group holds.
fn origin_of_group(name: &str) -> Origin {
    match name {
        "Spawner" | "Workspace" | "Namespace" => Origin::Cluster,
        "User" => Origin::Request,
        _ => Origin::Task,
    }
}

/// Which labels and annotations of a Task are inputs.
#[derive(Clone, Copy)]
struct Inputs<'r> {
    rules: &'r Rules,
    /// Whether the Task is as Kelos made it.
    is_new: bool,
}

impl Inputs<'_> {
    /// Whether a key with this value is an input: none that the rules write, but while the Task is new those
    /// that the Kelos field alone declares. What is printed for a variable that is not there says nothing.
    fn has(self, kind: Kind, key: &str, value: &str) -> bool {
        let is_mark = MARKS.contains(&key);
        let is_output = self.rules.is_output(kind, key);
        let is_rendered =
            || self.is_new && self.rules.is_new_input(kind, key) && !value.contains(NO_VALUE);
        !is_mark && (!is_output || is_rendered())
    }
}
