//! Variables that are not there where Kelos renders: never, or not under every event.

use super::Lint;
use super::faults::{KNOWN, by_certainty, have, listed, some};
use super::finding::{Finding, Rule, Severity};
use super::payload;
use super::templates::{Met, Place, Rendered};
use crate::engine::kelos::Source;
use crate::engine::remedy::{self, Line};
use crate::engine::simulate::EVENTS;
use crate::engine::sources::{Presence, is_group, presence};
use crate::templates::go::forecast::Known;
use crate::templates::suggest::closest;

pub(super) fn absent(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Option<Finding> {
    let fault = &met.fault;
    match &*fault.path {
        [first, ..] if **first == *"Context" => Some(no_context(lint, rendered, met)),
        [first, _, ..] if **first == *"Payload" => Some(payload::no_field(lint, rendered, met)),
        [name] => {
            let is_never = lint.worlds.iter().all(|it| it.variable(name) == Known::Absent);
            if is_never {
                Some(never(lint, rendered, met, name))
            } else {
                sometimes(lint, rendered, met, name)
            }
        }
        _ => None,
    }
}

/// A variable that no item of the source has.
fn never(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>, name: &str) -> Finding {
    let fault = &met.fault;
    let none = lint.makes_none(if met.is_certain { "" } else { " where this is reached" });
    if is_group(lint.makes, name) || name == "Source" {
        let text = format!("only rules annotations know `.{name}`: Kelos {none}");
        let finding =
            Finding::new(Rule::NotForKelos, by_certainty(met), rendered.field.clone(), text);
        return match rendered.place {
            Place::Label => {
                finding.help("move the key to the annotation `metadata.kelos.dev/labels`")
            }
            Place::Annotation => {
                finding.help("move the key to the annotation `metadata.kelos.dev/annotations`")
            }
            _ => finding,
        };
    }
    let table = lint.table;
    if table.printed_class(name).is_some() {
        return of_other_events(lint, rendered, met, name);
    }
    let text = format!("{} has no `.{name}` ({KNOWN}): Kelos {none}", table.name);
    let finding = Finding::new(Rule::NeverThere, by_certainty(met), rendered.field.clone(), text);
    let mapped =
        lint.view.spec.when.webhook.iter().flat_map(|it| it.field_mapping.templates.keys());
    let mut known: Vec<&str> = Vec::new();
    table.printed().for_each(|it| known.push(it));
    known.extend(mapped.map(|key| &**key));
    known.retain(|it| *it != name);
    let same = known.iter().copied().find(|it| it.eq_ignore_ascii_case(name));
    if let Some(meant) = same.or_else(|| closest(name, known.iter().copied())) {
        let finding = finding.help(format!("did you mean `.{meant}`?"));
        let start = fault.at.start;
        let is_it = rendered
            .source
            .get(start..)
            .is_some_and(|rest| rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(name)));
        return match same {
            Some(_) if is_it => finding.fix(start + 1..start + 1 + name.len(), meant),
            _ => finding,
        };
    }
    match instead(lint, name) {
        Some(help) => finding.help(help),
        None => finding,
    }
}

/// A variable of events that this spawner does not take, or that its filters let none pass of.
fn of_other_events(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>, name: &str) -> Finding {
    let none = lint.makes_none(if met.is_certain { "" } else { " where this is reached" });
    let here = match met.always.as_slice() {
        [] | [""] => format!("{} has", lint.table.name),
        events => have(events),
    };
    let text = format!("{here} no `.{name}` ({KNOWN}): Kelos {none}");
    let finding = Finding::new(Rule::NeverThere, by_certainty(met), rendered.field.clone(), text);
    finding.help(match with_variable(name).as_slice() {
        [] => "take it out".to_owned(),
        // Of those that are taken, the filters let only such pass that are without it.
        events if events.iter().any(|event| met.always.contains(event)) => {
            "take it out, or change the filters that let only such events pass".to_owned()
        }
        events => format!("take it out; {}", some(events)),
    })
}

/// The events of which some have a variable.
pub(super) fn with_variable(name: &str) -> Vec<&'static str> {
    EVENTS.iter().filter(|event| presence(event, name) != Presence::Never).copied().collect()
}

