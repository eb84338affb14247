//! A stored Task and the rules of today → what they would change in it.

mod marks;

use std::borrow::Cow;

use serde_json::Value;

pub use self::marks::Marks;

use super::comparison::{Change, Compared, Ruled, compare, edited_in_field};
use super::decision::{Decision, KeyOutcome};
use super::kelos::{MARKS, Task};
use super::patch::map_of;
use super::rules::Rules;
use super::skip::Skip;
use super::stored::{Traceless, as_new_of, has_made_name, is_backfills, is_held, remove_name};
use crate::apimachinery::Kind;

/// What the rules of today would change in a Task.
#[derive(Debug, Default)]
pub struct Revision {
    /// Its keys: those of the rules, then those of ours that no rule declares any more.
    pub keys: Vec<RevisedKey>,
    /// The keys that no rule declares and no field manager has, where others than us may have written them.
    pub unproven: Vec<RevisedKey>,
    /// What its marks are to say.
    pub marks: Marks,
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
    /// Whether it stays because what it would be was known at the creation of the Task alone.
    pub is_open: bool,
    /// Whether it is taken for ours only because nobody else is noted for it: no rule declares it.
    pub is_traceless: bool,
}

impl RevisedKey {
    /// What the rules of today would change.
    pub fn change(&self) -> Change {
        Change::between(self.has.as_deref(), self.gives.as_deref())
    }
}

impl Revision {
    /// The marks of the Task once these of its keys are written that differ; none of a mark that it is to lose.
    pub fn marks(
        &self,
        is_written: impl Fn(&RevisedKey) -> bool,
    ) -> [(&'static str, Option<String>); 3] {
        let stays =
            |it: &RevisedKey| it.is_open || (it.change() != Change::Same && !is_written(it));
        let is_left = |kind, key: &str| {
            self.keys.iter().any(|it| it.kind == kind && it.key == key && stays(it))
        };
        let has_more = !self.unproven.is_empty()
            || self.keys.iter().any(|it| it.has.is_some() && !it.is_held && stays(it));
        self.marks.written(is_left, has_more)
    }

    /// Takes keys that are only [traceless](RevisedKey::is_traceless) for what others may have written; says whether
    /// there are some.
    pub fn leave_traceless(&mut self) -> bool {
        self.unproven.extend(self.keys.extract_if(.., |key| key.is_traceless));
        !self.unproven.is_empty()
    }

    /// Leaves open what would be something else by another way to see the Task.
    pub fn leave_open(&mut self, other: &Revision) {
        for key in &mut self.keys {
            let mut others = other.keys.iter();
            let same = others.find(|it| (it.kind, &it.key) == (key.kind, &key.key));
            if same.and_then(|it| it.gives.as_ref()) != key.gives.as_ref() {
                (key.gives, key.skip, key.is_open) = (key.has.clone(), None, true);
            }
        }
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

/// The same if others have written what is [traceless](RevisedKey::is_traceless), before we were asked.
pub fn renewed_with_traceless<'s>(
    object: &Value,
    json: &'s str,
    stored: &Task<'_>,
    rules: Ruled<'_>,
) -> Renewed<'s> {
    renew((object, json), stored, rules, Traceless::Others)
}

/// The Task, given as a tree, as text and as itself, [without what answers left on it](super::stored::as_new), and
/// without what Kelos would render otherwise today.
pub fn renewed<'s>(
    object: &Value,
    json: &'s str,
    stored: &Task<'_>,
    rules: Ruled<'_>,
) -> Renewed<'s> {
    renew((object, json), stored, rules, Traceless::Ours)
}

fn renew<'s>(
    (object, json): (&Value, &'s str),
    stored: &Task<'_>,
    rules: Ruled<'_>,
    traceless: Traceless,
) -> Renewed<'s> {
    let all: Vec<&Rules> = rules.before.into_iter().chain([rules.today]).collect();
    let new = as_new_of(object, stored, &all, traceless);
    let is_guessed = new.as_ref().is_some_and(|new| !new.is_certain);
    let edited = edited_in_field(rules);
    let json = match new {
        Some(new) if edited.is_empty() => Cow::Owned(new.json),
        None if edited.is_empty() && !has_made_name(object) => Cow::Borrowed(json),
        new => {
            let mut object = new.map_or_else(|| object.clone(), |new| new.object);
            if has_made_name(&object) {
                remove_name(&mut object);
            }
            remove_edited(&mut object, &edited);
            Cow::Owned(object.to_string())
        }
    };
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
        keys.extend(undeclared(object, stored, rules, (new, &compared)));
        keys.extend(no_longer_in_field(stored, new, rules));
        keys.extend(unread(decision));
        let marks = Marks::of(stored, decision);
        Revision { keys, marks, is_guessed: self.is_guessed, ..Revision::default() }
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
        is_open: *is_open,
        is_traceless: false,
    }
}

/// The rules annotations of which not all is read.
fn unread(decision: &Decision<'_>) -> impl Iterator<Item = RevisedKey> {
    let unread = decision.keys.iter().filter(|it| it.declared_in.is_none());
    unread.map(|it| RevisedKey {
        skip: it.news_skip().cloned(),
        ..gone_key(it.kind, it.key.to_owned(), None)
    })
}

/// Takes these labels and annotations away.
fn remove_edited(object: &mut Value, edited: &[(Kind, &str)]) {
    for (kind, key) in edited {
        let map = object.pointer_mut(map_of(*kind, false).as_str());
        map.and_then(Value::as_object_mut).and_then(|map| map.remove(*key));
    }
}

/// What Kelos rendered out of its field before, and nothing asks for today.
fn no_longer_in_field(stored: &Task<'_>, new: &Task<'_>, rules: Ruled<'_>) -> Vec<RevisedKey> {
    let before = rules.before.into_iter().flat_map(|before| &*before.keys);
    let gone = before.filter(|rule| {
        let (kind, key) = (rule.kind, rule.key());
        rule.in_field
            && !rule.is_protected()
            && rules.today.rule(kind, key).is_none()
            && new.get(kind, key).is_some()
    });
    let gone = gone.filter_map(|rule| {
        let (kind, key) = (rule.kind, rule.key().to_string());
        let has = Some(stored.get(kind, &key)?.to_owned());
        Some(RevisedKey { is_held: true, ..gone_key(kind, key, has) })
    });
    gone.collect()
}

/// The keys of ours that the rules of today do not know.
fn undeclared(
    object: &Value,
    stored: &Task<'_>,
    rules: Ruled<'_>,
    (new, compared): (&Task<'_>, &[Compared<'_, '_>]),
) -> Vec<RevisedKey> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        for (key, has) in stored.entries(kind).into_iter().flatten() {
            let is_known = || {
                let is_it =
                    |it: &Compared<'_, '_>| (it.decision.kind, it.decision.key) == (kind, &**key);
                MARKS.contains(&&**key) || compared.iter().any(is_it)
            };
            if new.get(kind, key).is_none() && !is_known() {
                let is_traceless = !is_backfills(object, stored, kind, key)
                    && !rules.before.is_some_and(|before| before.is_output(kind, key));
                let key = gone_key(kind, key.to_string(), Some(has.to_string()));
                found.push(RevisedKey { is_traceless, ..key });
            }
        }
    }
    found
}

/// A key that nothing asks for.
fn gone_key(kind: Kind, key: String, has: Option<String>) -> RevisedKey {
    RevisedKey {
        kind,
        key,
        has,
        gives: None,
        skip: None,
        is_held: false,
        is_open: false,
        is_traceless: false,
    }
}

#[cfg(test)]
mod tests;
