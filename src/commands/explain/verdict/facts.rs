//! Why a key is not as it should be, and what comes next: one sentence for each combination of what is known.
//!
//! | mark of the Task | a switch is off, or nobody is asked | all is on, or not seen |
//! | --- | --- | --- |
//! | none | that is why | rules that came later; else the webhook has not written it, and what may be why |
//! | today's, other rules', or of rules that were refused | the mark tells why; what is off is what comes next | the mark tells why; new Tasks get it, on the condition that was not seen |
//!
//! Whatever the mark: a template that fails is the reason by itself, and what stands on the Task is told as it stands.

use super::super::outlook::{HasGot, Outlook};
use crate::engine::kelos::Shape;

/// What the mark of the Task tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marked {
    /// It has none that counts.
    No,
    /// It never has one: the TaskSpawner declares keys of ours in the Kelos field.
    Never,
    /// It was answered from today's rules.
    Today,
    /// It was answered from others.
    Before,
    /// It was answered, and there was no room for its rules.
    Refused,
}

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// It is absent, and today's rules give it.
    Absent,
    /// It is absent, and today's rules fail to give it: why, in a clause.
    Failing(String),
    /// The same, because this Task is older than a line of its TaskSpawner that prints what is missing.
    Older(String),
    /// It has another value than today's rules give, or one that they do not give at all.
    Differs,
    /// A rules annotation is not read: why, in a clause.
    NotRead(String),
    /// What is on the Task was told in full by its state: nothing is to be added.
    Told,
}

/// All that the reason depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'f> {
    pub(super) outlook: &'f Outlook,
    pub(super) marked: Marked,
    /// Whether the TaskSpawner was changed after the Task was created.
    pub(super) is_later: bool,
    /// Whether somebody can give the key to a Task that is there: not if it is of a Pod.
    pub(super) is_of_pod: bool,
    /// Of what: a Session that is there is never written.
    pub(super) shape: Shape,
    pub(super) spawner: &'f str,
    pub(super) namespace: &'f str,
}

impl Facts<'_> {
    /// Why, in a clause; nothing where the state has told it.
    pub(super) fn because(&self, lack: &Lack) -> Option<String> {
        let barrier = self.outlook.barrier();
        Some(match (lack, self.marked, barrier) {
            (Lack::Told, ..) => return None,
            (Lack::Failing(why) | Lack::Older(why), Marked::No, Some(barrier)) => {
                format!("{barrier}; and besides, {why}")
            }
            (Lack::Failing(why) | Lack::Older(why) | Lack::NotRead(why), ..) => why.clone(),
            (_, Marked::Before, _) => {
                "the rules have changed since the Task was created".to_owned()
            }
            (_, Marked::Refused, _) => format!(
                "the webhook had no room for the rules of TaskSpawner {} when the Task was created (limit_exceeded)",
                self.spawner
            ),
            (_, Marked::Today, _) => {
                "something else has changed since the Task was created: what the rules read of it \
                                      and of what stands around it, or the key itself"
                    .to_owned()
            }
            (_, Marked::No | Marked::Never, Some(barrier)) => barrier,
            (_, Marked::No | Marked::Never, None) if self.is_later => format!(
                "the webhook has not written it, and TaskSpawner {} was changed after the Task was created",
                self.spawner
            ),
            (_, Marked::Never, None) => {
                "the webhook has not written it, and no mark tells whether it has answered: \
                                         the Kelos field declares keys under metadata.kelos.dev/"
                    .to_owned()
            }
            (_, Marked::No, None) => {
                format!("the webhook has not written it: perhaps {}", self.outlook.suspects())
            }
        })
    }

    /// What comes next, in a clause.
    pub(super) fn next(&self, lack: &Lack) -> Option<String> {
        if let Some(mend) = self.outlook.mend(HasGot::TooLittle) {
            return Some(mend);
        }
        match (lack, self.marked) {
            (Lack::Told | Lack::Failing(_) | Lack::NotRead(_), _) => None,
            (Lack::Older(_), _) => Some(format!(
                "this Task was made before the TaskSpawner had the line that prints it, and {}",
                self.promise()
            )),
            (_, Marked::Refused) => Some(format!(
                "`kelos-metadata preview -n {}{}` shows whether there is room today",
                self.namespace,
                if self.shape == Shape::Session { " --sessions" } else { "" }
            )),
            (_, Marked::Before) => Some(format!("{}; {}", self.promise(), self.backfill())),
            (_, Marked::No | Marked::Never) if self.is_later => {
                Some(format!("{}; {}", self.promise(), self.backfill()))
            }
            (_, Marked::Today) => Some(self.backfill()),
            (_, Marked::No | Marked::Never) => {
                Some(format!("`kelos-metadata check` looks for the cause, and {}", self.backfill()))
            }
        }
    }

    /// What new Tasks get, if all that it depends on was seen; else, on what it depends.
    fn promise(&self) -> String {
        match self.outlook.condition() {
            None => "new Tasks get what the rules are today".to_owned(),
            Some(condition) => format!("new Tasks get what the rules are today {condition}"),
        }
    }

    fn backfill(&self) -> String {
        match (self.shape, self.is_of_pod) {
            (Shape::Session, _) => "a Session that is there stays as it was made".to_owned(),
            (Shape::Task, true) => "a Task that is there keeps its Pod as it was made".to_owned(),
            (Shape::Task, false) => format!(
                "`kelos-metadata backfill -n {}` shows what it would give the Tasks that are there",
                self.namespace
            ),
        }
    }
}

#[cfg(test)]
mod tests;
