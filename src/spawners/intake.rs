//! Changes → snapshots: what has changed is taken in at once, and compiled in turns.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::compiled::{CompiledSpawner, Sketch};
use super::entries::Entry;
use super::kept::Kept;
use super::measure::Measure;
use super::queue::{Queue, Waiting};
use super::seat_name::seat_name;
use super::shares::{Bounds, Seat, Shares, Standing, Turn, Turned};
use super::snapshot::Snapshot;
use super::watches::WatchedKind;
use super::why::Why;
use super::{ClusterChange, SpawnerProblem};
use crate::apimachinery::Kind;
use crate::cluster::Change;
use crate::engine::kelos::{INJECTION_SETTING, LABELS_RULES, Namespace, Shape, TaskSpawner};
use crate::engine::reason::Reason;
use crate::engine::rules::{Cost, Defaults, Policy, Problem, Rules};

/// What the rules of TaskSpawners may cost: of one namespace about a second of compiling, and as much
/// memory as four thousand ordinary ones take; of all together what ten thousand take.
pub(super) const BOUNDS: Bounds =
    Bounds { namespace: Cost { steps: 10_000_000, bytes: 32 << 20 }, total_bytes: 80 << 20 };
/// After how much compiling a snapshot is made: some fifty milliseconds, and before what is compiled
/// and has no room can take much memory.
pub(super) const BATCH: Cost = Cost { steps: 500_000, bytes: 2 << 20 };
/// The steps that a TaskSpawner counts for, beside what compiling it takes: to take it out of the queue
/// and to put it in its place.
pub(super) const EACH_STEPS: u64 = 1_000;

/// What is known, and what waits until it is.
#[derive(Debug)]
pub(super) struct Intake {
    /// The snapshot that comes next.
    pub(super) next: Snapshot,
    pub(super) shares: Shares,
    pub(super) queue: Queue,
    workspaces: Kept,
    pools: Kept,
    /// The Namespaces of the list that is under way.
    listing: HashMap<String, Arc<Namespace>>,
    /// Whether all spawners of a shape have been listed once.
    pub(super) is_listed: [bool; Shape::ALL.len()],
    /// Whether there is room for TaskSpawners that are not at hand.
    has_room: bool,
    /// What has been refused, for whoever has to fix it.
    problems: Vec<SpawnerProblem>,
    /// Namespaces and names of those that may have been compiled with other defaults.
    outdated: Vec<(Arc<str>, Arc<str>)>,
}

impl Intake {
    pub(super) fn new(bounds: Bounds, first: Snapshot) -> Intake {
        Intake {
            next: first,
            shares: Shares::new(bounds),
            queue: Queue::default(),
            workspaces: Kept::default(),
            pools: Kept::default(),
            listing: HashMap::new(),
            is_listed: Default::default(),
            has_room: false,
            problems: Vec::new(),
            outdated: Vec::new(),
        }
    }

    /// Whether there is nothing left to compile.
    pub(super) fn is_done(&self) -> bool {
        self.queue.is_empty() && self.outdated.is_empty()
    }

    /// Takes a change in; nothing is compiled.
    pub(super) fn take(&mut self, changed: ClusterChange) {
        let next = &mut self.next;
        match changed {
            ClusterChange::Spawners(makes, changed) => self.spawners(makes, changed),
            ClusterChange::Workspaces(changed) => {
                self.workspaces.take(&mut next.workspaces, changed, |it| &it.metadata);
            }
            ClusterChange::WorkerPools(changed) => {
                self.pools.take(&mut next.pools, changed, |it| &it.metadata);
            }
            ClusterChange::Namespaces(changed) => self.namespaces(changed),
            ClusterChange::Defaults(defaults) => self.defaults(defaults),
        }
    }

    /// Compiles one batch with `compile`, and gives the problems that are new.
    pub(super) fn work(
        &mut self,
        compile: impl Fn(&Arc<TaskSpawner>) -> Rules,
    ) -> Vec<SpawnerProblem> {
        self.settle();
        let (mut spent, mut compiled) = (Cost::default(), Vec::new());
        while spent.steps < BATCH.steps && spent.bytes < BATCH.bytes {
            // What has changed goes before what only has other defaults.
            let Some(waiting) = self.queue.pop().or_else(|| self.outdated()) else { break };
            let told = self.told(&waiting);
            let rules = compile(&waiting.spawner);
            let steps = rules.cost.steps.saturating_add(EACH_STEPS);
            self.queue.charge(&waiting, steps);
            spent.steps = spent.steps.saturating_add(steps);
            spent.bytes = spent.bytes.saturating_add(rules.cost.bytes);
            let (namespace, name) = (&waiting.namespace, &waiting.seat.name);
            self.shares.weigh(namespace, name, rules.cost);
            let known = Arc::new(CompiledSpawner::new(rules));
            self.next.spawners.insert(namespace, name, Entry::Compiled(Arc::clone(&known)));
            compiled.push((waiting, known, told));
        }
        self.settle();
        let mut problems = std::mem::take(&mut self.problems);
        for (waiting, known, told) in compiled {
            let (namespace, name) = (&*waiting.namespace, &*waiting.seat.name);
            if let Some(Entry::Compiled(kept)) = self.next.spawners.get(namespace, name)
                && Arc::ptr_eq(kept, &known)
            {
                let is_new = |problem: &&Problem| !told.contains(problem);
                let new = known.rules.problems.iter().filter(is_new);
                problems.extend(
                    new.map(|problem| SpawnerProblem::of_seat(namespace, name, problem.clone())),
                );
            }
        }
        problems
    }

