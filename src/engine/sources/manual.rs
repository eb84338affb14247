//! A run that a person started with the Kelos CLI, whatever the source is.

use super::variable::{Others, Table, Variable as V};
use super::variable_set::{Letters, Origin, VariableSet};
use super::{Evidence, put_text};
use crate::apimachinery::Kind;
use crate::engine::kelos::{Source, TRIGGER_TIME_ANNOTATION, TRIGGER_TYPE_ANNOTATION};

/// The variables of every manual run.
const ANY: &[V] = &[
    V::word("ID"),
    V::line("Title"),
    V::line("Kind"),
    V::text("TriggerType"),
    V::text("TriggerTime"),
];

pub(super) const TABLE: Table = Table {
    name: "a manual run",
    variables: &[ANY],
    others: Others::Anything,
    has_first_prompt: false,
};

/// Of a schedule.
pub(super) const SCHEDULE: Table = Table {
    name: "a manual run",
    variables: &[ANY, &[V::word("Time"), V::line("Schedule")]],
    others: Others::Anything,
    has_first_prompt: false,
};

/// A run that a person started with the Kelos CLI (v0.45 and later). Who starts it may give values of any
/// name, which are then what Kelos prints: so what is read back comes first. Of a schedule Kelos's own time
/// and schedule hold.
pub(super) fn derive(evidence: &Evidence<'_, '_>, known: &mut VariableSet<'_>) {
    known.stand_in("Kind", "Manual");
    if let Some(id) = evidence.name_suffix().filter(|id| is_manual_id(id)) {
        // The name may be given, too.
        known.stand_in("ID", id);
    }
    let recorded = |key: &str| evidence.task.get(Kind::Annotation, key);
    for (name, key) in
        [("TriggerType", TRIGGER_TYPE_ANNOTATION), ("TriggerTime", TRIGGER_TIME_ANNOTATION)]
    {
        if let Some(value) = recorded(key) {
            known.stand_in_of(Origin::Task, name, value);
        }
    }
    if let Source::Cron(source) = evidence.source {
        if let Some(time) = recorded(TRIGGER_TIME_ANNOTATION) {
            put_text(Origin::Task, Letters::Exact, "Time", time, known);
        }
        known.derive(Letters::Exact, "Schedule", &source.schedule);
    }
}

/// Whether the CLI made this: who starts a run may also choose its name.
fn is_manual_id(id: &str) -> bool {
    let random = id.strip_prefix("manual-").unwrap_or_default();
    random.len() == 5 && random.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
