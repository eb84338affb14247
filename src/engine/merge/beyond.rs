//! Keys that the Kelos field declares behind its limits: no rule is about them, and still they must not
//! have the Task refused.

use std::cmp::Reverse;

use super::{Merge, too_large};
use crate::apimachinery;
use crate::apimachinery::Kind;
use crate::engine::decision::{KeyDecision, KeyOutcome};
use crate::engine::kelos::is_ours;
use crate::engine::patch::Place;
use crate::engine::reason::Reason;
use crate::engine::rules::DeclaredIn;
use crate::engine::skip::Skip;

impl<'r> Merge<'_, 'r, '_> {
    /// Removes what the API server would refuse of the keys behind the limits of the Kelos field. It
    /// goes through what the Task has, not through the list of those keys.
    pub(super) fn remove_beyond(&mut self) -> Vec<KeyDecision<'r>> {
        let (task, rules) = (self.task, self.rules);
        let mut outcomes = Vec::new();
        for kind in Kind::OF_METADATA {
            let Some(keys) = rules.beyond(kind) else { continue };
            for (key, value) in task.entries(kind).into_iter().flatten() {
                let Some(key) = keys.find(key) else { continue };
                let skip = match (apimachinery::key(kind, key), apimachinery::value(kind, value)) {
                    (Err(error), _) => Skip::new(Reason::InvalidKey, error.to_string()),
                    (_, Err(error)) => Skip::new(Reason::InvalidValue, error.to_string()),
                    // What Kelos wrote there would stand for words of ours, or switch us off.
                    (Ok(()), Ok(())) if is_ours(key) => Skip::new(
                        Reason::Protected,
                        "this key is not for templates; choose another",
                    ),
                    (Ok(()), Ok(())) => continue,
                };
                self.remove_unruled(kind, key, skip, &mut outcomes);
            }
        }
        outcomes
    }

    /// Where annotations arrive over the total, those behind the limits of the Kelos field go first,
    /// the largest first.
    pub(super) fn shed_beyond(&mut self, removed: &mut Vec<KeyDecision<'r>>) {
        let (kind, task) = (Kind::Annotation, self.task);
        let Some(keys) = self.rules.beyond(kind).filter(|_| !self.size.annotations_fit()) else {
            return;
        };
        let entries = task.entries(kind).into_iter().flatten();
        let mut by_size: Vec<(usize, &str)> = entries
            .filter_map(|(key, value)| {
                let is_there = self.changes.get(task, kind, key).is_some();
                keys.find(key).filter(|_| is_there).map(|key| (key.len() + value.len(), key))
            })
            .collect();
        by_size.sort_by_key(|(size, key)| (Reverse(*size), *key));
        for (_, key) in by_size {
            if self.size.annotations_fit() {
                break;
            }
            self.remove_unruled(kind, key, too_large(self.task.shape()), removed);
        }
    }

    /// Removes a key that no rule is about.
    fn remove_unruled(
        &mut self,
        kind: Kind,
        key: &'r str,
        skip: Skip,
        removed: &mut Vec<KeyDecision<'r>>,
    ) {
        let place = Place { kind, key, path: None };
        if let Some(value) = self.changes.get(self.task, kind, key) {
            self.size = self.size.without(place, value);
        }
        self.changes.remove(place);
        let (declared_in, outcome) = (Some(DeclaredIn::KelosField), KeyOutcome::Skipped(skip));
        removed.push(KeyDecision { kind, key, declared_in, outcome });
    }
}
