//! What was found, added up: as large for ten thousand Tasks as for ten.

use std::collections::BTreeMap;

use super::frequent::{Counts, Frequent};
use super::{PassedOver, Surveyed};
use crate::apimachinery::Kind;
use crate::engine::comparison::Change;
use crate::engine::reason::Reason;
use crate::engine::revision::{RevisedKey, Revision};

/// How many keys, and how many reasons for skipping one, are told apart: clusters have some dozens.
const MOST_ROWS: usize = 500;

/// A key and what it belongs to.
pub(super) type KeyName = (Kind, String);

/// How often something was found, and in which Task first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::commands) struct Found {
    pub(in crate::commands) tasks: usize,
    pub(in crate::commands) example: String,
}

/// Of a key: how many Tasks, and its values.
#[derive(Debug, Default)]
pub(super) struct KeyReport {
    pub(super) counts: Counts,
    /// How many of the changes are of values that others have on the Task.
    pub(super) held: usize,
    pub(super) values: Frequent,
}

/// Why a key is skipped.
pub(super) type SkipName = (Kind, String, Reason, Option<String>);

/// What was found in all Tasks.
#[derive(Debug, Default)]
pub(in crate::commands) struct Report {
    /// How many Tasks were looked at.
    pub(in crate::commands) tasks: usize,
    /// How many of them have something else than they would get.
    pub(in crate::commands) differ: usize,
    /// How many were passed over, and why.
    pub(in crate::commands) passed_over: BTreeMap<PassedOver, Found>,
    /// How many say nothing of who has their fields.
    pub(in crate::commands) guessed: usize,
    /// How many are in Namespaces that are switched to `audit`.
    pub(in crate::commands) audited: usize,
    pub(super) keys: BTreeMap<KeyName, KeyReport>,
    /// The first message of each reason, and how often it was found.
    pub(super) skips: BTreeMap<SkipName, (String, Found)>,
    /// How often a key or a reason was found that there was no row left for.
    pub(super) without_row: usize,
    /// How many keys stay because what they would be was known at the creation of their Tasks alone.
    pub(in crate::commands) open: usize,
    /// How many keys no rule declares, where others than us may have written them, and one of them.
    pub(in crate::commands) unproven: usize,
    pub(super) unproven_example: String,
    /// All keys of all Tasks.
    pub(in crate::commands) all: Counts,
}

impl Report {
    /// Takes a Task.
    pub(in crate::commands) fn add(&mut self, surveyed: &Surveyed) {
        let name = surveyed.full_name();
        match &surveyed.verdict {
            Err(why) => {
                let found = self.passed_over.entry(*why);
                found.or_insert_with(|| Found { tasks: 0, example: name }).tasks += 1;
            }
            Ok(revision) => {
                self.audited += usize::from(surveyed.is_audited);
                self.add_revision(revision, &name);
            }
        }
    }

    fn add_revision(&mut self, revision: &Revision, name: &str) {
        self.tasks += 1;
        self.guessed += usize::from(revision.is_guessed);
        let differs = |key: &RevisedKey| key.change() != Change::Same;
        self.differ += usize::from(revision.keys.iter().any(differs));
        self.open += revision.keys.iter().filter(|key| key.is_open).count();
        if let Some(first) = revision.unproven.first().filter(|_| self.unproven == 0) {
            self.unproven_example = format!("{} {} of {name}", first.kind, first.key);
        }
        self.unproven += revision.unproven.len();
        for key in &revision.keys {
            self.add_key(key, name);
            self.add_skip(key, name);
        }
    }

    fn add_key(&mut self, key: &RevisedKey, name: &str) {
        let change = key.change();
        let Some(value) = key.gives.as_ref().or(key.has.as_ref()) else { return };
        self.all.count(change);
        let row = (key.kind, key.key.clone());
        if self.keys.len() == MOST_ROWS && !self.keys.contains_key(&row) {
            self.without_row += 1;
            return;
        }
        let report = self.keys.entry(row).or_default();
        report.counts.count(change);
        report.held += usize::from(key.is_held);
        report.values.count(value, change, name);
    }

    fn add_skip(&mut self, key: &RevisedKey, name: &str) {
        let Some(skip) = &key.skip else { return };
        let variable = skip.variable.as_deref().map(str::to_owned);
        let row = (key.kind, key.key.clone(), skip.reason, variable);
        if self.skips.len() == MOST_ROWS && !self.skips.contains_key(&row) {
            self.without_row += 1;
            return;
        }
        let first = || (skip.message.clone(), Found { tasks: 0, example: name.to_owned() });
        self.skips.entry(row).or_insert_with(first).1.tasks += 1;
    }

    /// The keys that are skipped, once for each reason.
    #[cfg(test)]
    pub(in crate::commands) fn skipped_keys(&self) -> Vec<&str> {
        self.skips.keys().map(|(_, key, ..)| &**key).collect()
    }

    /// Whether a Task would lose a key.
    pub(in crate::commands) fn has_lost(&self) -> bool {
        self.all.lost > 0
    }
}
