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

use self::share::Share;
use super::seat_name::{of_seat, seat_name};
use super::why::Why;
use crate::engine::kelos::{ObjectMeta, Shape, TaskSpawner};
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

/// How many lists show what shares one room: one for each kind of spawner.
pub(super) const LISTS: usize = Shape::ALL.len();
/// The list where one kind has a room of its own.
pub(super) const FIRST_LIST: usize = 0;

/// The list that shows what is called so.
fn list_of(name: &str) -> usize {
    of_seat(name).0 as usize
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
    /// Those of which not even all names are kept.
    crowded: BTreeSet<Arc<str>>,
    /// What all of them want, and whether they had it when shares were settled.
    wanted: u64,
    has_room: bool,
    /// What those take that are in, and how many are refused.
    used_bytes: u64,
    refused: usize,
    /// Which list of each kind was begun last.
    rounds: [u32; LISTS],
    /// How many namespaces room was given to.
    #[cfg(test)]
    given: usize,
}

impl Shares {
    pub(super) fn new(bounds: Bounds) -> Shares {
        Shares {
            bounds,
            namespaces: HashMap::new(),
            changed: BTreeSet::new(),
            crowded: BTreeSet::new(),
            wanted: 0,
            has_room: true,
            used_bytes: 0,
            refused: 0,
            rounds: [0; LISTS],
            #[cfg(test)]
            given: 0,
        }
    }

    /// There is such an object. One that is known keeps its place; one of another age is another one.
    pub(super) fn enter(&mut self, namespace: &Arc<str>, seat: &Seat, fingerprint: u64) {
        if self.created(namespace, &seat.name).is_some_and(|created| created != seat.created) {
            self.leave(namespace, &seat.name);
        }
        let share = self.namespaces.entry(Arc::clone(namespace)).or_default();
        if share.enter(seat, fingerprint, self.rounds[list_of(&seat.name)]) {
            self.changed.insert(Arc::clone(namespace));
        }
    }

    /// The object is what it was.
    pub(super) fn touch(&mut self, namespace: &str, name: &str) {
        let round = self.rounds[list_of(name)];
        self.change(namespace, name, |share, seat| {
            share.touch(seat, round);
            false
        });
    }

    /// The object was weighed, and takes its place if there is room.
    pub(super) fn weigh(&mut self, namespace: &str, name: &str, cost: Cost) {
        self.change(namespace, name, |share, seat| share.weigh(seat, cost));
    }

    /// The object has become another one, which was not weighed and is not at hand. One that is in stays
    /// what it was.
    pub(super) fn outdate(&mut self, namespace: &str, name: &str) {
        self.change(namespace, name, Share::outdate);
    }

    /// The object is gone.
    pub(super) fn leave(&mut self, namespace: &str, name: &str) {
        self.change(namespace, name, Share::leave);
    }

    /// A list begins, of those that make this; [`FIRST_LIST`] where there is one kind.
    pub(super) fn begin_list(&mut self, list: usize) {
        self.rounds[list] += 1;
        self.namespaces.values_mut().for_each(|share| share.is_crowding[list] = false);
    }

    /// A list has come to its end: what it did not show is gone, and given back.
    pub(super) fn end_list(&mut self, list: usize) -> Vec<(Arc<str>, Arc<str>)> {
        let mut gone = Vec::new();
        let round = self.rounds[list];
        for (namespace, share) in &mut self.namespaces {
            share.is_crowded[list] = share.is_crowding[list];
            let unseen = share
                .line
                .iter()
                .filter(|(seat, record)| list_of(&seat.name) == list && record.round != round);
            let names = unseen.map(|(seat, _)| (Arc::clone(namespace), Arc::clone(&seat.name)));
            gone.extend(names);
            self.changed.insert(Arc::clone(namespace));
        }
        gone.iter().for_each(|(namespace, name)| self.leave(namespace, name));
        gone
    }

