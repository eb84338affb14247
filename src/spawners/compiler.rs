//! TaskSpawners → rules, while a snapshot is made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::SpawnerProblem;
use super::namespaced::Namespaced;
use super::snapshot::{Known, Snapshot};
use crate::cluster::Change;
use crate::engine::kelos::TaskSpawner;
use crate::engine::render::Templates;
use crate::engine::rules::{Policy, Rules};

/// What turns a TaskSpawner into rules: [`Rules::compile`].
pub(super) type Compile = fn(Arc<TaskSpawner>, &Policy, &mut Templates) -> Rules;

/// Compiles the rules of one TaskSpawner. A panic, which would be a bug of ours, costs nothing but
/// them: they become a problem. The panic hook has logged the place by then.
pub(super) fn compile_guarded(
    compile: Compile,
    spawner: &Arc<TaskSpawner>,
    policy: &Policy,
    templates: &mut Templates,
) -> Rules {
    // Templates are kept when they are whole, so that what is left of them is in order.
    let attempt = AssertUnwindSafe(|| compile(Arc::clone(spawner), policy, templates));
    catch_unwind(attempt).unwrap_or_else(|_| Rules::not_compiled(Arc::clone(spawner), policy))
}

/// What turns TaskSpawners into rules while a snapshot is made.
pub(super) struct Compiler<'c> {
    compile: Compile,
    policy: &'c Policy,
    templates: &'c mut Templates,
    problems: Vec<SpawnerProblem>,
}

impl<'c> Compiler<'c> {
    pub(super) fn new(
        compile: Compile,
        policy: &'c Policy,
        templates: &'c mut Templates,
    ) -> Compiler<'c> {
        Compiler { compile, policy, templates, problems: Vec::new() }
    }

    /// The problems of the TaskSpawners that were compiled.
    pub(super) fn problems(self) -> Vec<SpawnerProblem> {
        self.problems
    }

    pub(super) fn spawners(&mut self, next: &mut Snapshot, changed: Change<Arc<TaskSpawner>>) {
        match changed {
            Change::All(spawners) => {
                let old = std::mem::take(&mut next.spawners);
                for spawner in spawners {
                    self.spawner(&old, &mut next.spawners, spawner);
                }
            }
            Change::One(spawner) => {
                let old = next.spawners.clone();
                // Most changes are to the status, which the rules do not know of.
                if !has(&old, &spawner) {
                    self.spawner(&old, &mut next.spawners, spawner);
                }
            }
            Change::Gone { namespace, name } => next.spawners.remove(&namespace, &name),
        }
    }

    /// Puts one TaskSpawner in its place, with the rules that it had if it has not changed.
    fn spawner(
        &mut self,
        old: &Namespaced<Known>,
        next: &mut Namespaced<Known>,
        spawner: Arc<TaskSpawner>,
    ) {
        let (namespace, name) = (&spawner.metadata.namespace, &spawner.metadata.name);
        let unchanged = old.get(namespace, name).filter(|known| known.rules.spawner == spawner);
        let known = unchanged.cloned().unwrap_or_else(|| {
            let rules = compile_guarded(self.compile, &spawner, self.policy, self.templates);
            self.problems.extend(rules.problems.iter().map(|problem| SpawnerProblem {
                namespace: namespace.clone(),
                spawner: name.clone(),
                problem: problem.clone(),
            }));
            Arc::new(Known::new(rules))
        });
        next.insert(namespace, name, known);
    }
}

/// Whether this TaskSpawner is known just as it is.
fn has(known: &Namespaced<Known>, spawner: &Arc<TaskSpawner>) -> bool {
    known
        .get(&spawner.metadata.namespace, &spawner.metadata.name)
        .is_some_and(|known| known.rules.spawner == *spawner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ClusterChange, Spawners};
    use super::*;
    use crate::engine::kelos::LABELS_CARRIER;
    use crate::engine::reason::Reason;

    fn spawner(name: &str, label: &str) -> Arc<TaskSpawner> {
        let labels = json!({ "a": label }).to_string();
        let json = json!({"metadata": {"name": name, "namespace": "ns", "uid": "1",
                                       "annotations": {LABELS_CARRIER: labels}}});
        Arc::new(serde_json::from_value(json).unwrap())
    }

    /// Compiles as always, with a bug that one TaskSpawner meets.
    fn with_a_bug(spawner: Arc<TaskSpawner>, policy: &Policy, templates: &mut Templates) -> Rules {
        let rules = Rules::compile(Arc::clone(&spawner), policy, templates);
        assert_ne!(spawner.metadata.annotations[LABELS_CARRIER], "{\"a\":\"SECRET\"}");
        rules
    }

    fn keys(spawners: &Spawners, name: &str) -> Option<usize> {
        let known = spawners.snapshot();
        known.all_rules().find_map(|(_, rules)| {
            (rules.spawner.metadata.name == name).then_some(rules.keys.len())
        })
    }

    #[test]
    fn a_panic_costs_only_the_task_spawner_that_it_is_about() {
        let spawners = Spawners::compiling_with(with_a_bug, Policy::default());
        let all = vec![spawner("before", "x"), spawner("bad", "SECRET"), spawner("z", "y")];
        let problems = spawners.apply(ClusterChange::Spawners(Change::All(all)));
        let [found] = &*problems else { panic!("{problems:?}") };
        assert_eq!((&*found.spawner, found.problem.reason), ("bad", Reason::ParseError));
        assert!(!found.to_string().contains("SECRET"), "{found}");
        assert_eq!(keys(&spawners, "before"), Some(1));
        assert_eq!(keys(&spawners, "bad"), Some(0));
        assert_eq!(keys(&spawners, "z"), Some(1));
        assert_eq!(spawners.snapshot().invalid_templates(), 1);

        // Mended, it is as good as any other; and the lock was not poisoned.
        let mended = ClusterChange::Spawners(Change::One(spawner("bad", "good")));
        assert_eq!(spawners.apply(mended), []);
        assert_eq!(keys(&spawners, "bad"), Some(1));
        assert_eq!(spawners.snapshot().invalid_templates(), 0);
        let looked_up = spawners.compile(Arc::unwrap_or_clone(spawner("bad", "SECRET")));
        assert_eq!(looked_up.rules.problems.len(), 1);
    }
}
