//! What the rules need to know of the cluster: TaskSpawners (compiled), Workspaces, WorkerPools,
//! Namespaces.
//!
//! A request reads one [`Snapshot`] and takes no lock. Whoever feeds the cache makes the next one:
//! [`FileObjects`] out of manifests, or [`reflect`] out of a cluster. An owner that is not known is
//! looked up in the cluster by [`LiveLookup`].

mod compiler;
mod files;
mod live;
mod namespaced;
mod reflected;
mod snapshot;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use self::compiler::{Compile, Compiler, compile_guarded};
pub use self::files::{FileObjects, Unusable};
pub use self::live::{LiveLookup, Looked};
use self::namespaced::Namespaced;
pub use self::reflected::reflect;
pub use self::snapshot::{Known, Lookup, Snapshot};
use crate::cluster::Change;
use crate::engine::kelos::{Namespace, ObjectMeta, TaskSpawner, WorkerPool, Workspace};
use crate::engine::render::Templates;
use crate::engine::rules::{Policy, Problem, Rules};
use crate::metrics::Watched;

/// The objects that make a snapshot.
#[derive(Debug, Default)]
pub struct Objects {
    /// TaskSpawners, each with its namespace.
    pub spawners: Vec<Arc<TaskSpawner>>,
    /// Workspaces, each with its namespace.
    pub workspaces: Vec<Workspace>,
    /// WorkerPools, each with its namespace.
    pub pools: Vec<WorkerPool>,
    /// Namespaces.
    pub namespaces: Vec<Namespace>,
}

/// What has changed in the cluster.
#[derive(Debug)]
pub enum ClusterChange {
    /// TaskSpawners.
    Spawners(Change<Arc<TaskSpawner>>),
    /// Workspaces.
    Workspaces(Change<Workspace>),
    /// WorkerPools.
    WorkerPools(Change<WorkerPool>),
    /// Namespaces.
    Namespaces(Change<Namespace>),
}

impl ClusterChange {
    /// The kind of what has changed.
    pub fn kind(&self) -> Watched {
        match self {
            ClusterChange::Spawners(_) => Watched::TaskSpawners,
            ClusterChange::Workspaces(_) => Watched::Workspaces,
            ClusterChange::WorkerPools(_) => Watched::WorkerPools,
            ClusterChange::Namespaces(_) => Watched::Namespaces,
        }
    }

    /// Whether it says what there is, all in all.
    pub fn is_list(&self) -> bool {
        matches!(
            self,
            ClusterChange::Spawners(Change::All(_))
                | ClusterChange::Workspaces(Change::All(_))
                | ClusterChange::WorkerPools(Change::All(_))
                | ClusterChange::Namespaces(Change::All(_))
        )
    }

    /// Namespace and name of the one TaskSpawner that has changed, if it is one.
    pub fn one_spawner(&self) -> Option<(&str, &str)> {
        match self {
            ClusterChange::Spawners(Change::One(spawner)) => {
                Some((&spawner.metadata.namespace, &spawner.metadata.name))
            }
            ClusterChange::Spawners(Change::Gone { namespace, name }) => Some((namespace, name)),
            _ => None,
        }
    }
}

/// A problem of a TaskSpawner that is new, or has just changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpawnerProblem {
    /// The TaskSpawner's namespace.
    pub namespace: String,
    /// The TaskSpawner's name.
    pub spawner: String,
    /// What is to be mended in it.
    pub problem: Problem,
}

/// The cache.
#[derive(Debug)]
pub struct Spawners {
    policy: Policy,
    compile: Compile,
    current: ArcSwap<Snapshot>,
    /// Held while rules are compiled, never while they are used.
    templates: Mutex<Templates>,
    /// Whether all TaskSpawners have been listed once.
    is_warm: AtomicBool,
}

impl fmt::Display for SpawnerProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SpawnerProblem { namespace, spawner, problem } = self;
        let Problem { kind, key, reason, message } = problem;
        write!(f, "TaskSpawner {namespace}/{spawner}: {kind} {key}: {reason}: {message}")
    }
}

impl Spawners {
    /// Starts with nothing.
    pub fn new(policy: Policy) -> Spawners {
        Spawners::compiling_with(Rules::compile, policy)
    }

    /// Starts with nothing, and with something else for [`Rules::compile`].
    fn compiling_with(compile: Compile, policy: Policy) -> Spawners {
        Spawners {
            policy,
            compile,
            current: ArcSwap::default(),
            templates: Mutex::default(),
            is_warm: AtomicBool::new(false),
        }
    }

    /// Whether all TaskSpawners have been listed once: before that, one that is not known says
    /// nothing.
    pub fn is_warm(&self) -> bool {
        self.is_warm.load(Ordering::Acquire)
    }

    /// What is known now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Knows these objects and no others from now on. Rules of TaskSpawners that have not changed
    /// are kept as they are; the problems of all others are given back.
    pub fn replace(&self, objects: Objects) -> Vec<SpawnerProblem> {
        self.update(|next, compiler| {
            compiler.spawners(next, Change::All(objects.spawners));
            change(&mut next.workspaces, Change::All(objects.workspaces), |it| &it.metadata);
            change(&mut next.pools, Change::All(objects.pools), |it| &it.metadata);
            change(&mut next.namespaces, Change::All(objects.namespaces), |it| &it.metadata);
        })
    }

