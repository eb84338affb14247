//! Which labels of a Task its Pod gets, too.

use std::collections::{BTreeMap, BTreeSet};

use super::Problem;
use super::annotation::shown;
use crate::apimachinery;
use crate::apimachinery::Kind;
use crate::engine::kelos::{MOST_KEYS, POD_LABELS_FROM_TASK_SETTING, Protection};
use crate::engine::reason::Reason;
use crate::engine::skip::Skip;
use crate::templates::purse::{ALLOCATION, tree_bytes};

/// What stands for all keys of a prefix.
const ALL: &str = "/*";

/// Which labels of a Task are copied to its Pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Those that are named, and why one is never copied.
    pub keys: BTreeMap<Box<str>, Option<Skip>>,
    /// What others begin with, each ending in `/`.
    pub prefixes: BTreeSet<Box<str>>,
}

impl Copies {
    /// Reads `KEY, PREFIX/*, …`; gives what is wrong with it, too. An entry that is none is left out.
    pub(super) fn read(text: &str, protection: &Protection) -> (Copies, Vec<Problem>) {
        let (mut copies, mut problems) = (Copies::default(), Vec::new());
        let mut tell = |error: &Skip| {
            problems.push(Problem::new(Kind::Annotation, POD_LABELS_FROM_TASK_SETTING, error));
        };
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        for (number, entry) in entries.enumerate() {
            if number == MOST_KEYS {
                let message = format!("more than {MOST_KEYS} entries: the others are not copied");
                tell(&Skip::new(Reason::LimitExceeded, message));
                break;
            }
            let (key, is_prefix) = match entry.strip_suffix(ALL) {
                Some(prefix) => (format!("{prefix}/x"), true),
                None => (entry.to_owned(), false),
            };
            if let Err(error) = apimachinery::key(Kind::PodLabel, &key) {
                let message = format!("`{}`: {error}", shown(entry));
                tell(&Skip::parse(message).hint("an entry is a key, or `PREFIX/*`"));
            } else if is_prefix {
                let prefix = entry.trim_end_matches('*');
                copies.prefixes.insert(prefix.into());
            } else {
                let refusal = protection.covers(Kind::PodLabel, entry).then(|| {
                    let message = "this label of Pods is not for copies; leave it out";
                    Skip::new(Reason::Protected, message)
                });
                if let Some(refusal) = &refusal {
                    let message = format!("`{}`: {refusal}", shown(entry));
                    tell(&Skip::new(Reason::Protected, message));
                }
                copies.keys.insert(entry.into(), refusal);
            }
        }
        (copies, problems)
    }

    /// Whether a label is to be copied, as far as its key goes.
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key) || self.prefixes.iter().any(|it| key.starts_with(&**it))
    }

    /// Copies those of others, too.
    pub(super) fn add(&mut self, others: &Copies) {
        for (key, refusal) in &others.keys {
            self.keys.entry(key.clone()).or_insert_with(|| refusal.clone());
        }
        self.prefixes.extend(others.prefixes.iter().cloned());
    }

    /// Whether nothing is copied.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.prefixes.is_empty()
    }

    /// What it takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let message = |refusal: &Option<Skip>| refusal.as_ref().map_or(0, |it| it.message.len());
        let keys = self.keys.iter().map(|(key, it)| key.len() + message(it) + 2 * ALLOCATION);
        let prefixes = self.prefixes.iter().map(|prefix| prefix.len() + ALLOCATION);
        tree_bytes(self.keys.len(), size_of::<(Box<str>, Option<Skip>)>())
            + tree_bytes(self.prefixes.len(), size_of::<Box<str>>())
            + keys.chain(prefixes).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_keys_and_prefixes_and_what_is_none_is_told() {
        let text = " team , example.com/*,kelos.dev/taskspawner,, a b, /*, *, a/b/*,x/y*";
        let (copies, problems) = Copies::read(text, &Protection::default());
        let keys: Vec<_> = copies.keys.iter().map(|(key, it)| (&**key, it.is_some())).collect();
        assert_eq!(keys, [("kelos.dev/taskspawner", true), ("team", false)]);
        assert!(copies.prefixes.iter().map(|it| &**it).eq(["example.com/"]));
        let told: Vec<_> = problems.iter().map(|it| (it.reason, &*it.message)).collect();
        let reasons = told.iter().map(|(reason, _)| *reason);
        let parse = Reason::ParseError;
        assert!(reasons.eq([Reason::Protected, parse, parse, parse, parse, parse]), "{told:?}");
        assert!(told[1].1.starts_with("`a b`: a name has letters"), "{told:?}");
    }

    #[test]
    fn there_are_so_many_entries_and_no_more() {
        let text = (0..100).map(|n| format!("k{n:03}")).collect::<Vec<_>>().join(",");
        let (copies, problems) = Copies::read(&text, &Protection::default());
        assert_eq!((copies.keys.len(), problems.len()), (MOST_KEYS, 1));
    }
}
