//! What the rules need to know of the cluster: TaskSpawners and SessionSpawners (compiled), Workspaces, WorkerPools,
//! Namespaces.
//!
//! A request reads one [`Snapshot`] and takes no lock. Whoever feeds the cache makes the next one:
//! [`FileObjects`] out of manifests, or [`watch`] out of a cluster. An owner that is not known is
//! looked up in the cluster by [`LiveLookup`].

mod compiled;
mod entries;
mod files;
mod intake;
mod kept;
mod live_lookup;
mod lookup_outcome;
mod measure;
mod metrics;
mod namespaced;
mod queue;
mod recompile;
mod seat_name;
mod shares;
mod snapshot;
mod watches;
mod why;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

pub use self::compiled::CompiledSpawner;
pub use self::files::{FileObjects, ReadObjects, Unusable, text_slip, type_slip};
use self::intake::Intake;
pub use self::live_lookup::{LiveLookup, LookupResult};
pub use self::lookup_outcome::LookupOutcome;
pub use self::metrics::SpawnerMetrics;
use self::recompile::{Compile, compile_guarded};
use self::seat_name::of_seat;
pub use self::snapshot::{Lookup, Snapshot};
pub use self::watches::{WatchedKind, Watches, watch};
use crate::cluster::Change;
use crate::engine::kelos::{Namespace, Shape, TaskSpawner, WorkerPool, Workspace};
use crate::engine::rules::{Defaults, Policy, Problem, Rules, Shared};

/// The objects that make a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// TaskSpawners and SessionSpawners, each with its namespace.
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
    /// The spawners of what has this shape.
    Spawners(Shape, Change<Arc<TaskSpawner>>),
    /// Workspaces.
    Workspaces(Change<Workspace>),
    /// WorkerPools.
    WorkerPools(Change<WorkerPool>),
    /// Namespaces.
    Namespaces(Change<Namespace>),
    /// The defaults, which are none of its objects.
    Defaults(Arc<Defaults>),
}

impl ClusterChange {
    /// The kind of what has changed, if it is watched.
    pub fn kind(&self) -> Option<WatchedKind> {
        match self {
            ClusterChange::Spawners(makes, _) => Some(WatchedKind::spawners(*makes)),
            ClusterChange::Workspaces(_) => Some(WatchedKind::Workspaces),
            ClusterChange::WorkerPools(_) => Some(WatchedKind::WorkerPools),
            ClusterChange::Namespaces(_) => Some(WatchedKind::Namespaces),
            ClusterChange::Defaults(_) => None,
        }
    }

    /// Whether it is the end of a list: all that is there has been shown.
    pub fn ends_list(&self) -> bool {
        matches!(
            self,
            ClusterChange::Spawners(_, Change::Listed)
                | ClusterChange::Workspaces(Change::Listed)
                | ClusterChange::WorkerPools(Change::Listed)
                | ClusterChange::Namespaces(Change::Listed)
        )
    }

    /// Whether the API server has shown with it that what is known is up to date.
    pub fn is_sign_of_life(&self) -> bool {
        match self {
            ClusterChange::Spawners(_, changed) => changed.is_sign_of_life(),
            ClusterChange::Workspaces(changed) => changed.is_sign_of_life(),
            ClusterChange::WorkerPools(changed) => changed.is_sign_of_life(),
            ClusterChange::Namespaces(changed) => changed.is_sign_of_life(),
            ClusterChange::Defaults(_) => false,
        }
    }

    /// Shape, namespace and name of the one spawner that has changed, if it is one.
    pub fn one_spawner(&self) -> Option<(Shape, &str, &str)> {
        match self {
            ClusterChange::Spawners(makes, Change::One(spawner)) => {
                Some((*makes, &spawner.metadata.namespace, &spawner.metadata.name))
            }
            ClusterChange::Spawners(makes, Change::Gone { namespace, name }) => {
                Some((*makes, namespace, name))
            }
            _ => None,
        }
    }
}

/// A problem of a spawner that is new, or has just changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpawnerProblem {
    /// What the spawner makes.
    pub makes: Shape,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub spawner: String,
    /// What is wrong in it.
    pub problem: Problem,
}

/// What became of a batch of work.
#[derive(Debug, Default)]
pub struct Worked {
    /// The problems of TaskSpawners that are new or have changed.
    pub problems: Vec<SpawnerProblem>,
    /// Whether there is nothing left to compile.
    pub is_done: bool,
    /// Whether every namespace has had a first share of the work, or needs none. Once it was so, it is.
    pub has_started: bool,
    /// The kinds that should be listed again soon: there is room for objects that are not at hand.
    pub wants_lists: Vec<WatchedKind>,
}

/// What the rules of the cache take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// The bytes of the rules.
    pub bytes: u64,
    /// How many TaskSpawners there was no room for.
    pub refused: usize,
}

/// The cache.
///
/// What has changed is taken in at once; what has to be compiled for it is compiled batch by batch, in
/// turns between the namespaces.
#[derive(Debug)]
pub struct Spawners {
    compile: Compile,
    current: ArcSwap<Snapshot>,
    /// Held while a snapshot is made.
    intake: Mutex<Intake>,
    /// Held while rules are compiled, never while they are used.
    shared: Mutex<Shared>,
    /// Whether all spawners of a shape have been listed once.
    is_warm: [AtomicBool; Shape::ALL.len()],
}

