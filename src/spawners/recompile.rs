//! A TaskSpawner → its rules, whatever it meets.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::engine::kelos::TaskSpawner;
use crate::engine::rules::{Policy, Rules, Shared};

/// What turns a TaskSpawner into rules: [`Rules::compile`].
pub(super) type Compile = fn(Arc<TaskSpawner>, &Policy, &mut Shared) -> Rules;

/// Compiles the rules of one TaskSpawner. A panic, which would be a bug of ours, costs nothing but
/// them: they become a problem. The panic hook has logged the place by then.
pub(super) fn compile_guarded(
    compile: Compile,
    spawner: &Arc<TaskSpawner>,
    policy: &Policy,
    shared: &mut Shared,
) -> Rules {
    // Templates are kept when they are whole, so that what is left of them is in order.
    let attempt = AssertUnwindSafe(|| compile(Arc::clone(spawner), policy, shared));
    catch_unwind(attempt).unwrap_or_else(|_| Rules::not_compiled(Arc::clone(spawner), policy))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ClusterChange, Objects, Spawners};
    use super::*;
    use crate::cluster::Change;
    use crate::engine::kelos::{LABELS_RULES, Shape};
    use crate::engine::reason::Reason;

    fn spawner(name: &str, label: &str) -> Arc<TaskSpawner> {
        let labels = json!({ "a": label }).to_string();
        let json = json!({"metadata": {"name": name, "namespace": "ns", "uid": "1",
                                       "annotations": {LABELS_RULES: labels}}});
        Arc::new(serde_json::from_value(json).unwrap())
    }

    /// Compiles as always, with a bug that one TaskSpawner meets.
    fn with_a_bug(spawner: Arc<TaskSpawner>, policy: &Policy, shared: &mut Shared) -> Rules {
        let rules = Rules::compile(Arc::clone(&spawner), policy, shared);
        assert_ne!(spawner.metadata.annotations.get(LABELS_RULES).unwrap(), "{\"a\":\"SECRET\"}");
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
        let problems = spawners.replace(Objects { spawners: all, ..Objects::default() });
        let [found] = &*problems else { panic!("{problems:?}") };
        assert_eq!((&*found.spawner, found.problem.reason), ("bad", Reason::ParseError));
        assert!(!found.to_string().contains("SECRET"), "{found}");
        assert_eq!(keys(&spawners, "before"), Some(1));
        assert_eq!(keys(&spawners, "bad"), Some(0));
        assert_eq!(keys(&spawners, "z"), Some(1));
        assert_eq!(spawners.snapshot().invalid_templates(), 1);

        // Mended, it is as good as any other; and the lock was not poisoned.
        let mended = ClusterChange::Spawners(Shape::Task, Change::One(spawner("bad", "good")));
        assert_eq!(spawners.apply(mended), []);
        assert_eq!(keys(&spawners, "bad"), Some(1));
        assert_eq!(spawners.snapshot().invalid_templates(), 0);
        let looked_up = spawners.compile(Arc::unwrap_or_clone(spawner("bad", "SECRET")));
        assert_eq!(looked_up.rules.problems.len(), 1);
    }
}
