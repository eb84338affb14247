//! What is to be written into a Task and into its TaskRecord.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::survey::Surveyed;
use super::budgets::Budgets;
use crate::apimachinery::Kind;
use crate::engine::comparison::Change;
use crate::engine::revision::{RevisedKey, Revision};
use crate::engine::stored::is_held_on_record;

/// The annotation in which Kelos keeps the labels by which a Task is counted, once its budgets have let it start.
const BUDGET_LABELS: &str = "kelos.dev/taskbudget-labels";

/// What is to be done with keys that the rules no longer give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// They stay.
    Kept,
    /// They are removed.
    Pruned,
}

impl Lost {
    /// Whether a key of a Task is written, if it differs.
    pub(super) fn is_written(self, key: &RevisedKey) -> bool {
        !key.is_held
            && !key.kind.is_of_pod()
            && (key.change() != Change::Lost || self == Lost::Pruned)
    }
}

/// What is to be written into an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
    /// The labels that a TaskBudget selects on, where that matters.
    pub(super) budgeted: BTreeSet<String>,
    /// How many keys a person or another field manager has.
    pub(super) held: usize,
    /// How many keys stay that the rules no longer give.
    pub(super) kept: usize,
}

impl Plan {
    /// What a Task is to get. Its marks are written with a key, and never alone.
    pub(super) fn of_task(task: &Surveyed, lost: Lost, budgets: &Budgets) -> Plan {
        let mut plan = Plan::default();
        let Ok(revision) = &task.verdict else { return plan };
        let is_counted = is_counted_later(&task.object);
        for key in of_metadata(revision).filter(|key| key.change() != Change::Same) {
            if key.is_held {
                plan.held += 1;
            } else if key.change() == Change::Lost && lost == Lost::Kept {
                plan.kept += 1;
            } else {
                plan.set(key.kind, &key.key, key.gives.as_deref());
                if key.kind == Kind::Label
                    && is_counted
                    && budgets.select(&task.namespace, &key.key)
                {
                    plan.budgeted.insert(key.key.clone());
                }
            }
        }
        if !plan.is_empty() {
            let annotations = &task.object["metadata"]["annotations"];
            for (mark, value) in &revision.marks(|key| lost.is_written(key)) {
                if annotations[*mark].as_str() != value.as_deref() {
                    plan.set(Kind::Annotation, mark, value.as_deref());
                }
            }
        }
        plan
    }

    /// What its TaskRecord is to get: the labels that the Task has once it is written, as far as the rules give
    /// them.
    pub(super) fn of_record(
        record: &Value,
        task: &Surveyed,
        lost: Lost,
        budgets: &Budgets,
    ) -> Plan {
        let mut plan = Plan::default();
        let Ok(revision) = &task.verdict else { return plan };
        let labels = &record["metadata"]["labels"];
        for key in of_metadata(revision).filter(|key| key.kind == Kind::Label) {
            let stays = key.is_held || (key.change() == Change::Lost && lost == Lost::Kept);
            let wanted = if stays { key.has.as_deref() } else { key.gives.as_deref() };
            let there = labels[&key.key].as_str();
            // A record may have had the label before rules gave it: it loses what the Task loses, or has lost.
            let is_kept = wanted.is_none() && (key.is_open || lost == Lost::Kept);
            if there == wanted || (is_kept && key.change() != Change::Lost) {
                continue;
            }
            if there.is_some() && is_held_on_record(record, &key.key) {
                plan.held += 1;
                continue;
            }
            plan.set(Kind::Label, &key.key, wanted);
            if budgets.select(&task.namespace, &key.key) {
                plan.budgeted.insert(key.key.clone());
            }
        }
        plan
    }

    /// Whether nothing is to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.annotations.is_empty()
    }

    /// The merge patch of this object as it was read: of no other, and of no later version.
    pub(super) fn patch(&self, object: &Value) -> Value {
        let read = &object["metadata"];
        let mut metadata = json!({"uid": read["uid"], "resourceVersion": read["resourceVersion"]});
        for (field, entries) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if !entries.is_empty() {
                metadata[field] = Value::Object(entries.clone());
            }
        }
        json!({ "metadata": metadata })
    }

    fn set(&mut self, kind: Kind, key: &str, value: Option<&str>) {
        let entries = if kind == Kind::Label { &mut self.labels } else { &mut self.annotations };
        entries.insert(key.to_owned(), value.map_or(Value::Null, Value::from));
    }
}

/// The keys that are no part of the spec.
fn of_metadata(revision: &Revision) -> impl Iterator<Item = &RevisedKey> {
    revision.keys.iter().filter(|key| !key.kind.is_of_pod())
}

/// Whether a TaskBudget will still count the Task by the labels that it has then: it waits, or it runs and Kelos has
/// not kept its labels.
fn is_counted_later(task: &Value) -> bool {
    match task["status"]["phase"].as_str().unwrap_or_default() {
        "" | "Pending" | "Waiting" => true,
        "Succeeded" | "Failed" => false,
        _ => task["metadata"]["annotations"][BUDGET_LABELS].is_null(),
    }
}

/// Whether Kelos makes a TaskRecord of a Task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HasRecord {
    Yes,
    /// It has not ended.
    NotYet,
    /// It has ended, and nobody knows what it has used.
    Never,
}

/// Whether Kelos makes a TaskRecord of the Task: one that has ended and says what it has used.
pub(super) fn has_record(task: &Value) -> HasRecord {
    let status = &task["status"];
    match (status["completionTime"].is_string(), status["usage"].is_object()) {
        (true, true) => HasRecord::Yes,
        (true, false) => HasRecord::Never,
        (false, _) => HasRecord::NotYet,
    }
}

#[cfg(test)]
mod tests;