    /// Works out anew who has room. While all have it, only the namespaces are looked at in which something
    /// has changed.
    pub(super) fn settle(&mut self) -> Vec<Turned> {
        let mut turns = Vec::new();
        let changed = std::mem::take(&mut self.changed);
        for namespace in &changed {
            if let Some(share) = self.namespaces.get_mut(namespace) {
                let wants = share.wants(self.bounds.namespace);
                self.wanted = self.wanted - std::mem::replace(&mut share.wanted, wants) + wants;
            }
        }
        let had_room =
            std::mem::replace(&mut self.has_room, self.wanted <= self.bounds.total_bytes);
        if had_room && self.has_room {
            let bytes = self.bounds.namespace.bytes;
            changed.iter().for_each(|namespace| self.give(namespace, bytes, true, &mut turns));
            return turns;
        }
        let level = level(self.namespaces.values().map(|it| it.wanted), self.bounds.total_bytes);
        let bytes = level.min(self.bounds.namespace.bytes);
        let all: Vec<_> = self.namespaces.keys().cloned().collect();
        for namespace in all {
            self.give(&namespace, bytes, changed.contains(&namespace), &mut turns);
        }
        turns
    }

    /// Gives a namespace so many bytes.
    fn give(
        &mut self,
        namespace: &Arc<str>,
        bytes: u64,
        is_changed: bool,
        turns: &mut Vec<Turned>,
    ) {
        let Some(share) = self.namespaces.get_mut(namespace) else { return };
        #[cfg(test)]
        {
            self.given += 1;
        }
        // Who wants less than it may have is not touched by what others want.
        let is_same = share.given == bytes || share.wanted <= bytes.min(share.given);
        if is_changed || !is_same {
            let (used, refused) = share.told;
            share.divide(namespace, bytes, self.bounds.namespace, turns);
            share.told = (share.used.bytes, share.refused);
            self.used_bytes = self.used_bytes - used + share.told.0;
            self.refused = self.refused - refused + share.told.1;
        }
        share.given = bytes;
        if share.is_crowded() {
            self.crowded.insert(Arc::clone(namespace));
        } else {
            self.crowded.remove(namespace);
            if share.is_empty() {
                self.namespaces.remove(namespace);
            }
        }
    }

    /// How an object stands, and the fingerprint that it had last.
    pub(super) fn standing(&self, namespace: &str, name: &str) -> Option<(Standing, u64)> {
        let share = self.namespaces.get(namespace)?;
        share.standing(&share.seat(name)?)
    }

    /// Whether whoever sits here is refused whatever it costs, because an older one is.
    pub(super) fn is_closed_to(&self, namespace: &str, seat: &Seat) -> bool {
        let end = self.namespaces.get(namespace).and_then(|share| share.end.as_ref());
        end.is_some_and(|(end, _)| end < seat)
    }

    /// The namespaces of which not even all names are kept, and why the others are refused.
    pub(super) fn crowded(&self) -> impl Iterator<Item = (&Arc<str>, Why)> {
        let crowded = self.crowded.iter().filter_map(|it| self.namespaces.get_key_value(it));
        crowded.filter_map(|(namespace, share)| Some((namespace, share.end.as_ref()?.1)))
    }

    /// Whether there may be room for objects that nobody knows here any more.
    pub(super) fn has_forgotten(&self) -> bool {
        let mut crowded = self.crowded.iter().filter_map(|it| self.namespaces.get(it));
        crowded.any(|share| share.end.is_none())
    }

    /// The bytes of all that are in, as of when shares were settled.
    pub(super) fn bytes(&self) -> u64 {
        self.used_bytes
    }

    /// How many are refused whose names are known, as of when shares were settled.
    pub(super) fn refused(&self) -> usize {
        self.refused
    }

    fn created(&self, namespace: &str, name: &str) -> Option<i64> {
        self.namespaces.get(namespace)?.seat(name).map(|seat| seat.created)
    }

    /// Changes an object that is known with `change`, which says whether others may feel it.
    fn change(
        &mut self,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Share, &Seat) -> bool,
    ) {
        if let Some(share) = self.namespaces.get_mut(namespace)
            && let Some(seat) = share.seat(name)
            && change(share, &seat)
        {
            self.changed.insert(namespace.into());
        }
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
    /// The place of a spawner.
    pub(super) fn of_spawner(spawner: &TaskSpawner) -> Seat {
        let name = seat_name(spawner.makes, &spawner.metadata.name);
        Seat { name: (&*name).into(), ..Seat::of(&spawner.metadata) }
    }

    /// The place of an object. A manifest says no time, as a rule: then it is among the oldest.
    pub(super) fn of(meta: &ObjectMeta) -> Seat {
        let created = meta.creation_timestamp.parse::<Timestamp>().ok();
        Seat { created: created.map_or(i64::MIN, Timestamp::as_second), name: (&*meta.name).into() }
    }
}

#[cfg(test)]
mod tests;