    /// Other defaults hold from now on: at once where there is no TaskSpawner, and with each TaskSpawner
    /// when its turn has come.
    fn defaults(&mut self, defaults: Arc<Defaults>) {
        let next = &mut self.next;
        let policy = Policy { defaults, ..(*next.policy).clone() };
        next.nobody = Snapshot::nobody(&policy);
        next.policy = Arc::new(policy);
        let name = |entry: &Entry| match entry {
            Entry::Compiled(known) => {
                let spawner = &known.rules.spawner;
                Some((Arc::from(&*spawner.metadata.namespace), Seat::of_spawner(spawner).name))
            }
            Entry::Pending(_) | Entry::Refused(..) => None,
        };
        self.outdated = next.spawners.iter().filter_map(|(_, entry)| name(entry)).collect();
    }

    /// The next one that has been compiled with other defaults.
    fn outdated(&mut self) -> Option<Waiting> {
        while let Some((namespace, name)) = self.outdated.pop() {
            if let Some(Entry::Compiled(known)) = self.next.spawners.get(&namespace, &name)
                && !Arc::ptr_eq(&known.rules.defaults, &self.next.policy.defaults)
            {
                let spawner = Arc::clone(&known.rules.spawner);
                let seat = Seat::of_spawner(&spawner);
                return Some(Waiting { namespace, seat, spawner, bytes: 0 });
            }
        }
        None
    }

    /// The problems that were told of this very TaskSpawner.
    fn told(&self, waiting: &Waiting) -> Vec<Problem> {
        match self.next.spawners.get(&waiting.namespace, &waiting.seat.name) {
            Some(Entry::Compiled(known)) if Arc::ptr_eq(&known.rules.spawner, &waiting.spawner) => {
                known.rules.problems.to_vec()
            }
            _ => Vec::new(),
        }
    }

    /// The kinds that should be listed again, because there is room for what was left out.
    pub(super) fn wants_lists(&mut self) -> Vec<WatchedKind> {
        let spawners = std::mem::take(&mut self.has_room)
            | self.queue.wants_list()
            | self.shares.has_forgotten();
        let wanted = [
            (WatchedKind::TaskSpawners, spawners),
            // Where nobody lists them, there are none.
            (WatchedKind::SessionSpawners, spawners && self.is_listed[Shape::Session as usize]),
            (WatchedKind::Workspaces, self.workspaces.wants_list()),
            (WatchedKind::WorkerPools, self.pools.wants_list()),
        ];
        wanted.into_iter().filter_map(|(kind, is_wanted)| is_wanted.then_some(kind)).collect()
    }

    fn spawners(&mut self, makes: Shape, changed: Change<Arc<TaskSpawner>>) {
        let list = makes as usize;
        match changed {
            Change::Listing => self.shares.begin_list(list),
            Change::Page(all) => all.into_iter().for_each(|spawner| self.spawner(spawner)),
            Change::One(spawner) => self.spawner(spawner),
            Change::Gone { namespace, name } => {
                let name = seat_name(makes, &name);
                self.shares.leave(&namespace, &name);
                self.forget(&namespace, &name);
            }
            Change::Listed => {
                for (namespace, name) in self.shares.end_list(list) {
                    self.forget(&namespace, &name);
                }
                self.is_listed[list] = true;
            }
            Change::Alive => (),
        }
    }

    /// There is such a TaskSpawner. Unless it is known just as it is (most changes are to the status,
    /// which the rules do not know of), it waits for its turn; until then its old rules hold.
    fn spawner(&mut self, spawner: Arc<TaskSpawner>) {
        let namespace = Arc::from(&*spawner.metadata.namespace);
        let seat = Seat::of_spawner(&spawner);
        if let Some(Entry::Compiled(known)) = self.next.spawners.get(&namespace, &seat.name)
            && known.rules.spawner == spawner
        {
            self.queue.remove(&namespace, &seat.name);
            return self.shares.touch(&namespace, &seat.name);
        }
        self.sketch(&namespace, &seat.name, &spawner);
        let Measure { bytes, fingerprint } = Measure::of(&*spawner);
        let refused = Some((Standing::Refused, fingerprint));
        let was_refused = self.shares.standing(&namespace, &seat.name) == refused;
        self.shares.enter(&namespace, &seat, fingerprint);
        if was_refused && self.shares.standing(&namespace, &seat.name) == refused {
            return;
        }
        if self.shares.is_closed_to(&namespace, &seat) {
            self.queue.remove(&namespace, &seat.name);
            return self.shares.outdate(&namespace, &seat.name);
        }
        for dropped in self.queue.push(Waiting { namespace, seat, spawner, bytes }) {
            self.shares.outdate(&dropped.namespace, &dropped.seat.name);
        }
    }

