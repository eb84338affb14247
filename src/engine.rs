//! The engine: a Task and the rules of its TaskSpawner → labels and annotations.
//!
//! [`decide`] is a function in the mathematician's sense: no clock, no files, no network, no log.
//! It reports what it did; the edges log, count and answer.
//!
//! [sources] → [variables] → candidates (templates, rendered and judged) → [merge](decide) → [patch]
//!
//! All that it does for a Task is paid for in steps and bytes, never in time: [`Limits`].

mod candidate;
pub mod comparison;
mod decision;
pub mod kelos;
mod line;
mod link;
pub mod lint;
mod mark;
mod merge;
mod meter;
pub mod patch;
pub mod pods;
pub mod reason;
pub mod remedy;
mod repository;
pub mod revision;
pub mod rules;
pub mod simulate;
mod size;
mod skip;
mod sources;
pub mod stored;
pub mod variables;

pub use self::decision::{
    Cause, Decision, KeyDecision, KeyOutcome, defaulted_list, outcome_list, skipped_list,
};
pub use self::mark::{Told, ToldAs, ToldKey, is_marked, told};
pub use self::skip::Skip;
pub use self::sources::{Inference, NotRead, Origin, Rendered, given};

use std::sync::Arc;

use self::candidate::Candidates;
use self::kelos::{INJECTION_SETTING, Injection, Task};
use self::merge::{ByteNumbers, Merge};
use self::rules::Rules;
use self::variables::Facts;
use crate::apimachinery::Kind;
use crate::templates::budget::Budget;

/// What a decision may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What all the work for one Task may cost: building its variables, reading them back, rendering and
    /// judging what templates give, and merging that.
    pub task: Budget,
    /// Whether that is a share, and there is more to be had elsewhere.
    is_share: bool,
}

impl Limits {
    /// So much for all the work, and no more to be had.
    pub fn new(task: Budget) -> Limits {
        Limits { task, is_share: false }
    }

    /// The same limits, with so many steps at the most. If that is less, it is a share: a decision that
    /// takes more is given up where it stands, and says only that it [hit its
    /// limits](Decision::has_hit_limits).
    #[must_use]
    pub fn with_steps(&self, most: u64) -> Limits {
        if most >= self.task.steps() {
            return *self;
        }
        Limits { task: Budget::new(most, self.task.bytes()), is_share: true }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::new(Budget::work())
    }
}

/// Decides what a new Task gets from the rules of its TaskSpawner.
///
/// It always has an answer, unless it is given up because a share was too small: what goes wrong costs a
/// key, and [`Decision::keys`] says which and why. Deciding again on the patched Task gives an empty patch.
///
/// # Examples
///
/// ```
/// use kelos_metadata::engine::kelos::{Task, TaskSpawner};
/// use kelos_metadata::engine::rules::{Policy, Rules, Shared};
/// use kelos_metadata::engine::variables::Facts;
/// use kelos_metadata::engine::{Limits, decide};
///
/// let spawner: TaskSpawner = serde_json::from_str(
///     r#"{"metadata": {"name": "worker", "annotations": {
///         "metadata.kelos.dev/labels": "{\"number\": \"{{ .Number }}\"}"}}}"#,
/// )?;
/// let rules = Rules::compile(spawner, &Policy::default(), &mut Shared::default());
/// let task = Task::parse(
///     r#"{"metadata": {"labels": {}, "annotations": {"kelos.dev/source-number": "42"}}}"#,
/// )?;
/// let decision = decide(&task, &rules, &Facts::default(), &Limits::default());
/// let last = decision.patch().0.last().map(serde_json::to_value).transpose()?;
/// assert_eq!(
///     last,
///     Some(serde_json::json!({"op": "add", "path": "/metadata/labels/number", "value": "42"}))
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn decide<'r>(
    task: &'r Task<'_>,
    rules: &'r Rules,
    facts: &Facts<'_>,
    limits: &Limits,
) -> Decision<'r> {
    let was_marked = is_marked(task, rules);
    // What Kelos wrote there may be a stranger's text.
    let is_exempt = task.get(Kind::Label, INJECTION_SETTING) == Some("disabled")
        && !rules.is_in_field(Kind::Label, INJECTION_SETTING);
    if is_exempt || facts.injection() == Injection::Disabled {
        return Decision { is_exempt: true, was_marked, ..Decision::default() };
    }
    let mut work = limits.task.at(facts.moment);
    let spent = |work: &Budget| Decision {
        was_marked,
        steps: limits.task.steps() - work.steps(),
        bytes: limits.task.bytes() - work.bytes(),
        ..Decision::default()
    };
    let given_up = |work: &Budget| Decision { has_hit_limits: true, ..spent(work) };
    // Each has a share of its own, so that none takes from those behind it: what costs more or less when
    // the Task comes a second time comes last.
    let merging = merge::price(task, rules);
    if limits.is_share && work.steps() < merging {
        return given_up(&work);
    }
    let reads_new_inputs = || variables::reads_new_inputs(rules, &rules.uses);
    let is_settled = was_marked && (rules.inference.reads_metadata() || reads_new_inputs());
    let (variables, is_known) = if is_settled {
        (Arc::default(), true)
    } else {
        work.within(Budget::variables(), |budget| {
            let variables = variables::variables(task, rules, facts, budget);
            (variables, budget.has_more())
        })
    };
    if limits.is_share && !is_known {
        return given_up(&work);
    }
    let Candidates { candidates, is_over } = if is_settled {
        Candidates::settled(rules)
    } else {
        work.within(Budget::task(), |budget| {
            candidate::candidates(rules, &variables, limits.is_share, budget)
        })
    };
    if limits.is_share && is_over {
        return given_up(&work);
    }
    let numbers = (!is_settled).then(|| ByteNumbers::of(task, rules, &variables));
    let can_merge = work.take_steps(merging).is_ok();
    if limits.is_share && (is_over || !can_merge) {
        return given_up(&work);
    }
    let merge = Merge::new(task, rules, numbers.as_ref(), facts.task_bytes);
    let (changes, keys) = merge.run(candidates);
    let has_hit_limits = is_over || !is_known;
    Decision { operations: changes.operations(task), keys, has_hit_limits, ..spent(&work) }
}