/// What can be written in place of a variable that the source does not have.
fn instead(lint: &Lint<'_>, name: &str) -> Option<String> {
    if lint.table.has_new_names() {
        return Some(format!(
            "map it: `{name}: $.{name}`, or where else it stands in the JSON, under spec.when.webhook.fieldMapping"
        ));
    }
    if let Source::GithubWebhook(source) = lint.rules.spawner.spec.when.source()
        && let Some(template) = remedy::payload::template(source, name)
    {
        return Some(format!("what says it is `{template}`"));
    }
    let variable = format!(".{name}");
    let remedy = lint.remedy(&variable);
    let mut lines = remedy.ways.iter().flat_map(|way| &way.lines);
    let template = lines.find_map(|line| match line {
        Line::KelosField { template, .. } => Some(template),
        _ => None,
    });
    match template {
        Some(template) => Some(format!("what says it is `{template}`")),
        // What only rules annotations know is no help here.
        None if remedy.note.is_empty() || remedy.note.contains(".Annotations") => None,
        None => Some(remedy.note),
    }
}

/// A variable that some items are without.
fn sometimes(
    lint: &Lint<'_>,
    rendered: &Rendered<'_>,
    met: &Met<'_>,
    name: &str,
) -> Option<Finding> {
    // Where it is only reached under a condition, that may be about just this.
    if !met.is_certain {
        return None;
    }
    let fault = &met.fault;
    let (severity, text) = if met.always.is_empty() {
        let of = match met.perhaps.as_slice() {
            [""] => String::new(),
            events => format!(" of {}", listed(events)),
        };
        let text = format!(
            "some events{of} have no `.{name}` ({KNOWN}): Kelos {}",
            lint.makes_none(" of those")
        );
        (Severity::Warning, text)
    } else {
        let text = format!(
            "Kelos {}: there is no `.{name}` ({KNOWN})",
            lint.makes_none(&format!(" of {}", listed(&met.always)))
        );
        (Severity::Error, text)
    };
    let root = if fault.dot_is_root { "." } else { "$" };
    let lookup = format!("index {root} \"{name}\"");
    if fault.is_condition {
        let with = if fault.is_argument { format!("({lookup})") } else { lookup };
        let text = format!("a condition on `.{name}` does not guard it: {text}");
        let finding = Finding::new(Rule::GuardFails, severity, rendered.field.clone(), text)
            .help(format!("`{with}` asks for it without failing"));
        return Some(match fault.goes_on {
            true => finding,
            false => finding.fix(fault.at.clone(), with),
        });
    }
    let guarded = format!("{{{{with {lookup}}}}}{{{{.}}}}{{{{end}}}}");
    let finding = Finding::new(Rule::SometimesThere, severity, rendered.field.clone(), text)
        .help(format!("`{guarded}` prints it where it is there"));
    // What is asked of it is not to be lost.
    let is_whole = rendered
        .source
        .get(fault.at.clone())
        .is_some_and(|it| it.trim_start_matches('$').strip_prefix('.') == Some(name));
    Some(match &fault.action {
        Some(action) if is_whole && rendered.place != Place::Name => {
            finding.fix(action.clone(), guarded)
        }
        _ => finding,
    })
}

fn no_context(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Finding {
    let none = lint.makes_none("");
    let written = rendered.source.get(met.fault.at.clone()).unwrap_or_default();
    let written = written.split_once(".Context.").and_then(|(_, name)| name.split('.').next());
    let named = met.fault.path.get(1).map(|name| &**name).or(written);
    let sources = &lint.view.spec.task_template.context_sources;
    let (text, help) = if rendered.place == Place::Fetch {
        let text = format!("a context source knows no other one: Kelos {none}");
        (text, "it can be asked with variables of the item, such as `.Number`".to_owned())
    } else if rendered.place == Place::Name {
        let text = format!("a nameTemplate may not read `.Context`: Kelos {none}");
        (text, "a name is made of what identifies the item, such as `.ID`".to_owned())
    } else if !lint.table.has_context() {
        let text = format!(
            "Kelos asks no context sources for {}: it {none}",
            if lint.is_session() { "Sessions" } else { lint.table.name }
        );
        (text, "leave `.Context` out".to_owned())
    } else {
        let name = named.unwrap_or("NAME");
        let text = format!("no context source is called so: Kelos {none}");
        let meant = named.and_then(|name| closest(name, sources.iter().map(|it| &*it.name)));
        let help = match meant {
            Some(meant) => format!("did you mean `.Context.{meant}`?"),
            None => format!("add an entry `name: {name}` to spec.taskTemplate.contextSources"),
        };
        (text, help)
    };
    let field = rendered.field.clone();
    Finding::new(Rule::ContextUnknown, by_certainty(met), field, text).help(help)
}
