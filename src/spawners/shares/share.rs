//! The share of one namespace, and who of it is in.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{LISTS, Seat, Standing, Turn, Turned, list_of};
use crate::engine::rules::Cost;
use crate::spawners::why::{Limit, Why};

/// What an object takes here and in maps, beside what it costs itself: its names, its place, the
/// words of how it stands.
pub(super) const ENTRY_BYTES: u64 = 512;
/// How many names of refused objects are kept of a namespace. Those behind them are refused, too, and
/// read again when there is room.
const REFUSED_NAMES: usize = 256;

/// The objects of a namespace.
#[derive(Debug, Default)]
pub(super) struct Share {
    pub(super) line: BTreeMap<Seat, Record>,
    created: HashMap<Arc<str>, i64>,
    /// What all of them take that are in line.
    pub(super) all: Cost,
    /// The bytes that it would take if no other namespace took any.
    pub(super) wanted: u64,
    /// The bytes that it was given last.
    pub(super) given: u64,
    /// What those take that are in.
    pub(super) used: Cost,
    pub(super) refused: usize,
    /// The bytes used and how many are refused, as the sums over all namespaces know it.
    pub(super) told: (u64, usize),
    /// From where on all are refused, and why.
    pub(super) end: Option<(Seat, Why)>,
    /// Whether names that a list shows were forgotten since the last one that came to its end, and since that.
    pub(super) is_crowded: [bool; LISTS],
    pub(super) is_crowding: [bool; LISTS],
    /// How often the line was gone along.
    #[cfg(test)]
    pub(super) walks: std::cell::Cell<usize>,
}

#[derive(Debug)]
pub(super) struct Record {
    /// What it costs; nothing if it was never weighed.
    cost: Option<Cost>,
    fingerprint: u64,
    pub(super) round: u32,
    pub(super) standing: Standing,
}

impl Record {
    pub(super) fn weight(&self) -> Cost {
        let Cost { steps, bytes } = self.cost.unwrap_or_default();
        Cost { steps, bytes: bytes.saturating_add(ENTRY_BYTES) }
    }
}

impl Share {
    /// Puts an object into its place in line, or finds it there; says whether it is new.
    pub(super) fn enter(&mut self, seat: &Seat, fingerprint: u64, round: u32) -> bool {
        if let Some(record) = self.line.get_mut(seat) {
            (record.fingerprint, record.round) = (fingerprint, round);
            return false;
        }
        let record = Record { cost: None, fingerprint, round, standing: Standing::Waiting };
        self.all = plus(self.all, record.weight());
        self.created.insert(Arc::clone(&seat.name), seat.created);
        self.line.insert(seat.clone(), record);
        true
    }

    /// The object was seen in this list.
    pub(super) fn touch(&mut self, seat: &Seat, round: u32) {
        if let Some(record) = self.line.get_mut(seat) {
            record.round = round;
        }
    }

    /// The object costs this, and is in for as long as nobody has found that there is no room.
    pub(super) fn weigh(&mut self, seat: &Seat, cost: Cost) -> bool {
        self.reweigh(seat, Some(cost), Standing::In)
    }

    /// What the object costs is not known any more, unless it is in; says whether that is so.
    pub(super) fn outdate(&mut self, seat: &Seat) -> bool {
        match self.line.get(seat).map(|record| record.standing) {
            None | Some(Standing::In) => false,
            Some(standing) => self.reweigh(seat, None, standing),
        }
    }

    /// The object is gone.
    pub(super) fn leave(&mut self, seat: &Seat) -> bool {
        let Some(record) = self.line.remove(seat) else { return false };
        self.created.remove(&seat.name);
        self.take_off(&record);
        true
    }

    /// The place of the object of that name.
    pub(super) fn seat(&self, name: &str) -> Option<Seat> {
        let (name, created) = self.created.get_key_value(name)?;
        Some(Seat { created: *created, name: Arc::clone(name) })
    }

    /// How an object stands, and the fingerprint that it had last.
    pub(super) fn standing(&self, seat: &Seat) -> Option<(Standing, u64)> {
        self.line.get(seat).map(|record| (record.standing, record.fingerprint))
    }

