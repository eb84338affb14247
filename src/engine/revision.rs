//! A stored Task and the rules of today → what they would change in it.

use std::borrow::Cow;

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use super::comparison::{Change, Compared, Ruled, compare, edited_in_field};
use super::decision::{Decision, KeyOutcome};
use super::kelos::{MARKS, Task};
use super::patch::map_of;
use super::rules::Rules;
use super::skip::Skip;
use super::stored::{as_new_of, is_held};
use crate::apimachinery::Kind;

/// What the rules of today would change in a Task.
#[derive(Debug, Default)]
pub struct Revision {
    /// Its keys: those of the rules, then those that only the rules before have given it.
    pub keys: Vec<RevisedKey>,
    /// The marks that a Task with these keys has; none of a mark that it is to lose.
    pub marks: [(&'static str, Option<String>); 3],
    /// Whether the Task or its Namespace says that nothing is to be done.
    pub is_exempt: bool,
    /// Whether it was taken for ours what rules annotations and defaults declare, because the Task does not say
    /// whose it is.
    pub is_guessed: bool,
}

/// A key of a stored Task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisedKey {
    /// What the key belongs to.
    pub kind: Kind,
    /// The key.
    pub key: String,
    /// What the Task has.
    pub has: Option<String>,
    /// What it would have if it were new.
    pub gives: Option<String>,
    /// Why it is not written, if its team should hear of that or it is lost by it.
    pub skip: Option<Skip>,
    /// Whether a person, or a field manager that is not ours, has it on the Task.
    pub is_held: bool,
}

impl RevisedKey {
    /// What the rules of today would change.
    pub fn change(&self) -> Change {
        Change::between(self.has.as_deref(), self.gives.as_deref())
    }
}

/// A stored Task as a new one would come.
#[derive(Debug)]
pub struct Renewed<'s> {
    /// Its JSON.
    pub json: Cow<'s, str>,
    /// Whether it was taken for ours what rules annotations and defaults declare.
    is_guessed: bool,
}

/// The Task, given as a tree, as text and as itself, [without what answers left on it](super::stored::as_new), and
/// without what Kelos would render otherwise today.
pub fn renewed<'s>(
    object: &Value,
    json: &'s str,
    stored: &Task<'_>,
    rules: Ruled<'_>,
) -> Renewed<'s> {
    let all: Vec<&Rules> = rules.before.into_iter().chain([rules.today]).collect();
    let new = as_new_of(object, stored, &all);
    let is_guessed = new.as_ref().is_some_and(|new| !new.is_certain);
    let edited = edited_in_field(rules);
    let without = without_edited(new.as_ref().map_or(object, |new| &new.object), &edited);
    let json = without.or(new.map(|new| new.json)).map_or(Cow::Borrowed(json), Cow::Owned);
    Renewed { json, is_guessed }
}

impl Renewed<'_> {
    /// What changes in the stored Task by what was decided about it as it is here. Who has created it is known at its
    /// creation alone: keys that depend on it stay as they are.
    pub fn revision(
        &self,
        (object, stored): (&Value, &Task<'_>),
        rules: Ruled<'_>,
        (new, decision): (&Task<'_>, &Decision<'_>),
    ) -> Revision {
        if decision.is_exempt || rules.today.is_disabled {
            return Revision { is_exempt: true, ..Revision::default() };
        }
        let compared = compare(stored, new, decision, rules);
        let mut keys: Vec<RevisedKey> = compared.iter().map(|it| revised(object, it)).collect();
        keys.extend(undeclared(stored, new, &compared));
        keys.extend(no_longer_in_field(stored, new, rules));
        let marks = MARKS.map(|mark| (mark, written(decision, mark)));
        Revision { keys, marks, is_exempt: false, is_guessed: self.is_guessed }
    }
}

fn revised(object: &Value, compared: &Compared<'_, '_>) -> RevisedKey {
    let Compared { decision, has, gives, is_open } = compared;
    let (kind, key) = (decision.kind, decision.key);
    let change = compared.change();
    let skip = match &decision.outcome {
        _ if *is_open => None,
        KeyOutcome::Skipped(skip) if change == Change::Lost => Some(skip),
        _ => decision.news_skip(),
    };
    let is_held = change != Change::Same && !kind.is_of_pod() && is_held(object, kind, key);
    RevisedKey {
        kind,
        key: key.to_owned(),
        has: has.clone(),
        gives: if *is_open { has.clone() } else { gives.clone() },
        skip: skip.cloned(),
        is_held,
    }
}

/// The JSON of a Task without these labels and annotations, if there are any.
fn without_edited(object: &Value, edited: &[(Kind, &str)]) -> Option<String> {
    if edited.is_empty() {
        return None;
    }
    let mut object = object.clone();
    for (kind, key) in edited {
        let map = object.pointer_mut(map_of(*kind, false).as_str());
        map.and_then(Value::as_object_mut).and_then(|map| map.remove(*key));
    }
    Some(object.to_string())
}

/// What Kelos rendered out of its field before, and nothing asks for today.
fn no_longer_in_field(stored: &Task<'_>, new: &Task<'_>, rules: Ruled<'_>) -> Vec<RevisedKey> {
    let before = rules.before.into_iter().flat_map(|before| &before.keys);
    let gone = before.filter(|rule| {
        let (kind, key) = (rule.kind, &*rule.key);
        rule.in_field
            && !rule.is_protected()
            && rules.today.rule(kind, key).is_none()
            && new.get(kind, key).is_some()
    });
    let gone = gone.filter_map(|rule| {
        let (kind, key) = (rule.kind, rule.key.to_string());
        let has = Some(stored.get(kind, &key)?.to_owned());
        Some(RevisedKey { kind, key, has, gives: None, skip: None, is_held: true })
    });
    gone.collect()
}

/// The keys that the rules before have given the Task, and that those of today do not know.
fn undeclared(stored: &Task<'_>, new: &Task<'_>, compared: &[Compared<'_, '_>]) -> Vec<RevisedKey> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        for (key, has) in stored.entries(kind).into_iter().flatten() {
            let is_known = || {
                let is_it =
                    |it: &Compared<'_, '_>| (it.decision.kind, it.decision.key) == (kind, &**key);
                MARKS.contains(&&**key) || compared.iter().any(is_it)
            };
            if new.get(kind, key).is_none() && !is_known() {
                let (key, has) = (key.to_string(), Some(has.to_string()));
                found.push(RevisedKey { kind, key, has, gives: None, skip: None, is_held: false });
            }
        }
    }
    found
}

/// What a decision writes into an annotation.
fn written(decision: &Decision<'_>, annotation: &str) -> Option<String> {
    let path = map_of(Kind::Annotation, false).with_trailing_token(annotation);
    let Patch(operations) = &decision.patch;
    operations.iter().find_map(|operation| match operation {
        PatchOperation::Add(add) if add.path == path => add.value.as_str().map(str::to_owned),
        PatchOperation::Replace(replace) if replace.path == path => {
            replace.value.as_str().map(str::to_owned)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests;
