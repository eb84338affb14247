//! What the templates give, before anyone looks at the Task.

use std::borrow::Cow;
use std::sync::Arc;

use crate::apimachinery;
use crate::engine::reason::Reason;
use crate::engine::rules::{KeyRule, OnInvalid, Rules};
use crate::engine::skip::Skip;
use crate::templates::Template;
use crate::templates::budget::Budget;
use crate::templates::helpers::label;
use crate::templates::value::Map;

/// A value that may be written, or why there is none.
pub(super) type Candidate = Result<String, Skip>;

/// The candidates of all keys.
pub(in crate::engine) struct Candidates {
    pub(in crate::engine) candidates: Vec<Candidate>,
    /// Whether a template was stopped by its limits, or the budget by its end.
    pub(in crate::engine) is_over: bool,
}

impl Candidates {
    /// Those of a Task that was answered before, and told something by its labels and annotations: some of
    /// them are ours by now, and what the others told is not told again.
    pub(in crate::engine) fn settled(rules: &Rules) -> Candidates {
        let settled = || Skip::new(Reason::Existing, "it was settled when the Task was new");
        let candidates = rules.keys.iter().map(|_| Err(settled())).collect();
        Candidates { candidates, is_over: false }
    }
}

/// What a key costs beside its template and its value.
const KEY_STEPS: u64 = 4;
/// What a key takes until the Task is answered: its outcome, or the words that say why there is none.
const KEY_BYTES: usize = 512;
/// How often each byte of a value is copied or looked at, from here into the patch.
const VALUE_TIMES: usize = 8;

/// Renders all keys, in key order, those that are there already too: so a second pass has the same
/// budget left for each key as the first. It may stop at the first key that is over.
pub(in crate::engine) fn candidates(
    rules: &Rules,
    variables: &Arc<Map>,
    stops: bool,
    budget: &mut Budget,
) -> Candidates {
    let mut all = Candidates { candidates: Vec::with_capacity(rules.keys.len()), is_over: false };
    for rule in &rules.keys {
        let paid = budget.take_steps(KEY_STEPS).and_then(|()| budget.take_room(KEY_BYTES));
        let candidate = match &rule.plan {
            Ok(template) => {
                let rendered = paid.map_err(|_| nothing_left());
                let rendered = rendered.and_then(|()| render(template, variables, budget));
                let rendered = rendered.map(|text| match rule.trimmed(&text) {
                    same if same.len() == text.len() => text,
                    trimmed => trimmed.to_owned(),
                });
                let is_over = |error: &Skip| error.reason == Reason::LimitExceeded;
                all.is_over |= rendered.as_ref().is_err_and(is_over);
                candidate(rule, rendered)
            }
            Err(refusal) => Err(refusal.error.clone()),
        };
        all.candidates.push(candidate);
        if stops && all.is_over {
            break;
        }
    }
    all
}

/// Renders a template, and pays for what becomes of its value.
fn render(template: &Template, variables: &Arc<Map>, budget: &mut Budget) -> Candidate {
    let text = template.render(variables, budget)?;
    budget.take_bytes(text.len())?;
    budget.take_reading(text.len() * VALUE_TIMES)?;
    Ok(text)
}

fn nothing_left() -> Skip {
    let message = "the keys before it have taken all the steps that a Task has";
    Skip::new(Reason::LimitExceeded, message)
}

/// What was rendered, trimmed → sanitize if asked → `allowed` → `default`.
fn candidate(rule: &KeyRule, rendered: Candidate) -> Candidate {
    let judged = match rendered {
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
) -> Result<Cow<'v, str>, Skip> {
    let value = match apimachinery::value(rule.kind, &text) {
        Ok(()) => text,
        Err(error) if sanitize => match label::sanitize(&text) {
            clean if clean.is_empty() => return Err(invalid(error)),
            clean => Cow::Owned(clean.into_owned()),
        },
        Err(error) => return Err(invalid(error)),
    };
    if rule.allows(&value) {
        Ok(value)
    } else {
        Err(Skip::new(Reason::NotAllowed, "the value is not in the key's `allowed` list"))
    }
}

fn invalid(error: apimachinery::ValueError) -> Skip {
    Skip::new(Reason::InvalidValue, error.to_string()).hint(apimachinery::VALUE_HINT)
}

fn has_stand_in(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::MissingVariable | Reason::RenderError | Reason::InvalidValue | Reason::NotAllowed
    )
}
