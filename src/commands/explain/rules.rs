//! The step from the rules that the Task was rendered from to those of today.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::holder::{Holder, holder};
use super::key::{KeyStep, quoted};
use super::step::{Sign, Step};
use super::world::{PolicyOrigin, World};
use crate::apimachinery::Kind;
use crate::engine::comparison::Change;
use crate::engine::kelos::{MARKS, Task};
use crate::engine::rules::{NO_HASH, Rules};
use crate::engine::{Decision, Told, is_marked, told};

/// How many keys that would change are named.
const MOST_NAMED: usize = 16;

/// What is said of a key that is there and that the rules of today leave out.
const NONE_DECLARES: &str = "no rule declares it today";

/// What the mark says, and what the rules of today are.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RulesStep {
    #[serde(flatten)]
    pub(super) step: Step,
    /// The mark on the Task, `NAME@HASH`.
    pub(super) mark: Option<String>,
    /// What it would be today; nothing if no rules are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) today: Option<String>,
    /// Whether the Task was answered, as far as its mark tells.
    pub(super) is_answered: bool,
    /// Whether a mark is never written.
    #[serde(skip)]
    pub(super) is_never_marked: bool,
    /// Whether the mark is of rules that there was no room for.
    #[serde(skip)]
    pub(super) is_refused: bool,
    /// What the marks tell of keys whose rules are not known, each in a clause.
    #[serde(skip)]
    pub(super) told: Vec<String>,
    /// What was written on the TaskSpawner and is not read, each in a clause.
    #[serde(skip)]
    pub(super) slips: Vec<String>,
    /// What kelos-metadata has written and no rule is known to declare, each in a clause.
    #[serde(skip)]
    pub(super) left_over: Vec<String>,
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
        self.is_answered && self.mark != self.today
    }

    /// Whether the Task was answered from the rules of today.
    pub(super) fn is_same(&self) -> bool {
        self.is_answered && self.mark == self.today
    }

    /// Whether the TaskSpawner was changed after a Task was created, in RFC 3339.
    pub(super) fn is_later(&self, created: Option<&str>) -> bool {
        self.spawner_changed
            .as_deref()
            .zip(created)
            .is_some_and(|(changed, created)| changed > created)
    }
}

/// A Task, and when it was created, in RFC 3339.
#[derive(Clone, Copy)]
pub(super) struct Stored<'s, 't> {
    pub(super) task: &'s Task<'t>,
    pub(super) object: &'s Value,
    pub(super) created: Option<&'s str>,
}

