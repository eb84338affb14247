//! What is known at one moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use super::entries::{Entries, Entry};
use super::namespaced::Namespaced;
use super::why::Why;
use crate::engine::kelos::{
    INJECTION_SETTING, Namespace, Owner, TaskSpawner, TaskSpec, WorkerPool, Workspace,
};
use crate::engine::reason::Reason;
use crate::engine::rules::{Policy, Rules};
use crate::templates::Templates;

/// All that is known at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) spawners: Entries,
    /// The namespaces with more TaskSpawners than have their names kept: there is no room for the others.
    pub(super) crowded: Arc<HashMap<Arc<str>, Why>>,
    pub(super) workspaces: Namespaced<Arc<Workspace>>,
    pub(super) pools: Namespaced<Arc<WorkerPool>>,
    /// By name; a Namespace itself is in none.
    pub(super) namespaces: Namespaced<Arc<Namespace>>,
}

/// The least that has to be known of a TaskSpawner.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sketch {
    pub(super) uid: Option<Box<str>>,
    /// Whether it switches injection off.
    pub(super) is_disabled: bool,
    /// Whether it has rules that it could miss.
    pub(super) asks_for_something: bool,
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
    /// There is one, and its rules are not compiled yet.
    Pending,
    /// No TaskSpawner of that name is known, or another one that has its name now.
    Unknown,
}

impl Snapshot {
    /// The rules of the TaskSpawner that a Task names as its owner.
    ///
    /// A uid must match. A TaskSpawner out of a manifest written by hand has none, and matches.
    pub fn rules(&self, namespace: &str, owner: &Owner<'_>) -> Lookup {
        match self.spawners.get(namespace, owner.name) {
            Some(entry) if !entry.is(owner) => Lookup::Unknown,
            Some(Entry::Known(known)) => Lookup::Found(Arc::clone(known)),
            Some(Entry::Pending(_)) => Lookup::Pending,
            Some(Entry::Refused(sketch, why)) => {
                Lookup::Found(Arc::new(Known::refused(namespace, owner.name, sketch, *why)))
            }
            None => match self.crowded.get(namespace) {
                Some(why) => {
                    // What it asks for is forgotten, and so is whether there is one.
                    let uid = owner.uid.map(Box::from);
                    let sketch = Sketch { uid, is_disabled: false, asks_for_something: true };
                    Lookup::Found(Arc::new(Known::refused(namespace, owner.name, &sketch, *why)))
                }
                None => Lookup::Unknown,
            },
        }
    }

    /// The Workspace that a Task works in: the one that it or its worker names, else that of its
    /// WorkerPool.
    pub fn workspace_of(&self, namespace: &str, task: &TaskSpec<'_>) -> Option<&Workspace> {
        let of_pool = || self.pools.get(namespace, task.worker_pool()?)?.workspace();
        let name = task.workspace().or_else(of_pool)?;
        self.workspaces.get(namespace, name).map(Arc::as_ref)
    }

    /// Whether a Task names a Workspace, by itself or by its WorkerPool, that is not known here.
    pub fn names_unknown_workspace(&self, namespace: &str, task: &TaskSpec<'_>) -> bool {
        let names_one = task.workspace().is_some() || task.worker_pool().is_some();
        names_one && self.workspace_of(namespace, task).is_none()
    }

    /// The Namespace of that name.
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.get("", name).map(Arc::as_ref)
    }

    /// The rules of all TaskSpawners, with their namespaces, in no order.
    pub fn all_rules(&self) -> impl Iterator<Item = (&str, &Rules)> {
        self.spawners.iter().filter_map(|(namespace, entry)| match entry {
            Entry::Known(known) => Some((namespace, &known.rules)),
            Entry::Pending(_) | Entry::Refused(..) => None,
        })
    }

    /// How many TaskSpawners have rules here.
    pub fn spawner_count(&self) -> usize {
        self.spawners.known()
    }

    /// How many templates and carriers do not parse.
    pub fn invalid_templates(&self) -> usize {
        self.spawners.invalid_templates()
    }

    /// Whether the same is known here as there, because nothing has changed since one was cloned from the
    /// other.
    pub(super) fn is_same(&self, other: &Snapshot) -> bool {
        self.spawners.is_same(&other.spawners)
            && Arc::ptr_eq(&self.crowded, &other.crowded)
            && self.workspaces.is_same(&other.workspaces)
            && self.pools.is_same(&other.pools)
            && self.namespaces.is_same(&other.namespaces)
    }
}

impl Known {
    pub(super) fn new(rules: Rules) -> Known {
        let told = rules.keys.iter().map(|_| AtomicU16::new(0)).collect();
        Known { rules, told }
    }

    /// What stands in for the rules of a TaskSpawner that there is no room for: it says so, if there are any.
    fn refused(namespace: &str, name: &str, sketch: &Sketch, why: Why) -> Known {
        let mut spawner = TaskSpawner::default();
        spawner.metadata.namespace = namespace.into();
        spawner.metadata.name = name.into();
        spawner.metadata.uid = sketch.uid.as_deref().map(Into::into);
        let spawner = Arc::new(spawner);
        if !sketch.asks_for_something {
            // It misses nothing, so its Tasks hear nothing.
            return Known::new(Rules::compile(
                spawner,
                &Policy::default(),
                &mut Templates::default(),
            ));
        }
        let rules = Rules::refused(spawner, why.to_string());
        Known::new(Rules { is_disabled: sketch.is_disabled, ..rules })
    }

    /// Whether this is the first time since the TaskSpawner changed that its key of this number is
    /// skipped for this reason.
    pub fn is_first(&self, key: usize, reason: Reason) -> bool {
        let bit = 1 << reason as u16;
        self.told.get(key).is_some_and(|told| told.fetch_or(bit, Ordering::Relaxed) & bit == 0)
    }

    /// Whether this is the TaskSpawner that a Task means.
    pub(super) fn is(&self, owner: &Owner<'_>) -> bool {
        is_same(owner.uid, self.rules.spawner.metadata.uid.as_deref())
    }
}

impl Sketch {
    pub(super) fn of(spawner: &TaskSpawner) -> Sketch {
        let switch = spawner.metadata.annotations.get(INJECTION_SETTING);
        Sketch {
            uid: spawner.metadata.uid.as_deref().map(Box::from),
            is_disabled: switch.is_some_and(|value| value == "disabled"),
            asks_for_something: spawner.asks_for_something(),
        }
    }

    /// Whether its team should hear that there is no room for its rules.
    pub(super) fn would_miss_rules(&self) -> bool {
        self.asks_for_something && !self.is_disabled
    }
}

/// Whether two uids are the same as far as both sides have one.
pub(super) fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}
