//! What a stored Task has beside what the rules of today give it.

use super::decision::{Decision, KeyDecision, KeyOutcome};
use super::kelos::{RENDERED_FROM_MARK, Task};
use super::mark::{is_marked, rendered_from};
use super::patch::{Operation, Path};
use super::reason::Reason;
use super::rules::{DeclaredIn, KeyRule, OnInvalid, Rules};
use super::variables::reads_new_inputs;
use crate::apimachinery::Kind;
use crate::words::words;

words! {
    /// What the rules of today would change in a key.
    pub enum Change {
        /// Nothing: it has what they give, or lacks what they do not give.
        Same = "same",
        /// The Task lacks it.
        Added = "added",
        /// The Task has another value.
        Changed = "changed",
        /// The Task has it, and would not get it any more.
        Lost = "lost",
    }
}

/// The rules that a Task is looked at with.
#[derive(Clone, Copy, Debug)]
pub struct Ruled<'r> {
    /// Those that a new Task would get.
    pub today: &'r Rules,
    /// Those that may have given it what it has, where they are others.
    pub before: Option<&'r Rules>,
}

/// A key of a stored Task.
#[derive(Debug)]
pub struct Compared<'d, 'r> {
    /// What becomes of it today.
    pub decision: &'d KeyDecision<'r>,
    /// What the Task has.
    pub has: Option<String>,
    /// What it would have if it were new, as far as that is known today.
    pub gives: Option<String>,
    /// Whether that was known at its creation alone: then it counts as what it has.
    pub is_open: bool,
}

impl Change {
    /// From what a Task has to what it would get.
    pub fn between(has: Option<&str>, gives: Option<&str>) -> Change {
        match (has, gives) {
            (Some(has), Some(gives)) if has == gives => Change::Same,
            (None, None) => Change::Same,
            (None, Some(_)) => Change::Added,
            (Some(_), Some(_)) => Change::Changed,
            (Some(_), None) => Change::Lost,
        }
    }
}

impl Compared<'_, '_> {
    /// What the rules of today would change.
    pub fn change(&self) -> Change {
        match self.is_open {
            true => Change::Same,
            false => Change::between(self.has.as_deref(), self.gives.as_deref()),
        }
    }
}

/// The keys that the rules declare or copy, as a stored Task has them and as the decision about it
/// [as when it was new](super::stored::as_new) gives them. Rules annotations that do not parse are left out. Who has
/// created it is known at its creation alone: keys that depend on it stay as they are.
pub fn compare<'d, 'r>(
    stored: &Task<'_>,
    as_new: &Task<'_>,
    decision: &'d Decision<'r>,
    rules: Ruled<'_>,
) -> Vec<Compared<'d, 'r>> {
    let edited = edited_in_field(rules);
    let keys = decision.keys.iter().filter(|it| it.declared_in.is_some());
    let compared = keys.map(|it| {
        let has = stored.get(it.kind, it.key).map(str::to_owned);
        let gives = given(as_new, decision, it);
        let is_lost = Change::between(has.as_deref(), gives.as_deref()) == Change::Lost;
        let is_edited = || edited.contains(&(it.kind, it.key));
        // Kelos knows more variables of an item than we do of its Task.
        let is_open = reads_user(rules.today, it)
            || (is_lost
                && (has_lost_inputs((stored, as_new), rules, it)
                    || (is_edited() && is_missing(it))));
        Compared { decision: it, has, gives, is_open }
    });
    compared.collect()
}

/// Whether a key depends on who creates the Task.
fn reads_user(rules: &Rules, decision: &KeyDecision<'_>) -> bool {
    let is_copied = decision.declared_in == Some(DeclaredIn::Task);
    let kind = if is_copied { Kind::Label } else { decision.kind };
    let template = rules.rule(kind, decision.key).and_then(|rule| rule.plan.as_ref().ok());
    template.and_then(|it| it.uses()).is_some_and(|uses| uses.has("User"))
}

/// Whether a key may only be missing because the answer that gave it has repaired what it was read from: a label that
/// Kelos rendered and the API server would have refused. So it is if nobody has edited the template since. Where that
/// is not known, it is if there is a field that Kelos may have rendered otherwise than the Task has it.
fn has_lost_inputs(
    (stored, new): (&Task<'_>, &Task<'_>),
    rules: Ruled<'_>,
    decision: &KeyDecision<'_>,
) -> bool {
    let (kind, key, today) = (decision.kind, decision.key, rules.today);
    let mark = stored.get(Kind::Annotation, RENDERED_FROM_MARK);
    let gave_it = |rules: &Rules| mark == Some(&*rendered_from(rules));
    let template =
        |rules: &'_ Rules| rules.rule(kind, key).and_then(|rule| rule.source()).map(str::to_owned);
    let before = rules.before.filter(|it| gave_it(it));
    let is_unedited = match (gave_it(today), before) {
        (true, _) => true,
        (false, Some(before)) => template(before) == template(today),
        (false, None) => {
            is_marked(stored, today) && today.keys.iter().any(|it| may_be_repaired(it, new))
        }
    };
    let plan = today.rule(kind, key).and_then(|rule| rule.plan.as_ref().ok());
    let uses = plan.and_then(|it| it.uses());
    is_missing(decision)
        && is_unedited
        && uses
            .is_some_and(|uses| today.inference.reads_metadata() || reads_new_inputs(today, &uses))
}

/// Whether Kelos may have rendered another value than the Task has: none is left, or one that we write.
fn may_be_repaired(rule: &KeyRule, new: &Task<'_>) -> bool {
    let has = new.get(rule.kind, rule.key());
    let is_repair = |has: &str| {
        let is_sanitized = rule.kind == Kind::Label && rule.on_invalid == OnInvalid::Sanitize;
        is_sanitized || rule.default().is_some_and(|default| default == has)
    };
    rule.in_field && !rule.is_protected() && has.is_none_or(is_repair)
}

fn is_missing(decision: &KeyDecision<'_>) -> bool {
    let KeyOutcome::Skipped(skip) = &decision.outcome else { return false };
    skip.reason == Reason::MissingVariable
}

/// The keys of the Kelos field with another template than before: a new Task comes with what Kelos renders then.
pub(super) fn edited_in_field(rules: Ruled<'_>) -> Vec<(Kind, &str)> {
    let Some(before) = rules.before else { return Vec::new() };
    let in_field = rules.today.keys.iter().filter(|rule| rule.in_field && !rule.is_protected());
    let edited = in_field.filter(|rule| {
        let before = before.rule(rule.kind, rule.key()).filter(|before| before.in_field);
        before.is_some_and(|before| before.source() != rule.source())
    });
    edited.map(|rule| (rule.kind, rule.key())).collect()
}

fn given(as_new: &Task<'_>, decision: &Decision<'_>, key: &KeyDecision<'_>) -> Option<String> {
    if let Some(written) = key.written() {
        return Some(written.to_owned());
    }
    let there = as_new.get(key.kind, key.key).map(str::to_owned);
    match key.outcome {
        KeyOutcome::Skipped(_) => there.filter(|_| !is_removed(decision, key.kind, key.key)),
        _ => there,
    }
}

fn is_removed(decision: &Decision<'_>, kind: Kind, key: &str) -> bool {
    decision.operations.iter().any(|operation| {
        matches!(operation, Operation::Remove(Path::Key(_, place)) if (place.kind, place.key) == (kind, key))
    })
}

#[cfg(test)]
mod tests;