/// Compares the mark with the rules of today.
pub(super) fn rules(
    world: &World,
    Stored { task, object, created }: Stored<'_, '_>,
    rules: &Rules,
    decision: &Decision<'_>,
    keys: &[KeyStep<'_>],
) -> RulesStep {
    let Told { rendered_from: mark, more, .. } = told(task);
    let name = &rules.spawner.metadata.name;
    let today = format!("{name}@{}", rules.hash);
    let is_answered = is_marked(task, rules);
    let is_refused = is_answered && mark.as_deref().is_some_and(is_of_no_room);
    let step = match &mark {
        Some(mark) if is_answered && *mark == today => Step::new(
            Sign::Ok,
            format!("it was rendered from {mark}, and the rules are still these"),
        ),
        Some(mark) if is_refused => Step::new(
            Sign::Note,
            format!(
                "its mark is {mark}: when it was created, the webhook had no room for the rules of TaskSpawner {name} \
                 (limit_exceeded), because the TaskSpawners of the namespace, or of all, took more than there is"
            ),
        ),
        Some(mark) if is_answered => changed(world, mark, &today, keys),
        mark => unanswered(rules, decision, mark.as_deref(), &today),
    };
    let spawner_changed = world.spawner_changed.clone();
    let slips = slips(rules, keys);
    let left_over = left_over(object, task, keys, NONE_DECLARES);
    let mut step = RulesStep {
        step,
        mark,
        today: Some(today),
        is_answered,
        is_never_marked: rules.field_declares_ours,
        is_refused,
        told: Vec::new(),
        slips: slips.clone(),
        left_over: left_over.clone(),
        more,
        spawner_changed,
    };
    if step.step.result == Sign::Ok && !slips.is_empty() {
        step.step.result = Sign::Note;
    }
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
    step.step = step.step.with(later).with(more_told).with(failing).with(slips).with(left_over);
    step
}

/// Whether a mark is of rules that there was no room for.
fn is_of_no_room(mark: &str) -> bool {
    mark.rsplit_once('@').is_some_and(|(_, hash)| hash == NO_HASH)
}

/// What the marks of a Task tell whose rules are not known; nothing if they tell nothing.
pub(super) fn unknown_rules(world: &World, stored: Stored<'_, '_>) -> Option<RulesStep> {
    let Stored { task, object, .. } = stored;
    let Told { rendered_from, keys, more } = told(task);
    let mark = rendered_from?;
    let skipped: Vec<String> = keys
        .iter()
        .map(|it| {
            let variable = it.variable.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
            let (kind, key, how) =
                (it.kind.as_str().replace('_', " "), &it.key, it.told_as.as_str());
            format!("at its creation, {kind} {key} was {how}: {}{variable}", it.reason)
        })
        .collect();
    // Rules that could not be read may declare what they like.
    let declared = match world.has_asked_for_spawner {
        true => NONE_DECLARES,
        false => "whether a rule declares it today is not known",
    };
    let left_over = left_over(object, task, &[], declared);
    let is_refused = is_of_no_room(&mark);
    let text = format!("it was rendered from {mark}, and what these rules are is not known today");
    let step = Step::new(Sign::Note, text)
        .with(skipped.iter().take(MOST_NAMED).cloned())
        .with(left_over.clone());
    Some(RulesStep {
        step,
        mark: Some(mark),
        today: None,
        is_answered: true,
        is_never_marked: false,
        is_refused,
        told: skipped,
        slips: Vec::new(),
        left_over,
        more,
        spawner_changed: world.spawner_changed.clone(),
    })
}

/// What was written on the TaskSpawner and is not read: names that are none.
fn slips(rules: &Rules, keys: &[KeyStep<'_>]) -> Vec<String> {
    let is_shown =
        |kind: &str, key: &str| keys.iter().any(|it| it.shown.kind == kind && it.shown.key == key);
    let problems = rules.problems.iter().filter(|it| {
        let kind = it.kind.as_str();
        rules.rule(it.kind, &it.key).is_none() && !is_shown(kind, &it.key)
    });
    let said = problems
        .map(|it| format!("{} {}: {}", it.kind.as_str().replace('_', " "), it.key, it.message));
    said.take(MOST_NAMED).collect()
}

/// What kelos-metadata has written on the Task, by its mark and its field manager, and no rule declares.
fn left_over(object: &Value, task: &Task<'_>, keys: &[KeyStep<'_>], declared: &str) -> Vec<String> {
    let explained: BTreeSet<(&str, &str)> =
        keys.iter().map(|it| (it.shown.kind, it.shown.key)).collect();
    let is_marked = told(task).rendered_from.is_some();
    let all = [Kind::Label, Kind::Annotation].into_iter().flat_map(|kind| {
        let entries = task.entries(kind).into_iter().flatten();
        entries.map(move |(key, value)| (kind, &**key, &**value))
    });
    let ours = all.filter(|(kind, key, _)| {
        !MARKS.contains(key)
            && !explained.contains(&(kind.as_str(), *key))
            && match holder(object, *kind, key) {
                Holder::Backfill => true,
                Holder::Webhook => is_marked,
                Holder::Others { .. } | Holder::Unknown => false,
            }
    });
    let said = ours.map(|(kind, key, value)| {
        format!(
            "{kind} {key} is {}, as kelos-metadata wrote it (no other field manager has it): {declared}",
            quoted(value)
        )
    });
    said.take(MOST_NAMED).collect()
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
    let is_empty = decision.operations.is_empty() && !decision.has_hit_limits;
    if is_empty {
        let text = format!("{why}, and today's rules ({today}) have nothing to write on it");
        return Step::new(Sign::Ok, text);
    }
    let text = format!(
        "{why}: nothing was written on it, or there were no such rules then (today: {today})"
    );
    Step::new(Sign::No, text)
}
