//! What the templates give, before anyone looks at the Task.

use std::borrow::Cow;
use std::sync::Arc;

use crate::engine::reason::Reason;
use crate::engine::render::budget::Budget;
use crate::engine::render::error::TemplateError;
use crate::engine::render::value::Map;
use crate::engine::rules::{KeyRule, OnInvalid, Rules};
use crate::engine::validate;

/// A value that may be written, or why there is none.
pub(super) type Candidate = Result<String, TemplateError>;

/// Renders all keys, in key order, those that are there already too: so a second pass has the same
/// budget left for each key as the first.
pub(in crate::engine) fn candidates(
    rules: &Rules,
    variables: &Arc<Map>,
    is_marked: bool,
    mut budget: Budget,
) -> Vec<Candidate> {
    // Some of its labels and annotations are ours by now, and what the others told is not told again.
    if is_marked && rules.inference.reads_metadata() {
        let settled =
            || TemplateError::new(Reason::Existing, "it was settled when the Task was new");
        return rules.keys.iter().map(|_| Err(settled())).collect();
    }
    rules.keys.iter().map(|rule| candidate(rule, variables, &mut budget)).collect()
}

/// Render → sanitize if asked → `allowed` → `default`.
fn candidate(rule: &KeyRule, variables: &Arc<Map>, budget: &mut Budget) -> Candidate {
    let template = rule.plan.as_ref().map_err(|refusal| refusal.error.clone())?;
    let judged = match template.render(variables, budget) {
        Ok(text) if text.is_empty() && rule.default.is_some() => Ok(None),
        Ok(text) => judge(rule, text.into(), rule.on_invalid == OnInvalid::Sanitize).map(Some),
        Err(error) => Err(error),
    };
    match (judged, &rule.default) {
        (Ok(Some(value)), _) => Ok(value.into_owned()),
        (Ok(None), Some(default)) => Ok(default.to_string()),
        (Err(skip), Some(default)) if has_stand_in(skip.reason) => Ok(default.to_string()),
        (Err(skip), _) => Err(skip),
        (Ok(None), None) => Ok(String::new()),
    }
}

/// The value as it may be written: sanitized if asked, and allowed.
pub(super) fn judge<'v>(
    rule: &KeyRule,
    text: Cow<'v, str>,
    sanitize: bool,
) -> Result<Cow<'v, str>, TemplateError> {
    let value = match validate::value(rule.kind, &text) {
        Ok(()) => text,
        Err(error) if sanitize => match validate::sanitize(&text) {
            clean if clean.is_empty() => return Err(invalid(error)),
            clean => Cow::Owned(clean.into_owned()),
        },
        Err(error) => return Err(invalid(error)),
    };
    if rule.allows(&value) {
        Ok(value)
    } else {
        Err(TemplateError::new(Reason::NotAllowed, "the value is not in the key's `allowed` list"))
    }
}

fn invalid(error: validate::ValueError) -> TemplateError {
    TemplateError::new(Reason::InvalidValue, error.to_string()).hint(validate::VALUE_HINT)
}

fn has_stand_in(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::MissingVariable | Reason::RenderError | Reason::InvalidValue | Reason::NotAllowed
    )
}
