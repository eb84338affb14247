//! Variables: what templates know of a Task.
//!
//! A variable comes from the Task itself, or follows from Task, TaskSpawner, Workspace and WorkerPool,
//! or is read back out of a field that Kelos rendered, or somebody recorded it. One that none of these
//! tells is not in the map, and a template that asks for it gives `missing_variable`. The names, types
//! and texts are those of Kelos. All of it is paid for from the budget of the Task.

mod build;
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
use super::kelos::{Kind, Namespace, Task, Workspace};
use super::mark;
use super::meter::Meter;
use super::render::Uses;
use super::render::budget::{Budget, Exhausted};
use super::render::value::{Map, Text, Value};
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
    Arc::new(variables.root)
}

/// Variables, and who says what they are.
struct Variables {
    root: Map,
    origins: Vec<(Text, Origin)>,
    not_read: Vec<(Text, NotRead)>,
    /// Those that took more to build than a Task may cost.
    too_large: Vec<Text>,
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
    /// The groups come first: a stranger's text, which may be long, can't leave them unpaid.
    fn variables(&self, meter: &Meter) -> Variables {
        let (task, rules, facts) = (self.task, self.rules, self.facts);
        let (mut groups, mut too_large) = (Vec::new(), Vec::new());
        let mut group = |name: &str, build: &dyn Fn() -> Result<Option<Value>, Exhausted>| {
            let Some(key) = self.uses.key(name) else { return };
            match build() {
                Ok(Some(value)) => groups.push((key, value)),
                Ok(None) => {}
                Err(_) => too_large.push(key),
            }
        };
        group("Annotations", &|| build::inputs(task, Kind::Annotation, rules, meter).map(Some));
        group("Task", &|| build::task(task, facts.namespace_name, rules, meter).map(Some));
        group("Spawner", &|| build::object(&rules.spawner.metadata, meter).map(Some));
        group("Workspace", &|| facts.workspace.map(|it| build::workspace(it, meter)).transpose());
        group("Namespace", &|| {
            build::namespace(facts.namespace, facts.namespace_name, meter).map(Some)
        });
        group("User", &|| facts.user.map(|user| build::user(user, meter)).transpose());
        let mut variables = Variables { too_large, ..self.source(meter) };
        for (key, value) in groups {
            variables.origins.push((Text::clone(&key), Origin::Task));
            variables.root.insert(key, value);
        }
        variables
    }

    /// What is known about the source: on the Task by Kelos itself → derived → read back → what stands
    /// in for that → recorded by others.
    fn source(&self, meter: &Meter) -> Variables {
        let mut known = Known::new(self.uses, meter);
        let mut not_read = Vec::new();
        if needs_source(self.uses) {
            let recorded = Recorded::read(self.task, self.rules, &mut known);
            let sight = Sight {
                task: self.task,
                spawner: &self.rules.spawner,
                workspace: self.facts.workspace,
                recorded: &recorded,
            };
            derive::derive(&sight, &mut known);
            let number = derive::page_number(&sight);
            let metadata = self.reads_metadata();
            not_read = self.inference.read(self.task, metadata, number, &mut known);
            derive::derive_more(&sight, &mut known);
            known.let_stand_in();
            recorded.tell_by_name(&mut known);
        }
        let (root, origins) = known.into_parts();
        Variables { root, origins, not_read, too_large: Vec::new() }
    }

    /// Whether labels and annotations are as Kelos rendered them: later some are ours. A Task that can't
    /// be marked would look new again, and tell something else.
    fn reads_metadata(&self) -> bool {
        self.inference.reads_metadata()
            && !mark::is_marked(self.task, self.rules)
            && mark::has_room(self.task, self.rules, self.facts.task_bytes)
    }
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
