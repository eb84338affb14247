//! Labels of the Task that its Pod gets, too.

use std::collections::BTreeSet;

use super::{Merge, existing, too_large};
use crate::apimachinery;
use crate::apimachinery::Kind;
use crate::engine::decision::{KeyDecision, KeyOutcome};
use crate::engine::kelos::MOST_KEYS;
use crate::engine::patch::Place;
use crate::engine::pods;
use crate::engine::reason::Reason;
use crate::engine::rules::DeclaredIn;
use crate::engine::skip::Skip;

impl<'r> Merge<'_, 'r, '_> {
    /// Copies the labels that the Task has by now. Of what a prefix matches, only what is copied is told;
    /// of a key that is named, why it is not, too.
    pub(super) fn copy(&mut self, outcomes: &mut Vec<KeyDecision<'r>>) {
        let (task, rules) = (self.task, self.rules);
        if rules.copies.is_empty() {
            return;
        }
        let mut copied = Vec::new();
        for (key, refusal) in &rules.copies.keys {
            let outcome = match refusal {
                Some(refusal) => Some(KeyOutcome::Skipped(refusal.clone())),
                None => self.copied(key, outcomes),
            };
            copied.extend(outcome.map(|outcome| (&**key, outcome)));
        }
        let mut keys: BTreeSet<&'r str> = BTreeSet::new();
        // Those that were removed take nobody's place: the next time they are not there.
        let may_be_copied = |key: &&'r str| {
            self.changes.get(task, Kind::Label, key).is_some()
                && !rules.copies.keys.contains_key(*key)
                && !rules.protection.covers(Kind::PodLabel, key)
        };
        for prefix in &rules.copies.prefixes {
            let there = task.entries(Kind::Label).map(|labels| labels.beginning_with(prefix));
            let there = there.into_iter().flatten().map(|(key, _)| &**key);
            keys.extend(there.filter(may_be_copied).take(MOST_KEYS));
            let set = self.changes.beginning_with(Kind::Label, prefix);
            keys.extend(set.filter(may_be_copied));
        }
        for key in keys.into_iter().take(MOST_KEYS) {
            match self.copied(key, outcomes) {
                Some(KeyOutcome::Skipped(skip)) if skip.reason != Reason::TooLarge => {}
                outcome => copied.extend(outcome.map(|outcome| (key, outcome))),
            }
        }
        copied.sort_by_key(|(key, _)| *key);
        outcomes.extend(copied.into_iter().map(|(key, outcome)| KeyDecision {
            kind: Kind::PodLabel,
            key,
            declared_in: Some(DeclaredIn::Task),
            outcome,
        }));
    }

    /// What becomes of a label that may be copied; nothing if the Task has no such label, or a rule says
    /// what the Pod gets.
    fn copied(&mut self, key: &'r str, outcomes: &[KeyDecision<'r>]) -> Option<KeyOutcome> {
        let kind = Kind::PodLabel;
        if self.rules.rule(kind, key).is_some() {
            return None;
        }
        let value = self.changes.get(self.task, Kind::Label, key)?.to_owned();
        let skipped = |skip| Some(KeyOutcome::Skipped(skip));
        if let Err(error) = self.task.pod_place() {
            return skipped(Skip::new(Reason::Unsupported, error.to_string()));
        }
        match self.task.get(kind, key) {
            Some(there) if there == value => return Some(KeyOutcome::Kept),
            Some(_) => return skipped(existing()),
            None => {}
        }
        if let Err(error) = apimachinery::key(kind, key) {
            return skipped(Skip::new(Reason::InvalidKey, error.to_string()));
        }
        if let Err(error) = pods::check_value(kind, key, &value) {
            return skipped(error);
        }
        if pods::needs_choice(kind, key) && !self.was_chosen(key, outcomes) {
            return skipped(pods::not_chosen(kind));
        }
        let place = Place { kind, key, path: None };
        match self.set_if_it_fits(place, &value, self.size.with(place, &value)) {
            true => Some(KeyOutcome::Applied(value)),
            false => skipped(too_large()),
        }
    }

    /// Whether this answer wrote the Task's label, out of the values that the rules list.
    fn was_chosen(&self, key: &str, outcomes: &[KeyDecision<'r>]) -> bool {
        let is_it = |it: &&KeyDecision<'_>| it.kind == Kind::Label && it.key == key;
        let was_written = outcomes.iter().find(is_it).is_some_and(|it| it.written().is_some());
        was_written && self.rules.rule(Kind::Label, key).is_some_and(|rule| rule.is_chosen())
    }
}
