//! The engine: a Task and the rules of its TaskSpawner → labels and annotations.
//!
//! [`decide`] is a function in the mathematician's sense: no clock, no files, no network, no log.
//! It reports what it did; the edges log, count and answer.
//!
//! [variables](variables) → [render](render) → [validate](validate) → [merge](decide) →
//! [patch](patch)

pub mod kelos;
mod merge;
pub mod patch;
pub mod reason;
pub mod render;
mod repository;
pub mod rules;
pub mod validate;
pub mod variables;

use json_patch::Patch;

pub use self::merge::skipped_list;

use self::kelos::{INJECTION_SETTING, Kind, RENDERED_FROM_MARK, Task};
use self::merge::Merge;
use self::reason::Reason;
use self::render::budget::Budget;
use self::render::error::{Position, TemplateError};
use self::rules::{Row, Rules};
use self::variables::Facts;

/// What a decision may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What all templates of one Task may cost together.
    pub task: Budget,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { task: Budget::task() }
    }
}

/// What is to be done to a Task, and why.
#[derive(Debug, Default)]
pub struct Decision<'r> {
    /// The patch; empty if nothing is to be done.
    pub patch: Patch,
    /// What became of each key: labels first, in key order; then carriers that do not parse.
    pub keys: Vec<KeyOutcome<'r>>,
    /// Whether the Task says itself that it wants none of this.
    pub is_exempt: bool,
    /// Whether it had been answered before: it carries our mark.
    pub was_marked: bool,
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOutcome<'r> {
    /// Label or annotation.
    pub kind: Kind,
    /// The key; of a carrier that does not parse, the carrier's name.
    pub key: &'r str,
    /// The row that was rendered; none for a carrier.
    pub row: Option<Row>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The Task has it already, as it should be.
    Kept,
    /// It is written with this value.
    Applied(String),
    /// It was there with a value that could not stay, and has this one now.
    Repaired(String),
    /// It is not written, or was removed.
    Skipped(Skip),
}

/// Why a key is not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The word for it.
    pub reason: Reason,
    /// What is wrong, without any value of the Task.
    pub message: String,
    /// Where in the template, if it has a place.
    pub position: Option<Position>,
    /// What to do about it, if there is something to say.
    pub hint: Option<String>,
}

impl Skip {
    fn new(reason: Reason, message: &str) -> Skip {
        Skip { reason, message: message.to_owned(), position: None, hint: None }
    }
}

impl From<TemplateError> for Skip {
    fn from(error: TemplateError) -> Skip {
        let TemplateError { reason, message, position, hint } = error;
        Skip { reason, message, position, hint }
    }
}

impl KeyOutcome<'_> {
    /// Whether the key was skipped with a reason that its team should hear of.
    pub fn is_news_skip(&self) -> bool {
        matches!(&self.outcome, Outcome::Skipped(skip) if skip.reason.is_news())
    }
}

/// Decides what a new Task gets from the rules of its TaskSpawner.
///
/// It always has an answer: what goes wrong costs a key, and [`Decision::keys`] says which and why.
/// Deciding again on the patched Task gives an empty patch.
pub fn decide<'r>(
    task: &Task<'_>,
    rules: &'r Rules,
    facts: &Facts<'_>,
    limits: &Limits,
) -> Decision<'r> {
    let was_marked = task.get(Kind::Annotation, RENDERED_FROM_MARK).is_some();
    if task.get(Kind::Label, INJECTION_SETTING) == Some("disabled") {
        return Decision { is_exempt: true, was_marked, ..Decision::default() };
    }
    let variables = variables::variables(task, Some(rules), facts, &rules.uses);
    let (changes, keys) = Merge::new(task, rules, variables, limits.task).run();
    Decision { patch: changes.patch(task), keys, is_exempt: false, was_marked }
}
