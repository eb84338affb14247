//! The words for keys in tables and in JSON.

use crate::engine::kelos::{POD_LABELS_FROM_TASK_SETTING, rules_annotation};
use crate::engine::rules::DeclaredIn;
use crate::engine::{KeyDecision, KeyOutcome};

/// The word, and the cause of a default.
pub(super) fn outcome_text(outcome: &KeyOutcome) -> String {
    let word = outcome.as_str();
    match outcome {
        KeyOutcome::Defaulted(_, cause) => format!("{word} ({})", cause.as_str()),
        _ => word.to_owned(),
    }
}

/// Where the template stands.
pub(super) fn from(key: &KeyDecision<'_>) -> &'static str {
    key.declared_in.map_or("-", DeclaredIn::as_str)
}

/// The annotation or field of the TaskSpawner that declares a key.
pub(super) fn field(key: &KeyDecision<'_>) -> &'static str {
    match key.declared_in {
        Some(DeclaredIn::Defaults) => "defaults",
        Some(DeclaredIn::RulesAnnotation) => rules_annotation(key.kind),
        Some(DeclaredIn::KelosField) => "taskTemplate.metadata",
        Some(DeclaredIn::Task) => POD_LABELS_FROM_TASK_SETTING,
        None => "-",
    }
}