    /// Knows what has changed in the cluster from now on; gives the problems of the TaskSpawners
    /// that are new or have changed.
    pub fn apply(&self, changed: ClusterChange) -> Vec<SpawnerProblem> {
        let is_list = changed.kind() == Watched::TaskSpawners && changed.is_list();
        let problems = self.update(|next, compiler| match changed {
            ClusterChange::Spawners(changed) => compiler.spawners(next, changed),
            ClusterChange::Workspaces(changed) => {
                change(&mut next.workspaces, changed, |it| &it.metadata);
            }
            ClusterChange::WorkerPools(changed) => {
                change(&mut next.pools, changed, |it| &it.metadata);
            }
            ClusterChange::Namespaces(changed) => {
                change(&mut next.namespaces, changed, |it| &it.metadata);
            }
        });
        self.is_warm.fetch_or(is_list, Ordering::Release);
        problems
    }

    /// Compiles the rules of a TaskSpawner that is not part of the cache.
    fn compile(&self, spawner: TaskSpawner) -> Known {
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        Known::new(compile_guarded(self.compile, &Arc::new(spawner), &self.policy, &mut templates))
    }

    fn update(&self, make: impl FnOnce(&mut Snapshot, &mut Compiler<'_>)) -> Vec<SpawnerProblem> {
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Snapshot::clone(&self.current.load());
        let mut compiler = Compiler::new(self.compile, &self.policy, &mut templates);
        make(&mut next, &mut compiler);
        let problems = compiler.problems();
        self.current.store(Arc::new(next));
        problems
    }
}

/// Changes objects that are kept as they are.
fn change<T>(objects: &mut Namespaced<T>, changed: Change<T>, meta: fn(&T) -> &ObjectMeta) {
    let put = |objects: &mut Namespaced<T>, object: T| {
        let (namespace, name) = (meta(&object).namespace.clone(), meta(&object).name.clone());
        objects.insert(&namespace, &name, Arc::new(object));
    };
    match changed {
        Change::All(all) => {
            *objects = Namespaced::default();
            all.into_iter().for_each(|object| put(objects, object));
        }
        Change::One(object) => put(objects, object),
        Change::Gone { namespace, name } => objects.remove(&namespace, &name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kelos::Owner;
    use crate::engine::reason::Reason;

    fn spawner(json: serde_json::Value) -> Arc<TaskSpawner> {
        Arc::new(serde_json::from_value(json).unwrap())
    }

    fn one(labels: &str) -> Objects {
        let spawners = vec![spawner(serde_json::json!({
            "metadata": {"name": "a", "namespace": "ns", "uid": "1",
                         "annotations": {"metadata.kelos.dev/labels": labels}}
        }))];
        Objects { spawners, ..Objects::default() }
    }

    fn found(spawners: &Spawners, name: &str, uid: Option<&str>) -> Option<Arc<Known>> {
        match spawners.snapshot().rules("ns", &Owner { name, uid }) {
            Lookup::Found(known) => Some(known),
            Lookup::Pending | Lookup::Unknown => None,
        }
    }

    #[test]
    fn a_uid_must_match_where_both_sides_have_one() {
        let spawners = Spawners::new(Policy::default());
        spawners.replace(one("{}"));
        assert!(found(&spawners, "a", Some("1")).is_some());
        assert!(found(&spawners, "a", None).is_some());
        assert!(found(&spawners, "a", Some("2")).is_none());
        assert!(found(&spawners, "b", None).is_none());
    }

    #[test]
    fn a_reason_is_told_once_a_key_until_the_rules_change() {
        let spawners = Spawners::new(Policy::default());
        spawners.replace(one("{a: x, b: x}"));
        let known = found(&spawners, "a", None).unwrap();
        assert!(known.is_first(0, Reason::MissingVariable));
        assert!(!known.is_first(0, Reason::MissingVariable));
        assert!(known.is_first(0, Reason::Omitted) && known.is_first(1, Reason::MissingVariable));
        spawners.replace(one("{a: x, b: y}"));
        assert!(found(&spawners, "a", None).unwrap().is_first(0, Reason::MissingVariable));
    }

    #[test]
    fn unchanged_rules_are_kept_and_problems_are_told_once() {
        let spawners = Spawners::new(Policy::default());
        assert_eq!(spawners.replace(one("[")).len(), 1);
        let before = found(&spawners, "a", None).unwrap();
        assert_eq!(spawners.replace(one("[")), []);
        assert!(Arc::ptr_eq(&before, &found(&spawners, "a", None).unwrap()));
        assert_eq!(spawners.snapshot().invalid_templates(), 1);
        assert_eq!(spawners.replace(one("{a: b}")), []);
        assert!(!Arc::ptr_eq(&before, &found(&spawners, "a", None).unwrap()));
        spawners.replace(Objects::default());
        assert!(found(&spawners, "a", None).is_none());
    }
}
