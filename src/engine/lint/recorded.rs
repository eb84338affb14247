//! Keys of rules annotations that are never written: for a variable that nothing on a Task tells, or another reason.
//!
//! A Task or Session carries little of what Kelos knew of its item. So Kelos's own spawner is simulated with an example
//! of each event. What cannot be known of that Task is told, with the line that would record it; and of keys that no example
//! gives a value, why.

use std::collections::BTreeMap;

use super::Lint;
use super::annotations::{about, field_of};
use super::faults::listed;
use super::finding::{Finding, Rule, Severity};
use super::world::KelosWorld;
use crate::engine::candidate::{Candidate, Candidates, Offer, candidates, empty};
use crate::engine::decision::Cause;
use crate::engine::kelos::{Task, Workspace};
use crate::engine::reason::Reason;
use crate::engine::rules::{DeclaredIn, KeyRule};
use crate::engine::simulate::{Item, Spawner, Variables};
use crate::engine::skip::Skip;
use crate::engine::sources::is_group;
use crate::engine::variables::{Facts, variables as built};
use crate::templates::budget::Budget;
use crate::templates::camel_case;
use crate::templates::value::Value;

/// The largest object of which Tasks are made here: larger ones nobody writes, and they cost memory.
const MOST_BYTES: usize = 64 << 10;
/// What all templates of Kelos may build here, in bytes.
const BUILT_BYTES: u64 = 2 << 20;
/// The Workspace of the examples: each GitHub source has one, and its repository tells some variables.
const WORKSPACE: &str = r#"{"spec": {"repo": "https://github.com/acme/widgets"}}"#;

/// What is known of a variable under the events that have it.
#[derive(Default)]
struct Seen<'i> {
    /// How many examples do not tell it, and of which events.
    missing: usize,
    events: Vec<&'i str>,
    /// How the variable is spelled, and where.
    skip: Option<Skip>,
}

/// What becomes of a key with an example.
enum Outcome {
    Written,
    /// Kelos has the variable that it asks for, and the Task does not tell it.
    NotTold(Skip),
    /// It is not written for another reason.
    Unwritten {
        skip: Skip,
        /// Whether that is so whatever the item.
        is_certain: bool,
    },
}

pub(super) fn look(lint: &mut Lint<'_>, json: &str) {
    let rules = lint.rules;
    let is_asked = |rule: &&KeyRule| {
        rule.declared_in == DeclaredIn::RulesAnnotation
            && rule.plan.as_ref().is_ok_and(|template| template.language().is_some())
    };
    let asked: Vec<&KeyRule> = rules.keys.iter().map(|rule| &**rule).filter(is_asked).collect();
    let is_judged = !rules.is_disabled && !lint.table.may_have_anything();
    if asked.is_empty() || !is_judged || json.len() > MOST_BYTES {
        return;
    }
    let Ok(spawner) = Spawner::parse_as(lint.makes, json) else { return };
    let items = spawner.samples();
    let mut seen = BTreeMap::<(usize, String), Seen<'_>>::new();
    let mut unwritten = BTreeMap::<usize, Vec<(Skip, bool)>>::new();
    let mut left = Means {
        workspace: serde_json::from_str(WORKSPACE).ok(),
        kelos: Budget::new(Budget::task().steps(), BUILT_BYTES),
        ours: Budget::new(Budget::work().steps(), 2 * BUILT_BYTES),
    };
    for item in &items {
        let event = item.get("Event").and_then(|it| it.as_str()).unwrap_or_default();
        for (index, outcome) in left.outcomes(lint, &spawner, item, &asked) {
            match outcome {
                Outcome::Written => {}
                Outcome::NotTold(skip) => {
                    let name = skip.variable.as_deref().unwrap_or_default().to_owned();
                    let of = seen.entry((index, name)).or_default();
                    of.missing += 1;
                    if !of.events.contains(&event) {
                        of.events.push(event);
                    }
                    of.skip.get_or_insert(skip);
                }
                Outcome::Unwritten { skip, is_certain } => {
                    unwritten.entry(index).or_default().push((skip, is_certain));
                }
            }
        }
    }
    for ((index, _), Seen { missing, events, skip }) in seen {
        let (Some(rule), Some(skip)) = (asked.get(index), skip) else { continue };
        if missing == items.len() {
            // Who silences the rule says that another program records it.
            if !lint.silent.contains(&Rule::NotRecorded) {
                lint.unwritten.insert((rule.kind, rule.key().into()));
            }
            tell(lint, rule, &skip, &[]);
        } else {
            tell(lint, rule, &skip, &events);
        }
    }
    for (index, skips) in unwritten {
        if let Some(rule) = asked.get(index).filter(|_| skips.len() == items.len()) {
            never(lint, rule, &skips);
        }
    }
}

/// What the examples are made with, and what is left to spend on them.
struct Means {
    workspace: Option<Workspace>,
    /// For what Kelos does.
    kelos: Budget,
    /// For what the webhook does.
    ours: Budget,
}

