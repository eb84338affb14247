//! The engine: a Task and the rules of its TaskSpawner → labels and annotations.
//!
//! [`decide`] is a function in the mathematician's sense: no clock, no files, no network, no log.
//! It reports what it did; the edges log, count and answer.
//!
//! [variables](variables) → [render](render) → [validate](validate) → [merge](decide) →
//! [patch](patch)

mod decision;
pub mod kelos;
mod mark;
mod merge;
pub mod patch;
pub mod reason;
pub mod render;
mod repository;
pub mod rules;
mod size;
pub mod validate;
pub mod variables;

pub use self::decision::{Decision, KeyOutcome, Outcome, skipped_list};

use self::kelos::{INJECTION_SETTING, Kind, Task};
use self::merge::{ByteNumbers, Merge};
use self::reason::Reason;
use self::render::budget::Budget;
use self::rules::Rules;
use self::variables::Facts;

/// What a decision may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What all templates of one Task may cost together.
    pub task: Budget,
}

impl Limits {
    /// The same limits, with so many steps at the most.
    #[must_use]
    pub fn with_steps(&self, most: u64) -> Limits {
        Limits { task: Budget::new(self.task.steps().min(most), self.task.bytes()) }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { task: Budget::task() }
    }
}

/// Decides what a new Task gets from the rules of its TaskSpawner.
///
/// It always has an answer: what goes wrong costs a key, and [`Decision::keys`] says which and why.
/// Deciding again on the patched Task gives an empty patch.
///
/// # Examples
///
/// ```
/// use kelos_metadata::engine::kelos::{Task, TaskSpawner};
/// use kelos_metadata::engine::render::Templates;
/// use kelos_metadata::engine::rules::{Policy, Rules};
/// use kelos_metadata::engine::variables::Facts;
/// use kelos_metadata::engine::{Limits, decide};
///
/// let spawner: TaskSpawner = serde_json::from_str(
///     r#"{"metadata": {"name": "worker", "annotations": {
///         "metadata.kelos.dev/labels": "{\"number\": \"{{ .Number }}\"}"}}}"#,
/// )?;
/// let rules = Rules::compile(spawner, &Policy::default(), &mut Templates::default());
/// let task = Task::parse(
///     r#"{"metadata": {"labels": {}, "annotations": {"kelos.dev/source-number": "42"}}}"#,
/// )?;
/// let decision = decide(&task, &rules, &Facts::default(), &Limits::default());
/// let last = decision.patch.0.last().map(serde_json::to_value).transpose()?;
/// assert_eq!(
///     last,
///     Some(serde_json::json!({"op": "add", "path": "/metadata/labels/number", "value": "42"}))
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn decide<'r>(
    task: &Task<'_>,
    rules: &'r Rules,
    facts: &Facts<'_>,
    limits: &Limits,
) -> Decision<'r> {
    let was_marked = mark::is_marked(task, rules);
    // What Kelos wrote there may be a stranger's text.
    let is_exempt = task.get(Kind::Label, INJECTION_SETTING) == Some("disabled")
        && !rules.is_in_field(Kind::Label, INJECTION_SETTING);
    if is_exempt {
        return Decision { is_exempt: true, was_marked, ..Decision::default() };
    }
    let variables = variables::variables(task, rules, facts);
    let budget = || limits.task.at(facts.moment);
    let candidates = merge::candidates(rules, &variables, was_marked, budget());
    let numbers = (!was_marked).then(|| ByteNumbers::new(&variables, budget()));
    let is_over = candidates
        .iter()
        .any(|candidate| matches!(candidate, Err(error) if error.reason == Reason::LimitExceeded));
    let merge = Merge::new(task, rules, numbers.as_ref(), facts.task_bytes);
    let (changes, keys) = merge.run(candidates);
    let has_hit_limits = is_over || numbers.is_some_and(|numbers| numbers.has_hit_limits());
    Decision { patch: changes.patch(task), keys, is_exempt: false, was_marked, has_hit_limits }
}
