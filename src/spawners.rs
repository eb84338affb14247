//! What the rules need to know of the cluster: TaskSpawners (compiled), Workspaces, Namespaces.
//!
//! A request reads one [`Snapshot`] and takes no lock. Whoever feeds the cache makes the next one.

mod files;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

pub use self::files::{FileObjects, Unusable};
use crate::engine::kelos::{Namespace, Owner, TaskSpawner, Workspace};
use crate::engine::reason::Reason;
use crate::engine::render::Templates;
use crate::engine::rules::{Policy, Problem, Rules};

/// Objects by namespace and name, looked up without building a key.
type Namespaced<T> = HashMap<String, HashMap<String, Arc<T>>>;

/// All that is known at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    spawners: Namespaced<Known>,
    workspaces: Namespaced<Workspace>,
    namespaces: HashMap<String, Arc<Namespace>>,
}

/// A TaskSpawner with its rules.
#[derive(Debug)]
pub struct Known {
    /// The TaskSpawner, and what it asks for.
    pub rules: Rules,
    /// The reasons told so far, a bit each, for each key of the rules.
    told: Box<[AtomicU16]>,
}

/// What a snapshot knows of the owner of a Task.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// The TaskSpawner.
    Found(Arc<Known>),
    /// No TaskSpawner of that name is known, or another one that has its name now.
    Unknown,
}

impl Snapshot {
    /// The rules of the TaskSpawner that a Task names as its owner.
    ///
    /// A uid must match. A TaskSpawner out of a manifest written by hand has none, and matches.
    pub fn rules(&self, namespace: &str, owner: &Owner<'_>) -> Lookup {
        let known = self.spawners.get(namespace).and_then(|names| names.get(owner.name));
        match known {
            Some(known) if known.is(owner) => Lookup::Found(Arc::clone(known)),
            _ => Lookup::Unknown,
        }
    }

    /// The Workspace of that name.
    pub fn workspace(&self, namespace: &str, name: &str) -> Option<&Workspace> {
        self.workspaces.get(namespace)?.get(name).map(Arc::as_ref)
    }

    /// The Namespace of that name.
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.get(name).map(Arc::as_ref)
    }

    /// The rules of all TaskSpawners, with their namespaces, in no order.
    pub fn all_rules(&self) -> impl Iterator<Item = (&str, &Rules)> {
        self.spawners.iter().flat_map(|(namespace, names)| {
            names.values().map(|known| (namespace.as_str(), &known.rules))
        })
    }

    /// How many TaskSpawners have rules here.
    pub fn spawner_count(&self) -> usize {
        self.spawners.values().map(HashMap::len).sum()
    }

    /// How many templates and carriers do not parse.
    pub fn invalid_templates(&self) -> usize {
        self.all_rules()
            .flat_map(|(_, rules)| &rules.problems)
            .filter(|problem| problem.reason == Reason::ParseError)
            .count()
    }
}

impl Known {
    fn new(rules: Rules) -> Known {
        let told = rules.keys.iter().map(|_| AtomicU16::new(0)).collect();
        Known { rules, told }
    }

    /// Whether this is the first time since the TaskSpawner changed that its key of this number is
    /// skipped for this reason.
    pub fn is_first(&self, key: usize, reason: Reason) -> bool {
        let bit = 1 << reason as u16;
        self.told.get(key).is_some_and(|told| told.fetch_or(bit, Ordering::Relaxed) & bit == 0)
    }

    fn is(&self, owner: &Owner<'_>) -> bool {
        match (owner.uid, self.rules.spawner.metadata.uid.as_deref()) {
            (Some(wanted), Some(uid)) => wanted == uid,
            _ => true,
        }
    }
}

/// The objects that make a snapshot.
#[derive(Debug, Default)]
pub struct Objects {
    /// TaskSpawners, each with its namespace.
    pub spawners: Vec<Arc<TaskSpawner>>,
    /// Workspaces, each with its namespace.
    pub workspaces: Vec<Workspace>,
    /// Namespaces.
    pub namespaces: Vec<Namespace>,
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
    current: ArcSwap<Snapshot>,
    /// Held while a snapshot is made, never by a request.
    templates: Mutex<Templates>,
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
        let current = ArcSwap::from_pointee(Snapshot::default());
        Spawners { policy, current, templates: Mutex::default() }
    }

    /// What is known now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Knows these objects and no others from now on. Rules of TaskSpawners that have not changed
    /// are kept as they are; the problems of all others are given back.
    pub fn replace(&self, objects: Objects) -> Vec<SpawnerProblem> {
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.snapshot();
        let mut next = Snapshot::default();
        let mut problems = Vec::new();
        for spawner in objects.spawners {
            let (namespace, name) =
                (spawner.metadata.namespace.clone(), spawner.metadata.name.clone());
            let unchanged = old
                .spawners
                .get(&namespace)
                .and_then(|names| names.get(&name))
                .filter(|known| known.rules.spawner == spawner);
            let known = unchanged.cloned().unwrap_or_else(|| {
                let rules = Rules::compile(spawner, &self.policy, &mut templates);
                problems.extend(rules.problems.iter().map(|problem| SpawnerProblem {
                    namespace: namespace.clone(),
                    spawner: name.clone(),
                    problem: problem.clone(),
                }));
                Arc::new(Known::new(rules))
            });
            next.spawners.entry(namespace).or_default().insert(name, known);
        }
        for workspace in objects.workspaces {
            let meta = &workspace.metadata;
            let (namespace, name) = (meta.namespace.clone(), meta.name.clone());
            next.workspaces.entry(namespace).or_default().insert(name, Arc::new(workspace));
        }
        for namespace in objects.namespaces {
            next.namespaces.insert(namespace.metadata.name.clone(), Arc::new(namespace));
        }
        self.current.store(Arc::new(next));
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            Lookup::Unknown => None,
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
