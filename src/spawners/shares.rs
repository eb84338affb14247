//! Who has room in the cache, and who has not: counted, and the same for every replica.
//!
//! Of a namespace the oldest objects are in, up to its bounds; from the first one on that does not
//! fit, all younger ones are refused. So nothing that comes, goes or shrinks ever costs an older one
//! its place. What all may take together is shared equally between the namespaces that want more than
//! their share. Nothing here depends on the order in which objects become known.

mod share;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use self::share::{Record, Share};
use super::why::Why;
use crate::engine::kelos::ObjectMeta;
use crate::engine::rules::Cost;

/// What may be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Of one namespace.
    pub(super) namespace: Cost,
    /// The bytes of all namespaces together.
    pub(super) total_bytes: u64,
}

/// An object's place in line: the oldest first, of the same second the first by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seat {
    /// When it was made, in seconds since 1970.
    pub(super) created: i64,
    /// Its name.
    pub(super) name: Arc<str>,
}

/// How an object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has not been weighed, and may find room.
    Waiting,
    /// It has its place.
    In,
    /// There is no room for it.
    Refused,
}

/// What has become of an object when shares were settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// There is no room for it, or none any more.
    Refused(Why),
    /// There may be room for one that was refused.
    Room,
    /// There is no room even for its name.
    Forgotten,
}

/// A turn, and whose it is: namespace, name, what.
pub(super) type Turned = (Arc<str>, Arc<str>, Turn);

/// All objects of a kind, by namespace.
#[derive(Debug)]
pub(super) struct Shares {
    bounds: Bounds,
    namespaces: HashMap<Arc<str>, Share>,
    /// Those in which something has changed since shares were settled.
    changed: BTreeSet<Arc<str>>,
    /// Which list was begun last.
    round: u32,
}

impl Shares {
    pub(super) fn new(bounds: Bounds) -> Shares {
        Shares { bounds, namespaces: HashMap::new(), changed: BTreeSet::new(), round: 0 }
    }

    /// There is such an object. One that is known keeps its place; one of another age is another one.
    pub(super) fn enter(&mut self, namespace: &Arc<str>, seat: &Seat, fingerprint: u64) {
        if self.created(namespace, &seat.name).is_some_and(|created| created != seat.created) {
            self.leave(namespace, &seat.name);
        }
        let round = self.round;
        let share = self.namespaces.entry(Arc::clone(namespace)).or_default();
        share.created.insert(Arc::clone(&seat.name), seat.created);
        let record = share.line.entry(seat.clone()).or_insert_with(|| {
            self.changed.insert(Arc::clone(namespace));
            Record { cost: None, fingerprint, round, standing: Standing::Waiting }
        });
        (record.fingerprint, record.round) = (fingerprint, round);
    }

    /// The object is what it was.
    pub(super) fn touch(&mut self, namespace: &str, name: &str) {
        let round = self.round;
        if let Some((_, record)) = self.record(namespace, name) {
            record.round = round;
        }
    }

    /// The object was weighed, and takes its place if there is room.
    pub(super) fn weigh(&mut self, namespace: &str, name: &str, cost: Cost) {
        if let Some((_, record)) = self.record(namespace, name) {
            (record.cost, record.standing) = (Some(cost), Standing::In);
            self.changed.insert(namespace.into());
        }
    }

    /// The object has become another one, which was not weighed and is not at hand. One that is in stays
    /// what it was.
    pub(super) fn outdate(&mut self, namespace: &str, name: &str) {
        if let Some((_, record)) = self.record(namespace, name)
            && record.standing != Standing::In
        {
            record.cost = None;
            self.changed.insert(namespace.into());
        }
    }

    /// The object is gone.
    pub(super) fn leave(&mut self, namespace: &str, name: &str) {
        let Some(share) = self.namespaces.get_mut(namespace) else { return };
        if let Some((name, created)) = share.created.remove_entry(name) {
            share.line.remove(&Seat { created, name });
            self.changed.insert(namespace.into());
        }
    }

    /// A list begins.
    pub(super) fn begin_list(&mut self) {
        self.round += 1;
        self.namespaces.values_mut().for_each(|share| share.is_crowding = false);
    }

