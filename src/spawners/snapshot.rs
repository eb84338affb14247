//! What is known at one moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use super::namespaced::Namespaced;
use crate::engine::kelos::{Namespace, Owner, TaskSpec, WorkerPool, Workspace};
use crate::engine::reason::Reason;
use crate::engine::rules::Rules;

/// All that is known at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) spawners: Namespaced<Known>,
    pub(super) workspaces: Namespaced<Workspace>,
    pub(super) pools: Namespaced<WorkerPool>,
    /// By name; a Namespace itself is in none.
    pub(super) namespaces: Namespaced<Namespace>,
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
            Some(known) if known.is(owner) => Lookup::Found(Arc::clone(known)),
            _ => Lookup::Unknown,
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
        self.spawners.iter().map(|(namespace, known)| (namespace, &known.rules))
    }

    /// How many TaskSpawners have rules here.
    pub fn spawner_count(&self) -> usize {
        self.spawners.len()
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
    pub(super) fn new(rules: Rules) -> Known {
        let told = rules.keys.iter().map(|_| AtomicU16::new(0)).collect();
        Known { rules, told }
    }

    /// Whether this is the first time since the TaskSpawner changed that its key of this number is
    /// skipped for this reason.
    pub fn is_first(&self, key: usize, reason: Reason) -> bool {
        let bit = 1 << reason as u16;
        self.told.get(key).is_some_and(|told| told.fetch_or(bit, Ordering::Relaxed) & bit == 0)
    }

    /// Whether this is the TaskSpawner that a Task means.
    pub(super) fn is(&self, owner: &Owner<'_>) -> bool {
        match (owner.uid, self.rules.spawner.metadata.uid.as_deref()) {
            (Some(wanted), Some(uid)) => wanted == uid,
            _ => true,
        }
    }
}