    /// Whether names were forgotten.
    pub(super) fn is_crowded(&self) -> bool {
        self.is_crowded.contains(&true)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    fn reweigh(&mut self, seat: &Seat, cost: Option<Cost>, standing: Standing) -> bool {
        let Some(mut record) = self.line.remove(seat) else { return false };
        self.take_off(&record);
        (record.cost, record.standing) = (cost, standing);
        self.all = plus(self.all, record.weight());
        if standing == Standing::In {
            self.used = plus(self.used, record.weight());
        }
        self.line.insert(seat.clone(), record);
        true
    }

    /// What an object takes counts no more.
    fn take_off(&mut self, record: &Record) {
        self.all = minus(self.all, record.weight());
        if record.standing == Standing::In {
            self.used = minus(self.used, record.weight());
        }
    }

    /// Whether all of them have room in so many steps and bytes: then there is nobody to look for.
    fn fits(&self, steps: u64, bytes: u64) -> bool {
        self.all.steps <= steps && self.all.bytes <= bytes
    }

    /// The bytes of those that would be in if only the bounds of a namespace counted.
    pub(super) fn wants(&self, bounds: Cost) -> u64 {
        if self.fits(bounds.steps, bounds.bytes) {
            return self.all.bytes;
        }
        #[cfg(test)]
        self.walks.update(|walks| walks + 1);
        let mut sum = Cost::default();
        for record in self.line.values() {
            let next = plus(sum, record.weight());
            if next.steps > bounds.steps || next.bytes > bounds.bytes {
                break;
            }
            sum = next;
        }
        sum.bytes
    }

    /// Finds out who is in with so many bytes.
    pub(super) fn divide(
        &mut self,
        namespace: &Arc<str>,
        bytes: u64,
        bounds: Cost,
        turns: &mut Vec<Turned>,
    ) {
        if self.fits(bounds.steps, bytes) && self.end.is_none() {
            return;
        }
        #[cfg(test)]
        self.walks.update(|walks| walks + 1);
        let mut turn = |seat: &Seat, what| {
            turns.push((Arc::clone(namespace), Arc::clone(&seat.name), what));
        };
        let all = self.all;
        let (mut sum, mut end) = (Cost::default(), None);
        (self.used, self.refused) = (Cost::default(), 0);
        for (seat, record) in &mut self.line {
            let weight = record.weight();
            let next = plus(sum, weight);
            if let (None, Some(why)) = (&end, why(next, all, bytes, bounds)) {
                end = Some((seat.clone(), why));
                // What it costs decides what the namespace wants, and so what others have.
                if record.cost.is_none() && record.standing != Standing::In {
                    if std::mem::replace(&mut record.standing, Standing::Waiting)
                        == Standing::Refused
                    {
                        turn(seat, Turn::Room);
                    }
                    continue;
                }
            }
            if let Some((_, why)) = &end {
                self.refused += 1;
                if std::mem::replace(&mut record.standing, Standing::Refused) != Standing::Refused {
                    turn(seat, Turn::Refused(*why));
                }
                continue;
            }
            sum = next;
            match record.standing {
                Standing::In => self.used = plus(self.used, weight),
                Standing::Waiting => (),
                Standing::Refused => {
                    record.standing = Standing::Waiting;
                    turn(seat, Turn::Room);
                }
            }
        }
        self.end = end;
        while self.refused > REFUSED_NAMES
            && let Some((seat, record)) = self.line.pop_last()
        {
            self.all = minus(self.all, record.weight());
            self.created.remove(&seat.name);
            self.refused -= 1;
            let list = list_of(&seat.name);
            (self.is_crowded[list], self.is_crowding[list]) = (true, true);
            turn(&seat, Turn::Forgotten);
        }
    }
}

/// Why so much does not fit into so many bytes, and all that is wanted.
fn why(next: Cost, all: Cost, bytes: u64, bounds: Cost) -> Option<Why> {
    let (limit, share, wanted) = if next.steps > bounds.steps {
        (Limit::NamespaceSteps, bounds.steps, all.steps)
    } else if next.bytes <= bytes {
        return None;
    } else if bytes >= bounds.bytes {
        (Limit::NamespaceBytes, bytes, all.bytes)
    } else {
        (Limit::CacheBytes, bytes, all.bytes)
    };
    Some(Why { limit, share, wanted })
}

/// What is left. Sums are exact: what an object costs has bounds, so that none of them reaches its end.
fn minus(a: Cost, b: Cost) -> Cost {
    Cost { steps: a.steps.saturating_sub(b.steps), bytes: a.bytes.saturating_sub(b.bytes) }
}

pub(super) fn plus(a: Cost, b: Cost) -> Cost {
    Cost { steps: a.steps.saturating_add(b.steps), bytes: a.bytes.saturating_add(b.bytes) }
}
