//! A run that a person started with the Kelos CLI, whatever the source is.

use super::Evidence;
use super::variable::{Others, Table, Variable as V};
use super::variable_set::{Letters, Origin, VariableSet};
use crate::apimachinery::Kind;
use crate::engine::kelos::{Source, TRIGGER_TIME_ANNOTATION, TRIGGER_TYPE_ANNOTATION};
use crate::templates::value::Value;

pub(super) const TABLE: Table = Table {
    name: "a manual run",
    variables: &[
        V::word("ID"),
        V::line("Title"),
        V::line("Kind"),
        V::text("TriggerType"),
        V::text("TriggerTime"),
    ],
    others: Others::Anything,
    has_first_prompt: false,
};

/// Of a schedule.
pub(super) const SCHEDULE: Table = Table {
    name: "a manual run",
    variables: &[
        V::word("ID"),
        V::line("Title"),
        V::line("Kind"),
        V::text("TriggerType"),
        V::text("TriggerTime"),
        V::word("Time"),
        V::line("Schedule"),
    ],
    others: Others::Anything,
    has_first_prompt: false,
};

/// A run that a person started with the Kelos CLI (v0.45 and later). Who starts it may give values of
/// these names, which are then what Kelos prints; of a schedule Kelos's own time and schedule hold.
pub(super) fn derive(evidence: &Evidence<'_, '_>, known: &mut VariableSet<'_>) {
    known.derive(Letters::Alike, "Kind", "Manual");
    if let Some(id) = evidence.name_suffix().filter(|id| is_manual_id(id)) {
        // The name may be given, too.
        known.derive(Letters::Alike, "ID", id);
    }
    let mut recorded = |letters: Letters, name: &str, key: &str| {
        if let Some(value) = evidence.task.get(Kind::Annotation, key) {
            known.put(Origin::Task, letters, name, |meter| {
                meter.take_bytes(value.len())?;
                Ok(Value::from(value))
            });
        }
    };
    recorded(Letters::Alike, "TriggerType", TRIGGER_TYPE_ANNOTATION);
    recorded(Letters::Alike, "TriggerTime", TRIGGER_TIME_ANNOTATION);
    if let Source::Cron(source) = evidence.source() {
        recorded(Letters::Exact, "Time", TRIGGER_TIME_ANNOTATION);
        known.derive(Letters::Exact, "Schedule", &source.schedule);
    }
}

/// Whether the CLI made this: who starts a run may also choose its name.
fn is_manual_id(id: &str) -> bool {
    let random = id.strip_prefix("manual-").unwrap_or_default();
    random.len() == 5 && random.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
