//! What the templates give, before anyone looks at the Task.

use std::borrow::Cow;
use std::sync::Arc;

use crate::apimachinery::Kind;
use crate::engine::decision::Cause;
use crate::engine::kelos::Shape;
use crate::engine::line;
use crate::engine::pods;
use crate::engine::reason::Reason;
use crate::engine::rules::{DeclaredIn, KeyRule, OnInvalid, Rules};
use crate::engine::skip::Skip;
use crate::templates::Template;
use crate::templates::budget::Budget;
use crate::templates::helpers::label;
use crate::templates::value::{Map, Text};

/// A value that may be written, or why there is none.
pub(super) type Candidate = Result<Offer, Skip>;

/// A value that may be written.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) value: Text,
    /// Why it is the key's `default`, if it is.
    pub(super) defaulted: Option<Cause>,
}

/// Whether that is the value of a candidate.
pub(super) fn is_offered(candidate: &Candidate, value: &str) -> bool {
    candidate.as_ref().is_ok_and(|offer| offer.value == value)
}

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
        let made = rules.spawner.makes;
        let message = format!("it was settled when the {made} was new");
        let settled = || Skip::new(Reason::Existing, &*message);
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

/// Renders all keys, those that are there already too: so a second pass has the same budget left for each
/// key as the first. The defaults of the cluster come first, whatever a team's templates cost; then key
/// order. It may stop at the first key that is over.
pub(in crate::engine) fn candidates(
    rules: &Rules,
    variables: &Arc<Map>,
    stops: bool,
    budget: &mut Budget,
) -> Candidates {
    let made = rules.spawner.makes;
    let is_default = |rule: &KeyRule| rule.declared_in == DeclaredIn::Defaults;
    if !rules.keys.iter().any(|rule| is_default(rule)) {
        return rendered(made, rules.keys.iter(), variables, stops, budget);
    }
    let (first, then): (Vec<_>, Vec<_>) = rules.keys.iter().partition(|rule| is_default(rule));
    let first = rendered(made, first.into_iter(), variables, stops, budget);
    if stops && first.is_over {
        return first;
    }
    let then = rendered(made, then.into_iter(), variables, stops, budget);
    let (mut of_defaults, mut of_others) =
        (first.candidates.into_iter(), then.candidates.into_iter());
    let in_order = rules.keys.iter().map_while(|rule| match is_default(rule) {
        true => of_defaults.next(),
        false => of_others.next(),
    });
    Candidates { candidates: in_order.collect(), is_over: first.is_over || then.is_over }
}

fn rendered<'r>(
    made: Shape,
    rules: impl ExactSizeIterator<Item = &'r Arc<KeyRule>>,
    variables: &Arc<Map>,
    stops: bool,
    budget: &mut Budget,
) -> Candidates {
    let mut all = Candidates { candidates: Vec::with_capacity(rules.len()), is_over: false };
    for rule in rules {
        let paid = budget.take_steps(KEY_STEPS).and_then(|()| budget.take_room(KEY_BYTES));
        let candidate = match &rule.plan {
            Ok(template) => {
                let rendered = paid.map_err(|_| nothing_left(made));
                let rendered = rendered.and_then(|()| render(template, variables, budget));
                let rendered = rendered.map(|text| match rule.trimmed(&text) {
                    _ if rule.is_shown_line => line::shown(&text).into(),
                    same if same.len() == text.len() => text,
                    trimmed => trimmed.into(),
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
fn render(template: &Template, variables: &Arc<Map>, budget: &mut Budget) -> Result<Text, Skip> {
    let text = template.render(variables, budget)?;
    budget.take_bytes(text.len())?;
    budget.take_reading(text.len() * VALUE_TIMES)?;
    Ok(text)
}

fn nothing_left(made: Shape) -> Skip {
    let message = format!("the keys before it have taken all the steps that a {made} has");
    Skip::new(Reason::LimitExceeded, message)
}

/// What was rendered, trimmed → sanitize if asked → `allowed` → `default`.
fn candidate(rule: &KeyRule, rendered: Result<Text, Skip>) -> Candidate {
    let judged = match rendered {
        Ok(text) if is_left_out(rule, &text) => Err(Cause::Empty),
        Ok(text) => match judge(rule, &text, rule.on_invalid == OnInvalid::Sanitize) {
            Ok(Cow::Borrowed(_)) => Ok(text),
            Ok(Cow::Owned(sanitized)) => Ok(sanitized.into()),
            Err(skip) => Err(Cause::Failed(skip)),
        },
        Err(skip) => Err(Cause::Failed(skip)),
    };
    match (judged, rule.default()) {
        (Ok(value), _) => Ok(Offer { value, defaulted: None }),
        (Err(cause), Some(default)) if has_stand_in(&cause) => {
            Ok(Offer { value: Text::clone(default), defaulted: Some(cause) })
        }
        (Err(Cause::Failed(skip)), _) => Err(skip),
        (Err(Cause::Empty), _) => Err(empty()),
    }
}

/// Whether an empty text means that there is nothing to write: of a label or node selector whose template has an action,
/// and wherever a `default` stands by. A label that is written out as empty is meant so; what is shown in one line never is.
pub(super) fn is_left_out(rule: &KeyRule, text: &str) -> bool {
    let has_action = || rule.plan.as_ref().is_ok_and(|template| template.language().is_some());
    let is_of_label = || rule.kind != Kind::Annotation && has_action();
    text.is_empty() && (rule.is_shown_line || rule.default().is_some() || is_of_label())
}

/// That there is nothing to write.
pub(super) fn empty() -> Skip {
    Skip::new(Reason::Omitted, "the template gave an empty text")
}

/// The value as it may be written: as it is, or sanitized if asked, and allowed.
pub(super) fn judge<'v>(
    rule: &KeyRule,
    text: &'v str,
    sanitize: bool,
) -> Result<Cow<'v, str>, Skip> {
    let check = |text: &str| pods::check_value(rule.kind, rule.key(), text);
    let value = match check(text) {
        Ok(()) => Cow::Borrowed(text),
        Err(error) if sanitize => match label::sanitize(text) {
            clean if clean.is_empty() || check(&clean).is_err() => {
                return Err(error.hint("nothing of it makes a value: a `default` would stand in"));
            }
            clean => Cow::Owned(clean.into_owned()),
        },
        Err(error) => return Err(error),
    };
    if rule.allows(&value) {
        Ok(value)
    } else {
        let narrowed = " that the defaults of the cluster have";
        let whose = if rule.is_narrowed() { narrowed } else { "" };
        let message = format!("the value is not in the key's `allowed` list{whose}");
        Err(Skip::new(Reason::NotAllowed, message))
    }
}

/// Whether a `default` stands in for what has this cause.
pub(super) fn has_stand_in(cause: &Cause) -> bool {
    use Reason::{InvalidValue, MissingVariable, NotAllowed, RenderError};
    match cause {
        Cause::Empty => true,
        Cause::Failed(skip) => {
            matches!(skip.reason, MissingVariable | RenderError | InvalidValue | NotAllowed)
        }
    }
}
