//! TaskSpawners and SessionSpawners by namespace and name, and how many have rules: counted as they come and go, so that
//! nobody has to go through all of them after each change.

use std::sync::Arc;

use super::compiled::{CompiledSpawner, Sketch, is_same};
use super::namespaced::Namespaced;
use super::seat_name::of_seat;
use super::why::Why;
use crate::engine::kelos::{Owner, Shape};
use crate::engine::reason::Reason;

/// What is known of a spawner.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// Its rules.
    Compiled(Arc<CompiledSpawner>),
    /// That it is there, and has not been compiled yet.
    Pending(Arc<Sketch>),
    /// That it is there, and there is no room for its rules.
    Refused(Arc<Sketch>, Why),
}

/// All spawners.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    all: [Namespaced<Entry>; Shape::ALL.len()],
    counts: [Count; Shape::ALL.len()],
}

/// What an entry counts for, or all of those of a kind together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    /// Spawners that have rules.
    known: usize,
    /// Templates and rules annotations that do not parse.
    invalid_templates: usize,
}

impl Entries {
    /// The spawner of this name that makes what has this shape.
    pub(super) fn of(&self, makes: Shape, namespace: &str, name: &str) -> Option<&Entry> {
        self.all[makes as usize].get(namespace, name)
    }

    /// The spawner that has this seat.
    pub(super) fn get(&self, namespace: &str, seat_name: &str) -> Option<&Entry> {
        let (makes, name) = of_seat(seat_name);
        self.of(makes, namespace, name)
    }

    pub(super) fn insert(&mut self, namespace: &str, seat_name: &str, entry: Entry) {
        self.take_off(namespace, seat_name);
        let (makes, name) = of_seat(seat_name);
        let Count { known, invalid_templates } = entry.count();
        let count = &mut self.counts[makes as usize];
        count.known += known;
        count.invalid_templates += invalid_templates;
        self.all[makes as usize].insert(namespace, name, entry);
    }

    pub(super) fn remove(&mut self, namespace: &str, seat_name: &str) {
        self.take_off(namespace, seat_name);
        let (makes, name) = of_seat(seat_name);
        self.all[makes as usize].remove(namespace, name);
    }

    /// Each entry with its namespace, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.all.iter().flat_map(Namespaced::iter)
    }

    /// How many of those that make what has this shape have rules.
    pub(super) fn known(&self, makes: Shape) -> usize {
        self.counts[makes as usize].known
    }

    /// How many templates and rules annotations of all of them do not parse.
    pub(super) fn invalid_templates(&self) -> usize {
        self.counts.iter().map(|count| count.invalid_templates).sum()
    }

    /// Whether nothing was changed in one of them since it was cloned from the other.
    pub(super) fn is_same(&self, other: &Entries) -> bool {
        self.all.iter().zip(&other.all).all(|(one, other)| one.is_same(other))
    }

    /// What is kept under this name counts no more.
    fn take_off(&mut self, namespace: &str, seat_name: &str) {
        let (makes, name) = of_seat(seat_name);
        let gone = self.of(makes, namespace, name).map(Entry::count).unwrap_or_default();
        let count = &mut self.counts[makes as usize];
        count.known -= gone.known;
        count.invalid_templates -= gone.invalid_templates;
    }
}

impl Entry {
    /// Whether this is the spawner that a Task or Session means.
    pub(super) fn is(&self, owner: &Owner<'_>) -> bool {
        is_same(owner.uid, self.uid())
    }

    pub(super) fn uid(&self) -> Option<&str> {
        match self {
            Entry::Compiled(known) => known.rules.spawner.metadata.uid.as_deref(),
            Entry::Pending(sketch) | Entry::Refused(sketch, _) => sketch.uid.as_deref(),
        }
    }

    pub(super) fn sketch(&self) -> Arc<Sketch> {
        match self {
            Entry::Compiled(known) => {
                let is_disabled = known.rules.is_disabled;
                let asks_for_something = known.rules.spawner.asks_for_something();
                Arc::new(Sketch { uid: self.uid().map(Box::from), is_disabled, asks_for_something })
            }
            Entry::Pending(sketch) | Entry::Refused(sketch, _) => Arc::clone(sketch),
        }
    }

    fn count(&self) -> Count {
        let Entry::Compiled(known) = self else { return Count::default() };
        let problems = known.rules.problems.iter();
        let invalid = problems.filter(|problem| problem.reason == Reason::ParseError);
        Count { known: 1, invalid_templates: invalid.count() }
    }
}