impl Means {
    /// What becomes of the keys with this item; nothing if that can't be told.
    fn outcomes(
        &mut self,
        lint: &Lint<'_>,
        spawner: &Spawner,
        item: &Item,
        asked: &[&KeyRule],
    ) -> Vec<(usize, Outcome)> {
        let version = lint.around.kelos;
        let Ok(variables) = spawner.variables_of(item, version) else { return Vec::new() };
        let variables = variables.within(self.kelos);
        let task = spawner.task_of(item, &variables, version);
        self.kelos = variables.left().unwrap_or(self.kelos);
        let Ok(task) = task else { return Vec::new() };
        let task = task.to_string();
        let Ok(parsed) = Task::parse_as(lint.makes, &task) else { return Vec::new() };
        let workspace = self.workspace.as_ref();
        let facts = Facts { task_bytes: task.len(), workspace, ..Facts::default() };
        let known = built(&parsed, lint.rules, &facts, &mut self.ours);
        let Candidates { candidates, is_over } =
            candidates(lint.rules, &known, true, &mut self.ours);
        if is_over || !self.ours.has_more() {
            return Vec::new();
        }
        let found = lint.rules.keys.iter().zip(candidates).filter_map(|(key, candidate)| {
            let index = asked.iter().position(|it| it.kind == key.kind && it.key() == key.key())?;
            Some((index, outcome(lint, key, candidate, &variables)))
        });
        found.collect()
    }
}

fn outcome(
    lint: &Lint<'_>,
    rule: &KeyRule,
    candidate: Candidate,
    variables: &Variables,
) -> Outcome {
    let skip = match candidate {
        Ok(Offer { defaulted: None, .. }) => return Outcome::Written,
        Ok(Offer { defaulted: Some(Cause::Empty), .. }) => empty(),
        Ok(Offer { defaulted: Some(Cause::Failed(skip)), .. }) | Err(skip) => skip,
    };
    let is_of_item = |variable: &str| {
        let name = name_of(variable);
        variables.get(&name).is_some() && !is_group(lint.makes, &name)
    };
    let is_missing = skip.reason == Reason::MissingVariable;
    if is_missing && skip.variable.as_deref().is_some_and(is_of_item) {
        return Outcome::NotTold(skip);
    }
    let is_certain = !is_missing && is_same_for_all(lint, rule, variables);
    Outcome::Unwritten { skip, is_certain }
}

/// Whether a template reads nothing but what all items of the source have alike, as this one does.
fn is_same_for_all(lint: &Lint<'_>, rule: &KeyRule, variables: &Variables) -> bool {
    let uses = rule.plan.as_ref().ok().and_then(|template| template.uses());
    let Some(uses) = uses.filter(|uses| !uses.all) else { return false };
    let event = variables.get("Event");
    let event = event.as_ref().and_then(Value::as_text).map(|it| &**it);
    let of_event = |world: &&KelosWorld<'_>| world.event.is_none() || world.event == event;
    let mut worlds = lint.worlds.iter().filter(of_event).peekable();
    let is_alike = |world: &KelosWorld<'_>| {
        uses.names().iter().all(|name| {
            let constant = world.constant(name);
            constant.is_some() && constant == variables.get(name)
        })
    };
    worlds.peek().is_some() && worlds.all(is_alike)
}

/// The variable that a template asks for, as Kelos calls it.
fn name_of(variable: &str) -> String {
    let path = variable.trim_start_matches(['$', '.']);
    let name = path.split(['.', '[']).next().unwrap_or_default();
    match path.len() == variable.len() {
        true => camel_case::variable(name).to_string(),
        false => name.to_owned(),
    }
}

/// Tells of a variable that is not recorded; `under` names the events, if it is so only under some.
fn tell(lint: &mut Lint<'_>, rule: &KeyRule, skip: &Skip, under: &[&str]) {
    let variable = skip.variable.as_deref().unwrap_or_default();
    let several = lint.makes.several();
    let (when, which) = match under {
        [] => (String::new(), format!("its {several}")),
        events => (format!(" for {}", listed(events)), format!("those {several}")),
    };
    let effect = match rule.default() {
        Some(default) => format!("is always `{default}`"),
        None => "is never written".to_owned(),
    };
    let text = format!("`{}` {effect}{when}: nothing on {which} tells `{variable}`", rule.key());
    let finding = Finding::new(Rule::NotRecorded, Severity::Warning, field_of(rule), text);
    let at = skip.position.and_then(|at| lint.places.template(rule, at.offset));
    let help = lint.line_for(variable);
    lint.add(about(lint, rule, finding).placed(at).help(help));
}

/// Tells of a key that no example gives a value.
fn never(lint: &mut Lint<'_>, rule: &KeyRule, skips: &[(Skip, bool)]) {
    let Some((skip, _)) = skips.first() else { return };
    let is_certain = skips.iter().all(|(_, is_certain)| *is_certain);
    let fails = skips.iter().all(|(skip, _)| skip.reason == Reason::RenderError);
    // What is left out, or not allowed, may be so for these examples alone.
    if !is_certain && !fails {
        return;
    }
    if is_certain {
        lint.unwritten.insert((rule.kind, rule.key().into()));
    }
    // Where loops or conditions lead elsewhere with other items nobody knows.
    let has_one_way = rule.plan.as_ref().is_ok_and(|template| template.is_straight_line());
    let severity = if is_certain || has_one_way { Severity::Warning } else { Severity::Info };
    let when = if is_certain { "" } else { " with any of the built-in examples" };
    let message = &skip.message;
    let (of, text) = match rule.default() {
        Some(default) if is_certain => {
            (Rule::DefaultAlways, format!("`{}` is always `{default}`: {message}", rule.key()))
        }
        Some(default) => {
            (Rule::DefaultAlways, format!("`{}` is `{default}`{when}: {message}", rule.key()))
        }
        None if is_certain => {
            (Rule::NeverWritten, format!("`{}` is never written: {message}", rule.key()))
        }
        None => (Rule::NeverWritten, format!("`{}` is not written{when}: {message}", rule.key())),
    };
    let finding = Finding::new(of, severity, field_of(rule), text);
    let at = skip.position.and_then(|at| lint.places.template(rule, at.offset));
    lint.add(about(lint, rule, finding).placed(at).maybe_help(skip.hint.clone()));
}
