//! What is met while a template is run → what is said of it.

use super::Lint;
use super::finding::{Finding, Rule, Severity};
use super::payload;
use super::templates::{Met, Place, Rendered};
use crate::engine::remedy::Line;
use crate::engine::sources::GROUPS;
use crate::templates::Position;
use crate::templates::go::forecast::{Fault, Known, Trouble};
use crate::templates::suggest::closest;

/// Up to which Kelos it is known to be so.
pub(super) const KNOWN: &str = "up to Kelos v0.52";

/// Texts that people write, which may be short; what else is a text may have a length of its own.
const OF_ANY_LENGTH: [&str; 16] = [
    "Title",
    "Body",
    "Labels",
    "Comments",
    "ReviewComments",
    "CommentBody",
    "Branch",
    "Sender",
    "Repository",
    "RepositoryOwner",
    "RepositoryName",
    "Tag",
    "CheckName",
    "CheckApp",
    "State",
    "Kind",
];

/// What is said of what was met; nothing if it can't be told for certain, or is meant so.
pub(super) fn told(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Option<Finding> {
    let finding = match &met.fault.trouble {
        Trouble::Absent | Trouble::MayBeAbsent => absent(lint, rendered, met),
        Trouble::NoValue | Trouble::MayBeNoValue => no_value(rendered, met),
        Trouble::OfNothing => payload::of_nothing(lint, rendered, met),
        Trouble::NoField => Some(no_field(lint, rendered, met)),
        Trouble::ByteOfText | Trouble::RangeOfText | Trouble::LengthOfText => {
            taken_for_list(lint, rendered, met)
        }
        Trouble::Compared => Some(compared(lint, rendered, met)),
        Trouble::Sliced(_, to) => sliced(lint, rendered, met, *to),
    }?;
    Some(finding.at(Position::of(rendered.source, met.fault.at.start)))
}

/// An error if it is met in any case.
pub(super) fn by_certainty(met: &Met<'_>) -> Severity {
    if met.is_certain { Severity::Error } else { Severity::Warning }
}

/// The path of a variable, as a template spells it.
pub(super) fn spelled(fault: &Fault) -> String {
    fault.path.iter().map(|name| format!(".{name}")).collect()
}

/// The events, in a list that a sentence can have.
pub(super) fn listed(events: &[&str]) -> String {
    let named: Vec<String> = events.iter().map(|event| format!("`{event}`")).collect();
    match named.as_slice() {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        all => all.concat(),
    }
}

fn absent(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Option<Finding> {
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
    let product = lint.product();
    let where_reached = if met.is_certain { "" } else { " where this is reached" };
    if GROUPS.contains(&name) || name == "Source" {
        let text = format!(
            "only rules annotations know `.{name}`: Kelos makes no {product}{where_reached}"
        );
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
    let text = format!(
        "{} has no `.{name}` ({KNOWN}): Kelos makes no {product}{where_reached}",
        table.name
    );
    let finding = Finding::new(Rule::NeverThere, by_certainty(met), rendered.field.clone(), text);
    let mapped =
        lint.view.spec.when.webhook.iter().flat_map(|it| it.field_mapping.templates.keys());
    let mut known: Vec<&str> = Vec::new();
    table.printed().for_each(|it| known.push(it));
    known.extend(mapped.map(String::as_str));
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

/// What can be written in place of a variable that the source does not have.
fn instead(lint: &Lint<'_>, name: &str) -> Option<String> {
    if lint.table.has_new_names() {
        return Some(format!(
            "map it: `{name}: $.{name}`, or where else it stands in the JSON, under spec.when.webhook.fieldMapping"
        ));
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
            "some events{of} have no `.{name}` ({KNOWN}): Kelos makes no {} of those",
            lint.product()
        );
        (Severity::Warning, text)
    } else {
        let text = format!(
            "Kelos makes no {} of {}: there is no `.{name}` ({KNOWN})",
            lint.product(),
            listed(&met.always)
        );
        (Severity::Error, text)
    };
    let root = if fault.dot_is_root { "." } else { "$" };
    let lookup = format!("index {root} \"{name}\"");
    if fault.is_condition {
        let with = if fault.is_argument { format!("({lookup})") } else { lookup };
        let text = format!("a condition on `.{name}` does not guard it: {text}");
        return Some(
            Finding::new(Rule::GuardFails, severity, rendered.field.clone(), text)
                .help(format!("`{with}` asks for it without failing"))
                .fix(fault.at.clone(), with),
        );
    }
    let guarded = format!("{{{{with {lookup}}}}}{{{{.}}}}{{{{end}}}}");
    let finding = Finding::new(Rule::SometimesThere, severity, rendered.field.clone(), text)
        .help(format!("`{guarded}` prints it where it is there"));
    Some(match &fault.action {
        Some(action) if rendered.place != Place::Name => finding.fix(action.clone(), guarded),
        _ => finding,
    })
}

fn no_context(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Finding {
    let product = lint.product();
    let written = rendered.source.get(met.fault.at.clone()).unwrap_or_default();
    let written = written.split_once(".Context.").and_then(|(_, name)| name.split('.').next());
    let named = met.fault.path.get(1).map(|name| &**name).or(written);
    let sources = &lint.view.spec.task_template.context_sources;
    let (text, help) = if rendered.place == Place::Name {
        let text = format!("a nameTemplate may not read `.Context`: Kelos makes no {product}");
        (text, "a name is made of what identifies the item, such as `.ID`".to_owned())
    } else if lint.is_session() || !lint.table.has_context() {
        let text = format!(
            "Kelos asks no context sources for {}: it makes no {product}",
            if lint.is_session() { "Sessions" } else { lint.table.name }
        );
        (text, "leave `.Context` out".to_owned())
    } else {
        let name = named.unwrap_or("NAME");
        let text = format!("no context source is called so: Kelos makes no {product}");
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

fn no_value(rendered: &Rendered<'_>, met: &Met<'_>) -> Option<Finding> {
    let fault = &met.fault;
    let name = fault.path.first().filter(|_| met.is_certain)?;
    let events = if met.always.is_empty() { &met.perhaps } else { &met.always };
    let of = match events.as_slice() {
        [""] => "items without it".to_owned(),
        events if met.always.is_empty() => format!("{} without it", listed(events)),
        events => listed(events),
    };
    let effect = match rendered.place {
        Place::Label => ", which is no label value: the API server refuses the Task",
        Place::Name => ", and Kelos makes no Task of it",
        Place::Branch => ", as the name of the branch",
        Place::Prompt | Place::Annotation => "",
    };
    let is_lost = matches!(rendered.place, Place::Label | Place::Name) && !met.always.is_empty();
    let severity = if is_lost { Severity::Error } else { Severity::Warning };
    let text = format!("this prints `<no value>` for {of}{effect}");
    let root = if fault.dot_is_root { "." } else { "$" };
    let guarded = match &*fault.path {
        [_] => format!("{{{{with index {root} \"{name}\"}}}}{{{{.}}}}{{{{end}}}}"),
        _ => {
            let source = rendered.source.get(fault.at.clone())?;
            format!("{{{{with {source}}}}}{{{{.}}}}{{{{end}}}}")
        }
    };
    let finding = Finding::new(Rule::PrintsNoValue, severity, rendered.field.clone(), text)
        .help(format!("`{guarded}` prints nothing then"));
    Some(match &fault.action {
        Some(action) if rendered.place != Place::Name => finding.fix(action.clone(), guarded),
        _ => finding,
    })
}

fn no_field(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Finding {
    let of = met.fault.path.split_last().map(|(_, of)| of).unwrap_or_default();
    let of: String = of.iter().map(|name| format!(".{name}")).collect();
    let text = format!("`{of}` has no fields: Kelos makes no {}", lint.product());
    Finding::new(Rule::RenderFails, by_certainty(met), rendered.field.clone(), text)
}

/// A text that is taken for a list.
fn taken_for_list(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Option<Finding> {
    let of_labels = met.fault.path.iter().any(|name| **name == *"Labels");
    let product = lint.product();
    let field = rendered.field.clone();
    let (severity, text) = match met.fault.trouble {
        Trouble::ByteOfText if of_labels => (
            by_certainty(met),
            format!(
                "`.Labels` is one text, `bug, priority/high`: this prints the number of a byte, and without labels Kelos makes no {product}"
            ),
        ),
        Trouble::RangeOfText if of_labels => (
            by_certainty(met),
            format!("`.Labels` is one text and no list: Kelos makes no {product}"),
        ),
        Trouble::LengthOfText if of_labels && !met.fault.is_argument => (
            Severity::Warning,
            "`.Labels` is one text: this counts its bytes, not the labels".to_owned(),
        ),
        Trouble::RangeOfText => {
            let text = format!("a text is no list: Kelos makes no {product}");
            return Some(Finding::new(Rule::RenderFails, by_certainty(met), field, text));
        }
        _ => return None,
    };
    let finding = Finding::new(Rule::LabelsAreText, severity, field, text);
    let annotation = match rendered.place {
        Place::Label => "labels",
        Place::Annotation => "annotations",
        _ => return Some(finding.help("only rules annotations have `.Labels` as a list")),
    };
    Some(finding.help(format!(
        "move the key to the annotation `metadata.kelos.dev/{annotation}`, where `.Labels` is a list"
    )))
}

fn compared(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Finding {
    let is_of_payload = met.fault.path.first().is_some_and(|name| **name == *"Payload");
    let why = match is_of_payload {
        true => "Go compares a pointer with nothing",
        false => "Go compares only like with like, and a number is no text",
    };
    let text = format!("{why}: Kelos makes no {}", lint.product());
    let finding = Finding::new(Rule::TypesDiffer, by_certainty(met), rendered.field.clone(), text);
    if let Some((range, with)) = &met.fault.instead {
        let help = format!("write `{with}`");
        return finding.help(help).fix(range.clone(), with.clone());
    }
    if is_of_payload {
        return finding.help(
            "fields of a payload are pointers: the chain of methods gives the value itself, as `.Payload.GetIssue.GetState`",
        );
    }
    finding.help("make a text of the number first: `(print .Number)`")
}

fn sliced(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>, to: usize) -> Option<Finding> {
    let path = &met.fault.path;
    let is_free = matches!(&**path, [name] if OF_ANY_LENGTH.contains(&&**name));
    let is_long_enough = lint.table.name == "cron" && to <= "2026-02-07T09:00:00Z".len();
    let is_of_push = met.always == ["push"] && to <= "Push to ".len();
    if !is_free || is_long_enough || is_of_push {
        return None;
    }
    let text = format!(
        "`{}` may be shorter than {to} bytes: Kelos makes no {} then",
        spelled(&met.fault),
        lint.product()
    );
    let finding = Finding::new(Rule::SliceMayFail, by_certainty(met), rendered.field.clone(), text);
    Some(match &met.fault.instead {
        Some((range, with)) => {
            finding.help(format!("`{with}` cuts what is longer")).fix(range.clone(), with.clone())
        }
        None => finding.help("ask for its length first"),
    })
}
