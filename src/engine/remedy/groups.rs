//! What does not come from the source itself: its members have no line of their own in Kelos.

use super::lines::{guarded, has_line, kebab, plain, there_already};
use super::{Line, Missed, Remedy, payload};
use crate::engine::kelos::{SOURCE_PREFIX, Shape, Source};
use crate::engine::sources::Table;
use crate::templates::camel_case;

/// What to write so that a member of a group is known.
pub(super) fn remedy(missed: &Missed<'_>, table: &Table, group: &str, member: &str) -> Remedy {
    let makes = missed.rules.spawner.makes;
    if !makes.has_kelos_field() && matches!(group, "Payload" | "ChangedFiles" | "Source") {
        return Remedy::say(format!(
            "print a variable that says it, such as `.Sender`, in {}",
            makes.prompt_name()
        ));
    }
    match (group, member.split_once('.').unwrap_or((member, ""))) {
        ("Context", (name, _)) => context(missed, table, name),
        ("Source", (name, _)) => source(missed, table, name),
        ("Payload" | "ChangedFiles", _) => Remedy::say(format!(
            "what the webhook sent is not on the Task: have Kelos print what you need of .{group}, in \
             spec.taskTemplate.metadata.annotations (docs/facts.md)"
        )),
        ("Spawner", (field @ ("Labels" | "Annotations"), key)) if !key.is_empty() => {
            Remedy::say(format!(
                "add to the {}: `{key}` under metadata.{}",
                makes.spawner(),
                field.to_ascii_lowercase()
            ))
        }
        ("Annotations", _) => on_the_task(makes, "annotations"),
        (own, ("Annotations", _)) if own == makes.group() => on_the_task(makes, "annotations"),
        (own, ("Labels", _)) if own == makes.group() => on_the_task(makes, "labels"),
        ("Workspace", _) if !missed.has_workspace => {
            let place = makes.workspace_field();
            Remedy::say(format!("it takes a Workspace: `workspaceRef` under {place} names one"))
        }
        ("User", _) => Remedy::say("only a request has a user: `review` answers one"),
        ("Namespace", (field, _)) if matches!(field, "Labels" | "Annotations") => {
            Remedy::say(format!("the Namespace has no such key among its {}", field.to_lowercase()))
        }
        _ => Remedy::say(format!("give the template a default, where .{group} may not have it")),
    }
}

fn on_the_task(makes: Shape, field: &str) -> Remedy {
    if !makes.has_kelos_field() {
        return Remedy::say(format!(
            "Kelos writes no such key on a {makes}: give the template a default"
        ));
    }
    Remedy::say(format!(
        "add to the TaskSpawner: the key and its template under spec.taskTemplate.metadata.{field}, and not in a \
         rules annotation, whose keys are no inputs"
    ))
}

/// What a context source gives. Kelos has an empty text where it fails and may be ignored.
fn context(missed: &Missed<'_>, table: &Table, name: &str) -> Remedy {
    if !table.has_context() {
        let makes = missed.rules.spawner.makes;
        let of = if makes.has_context() { table.name } else { makes.several() };
        return Remedy::say(format!("Kelos asks no context sources for {of}"));
    }
    // In Jinja it is the mapping that is missing, and nobody knows which name was meant.
    let name = if name.is_empty() { "NAME" } else { name };
    let prompt = &missed.rules.spawner.spec.task_template.prompt_template;
    let line = format!("{name}: {{{{.Context.{name}}}}}");
    let of = missed.rules.spawner.makes;
    let line = Line::Prompt { of, line, is_first: prompt.is_empty() };
    let lines = vec![Line::ContextSource(name.to_owned()), line];
    let mut remedy = Remedy::add(lines).reading_back(missed.rules);
    remedy.ways.iter_mut().for_each(|way| way.versions = "Kelos v0.36 and later");
    remedy
}

/// An annotation that is named after what it tells.
fn source(missed: &Missed<'_>, table: &Table, field: &str) -> Remedy {
    let (key, name) =
        ([SOURCE_PREFIX, &kebab(field)].concat(), camel_case::variable(&kebab(field)));
    let rules = missed.rules;
    let template = match rules.spawner.spec.when.source() {
        Source::GithubWebhook(source) if payload::has(&name) => {
            return payload::of_github(missed, source, &name).unwrap_or_default();
        }
        _ if table.always_has(&name) => plain(&name),
        Source::GithubWebhook(_) if table.find(&name).is_some() => guarded(&name),
        _ => {
            return Remedy::say(format!(
                "it is the annotation {key}: add it under spec.taskTemplate.metadata.annotations"
            ));
        }
    };
    match has_line(rules, &template) {
        Some(there) if *there == *key => there_already(missed, &name, &key),
        _ => Remedy::add(vec![Line::KelosField { key, template, instead_of: None }]),
    }
}
