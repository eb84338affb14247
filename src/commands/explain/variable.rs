//! A variable that the template of a key reads.

use serde::Serialize;

use crate::commands::shown_variable::ShownVariable;
use crate::commands::subject::Subject;
use crate::engine::reason::Reason;
use crate::engine::rules::KeyRule;
use crate::engine::{KeyDecision, KeyOutcome};

/// A variable that the template reads.
#[derive(Serialize)]
pub(super) struct ReadVariable<'v> {
    #[serde(flatten)]
    pub(super) shown: ShownVariable<'v>,
    /// What makes a missing one known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
}

/// The variables that the template of a key reads, with what makes a missing one known. That of the first one that
/// it fails on stands with the error.
pub(super) fn read_by<'k>(
    subject: &'k Subject<'_, '_>,
    key: &KeyDecision<'_>,
    rule: &KeyRule,
) -> Vec<ReadVariable<'k>> {
    let Some(uses) = rule.plan.as_ref().ok().and_then(|template| template.uses()) else {
        return Vec::new();
    };
    let failed_on = missing(key);
    let is_told = |name: &str| {
        let first = failed_on.map(|it| it.trim_start_matches(['.', '$']));
        let first = first.and_then(|it| it.split('.').next()).unwrap_or_default();
        first.replace('_', "").eq_ignore_ascii_case(&name.replace('_', ""))
    };
    let read = subject.report.0.iter().filter(|it| uses.names_it(&it.name));
    read.map(|variable| {
        let wants_hint = failed_on.is_some() && variable.known.is_err() && !is_told(&variable.name);
        let hint =
            wants_hint.then(|| subject.to_be_known(&format!(".{}", variable.name))).flatten();
        ReadVariable { shown: ShownVariable::from(variable), hint }
    })
    .collect()
}

/// The variable that a key is skipped for.
pub(super) fn missing<'k>(key: &'k KeyDecision<'_>) -> Option<&'k str> {
    match &key.outcome {
        KeyOutcome::Skipped(skip) if skip.reason == Reason::MissingVariable => {
            skip.variable.as_deref()
        }
        _ => None,
    }
}
