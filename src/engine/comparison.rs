//! What a stored Task has beside what the rules of today give it.

use json_patch::PatchOperation;

use super::decision::{Decision, KeyDecision, KeyOutcome};
use super::kelos::Task;
use super::patch::map_of;
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

/// A key of a stored Task.
#[derive(Debug)]
pub struct Compared<'d, 'r> {
    /// What becomes of it today.
    pub decision: &'d KeyDecision<'r>,
    /// What the Task has.
    pub has: Option<String>,
    /// What it would have if it were new.
    pub gives: Option<String>,
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
        Change::between(self.has.as_deref(), self.gives.as_deref())
    }
}

/// The keys that the rules declare or copy, as a stored Task has them and as the decision about it
/// [as when it was new](super::stored::as_new) gives them. Rules annotations that do not parse are left out.
pub fn compare<'d, 'r>(
    stored: &Task<'_>,
    as_new: &Task<'_>,
    decision: &'d Decision<'r>,
) -> Vec<Compared<'d, 'r>> {
    let keys = decision.keys.iter().filter(|it| it.declared_in.is_some());
    let compared = keys.map(|it| Compared {
        decision: it,
        has: stored.get(it.kind, it.key).map(str::to_owned),
        gives: given(as_new, decision, it),
    });
    compared.collect()
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
    decision.patch.0.iter().any(|operation| {
        let PatchOperation::Remove(remove) = operation else { return false };
        let Some((map, name)) = remove.path.split_back() else { return false };
        name.decoded() == key && [false, true].iter().any(|it| map == map_of(kind, *it))
    })
}

#[cfg(test)]
mod tests;
