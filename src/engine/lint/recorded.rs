//! Variables of rules annotations that nothing on a Task tells.
//!
//! A Task carries little of what Kelos knew of its item. So Kelos's own spawner is simulated with an example of each
//! event, and what cannot be known of that Task is told, with the line that would record it.

use std::collections::BTreeMap;

use super::Lint;
use super::annotations::{about, field_of, place};
use super::faults::listed;
use super::finding::{Finding, Rule, Severity};
use crate::engine::candidate::{Candidates, candidates};
use crate::engine::kelos::{Task, Workspace};
use crate::engine::reason::Reason;
use crate::engine::rules::{DeclaredIn, KeyRule};
use crate::engine::simulate::{Item, Spawner};
use crate::engine::skip::Skip;
use crate::engine::sources::GROUPS;
use crate::engine::variables::{Facts, variables as built};
use crate::templates::budget::Budget;
use crate::templates::camel_case;

/// The largest object of which Tasks are made here: larger ones nobody writes, and they cost memory.
const MOST_BYTES: usize = 64 << 10;
/// What all templates of Kelos may build here, in bytes.
const BUILT_BYTES: u64 = 2 << 20;
/// The Workspace of the examples: each GitHub source has one, and its repository tells some variables.
const WORKSPACE: &str = r#"{"spec": {"repo": "https://github.com/acme/widgets"}}"#;

/// What is known of a variable under the events that have it.
#[derive(Default)]
struct Seen<'i> {
    missing: Vec<&'i str>,
    /// How the variable is spelled, and where.
    skip: Option<Skip>,
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
    let Ok(spawner) = Spawner::parse(json) else { return };
    let items = spawner.samples();
    let (mut seen, mut all) = (BTreeMap::<(usize, String), Seen<'_>>::new(), Vec::new());
    let mut left = Means {
        kelos: Budget::new(Budget::task().steps(), BUILT_BYTES),
        ours: Budget::new(Budget::work().steps(), 2 * BUILT_BYTES),
    };
    for item in &items {
        let event = item.get("Event").and_then(|it| it.as_str()).unwrap_or_default();
        all.push(event);
        for (index, skip) in left.missing(lint, &spawner, item, &asked) {
            let name = skip.variable.as_deref().unwrap_or_default().to_owned();
            let of = seen.entry((index, name)).or_default();
            of.missing.push(event);
            of.skip.get_or_insert(skip);
        }
    }
    for ((index, _), Seen { missing, skip }) in seen {
        let (Some(rule), Some(skip)) = (asked.get(index), skip) else { continue };
        let under = if missing.len() == all.len() { &[] } else { &*missing };
        tell(lint, rule, &skip, under);
    }
}

/// What is left to spend.
struct Means {
    /// For what Kelos does.
    kelos: Budget,
    /// For what the webhook does.
    ours: Budget,
}

impl Means {
    /// The keys whose template asks for what Kelos has of this item, and the Task does not tell.
    fn missing(
        &mut self,
        lint: &Lint<'_>,
        spawner: &Spawner,
        item: &Item,
        asked: &[&KeyRule],
    ) -> Vec<(usize, Skip)> {
        let version = lint.around.kelos;
        let Ok(variables) = spawner.variables(item, version) else { return Vec::new() };
        let variables = variables.within(self.kelos);
        let task = spawner.task_of(item, &variables, version);
        self.kelos = variables.left().unwrap_or(self.kelos);
        let Ok(task) = task else { return Vec::new() };
        let task = task.to_string();
        let Ok(parsed) = Task::parse(&task) else { return Vec::new() };
        let workspace: Option<Workspace> = serde_json::from_str(WORKSPACE).ok();
        let workspace = workspace.as_ref();
        let facts = Facts { task_bytes: task.len(), workspace, ..Facts::default() };
        let known = built(&parsed, lint.rules, &facts, &mut self.ours);
        let Candidates { candidates, is_over } =
            candidates(lint.rules, &known, true, &mut self.ours);
        if is_over || !self.ours.has_more() {
            return Vec::new();
        }
        let found = lint.rules.keys.iter().zip(candidates).filter_map(|(key, candidate)| {
            let skip = match candidate {
                Err(skip) => skip,
                Ok(offer) => offer.failed()?,
            };
            let variable = skip.variable.as_deref()?;
            let name = name_of(variable);
            let is_of_item = variables.get(&name).is_some() && !GROUPS.contains(&&*name);
            if skip.reason != Reason::MissingVariable || !is_of_item {
                return None;
            }
            let index = asked.iter().position(|it| it.kind == key.kind && *it.key == *key.key)?;
            Some((index, skip))
        });
        found.collect()
    }
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
    let (when, which) = match under {
        [] => (String::new(), "its Tasks"),
        events => (format!(" for {}", listed(events)), "those Tasks"),
    };
    let effect = match &rule.default {
        Some(default) => format!("is always `{default}`"),
        None => "is never written".to_owned(),
    };
    let text = format!("`{}` {effect}{when}: nothing on {which} tells `{variable}`", rule.key);
    let finding = Finding::new(Rule::NotRecorded, Severity::Warning, field_of(rule), text);
    let at = skip.position.and_then(|at| place(lint.view, rule, Some(at.offset)));
    let finding = match at {
        Some(position) => finding.at(position),
        None => about(lint, rule, finding),
    };
    let help = lint.line_for(variable);
    lint.add(finding.help(help));
}
