//! The step from the rules that the Task was rendered from to those of today.

use serde::Serialize;

use super::key::KeyStep;
use super::step::{Sign, Step};
use super::world::{PolicyOrigin, World};
use crate::engine::comparison::Change;
use crate::engine::kelos::Task;
use crate::engine::rules::Rules;
use crate::engine::{Decision, Told, is_marked, told};

/// How many keys that would change are named.
const MOST_NAMED: usize = 16;

/// What the mark says, and what the rules of today are.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RulesStep {
    #[serde(flatten)]
    pub(super) step: Step,
    /// The mark on the Task, `NAME@HASH`.
    pub(super) mark: Option<String>,
    /// What it would be today.
    pub(super) today: String,
    /// Whether the Task was answered, as far as its mark tells.
    pub(super) is_answered: bool,
    /// How many skipped keys the marks had no room for.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) more: usize,
    /// When the TaskSpawner was changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spawner_changed: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl RulesStep {
    /// Whether the Task was answered from other rules.
    pub(super) fn has_changed(&self) -> bool {
        self.is_answered && self.mark.as_deref() != Some(&self.today)
    }

    /// Whether the TaskSpawner was changed after a Task was created, in RFC 3339.
    pub(super) fn is_later(&self, created: Option<&str>) -> bool {
        self.spawner_changed
            .as_deref()
            .zip(created)
            .is_some_and(|(changed, created)| changed > created)
    }
}

/// Compares the mark with the rules of today; `created` is when the Task was.
pub(super) fn rules(
    world: &World,
    task: &Task<'_>,
    rules: &Rules,
    decision: &Decision<'_>,
    keys: &[KeyStep<'_>],
    created: Option<&str>,
) -> RulesStep {
    let Told { rendered_from: mark, more, .. } = told(task);
    let name = &rules.spawner.metadata.name;
    let today = format!("{name}@{}", rules.hash);
    let is_answered = is_marked(task, rules);
    let step = match &mark {
        Some(mark) if is_answered && *mark == today => Step::new(
            Sign::Ok,
            format!("it was rendered from {mark}, and the rules are still these"),
        ),
        Some(mark) if is_answered => changed(world, mark, &today, keys),
        mark => unanswered(rules, decision, mark.as_deref(), &today),
    };
    let spawner_changed = world.spawner_changed.clone();
    let mut step = RulesStep { step, mark, today, is_answered, more, spawner_changed };
    let later = step.spawner_changed.as_ref().filter(|_| step.is_later(created)).map(|changed| {
        format!("TaskSpawner {name} was changed at {changed}, after the Task was created")
    });
    let more_told =
        (more > 0).then(|| format!("{more} more keys were skipped than its mark had room for"));
    let failing = rules.failing.len();
    let failing = (failing > 0).then(|| {
        let templates = if failing == 1 { "a template" } else { "templates" };
        format!("Kelos makes no new Task of this TaskSpawner: it fails on {templates}, see below")
    });
    step.step = step.step.with(later).with(more_told).with(failing);
    step
}

/// The rules are other ones today.
fn changed(world: &World, mark: &str, today: &str, keys: &[KeyStep<'_>]) -> Step {
    let differing: Vec<&KeyStep<'_>> =
        keys.iter().filter(|key| key.change().is_some_and(|it| it != Change::Same)).collect();
    let text = format!(
        "it was rendered from {mark}, and today they are {today}: the rules have changed since, and {}",
        match differing.len() {
            0 => "give this Task the same".to_owned(),
            1 => "would give it another value of 1 key".to_owned(),
            count => format!("would give it other values of {count} keys"),
        }
    );
    let named = differing.iter().take(MOST_NAMED).map(|key| key.difference());
    let more = differing.len().saturating_sub(MOST_NAMED);
    let more = (more > 0).then(|| format!("and {more} more"));
    let assumed = match world.policy_origin {
        PolicyOrigin::Assumed(_) => {
            Some("or the policy of the cluster is not the one that was assumed".to_owned())
        }
        PolicyOrigin::Flags | PolicyOrigin::Deployment(_) => None,
    };
    Step::new(Sign::Note, text).with(named).with(more).with(assumed)
}

/// The Task has no mark that counts.
fn unanswered(rules: &Rules, decision: &Decision<'_>, mark: Option<&str>, today: &str) -> Step {
    let why = match mark {
        Some(mark) => {
            format!("its mark `{mark}` is none of this TaskSpawner's, and counts as none")
        }
        None => "it has no mark of the webhook".to_owned(),
    };
    if rules.field_declares_ours {
        let text = format!(
            "{why}: the Kelos field declares keys under metadata.kelos.dev/, so no mark is ever written"
        );
        return Step::new(Sign::Note, text);
    }
    let is_empty = decision.patch.0.is_empty() && !decision.has_hit_limits;
    if is_empty {
        let text = format!("{why}, and today's rules ({today}) have nothing to write on it");
        return Step::new(Sign::Ok, text);
    }
    let text =
        format!("{why}: nobody has answered it, or there were no such rules then (today: {today})");
    Step::new(Sign::No, text)
}
