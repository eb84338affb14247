//! The answer in one sentence.

use super::key::{KeyStep, quoted};
use super::step::Sign;
use super::switches::Off;
use super::walk::Walk;
use crate::apimachinery::Kind;
use crate::engine::comparison::Change;
use crate::engine::kelos::Task;
use crate::templates::suggest::closest;

/// The key that was asked for, if one was.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) key: Option<&'a str>,
    /// Whether some rule declares it.
    pub(super) is_declared: bool,
    /// All keys that are declared.
    pub(super) declared: &'a [String],
}

/// The value that a Task has of a key, of whatever kind.
fn value<'t>(task: &'t Task<'_>, key: &str) -> Option<(Kind, &'t str)> {
    Kind::ALL.into_iter().find_map(|kind| Some((kind, task.get(kind, key)?)))
}

/// Whether a Task has a key, of whatever kind.
pub(super) fn has(task: &Task<'_>, key: &str) -> bool {
    value(task, key).is_some()
}

/// Says why the first key that is not as it should be is so, or that all is well.
pub(super) fn verdict(
    walk: &Walk<'_>,
    task: &Task<'_>,
    asked: Asked<'_>,
    off: Option<&Off>,
) -> String {
    let first = walk.keys.iter().find(|key| key.result == Sign::No);
    match (first, asked.key) {
        (Some(key), _) => of_key(walk, key, off),
        (None, Some(asked_key)) if !asked.is_declared => undeclared(walk, task, asked_key, asked),
        (None, Some(_)) => {
            let keys: Vec<String> =
                walk.keys.iter().map(|it| format!("{} {}", it.title(), it.state())).collect();
            format!("All is well: {}.", keys.join("; "))
        }
        (None, None) if walk.keys.is_empty() => match walk.spawner.step.result {
            Sign::Ok | Sign::Note => {
                "Nobody asks for any labels or annotations of this Task.".to_owned()
            }
            Sign::Unknown => {
                "The rules of this Task could not be read: nothing can be said of its keys."
                    .to_owned()
            }
            Sign::No => {
                format!(
                    "Nobody asks for any labels or annotations of this Task: {}.",
                    walk.spawner.step.text
                )
            }
        },
        (None, None) if walk.keys.iter().any(|key| key.is_open) => {
            "All is well, as far as can be told: what some keys were to be was known at the creation of the Task only."
                .to_owned()
        }
        (None, None) => match walk.keys.len() {
            1 => "All is well: the one key is as today's rules give it.".to_owned(),
            count => format!("All is well: {count} keys are as today's rules give them."),
        },
    }
}

/// Why nobody gives the key that was asked for.
fn undeclared(walk: &Walk<'_>, task: &Task<'_>, key: &str, asked: Asked<'_>) -> String {
    let who = match &walk.spawner.name {
        Some(name) if walk.spawner.step.result == Sign::Ok => {
            format!("no rule of TaskSpawner {name} declares it")
        }
        _ if walk.spawner.step.result == Sign::Unknown => {
            "its TaskSpawner could not be read".to_owned()
        }
        _ => format!("no rule is known that declares it: {}", walk.spawner.step.text),
    };
    if let Some((kind, value)) = value(task, key) {
        let kind = kind.as_str().replace('_', " ");
        return format!("The {kind} {key} is {} from somebody else: {who}.", quoted(value));
    }
    let meant = closest(key, asked.declared.iter().map(String::as_str));
    let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or(".".to_owned());
    format!("{key} is absent because {who}{meant}")
}

/// Why a key is not as it should be.
fn of_key(walk: &Walk<'_>, key: &KeyStep<'_>, off: Option<&Off>) -> String {
    let title = key.title();
    let state = match key.change() {
        Some(Change::Changed) => "is not what today's rules give",
        Some(Change::Lost) => "is there and would not be given today",
        None => "is not read",
        Some(Change::Same | Change::Added) => "is absent",
    };
    format!("The {title} {state} because {}.", because(walk, key, off))
}

fn because(walk: &Walk<'_>, key: &KeyStep<'_>, off: Option<&Off>) -> String {
    let is_answered = walk.rules.as_ref().is_some_and(|it| it.is_answered);
    if !is_answered {
        if let Some(Off { on, is_audit }) = off {
            let word =
                if *is_audit { "switched to audit, which writes nothing" } else { "switched off" };
            return format!("{on} is {word}");
        }
        if let Some(registration) =
            walk.registration.as_ref().filter(|it| it.step.result == Sign::No)
        {
            return registration.step.text.clone();
        }
    }
    if key.is_skipped {
        return key.shown.message.unwrap_or("it is skipped").to_owned();
    }
    let Some(rules) = &walk.rules else { return "no rules are known".to_owned() };
    if rules.has_changed() {
        return "the rules have changed since the Task was created: new Tasks get what they are today".to_owned();
    }
    if is_answered {
        return "something else has changed since the Task was created: what the rules read of it and of what stands \
                around it, or the key itself"
            .to_owned();
    }
    let asks = walk.registration.as_ref().is_none_or(|it| it.step.result == Sign::Unknown);
    match (rules.is_later(walk.created), asks) {
        (true, _) => format!(
            "the webhook has not written it, and TaskSpawner {} was changed after the Task was created: new Tasks have \
             it if the webhook answers",
            walk.spawner.name.as_deref().unwrap_or_default()
        ),
        (false, true) => "the webhook has not answered: it was not asked, not there, or not trusted".to_owned(),
        (false, false) => {
            "the webhook has not answered: it was not there when the Task was created, or not trusted".to_owned()
        }
    }
}