impl fmt::Display for SpawnerProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SpawnerProblem { makes, namespace, spawner, problem } = self;
        let Problem { kind, key, reason, message } = problem;
        write!(f, "{} {namespace}/{spawner}: {kind} {key}: {reason}: {message}", makes.spawner())
    }
}

impl SpawnerProblem {
    fn of_seat(namespace: &str, seat_name: &str, problem: Problem) -> SpawnerProblem {
        let (makes, name) = of_seat(seat_name);
        SpawnerProblem { makes, namespace: namespace.into(), spawner: name.into(), problem }
    }
}

impl Spawners {
    /// Starts with nothing.
    pub fn new(policy: Policy) -> Spawners {
        Spawners::compiling_with(Rules::compile, policy)
    }

    /// Starts with nothing, and with something else for [`Rules::compile`].
    fn compiling_with(compile: Compile, policy: Policy) -> Spawners {
        Spawners::bounded(compile, policy, intake::BOUNDS)
    }

    fn bounded(compile: Compile, policy: Policy, bounds: shares::Bounds) -> Spawners {
        let first = Snapshot::new(policy);
        Spawners {
            compile,
            current: ArcSwap::from_pointee(first.clone()),
            intake: Mutex::new(Intake::new(bounds, first)),
            shared: Mutex::default(),
            is_warm: Default::default(),
        }
    }

    /// Whether all spawners of a shape have been listed once: before that, one that is not known says
    /// nothing.
    pub fn is_warm(&self, makes: Shape) -> bool {
        self.is_warm[makes as usize].load(Ordering::Acquire)
    }

    /// What is known now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Knows these objects and no others from now on. Rules of TaskSpawners that have not changed
    /// are kept as they are; the problems of all others are given back.
    pub fn replace(&self, objects: Objects) -> Vec<SpawnerProblem> {
        let workspaces = Change::all(objects.workspaces).map(ClusterChange::Workspaces);
        let pools = Change::all(objects.pools).map(ClusterChange::WorkerPools);
        let namespaces = Change::all(objects.namespaces).map(ClusterChange::Namespaces);
        let others = workspaces.into_iter().chain(pools).chain(namespaces);
        others.for_each(|changed| self.take(changed));
        let mut problems = Vec::new();
        loop {
            for makes in Shape::ALL {
                let all = objects.spawners.iter().filter(|spawner| spawner.makes == makes);
                for changed in Change::all(all.cloned().collect()) {
                    self.take(ClusterChange::Spawners(makes, changed));
                }
            }
            let (found, wants_lists) = self.work_to_the_end();
            problems.extend(found);
            // Those that had no room before the others went have it now.
            if !wants_lists.contains(&WatchedKind::TaskSpawners) {
                return problems;
            }
        }
    }

    /// Knows what has changed in the cluster from now on; gives the problems of the TaskSpawners
    /// that are new or have changed.
    pub fn apply(&self, changed: ClusterChange) -> Vec<SpawnerProblem> {
        self.take(changed);
        self.work_to_the_end().0
    }

    /// Takes in what has changed. Nobody sees it before [`Spawners::work`].
    pub fn take(&self, changed: ClusterChange) {
        self.intake().take(changed);
    }

    /// Compiles a batch of what waits, and shows what has become of all changes so far.
    pub fn work(&self) -> Worked {
        let mut intake = self.intake();
        let policy = Arc::clone(&intake.next.policy);
        let problems = intake.work(|spawner| {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            compile_guarded(self.compile, spawner, &policy, &mut shared)
        });
        // Most changes are none to what is known: those of a status, and signs of life.
        if !intake.next.is_same(&self.current.load()) {
            self.current.store(Arc::new(intake.next.clone()));
        }
        for (is_warm, is_listed) in self.is_warm.iter().zip(intake.is_listed) {
            is_warm.fetch_or(is_listed, Ordering::Release);
        }
        Worked {
            problems,
            is_done: intake.is_done(),
            has_started: intake.queue.has_started(),
            wants_lists: intake.wants_lists(),
        }
    }

    /// What the rules take.
    pub fn weight(&self) -> Weight {
        let intake = self.intake();
        Weight { bytes: intake.shares.bytes(), refused: intake.shares.refused() }
    }

    /// Compiles the rules of a TaskSpawner that is not part of the cache.
    fn compile(&self, spawner: TaskSpawner) -> CompiledSpawner {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        CompiledSpawner::new(compile_guarded(
            self.compile,
            &Arc::new(spawner),
            self.current.load().policy(),
            &mut shared,
        ))
    }

    fn work_to_the_end(&self) -> (Vec<SpawnerProblem>, Vec<WatchedKind>) {
        let (mut problems, mut wants_lists) = (Vec::new(), Vec::new());
        loop {
            let worked = self.work();
            problems.extend(worked.problems);
            wants_lists.extend(worked.wants_lists);
            if worked.is_done {
                return (problems, wants_lists);
            }
        }
    }

    fn intake(&self) -> MutexGuard<'_, Intake> {
        self.intake.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn found(spawners: &Spawners, name: &str, uid: Option<&str>) -> Option<Arc<CompiledSpawner>> {
        match spawners.snapshot().rules("ns", &Owner { shape: Shape::Task, name, uid }) {
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