    /// Remembers the least of a TaskSpawner that has no rules yet, or of another one than has them.
    fn sketch(&mut self, namespace: &str, name: &str, spawner: &TaskSpawner) {
        let sketch = Sketch::of(spawner);
        let entry = match self.next.spawners.get(namespace, name) {
            Some(Entry::Compiled(known))
                if known.rules.spawner.metadata.uid == spawner.metadata.uid =>
            {
                return;
            }
            Some(Entry::Pending(known) | Entry::Refused(known, _)) if **known == sketch => return,
            Some(Entry::Refused(_, why)) => Entry::Refused(Arc::new(sketch), *why),
            _ => Entry::Pending(Arc::new(sketch)),
        };
        self.next.spawners.insert(namespace, name, entry);
    }

    /// Nothing is known of such a TaskSpawner any more.
    fn forget(&mut self, namespace: &str, name: &str) {
        self.queue.remove(namespace, name);
        self.next.spawners.remove(namespace, name);
    }

    /// Gives out room anew.
    fn settle(&mut self) {
        let turns = self.shares.settle();
        let key = |turned: &Turned| (Arc::clone(&turned.0), Arc::clone(&turned.1));
        let forgotten: HashSet<_> =
            turns.iter().filter(|turned| turned.2 == Turn::Forgotten).map(key).collect();
        for turned in turns {
            let is_kept = !forgotten.contains(&key(&turned));
            let (namespace, name, turn) = turned;
            match turn {
                Turn::Room => self.has_room = true,
                Turn::Forgotten => self.forget(&namespace, &name),
                Turn::Refused(why) => {
                    self.refuse(&namespace, &name, why);
                    let entry = self.next.spawners.get(&namespace, &name);
                    let is_missed = entry.is_none_or(|it| it.sketch().would_miss_rules());
                    if is_kept && is_missed {
                        self.problems.push(refusal(&namespace, &name, why));
                    }
                }
            }
        }
        let crowded: HashMap<Arc<str>, Why> =
            self.shares.crowded().map(|(namespace, why)| (Arc::clone(namespace), why)).collect();
        if *self.next.crowded != crowded {
            self.next.crowded = Arc::new(crowded);
        }
    }

    /// The rules of a TaskSpawner go. A newer version of it may have room: it waits on, unless an older
    /// TaskSpawner is refused.
    fn refuse(&mut self, namespace: &Arc<str>, name: &Arc<str>, why: Why) {
        if let Some(entry) = self.next.spawners.get(namespace, name) {
            let entry = Entry::Refused(entry.sketch(), why);
            self.next.spawners.insert(namespace, name, entry);
        }
        let Some(waiting) = self.queue.get(namespace, name) else { return };
        let seat = Seat::of_spawner(waiting);
        if self.shares.is_closed_to(namespace, &seat) {
            self.queue.remove(namespace, name);
            self.shares.outdate(namespace, name);
        }
    }

    fn namespaces(&mut self, changed: Change<Namespace>) {
        let next = &mut self.next.namespaces;
        match changed {
            Change::Listing => self.listing.clear(),
            Change::Page(all) => {
                let named = all.into_iter().map(|it| (it.metadata.name.to_string(), Arc::new(it)));
                self.listing.extend(named);
            }
            Change::Listed => {
                let known = std::mem::take(next);
                let all = std::mem::take(&mut self.listing);
                for (name, it) in all {
                    log_unknown_switch(&it, known.get("", &name).map(|it| &**it));
                    next.insert("", &name, it);
                }
            }
            Change::One(it) => {
                let name = it.metadata.name.clone();
                let known = next.get("", &name);
                if known.is_none_or(|known| **known != it) {
                    log_unknown_switch(&it, known.map(|it| &**it));
                    next.insert("", &name, Arc::new(it));
                }
            }
            Change::Gone { name, .. } => next.remove("", &name),
            Change::Alive => (),
        }
    }
}

/// Logs a Namespace whose switch has a word that is not known, when it is seen and when it changes.
fn log_unknown_switch(namespace: &Namespace, known: Option<&Namespace>) {
    let has_changed =
        known.is_none_or(|known| known.injection_word() != namespace.injection_word());
    if namespace.has_unknown_switch() && has_changed {
        tracing::warn!(
            namespace = &*namespace.metadata.name,
            label = INJECTION_SETTING,
            "Invalid value of the switch of a Namespace: it counts as `audit`, so nothing is written; set \
             enabled, disabled or audit"
        );
    }
}

/// What a team is told whose TaskSpawner has no room.
fn refusal(namespace: &str, seat_name: &str, why: Why) -> SpawnerProblem {
    let problem = Problem {
        kind: Kind::Label,
        key: LABELS_RULES.to_owned(),
        reason: Reason::LimitExceeded,
        message: why.to_string(),
    };
    SpawnerProblem::of_seat(namespace, seat_name, problem)
}

#[cfg(test)]
mod tests;
