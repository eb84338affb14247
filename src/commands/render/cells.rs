//! The words in the tables and the JSON of `render`.

use crate::apimachinery::Kind;
use crate::engine::kelos::{ANNOTATIONS_RULES, LABELS_RULES};
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
    match (key.declared_in, key.kind) {
        (Some(DeclaredIn::RulesAnnotation), Kind::Label) => LABELS_RULES,
        (Some(DeclaredIn::RulesAnnotation), Kind::Annotation) => ANNOTATIONS_RULES,
        (Some(DeclaredIn::KelosField), _) => "taskTemplate.metadata",
        (None, _) => "-",
    }
}
