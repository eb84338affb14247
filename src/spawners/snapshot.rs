//! What is known at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use super::compiled::{CompiledSpawner, Sketch};
use super::entries::{Entries, Entry};
use super::namespaced::Namespaced;
use super::why::Why;
use crate::engine::kelos::{Namespace, Owner, Shape, Task, TaskSpec, WorkerPool, Workspace};
use crate::engine::rules::{Policy, Rules};
use crate::engine::variables::Facts;
use crate::unix_seconds::UnixSeconds;

/// All that is known at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) policy: Arc<Policy>,
    /// What Tasks, and Sessions, get that have no spawner, or one that is not known: the defaults.
    pub(super) nobody: [Arc<CompiledSpawner>; Shape::ALL.len()],
    pub(super) spawners: Entries,
    /// The namespaces with more spawners than have their names kept: there is no room for the others.
    pub(super) crowded: Arc<HashMap<Arc<str>, Why>>,
    pub(super) workspaces: Namespaced<Arc<Workspace>>,
    pub(super) pools: Namespaced<Arc<WorkerPool>>,
    /// By name; a Namespace itself is in none.
    pub(super) namespaces: Namespaced<Arc<Namespace>>,
}

/// What a snapshot knows of the owner of a Task or Session.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// The spawner.
    Found(Arc<CompiledSpawner>),
    /// There is one, and its rules are not compiled yet.
    Pending,
    /// No spawner of that name is known, or another one that has its name now.
    Unknown,
}

impl Snapshot {
    /// Nothing is known but the policy.
    pub(super) fn new(policy: Policy) -> Snapshot {
        Snapshot {
            nobody: Snapshot::nobody(&policy),
            policy: Arc::new(policy),
            spawners: Entries::default(),
            crowded: Arc::default(),
            workspaces: Namespaced::default(),
            pools: Namespaced::default(),
            namespaces: Namespaced::default(),
        }
    }

    /// What is given where there is no spawner.
    pub(super) fn nobody(policy: &Policy) -> [Arc<CompiledSpawner>; Shape::ALL.len()] {
        Shape::ALL.map(|shape| Arc::new(CompiledSpawner::new(Rules::of_nobody(shape, policy))))
    }

    /// What Tasks, or Sessions, get that have no spawner, or one that is not known; nothing where there are no
    /// defaults for them.
    pub fn of_nobody(&self, shape: Shape) -> Option<&Arc<CompiledSpawner>> {
        (!self.policy.defaults.is_empty(shape)).then_some(&self.nobody[shape as usize])
    }

    /// What the cluster admin decided.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The rules of the spawner that a Task or Session names as its owner.
    ///
    /// A uid must match. A spawner out of a manifest written by hand has none, and matches.
    pub fn rules(&self, namespace: &str, owner: &Owner<'_>) -> Lookup {
        match self.spawners.of(owner.shape, namespace, owner.name) {
            Some(entry) if !entry.is(owner) => Lookup::Unknown,
            Some(Entry::Compiled(known)) => Lookup::Found(Arc::clone(known)),
            Some(Entry::Pending(_)) => Lookup::Pending,
            Some(Entry::Refused(sketch, why)) => self.refused(namespace, owner, sketch, *why),
            None => match self.crowded.get(namespace) {
                Some(why) => {
                    // What it asks for is forgotten, and so is whether there is one.
                    let uid = owner.uid.map(Box::from);
                    let sketch = Sketch { uid, is_disabled: false, asks_for_something: true };
                    self.refused(namespace, owner, &sketch, *why)
                }
                None => Lookup::Unknown,
            },
        }
    }

    fn refused(&self, namespace: &str, owner: &Owner<'_>, sketch: &Sketch, why: Why) -> Lookup {
        let policy = &self.policy;
        let rules = CompiledSpawner::refused(namespace, owner, sketch, why, policy);
        Lookup::Found(Arc::new(rules))
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

    /// All Namespaces that are known.
    pub fn namespaces(&self) -> impl Iterator<Item = &Namespace> {
        self.namespaces.iter().map(|(_, it)| &**it)
    }

    /// What is known about a Task beside itself, but for who creates it.
    pub fn facts<'f>(
        &'f self,
        namespace: &'f str,
        task: &Task<'_>,
        task_bytes: usize,
        moment: UnixSeconds,
    ) -> Facts<'f> {
        Facts {
            namespace_name: namespace,
            namespace: self.namespace(namespace),
            workspace: task.spec().and_then(|spec| self.workspace_of(namespace, spec)),
            user: None,
            task_bytes,
            moment,
        }
    }

    /// The rules of all TaskSpawners and SessionSpawners, with their namespaces, in no order.
    pub fn all_rules(&self) -> impl Iterator<Item = (&str, &Rules)> {
        self.spawners.iter().filter_map(|(namespace, entry)| match entry {
            Entry::Compiled(known) => Some((namespace, &known.rules)),
            Entry::Pending(_) | Entry::Refused(..) => None,
        })
    }

    /// How many TaskSpawners have rules here, or, of what has the shape of a Session, SessionSpawners.
    pub fn spawner_count(&self, makes: Shape) -> usize {
        self.spawners.known(makes)
    }

    /// How many templates and rules annotations do not parse.
    pub fn invalid_templates(&self) -> usize {
        self.spawners.invalid_templates()
    }

    /// Whether the same is known here as there, because nothing has changed since one was cloned from the
    /// other.
    pub(super) fn is_same(&self, other: &Snapshot) -> bool {
        Arc::ptr_eq(&self.policy, &other.policy)
            && self.spawners.is_same(&other.spawners)
            && Arc::ptr_eq(&self.crowded, &other.crowded)
            && self.workspaces.is_same(&other.workspaces)
            && self.pools.is_same(&other.pools)
            && self.namespaces.is_same(&other.namespaces)
    }
}