    /// A list has come to its end: what it did not show is gone, and given back.
    pub(super) fn end_list(&mut self) -> Vec<(Arc<str>, Arc<str>)> {
        let mut gone = Vec::new();
        for (namespace, share) in &mut self.namespaces {
            share.is_crowded = share.is_crowding;
            let unseen = share.line.iter().filter(|(_, record)| record.round != self.round);
            let names = unseen.map(|(seat, _)| (Arc::clone(namespace), Arc::clone(&seat.name)));
            gone.extend(names);
            self.changed.insert(Arc::clone(namespace));
        }
        gone.iter().for_each(|(namespace, name)| self.leave(namespace, name));
        gone
    }

    /// Works out anew who has room.
    pub(super) fn settle(&mut self) -> Vec<Turned> {
        let mut turns = Vec::new();
        for namespace in &self.changed {
            if let Some(share) = self.namespaces.get_mut(namespace) {
                share.wanted = share.wants(self.bounds.namespace);
            }
        }
        let mut changed = std::mem::take(&mut self.changed);
        let level = level(self.namespaces.values().map(|it| it.wanted), self.bounds.total_bytes);
        for (namespace, share) in &mut self.namespaces {
            let bytes = level.min(self.bounds.namespace.bytes);
            // Who wants less than it may have is not touched by what others want.
            let is_same = share.given == bytes || share.wanted <= bytes.min(share.given);
            if changed.remove(namespace) || !is_same {
                share.divide(namespace, bytes, self.bounds.namespace, &mut turns);
            }
            share.given = bytes;
        }
        self.namespaces.retain(|_, share| !share.line.is_empty() || share.is_crowded);
        turns
    }

    /// How an object stands, and the fingerprint that it had last.
    pub(super) fn standing(&self, namespace: &str, name: &str) -> Option<(Standing, u64)> {
        let share = self.namespaces.get(namespace)?;
        let (name, created) = share.created.get_key_value(name)?;
        let record = share.line.get(&Seat { created: *created, name: Arc::clone(name) })?;
        Some((record.standing, record.fingerprint))
    }

    /// Whether whoever sits here is refused whatever it costs, because an older one is.
    pub(super) fn is_closed_to(&self, namespace: &str, seat: &Seat) -> bool {
        let end = self.namespaces.get(namespace).and_then(|share| share.end.as_ref());
        end.is_some_and(|(end, _)| end < seat)
    }

    /// The namespaces of which not even all names are kept, and why the others are refused.
    pub(super) fn crowded(&self) -> impl Iterator<Item = (&Arc<str>, Why)> {
        let crowded = self.namespaces.iter().filter(|(_, share)| share.is_crowded);
        crowded.filter_map(|(namespace, share)| Some((namespace, share.end.as_ref()?.1)))
    }

    /// Whether there may be room for objects that nobody knows here any more.
    pub(super) fn has_forgotten(&self) -> bool {
        self.namespaces.values().any(|share| share.is_crowded && share.end.is_none())
    }

    /// The bytes of all that are in.
    pub(super) fn bytes(&self) -> u64 {
        self.namespaces.values().map(|share| share.used.bytes).sum()
    }

    /// How many are refused whose names are known.
    pub(super) fn refused(&self) -> usize {
        self.namespaces.values().map(|share| share.refused).sum()
    }

    fn created(&self, namespace: &str, name: &str) -> Option<i64> {
        self.namespaces.get(namespace)?.created.get(name).copied()
    }

    fn record(&mut self, namespace: &str, name: &str) -> Option<(Seat, &mut Record)> {
        let share = self.namespaces.get_mut(namespace)?;
        let (name, created) = share.created.get_key_value(name)?;
        let seat = Seat { created: *created, name: Arc::clone(name) };
        let record = share.line.get_mut(&seat)?;
        Some((seat, record))
    }
}

/// The most that one may have if what all want has to fit into `total`, and nobody is given less than
/// it wants for the sake of one that has more.
fn level(wanted: impl Iterator<Item = u64>, total: u64) -> u64 {
    let mut wanted: Vec<u64> = wanted.collect();
    wanted.sort_unstable();
    let (mut left, mut many) = (total, wanted.len() as u64);
    for wants in wanted {
        let share = left / many;
        if wants > share {
            return share;
        }
        left -= wants;
        many -= 1;
    }
    u64::MAX
}

impl Seat {
    /// The place of an object. A manifest says no time, as a rule: then it is among the oldest.
    pub(super) fn of(meta: &ObjectMeta) -> Seat {
        let created = meta.creation_timestamp.parse::<Timestamp>().ok();
        Seat { created: created.map_or(i64::MIN, Timestamp::as_second), name: (&*meta.name).into() }
    }
}

#[cfg(test)]
mod tests;
