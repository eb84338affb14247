//! The share of one namespace, and who of it is in.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Seat, Standing, Turn, Turned};
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
    pub(super) created: HashMap<Arc<str>, i64>,
    /// The bytes that it would take if no other namespace took any.
    pub(super) wanted: u64,
    /// The bytes that it was given last.
    pub(super) given: u64,
    /// What those take that are in.
    pub(super) used: Cost,
    pub(super) refused: usize,
    /// From where on all are refused, and why.
    pub(super) end: Option<(Seat, Why)>,
    /// Whether names were forgotten since the last list that came to its end, and since that.
    pub(super) is_crowded: bool,
    pub(super) is_crowding: bool,
}

#[derive(Debug)]
pub(super) struct Record {
    /// What it costs; nothing if it was never weighed.
    pub(super) cost: Option<Cost>,
    pub(super) fingerprint: u64,
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
    /// The bytes of those that would be in if only the bounds of a namespace counted.
    pub(super) fn wants(&self, bounds: Cost) -> u64 {
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
        let mut turn = |seat: &Seat, what| {
            turns.push((Arc::clone(namespace), Arc::clone(&seat.name), what));
        };
        let all = self.line.values().fold(Cost::default(), |sum, it| plus(sum, it.weight()));
        let (mut sum, mut end) = (Cost::default(), None);
        (self.used, self.refused) = (Cost::default(), 0);
        for (seat, record) in &mut self.line {
            let weight = record.weight();
            let next = plus(sum, weight);
            let limit = if next.steps > bounds.steps {
                Some((Limit::NamespaceSteps, bounds.steps, all.steps))
            } else if next.bytes > bytes {
                let is_own = bytes >= bounds.bytes;
                let limit = if is_own { Limit::NamespaceBytes } else { Limit::CacheBytes };
                Some((limit, bytes, all.bytes))
            } else {
                None
            };
            if let (None, Some((limit, share, wanted))) = (&end, limit) {
                end = Some((seat.clone(), Why { limit, share, wanted }));
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
            && let Some((seat, _)) = self.line.pop_last()
        {
            self.created.remove(&seat.name);
            self.refused -= 1;
            (self.is_crowded, self.is_crowding) = (true, true);
            turn(&seat, Turn::Forgotten);
        }
    }
}

pub(super) fn plus(a: Cost, b: Cost) -> Cost {
    Cost { steps: a.steps.saturating_add(b.steps), bytes: a.bytes.saturating_add(b.bytes) }
}
