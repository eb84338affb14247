//! Lines that make Kelos print a variable where it can be read back.

use super::{InsteadOf, Line, Missed, Remedy, Way};
use crate::apimachinery::Kind;
use crate::engine::kelos::{SOURCE_PREFIX, Source};
use crate::engine::rules::{Infer, KeyRule, Rules};
use crate::engine::sources::{is_long, is_own_record};

/// Prints a variable that is always there.
pub(super) fn plain(name: &str) -> String {
    format!("{{{{.{name}}}}}")
}

/// Prints a variable if it is there, and nothing else.
pub(super) fn guarded(name: &str) -> String {
    format!("{{{{with index . \"{name}\"}}}}{{{{.}}}}{{{{end}}}}")
}

/// A template as YAML.
pub(super) fn quoted(template: &str) -> String {
    if template.contains(['"', '\\']) {
        format!("'{}'", template.replace('\'', "''"))
    } else {
        format!("\"{template}\"")
    }
}

/// Has Kelos print a variable, called `label`, by this template: in an annotation, or in the prompt where
/// the text may be as long as a page, or where Kelos may have no other place.
pub(super) fn carried(missed: &Missed<'_>, name: &str, label: &str, template: &str) -> Remedy {
    let rules = missed.rules;
    if let Some(key) = has_line(rules, template) {
        return match rules.infer {
            Infer::On => there_already(missed, name, key),
            Infer::Off => Remedy::add(Vec::new()).reading_back(rules),
        };
    }
    let prompt = &rules.spawner.spec.task_template.prompt_template;
    let line = format!("{label}: {template}");
    let is_there = prompt.lines().any(|it| it.trim() == line);
    let in_prompt = || {
        let of = rules.spawner.makes;
        let line = Line::Prompt { of, line: line.clone(), is_first: prompt.is_empty() };
        Way { lines: vec![line], versions: "" }
    };
    let in_field = || {
        let template = template.to_owned();
        let line = match is_broken(rules, &key_of(name)) {
            true => {
                let instead_of = Some(InsteadOf::Field);
                Line::KelosField { key: key_of(name), template, instead_of }
            }
            false => {
                let key = free_key(rules, name);
                Line::KelosField { key, template, instead_of: None }
            }
        };
        Way { lines: vec![line], versions: "" }
    };
    let makes = rules.spawner.makes;
    if is_there && !makes.has_kelos_field() {
        return Remedy::say(format!(
            "`{line}` in {} prints it already, and what it gave can't be read for certain: put it on a line that begins \
             with a word of its own",
            makes.prompt_field()
        ))
        .reading_back(rules);
    }
    let only_prompt = !makes.has_kelos_field() || (is_long(name) && !is_there);
    let ways = match (only_prompt, has_field(missed) || is_there) {
        (true, _) => vec![in_prompt()],
        (false, true) => vec![in_field()],
        (false, false) => vec![
            Way { versions: "Kelos v0.25 and later", ..in_field() },
            Way { versions: "any Kelos", ..in_prompt() },
        ],
    };
    Remedy { ways, ..Remedy::default() }.reading_back(rules)
}

/// Why a line that is there does not help: an older Task is without it, or it printed nothing.
pub(super) fn there_already(missed: &Missed<'_>, name: &str, key: &str) -> Remedy {
    if missed.blank.contains(&key) {
        return Remedy::say(format!(
            "`{key}` under spec.taskTemplate.metadata printed nothing for this Task: it has no {name}, so give the \
             template a default"
        ));
    }
    let old = if has_field(missed) { "" } else { ", or by Kelos v0.24, which has no such field" };
    let example = match name {
        "Labels" => "bug, priority/high",
        "Number" => "42",
        _ => "…",
    };
    let note = format!(
        "`{key}` under spec.taskTemplate.metadata prints it already, and this Task was made before that{old}: new \
         Tasks have it"
    );
    let to_try =
        format!("; to see what they get, write `{key}: \"{example}\"` on the Task in the file");
    Remedy { to_try, ..Remedy::say(note) }
}

/// Whether the Kelos field alone declares an annotation, with a template that gives no Task anything.
fn is_broken(rules: &Rules, key: &str) -> bool {
    let rule =
        rules.rule(Kind::Annotation, key).filter(|rule| rule.in_field && !rule.in_annotation);
    let is_refused = |rule: &KeyRule| rule.plan.is_err() && !rule.is_protected();
    rule.is_some_and(|rule| is_refused(rule) || rules.failing(Kind::Annotation, key).is_some())
}

/// Whether this Kelos has the Kelos field: the TaskSpawner has it, or a source that came later.
fn has_field(missed: &Missed<'_>) -> bool {
    let spec = &missed.rules.spawner.spec;
    let is_older = matches!(
        spec.when.source(),
        Source::GithubIssues(_) | Source::GithubPullRequests(_) | Source::Jira(_) | Source::Cron(_)
    );
    missed.has_field || !is_older || spec.task_template.metadata.is_some()
}

/// The key of the Kelos field that prints just this.
pub(super) fn has_line<'r>(rules: &'r Rules, template: &str) -> Option<&'r str> {
    let field = rules.spawner.spec.task_template.metadata.as_ref()?;
    let mut all = field.annotations.iter().chain(&field.labels);
    all.find(|(_, it)| it.trim() == template).map(|(key, _)| key.as_str())
}

/// Has Kelos record a variable by its name: it takes that very key.
pub(super) fn recorded(missed: &Missed<'_>, name: &str, template: String) -> Remedy {
    let (rules, key) = (missed.rules, key_of(name));
    if has_line(rules, &template) == Some(&*key) {
        return there_already(missed, name, &key);
    }
    let rule = rules.keys.iter().find(|it| it.kind == Kind::Annotation && it.key() == key);
    let instead_of = rule.and_then(|rule| match (rule.in_annotation, rule.in_field) {
        (true, _) => Some(InsteadOf::RulesAnnotation),
        (false, true) => Some(InsteadOf::Field),
        // The Kelos field goes before the defaults.
        (false, false) => None,
    });
    Remedy::add(vec![Line::KelosField { key, template, instead_of }])
}

/// The annotation that a variable is recorded in.
pub(super) fn key_of(name: &str) -> String {
    [SOURCE_PREFIX, &kebab(name)].concat()
}

/// A key for a variable that nothing declares, and that Kelos has no use for.
fn free_key(rules: &Rules, name: &str) -> String {
    let is_taken = |key: &str| {
        rules.keys.iter().any(|it| it.kind == Kind::Annotation && it.key() == key)
            || is_own_record(key)
    };
    let kebab = kebab(name);
    let words = ["", "item-", "kelos-", "read-"].into_iter();
    let mut keys = words.map(|word| [SOURCE_PREFIX, word, &kebab].concat());
    keys.find(|key| !is_taken(key)).unwrap_or_else(|| [SOURCE_PREFIX, "text-of-", &kebab].concat())
}

/// `ReviewState` → `review-state`, `HeadSHA` → `head-sha`.
pub(super) fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 2);
    let mut before = '-';
    for c in name.chars().map(|c| if c == '_' { '-' } else { c }) {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
        before = c;
    }
    kebab.trim_matches('-').to_owned()
}
