//! Labels of the Task that its Pod gets, too.

use std::collections::BTreeSet;

use super::{Merge, existing, too_large};
use crate::apimachinery;
use crate::apimachinery::Kind;
use crate::engine::decision::{KeyDecision, KeyOutcome};
use crate::engine::kelos::{MOST_KEYS, Shape};
use crate::engine::patch::Place;
use crate::engine::pods;
use crate::engine::reason::Reason;
use crate::engine::rules::DeclaredIn;
use crate::engine::skip::Skip;
use crate::templates::value::Text;

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
                None if rules.rule(Kind::PodLabel, key).is_some() => None,
                None => {
                    self.copied(key).or_else(|| Some(KeyOutcome::Skipped(not_there(task.shape()))))
                }
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
            match self.copied(key) {
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
    fn copied(&mut self, key: &'r str) -> Option<KeyOutcome> {
        let kind = Kind::PodLabel;
        if self.rules.rule(kind, key).is_some() {
            return None;
        }
        let value = Text::from(self.changes.get(self.task, Kind::Label, key)?);
        let skipped = |skip| Some(KeyOutcome::Skipped(skip));
        if let Err(error) = self.task.pod_place() {
            return skipped(Skip::new(Reason::Unsupported, error.to_string()));
        }
        match self.task.get(kind, key) {
            Some(there) if value == there => return Some(KeyOutcome::Kept),
            Some(_) => return skipped(existing(self.task.shape())),
            None => {}
        }
        if let Err(error) = apimachinery::key(kind, key) {
            return skipped(Skip::new(Reason::InvalidKey, error.to_string()));
        }
        if let Err(error) = pods::check_value(kind, key, &value) {
            return skipped(error);
        }
        if pods::needs_choice(kind, key) && !self.was_chosen(key, &value) {
            let shape = self.task.shape();
            let message = format!("the {shape}'s label was not chosen by who writes its rules");
            let hint = "list its values in `allowed` where the label is declared";
            return skipped(Skip::new(Reason::NotAllowed, message).hint(hint));
        }
        let place = Place { kind, key, path: None };
        match self.set_if_it_fits(place, &value, self.size.with(place, &value)) {
            true => Some(KeyOutcome::Applied(value)),
            false => skipped(too_large(self.task.shape())),
        }
    }

    /// Whether the value of the Task's label is one that its rule lists, or writes out.
    fn was_chosen(&self, key: &str, value: &str) -> bool {
        let Some(rule) = self.rules.rule(Kind::Label, key) else { return false };
        match (rule.allowed(), &rule.plan) {
            (Some(allowed), _) => allowed.contains(value),
            (None, Ok(template)) => template.language().is_none() && template.source() == value,
            (None, Err(_)) => false,
        }
    }
}

fn not_there(shape: Shape) -> Skip {
    Skip::new(Reason::Omitted, format!("the {shape} has no such label to be copied"))
}
