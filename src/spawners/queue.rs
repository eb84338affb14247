//! What waits to be compiled: by namespace, each in its turn.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use super::shares::Seat;
use crate::engine::kelos::TaskSpawner;

/// The steps that a namespace is given at its turn: ten milliseconds' worth. One TaskSpawner may take
/// more; then its namespace sits out turns until that is made up for.
const TURN_STEPS: u64 = 100_000;
/// What TaskSpawners may take while they wait. What is more is read again later.
const WAITING_BYTES: u64 = 16 << 20;
/// The steps that each namespace is given before anybody is told that the rules are there: as many as
/// one TaskSpawner may take, which is enough for some hundred ordinary ones.
const FIRST_STEPS: u64 = 500_000;

/// A TaskSpawner that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) namespace: Arc<str>,
    pub(super) seat: Seat,
    pub(super) spawner: Arc<TaskSpawner>,
    /// About how much memory it takes.
    pub(super) bytes: u64,
}

/// What waits to be compiled. Of each TaskSpawner only the newest version does.
#[derive(Debug, Default)]
pub(super) struct Queue {
    lines: BTreeMap<Arc<str>, Line>,
    /// Whose turn it was last.
    last: Option<Arc<str>>,
    bytes: u64,
    /// The steps that each namespace was given, for as long as somebody waits for the first ones.
    first: HashMap<Arc<str>, u64>,
    is_started: bool,
    /// Whether something was let go of that has to be read again.
    has_dropped: bool,
}

/// What waits in one namespace. A cursor goes round over it, the oldest first, so that nobody who
/// changes all the time keeps others from their turn.
#[derive(Debug, Default)]
struct Line {
    waiting: BTreeMap<Seat, Waiting>,
    created: HashMap<Arc<str>, i64>,
    cursor: Option<Seat>,
    bytes: u64,
    /// The steps that it may still take, or has taken too much.
    credit: i64,
}

impl Queue {
    /// Puts a TaskSpawner at the place that it has by its age, instead of an older version. Gives back
    /// those that there is no room for: they have to be read again.
    pub(super) fn push(&mut self, waiting: Waiting) -> Vec<Waiting> {
        self.remove(&waiting.namespace, &waiting.seat.name);
        let line = self.lines.entry(Arc::clone(&waiting.namespace)).or_default();
        line.bytes += waiting.bytes;
        self.bytes += waiting.bytes;
        line.created.insert(Arc::clone(&waiting.seat.name), waiting.seat.created);
        line.waiting.insert(waiting.seat.clone(), waiting);
        let mut dropped = Vec::new();
        while self.bytes > WAITING_BYTES
            && let Some(one) = self.drop_one()
        {
            self.has_dropped = true;
            dropped.push(one);
        }
        dropped
    }

    /// What waits under this name.
    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<&Arc<TaskSpawner>> {
        let line = self.lines.get(namespace)?;
        let (name, created) = line.created.get_key_value(name)?;
        let seat = Seat { created: *created, name: Arc::clone(name) };
        line.waiting.get(&seat).map(|waiting| &waiting.spawner)
    }

    /// Nobody is to wait under this name any more.
    pub(super) fn remove(&mut self, namespace: &str, name: &str) {
        let Some(line) = self.lines.get_mut(namespace) else { return };
        if let Some((name, created)) = line.created.remove_entry(name)
            && let Some(waiting) = line.waiting.remove(&Seat { created, name })
        {
            line.bytes -= waiting.bytes;
            self.bytes -= waiting.bytes;
        }
        if line.waiting.is_empty() {
            self.lines.remove(namespace);
        }
    }

    /// Whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let namespace = self.turn()?;
        let line = self.lines.get_mut(&namespace)?;
        let seat = line.next()?;
        let waiting = line.waiting.get(&seat).cloned()?;
        line.cursor = Some(seat);
        // The line stays, even if it is empty now: `charge` follows.
        line.created.remove(&waiting.seat.name);
        line.waiting.remove(&waiting.seat);
        line.bytes -= waiting.bytes;
        self.bytes -= waiting.bytes;
        self.last = Some(namespace);
        Some(waiting)
    }

    /// What was given out last took so many steps.
    pub(super) fn charge(&mut self, waiting: &Waiting, steps: u64) {
        if !self.is_started {
            *self.first.entry(Arc::clone(&waiting.namespace)).or_default() += steps;
        }
        if let Some(line) = self.lines.get_mut(&waiting.namespace) {
            line.credit -= i64::try_from(steps).unwrap_or(i64::MAX / 2);
            if line.waiting.is_empty() {
                self.lines.remove(&waiting.namespace);
            }
        }
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether each namespace has had its first steps, or needs none; once it was so, it stays so.
    pub(super) fn has_started(&mut self) -> bool {
        let is_fed = |namespace| self.first.get(namespace).is_some_and(|it| *it >= FIRST_STEPS);
        self.is_started = self.is_started || self.lines.keys().all(is_fed);
        if self.is_started {
            self.first = HashMap::new();
        }
        self.is_started
    }

    /// Whether something was let go of that should be read again, now that there is room.
    pub(super) fn wants_list(&mut self) -> bool {
        self.bytes < WAITING_BYTES / 4 && std::mem::take(&mut self.has_dropped)
    }

    /// The namespace whose turn it is: the one before for as long as it has steps left, else the next
    /// one that has some.
    fn turn(&mut self) -> Option<Arc<str>> {
        let mut last = self.last.take();
        let has_steps = |line: &Line| line.credit > 0;
        if let Some(namespace) = last.take_if(|last| self.lines.get(last).is_some_and(has_steps)) {
            return Some(namespace);
        }
        // Each round gives everybody a turn's worth, so that somebody has some left soon.
        loop {
            let start = last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let behind = self.lines.range::<Arc<str>, _>((start, Bound::Unbounded)).next();
            let next = behind.or_else(|| self.lines.first_key_value());
            let namespace = Arc::clone(next?.0);
            let line = self.lines.get_mut(&namespace)?;
            line.credit = (line.credit + TURN_STEPS as i64).min(TURN_STEPS as i64);
            if line.credit > 0 {
                return Some(namespace);
            }
            last = Some(namespace);
        }
    }

    /// Lets go of the youngest of whoever has the most waiting, if it is not the only one there is.
    fn drop_one(&mut self) -> Option<Waiting> {
        let (_, line) = self.lines.iter().max_by_key(|(_, line)| line.bytes)?;
        let (_, waiting) = line.waiting.last_key_value()?;
        if self.lines.len() == 1 && line.waiting.len() == 1 {
            return None;
        }
        let waiting = waiting.clone();
        self.remove(&waiting.namespace, &waiting.seat.name);
        Some(waiting)
    }
}

impl Line {
    fn next(&self) -> Option<Seat> {
        let start = self.cursor.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.waiting.range((start, Bound::Unbounded)).next();
        behind.or_else(|| self.waiting.first_key_value()).map(|(seat, _)| seat.clone())
    }
}

#[cfg(test)]
mod tests;
