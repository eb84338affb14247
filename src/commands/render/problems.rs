//! What teams have to fix, as far as it matters for the Tasks that are shown.

use std::collections::BTreeSet;

use super::super::counted::counted;
use super::super::read::namespace_of;
use super::super::stdio::complain;
use crate::apimachinery::Kind;
use crate::engine::kelos::{Shape, Task};
use crate::manifests::Manifest;
use crate::spawners::SpawnerProblem;

/// A problem that was shown with a Task.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ShownProblem {
    pub(super) makes: Shape,
    pub(super) namespace: String,
    pub(super) spawner: String,
    pub(super) kind: Kind,
    pub(super) key: String,
    /// What is wrong, without its place.
    pub(super) message: String,
}

impl ShownProblem {
    fn is(&self, it: &SpawnerProblem) -> bool {
        let SpawnerProblem { makes, namespace, spawner, problem } = it;
        (self.makes, &self.namespace, &self.spawner, self.kind, &self.key)
            == (*makes, namespace, spawner, problem.kind, &problem.key)
            && problem.message.starts_with(&self.message)
    }
}

/// Tells what is wrong in the TaskSpawners of the Tasks and was not shown with one; in all of them if there is no
/// Task.
pub(super) fn tell(
    problems: &[SpawnerProblem],
    tasks: &[Manifest],
    shown: &[ShownProblem],
    namespace: &str,
) {
    let owners: BTreeSet<(Shape, String, String)> =
        tasks.iter().filter_map(|task| owner(task, namespace)).collect();
    let is_of_tasks = |it: &&SpawnerProblem| {
        tasks.is_empty() || owners.contains(&(it.makes, it.namespace.clone(), it.spawner.clone()))
    };
    let (told, others): (Vec<_>, Vec<_>) = problems.iter().partition(is_of_tasks);
    for problem in told.into_iter().filter(|it| !shown.iter().any(|shown| shown.is(it))) {
        complain(problem);
    }
    if !others.is_empty() {
        complain(format_args!(
            "{} in spawners that have nothing to do with what is shown: `render -f` with the spawners alone shows them",
            counted(others.len(), "more problem")
        ));
    }
}

/// What the spawner of a Task or Session makes, its namespace and its name.
fn owner(manifest: &Manifest, namespace: &str) -> Option<(Shape, String, String)> {
    let shape = manifest.kind.parse().ok()?;
    let made = Task::parse_as(shape, &manifest.json).ok()?;
    let object = manifest.object();
    Some((shape, namespace_of(&object, namespace).to_owned(), made.owner()?.name.to_owned()))
}
