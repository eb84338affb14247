//! The most frequent of many texts, in a memory that does not grow with them (space-saving, Metwally et al. 2005).

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::engine::comparison::Change;

/// How many different texts are counted at once: far more than a table shows, so that what is shown was counted from
/// its first time on, unless nearly every Task has a text of its own.
pub(super) const PLACES: usize = 64;
/// The most bytes of a text that are kept; two that are longer are told apart all the same.
const TEXT_BYTES: usize = 100;

/// How many Tasks have or get a text, and what that changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::commands) struct Counts {
    pub(in crate::commands) same: usize,
    pub(in crate::commands) added: usize,
    pub(in crate::commands) changed: usize,
    pub(in crate::commands) lost: usize,
}

impl Counts {
    pub(super) fn count(&mut self, change: Change) {
        match change {
            Change::Same => self.same += 1,
            Change::Added => self.added += 1,
            Change::Changed => self.changed += 1,
            Change::Lost => self.lost += 1,
        }
    }

    pub(in crate::commands) fn all(&self) -> usize {
        self.same + self.added + self.changed + self.lost
    }
}

/// A text that is counted.
#[derive(Clone, Debug)]
pub(in crate::commands) struct Counted {
    /// The text, or its beginning.
    pub(in crate::commands) text: String,
    /// Whether the text goes on.
    pub(in crate::commands) is_cut: bool,
    /// Whether Tasks have it and lose it; else they get it.
    pub(in crate::commands) is_lost: bool,
    /// What was seen of it since it has its place.
    pub(in crate::commands) counts: Counts,
    /// How often it may have been seen before, at the most.
    pub(in crate::commands) unseen: usize,
    /// A Task in which something changes, or else the first one.
    pub(in crate::commands) example: String,
}

/// The texts.
#[derive(Debug, Default)]
pub(super) struct Frequent(HashMap<u64, Counted>);

impl Frequent {
    /// Counts a text of a Task.
    pub(super) fn count(&mut self, text: &str, change: Change, task: &str) {
        let is_lost = change == Change::Lost;
        let mut hasher = DefaultHasher::new();
        (text, is_lost).hash(&mut hasher);
        let hash = hasher.finish();
        if !self.0.contains_key(&hash) {
            let unseen = self.make_room();
            let end = text.floor_char_boundary(TEXT_BYTES);
            let (text, is_cut) = (text[..end].to_owned(), end < text.len());
            let (counts, example) = (Counts::default(), task.to_owned());
            self.0.insert(hash, Counted { text, is_cut, is_lost, counts, unseen, example });
        }
        let Some(counted) = self.0.get_mut(&hash) else { return };
        if change != Change::Same && counted.counts.same == counted.counts.all() {
            task.clone_into(&mut counted.example);
        }
        counted.counts.count(change);
    }

    /// The texts, the most frequent first.
    pub(super) fn sorted(&self) -> Vec<&Counted> {
        let mut all: Vec<&Counted> = self.0.values().collect();
        let order = |it: &&Counted| (std::cmp::Reverse(it.counts.all()), it.text.clone());
        all.sort_by_cached_key(order);
        all
    }

    /// Takes the place of the rarest text, if there is none left; says how often the new one may have been seen.
    fn make_room(&mut self) -> usize {
        if self.0.len() < PLACES {
            return 0;
        }
        let seen = |it: &Counted| it.counts.all() + it.unseen;
        let rarest = self.0.iter().min_by_key(|(hash, it)| (seen(it), **hash));
        let Some((hash, seen)) = rarest.map(|(hash, it)| (*hash, seen(it))) else { return 0 };
        self.0.remove(&hash);
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_frequent_is_found_among_many_that_are_not() {
        let mut frequent = Frequent::default();
        for number in 0..10_000 {
            frequent.count(&format!("once-{number}"), Change::Added, "ns/x");
            if number % 4 == 0 {
                frequent.count("often", Change::Changed, "ns/often");
            }
        }
        let sorted = frequent.sorted();
        assert_eq!((sorted.len(), &*sorted[0].text), (PLACES, "often"));
        let Counted { counts, unseen, .. } = sorted[0];
        assert!(counts.changed <= 2500 && counts.changed + unseen >= 2500, "{counts:?} {unseen}");
        assert!(counts.changed > 2000, "{counts:?}");
    }

    #[test]
    fn few_texts_are_counted_exactly_and_long_ones_are_told_apart() {
        let mut frequent = Frequent::default();
        let long = "ä".repeat(200);
        for (text, change, task) in [
            ("a", Change::Same, "1"),
            ("a", Change::Added, "2"),
            ("a", Change::Changed, "3"),
            ("a", Change::Lost, "4"),
            (&*long, Change::Same, "5"),
            (&*format!("{long}."), Change::Same, "6"),
        ] {
            frequent.count(text, change, task);
        }
        let sorted = frequent.sorted();
        assert_eq!(sorted.len(), 4);
        let a = sorted[0];
        let expected = Counts { same: 1, added: 1, changed: 1, lost: 0 };
        assert_eq!((&a.counts, &*a.example, a.unseen), (&expected, "2", 0));
        assert!(sorted.iter().any(|it| it.is_lost && it.text == "a" && it.counts.lost == 1));
        assert_eq!(sorted.iter().filter(|it| it.is_cut && it.text.len() == 100).count(), 2);
    }
}
