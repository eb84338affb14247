//! Objects that are kept as they are: Workspaces and WorkerPools.

use std::hash::Hash;
use std::sync::Arc;

use super::measure::Measure;
use super::namespaced::Namespaced;
use super::shares::{Bounds, FIRST_LIST, Seat, Shares, Standing, Turn};
use crate::cluster::Change;
use crate::engine::kelos::ObjectMeta;
use crate::engine::rules::Cost;

/// What is kept: of each namespace as many as hardly any team has repositories, of two KiB each; of all
/// together eight thousand. Others are looked up when they are needed. Each counts as one step.
const BOUNDS: Bounds =
    Bounds { namespace: Cost { steps: 1_000, bytes: 2 << 20 }, total_bytes: 16 << 20 };

/// Which objects of a kind are kept.
#[derive(Debug)]
pub(super) struct Kept {
    shares: Shares,
    has_room: bool,
}

impl Default for Kept {
    fn default() -> Kept {
        Kept { shares: Shares::new(BOUNDS), has_room: false }
    }
}

impl Kept {
    /// Takes a change in. Objects that there is no room for are left out of `objects`.
    pub(super) fn take<T: Hash + PartialEq>(
        &mut self,
        objects: &mut Namespaced<Arc<T>>,
        changed: Change<T>,
        meta: fn(&T) -> &ObjectMeta,
    ) {
        match changed {
            Change::Listing => self.shares.begin_list(FIRST_LIST),
            Change::Page(all) => all.into_iter().for_each(|it| self.put(objects, it, meta)),
            Change::One(object) => self.put(objects, object, meta),
            Change::Gone { namespace, name } => {
                self.shares.leave(&namespace, &name);
                objects.remove(&namespace, &name);
            }
            Change::Listed => {
                for (namespace, name) in self.shares.end_list(FIRST_LIST) {
                    objects.remove(&namespace, &name);
                }
            }
            Change::Alive => return,
        }
        for (namespace, name, turn) in self.shares.settle() {
            match turn {
                Turn::Refused(_) | Turn::Forgotten => objects.remove(&namespace, &name),
                Turn::Room => self.has_room = true,
            }
        }
    }

    /// Whether there is room for objects that were left out.
    pub(super) fn wants_list(&mut self) -> bool {
        std::mem::take(&mut self.has_room) | self.shares.has_forgotten()
    }

    fn put<T: Hash + PartialEq>(
        &mut self,
        objects: &mut Namespaced<Arc<T>>,
        object: T,
        meta: fn(&T) -> &ObjectMeta,
    ) {
        let Measure { bytes, fingerprint } = Measure::of(&object);
        let (namespace, seat) = (Arc::from(&*meta(&object).namespace), Seat::of(meta(&object)));
        let refused = Some((Standing::Refused, fingerprint));
        let was_refused = self.shares.standing(&namespace, &seat.name) == refused;
        self.shares.enter(&namespace, &seat, fingerprint);
        if was_refused && self.shares.standing(&namespace, &seat.name) == refused {
            return;
        }
        self.shares.weigh(&namespace, &seat.name, Cost { steps: 1, bytes });
        if objects.get(&namespace, &seat.name).is_none_or(|known| **known != object) {
            objects.insert(&namespace, &seat.name, Arc::new(object));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::*;
    use crate::engine::kelos::{Namespace, WorkerPool, Workspace};

    /// An object of a kind of which texts are kept, four of so many bytes.
    fn object(namespace: &str, number: u32, bytes: usize) -> Namespace {
        let text = "x".repeat(bytes);
        let metadata = json!({"namespace": namespace, "name": format!("w{number:05}"),
                              "annotations": {"a": text, "b": text, "c": text, "d": text}});
        serde_json::from_value(json!({ "metadata": metadata })).unwrap()
    }

    fn feed(all: Vec<Namespace>) -> (Kept, Namespaced<Arc<Namespace>>) {
        let (mut kept, mut objects) = (Kept::default(), Namespaced::default());
        for change in Change::all(all) {
            kept.take(&mut objects, change, |it| &it.metadata);
        }
        (kept, objects)
    }

    #[test]
    fn a_namespace_has_so_many_and_another_one_all_that_it_wants() {
        let mut all: Vec<_> = (0..3_000).map(|number| object("many", number, 1)).collect();
        all.extend((0..100).map(|number| object("large", number, 15_000)));
        all.extend((0..10).map(|number| object("good", number, 1)));
        let (mut kept, mut objects) = feed(all);
        let count = |objects: &Namespaced<Arc<Namespace>>, namespace: &str| {
            objects.iter().filter(|(found, _)| *found == namespace).count()
        };
        assert_eq!(count(&objects, "many"), 1_000);
        assert_eq!(count(&objects, "large"), 34, "of 60 KB, in 2 MiB");
        assert_eq!(count(&objects, "good"), 10);
        assert!(objects.get("many", "w00999").is_some() && objects.get("many", "w01000").is_none());
        assert!(!kept.wants_list());

        let gone = Change::Gone { namespace: "many".to_owned(), name: "w00000".to_owned() };
        kept.take(&mut objects, gone, |it| &it.metadata);
        assert!(kept.wants_list(), "the next one has room, and has to be read again");
        let next = Change::One(object("many", 1_000, 1));
        kept.take(&mut objects, next, |it: &Namespace| &it.metadata);
        assert_eq!(count(&objects, "many"), 1_000);
        assert!(!kept.wants_list());
    }

    #[test]
    fn small_ones_take_no_more_than_is_counted() {
        fn all<T: DeserializeOwned>() -> Vec<T> {
            let json = |number: u32| {
                let name = format!("w{number:05}");
                let metadata = json!({"namespace": format!("n{}", number % 100), "name": name});
                json!({ "metadata": metadata })
            };
            (0..10_000).map(|number| serde_json::from_value(json(number)).unwrap()).collect()
        }
        fn check<T: DeserializeOwned + Hash + PartialEq>(meta: fn(&T) -> &ObjectMeta) {
            let (mut kept, mut objects) = (Kept::default(), Namespaced::default());
            let taken = allocation_counter::measure(|| {
                for change in Change::all(all::<T>()) {
                    kept.take(&mut objects, change, meta);
                }
            });
            assert_eq!(objects.iter().count(), 10_000);
            let counted: u64 = objects.iter().map(|(_, it)| Measure::of(&**it).bytes).sum();
            let taken = u64::try_from(taken.bytes_current).unwrap();
            assert!(taken <= counted, "{taken} bytes are taken, and {counted} counted");
        }
        check(|it: &Workspace| &it.metadata);
        check(|it: &WorkerPool| &it.metadata);
    }

    #[test]
    fn what_the_next_list_does_not_show_is_gone() {
        let (mut kept, mut objects) = feed(vec![object("a", 1, 1), object("a", 2, 1)]);
        let begun = [Change::Listing, Change::Page(vec![object("a", 2, 1)])];
        for change in begun.into_iter().chain(Change::all(vec![object("a", 1, 1)])) {
            assert!(objects.get("a", "w00001").is_some(), "it stays until the list has ended");
            kept.take(&mut objects, change, |it| &it.metadata);
        }
        assert_eq!(objects.iter().count(), 1, "a list that broke off says nothing");
    }
}
