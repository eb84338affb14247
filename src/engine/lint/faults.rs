//! What is met while a template is run → what is said of it.

use super::Lint;
use super::absent::absent;
use super::finding::{Finding, Rule, Severity};
use super::payload;
use super::templates::{Met, Place, Rendered};
pub(super) use crate::engine::kelos::KNOWN;
use crate::templates::Position;
use crate::templates::go::forecast::{ELEMENT, Fault, Known, Trouble};
use crate::templates::suggest::closest;
use crate::templates::value::Text;

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
        Trouble::NoValue | Trouble::MayBeNoValue => no_value(lint, rendered, met),
        Trouble::OfNothing => payload::of_nothing(lint, rendered, met),
        Trouble::NoField => Some(no_field(lint, rendered, met)),
        Trouble::NoMember => Some(payload::no_member(lint, rendered, met)),
        Trouble::Fails(why) => Some(fails(lint, rendered, met, why)),
        Trouble::ByteOfText | Trouble::RangeOfText | Trouble::LengthOfText => {
            taken_for_list(lint, rendered, met)
        }
        Trouble::Compared(why) => Some(compared(lint, rendered, met, why)),
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
    spelled_path(&fault.path)
}

/// A path, as a template spells it.
fn spelled_path(path: &[Text]) -> String {
    let name = |name: &Text| if **name == *ELEMENT { ELEMENT.into() } else { format!(".{name}") };
    path.iter().map(name).collect()
}

/// The events, in a list that a sentence can have.
pub(super) fn listed(events: &[&str]) -> String {
    let named: Vec<String> = events.iter().map(|event| format!("`{event}`")).collect();
    match named.as_slice() {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        all => all.concat(),
    }
}

/// Events as the subject of what they have, or have not.
pub(super) fn have(events: &[&str]) -> String {
    let verb = if events.len() == 1 { "has" } else { "have" };
    format!("{} {verb}", listed(events))
}

/// That these events have it, of which not all are named.
pub(super) fn some(events: &[&str]) -> String {
    match events {
        [first, second, _, _, ..] => {
            let others = events.len() - 2;
            format!("`{first}`, `{second}` and {others} other events have it")
        }
        events => format!("{} it", have(events)),
    }
}

fn no_value(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Option<Finding> {
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
        Place::Fetch => ", in what Kelos asks for",
        Place::Prompt | Place::Annotation => "",
    };
    let is_lost = matches!(rendered.place, Place::Label | Place::Name) && !met.always.is_empty();
    let severity = if is_lost { Severity::Error } else { Severity::Warning };
    let is_never = lint.table.printed_class(name).is_none()
        && lint.worlds.iter().all(|it| it.variable(name) == Known::Absent);
    if is_never && matches!(&*fault.path, [_]) {
        let text =
            format!("this prints `<no value>`: {} has no `.{name}`{effect}", lint.table.name);
        let finding = Finding::new(Rule::PrintsNoValue, severity, rendered.field.clone(), text);
        return Some(meant(lint, rendered, fault, name, finding));
    }
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

/// The variable that a name which the source never has may mean.
fn meant(
    lint: &Lint<'_>,
    rendered: &Rendered<'_>,
    fault: &Fault,
    name: &str,
    finding: Finding,
) -> Finding {
    let known: Vec<&str> = lint.table.printed().filter(|it| *it != name).collect();
    let same = known.iter().copied().find(|it| it.eq_ignore_ascii_case(name));
    let Some(meant) = same.or_else(|| closest(name, known.iter().copied())) else {
        return finding.help("take it out");
    };
    let finding = finding.help(format!("did you mean `{meant}`?"));
    let quoted = format!("\"{name}\"");
    let written = rendered.source.get(fault.at.clone()).unwrap_or_default();
    let mut places = written.match_indices(&quoted);
    match (same, places.next(), places.next()) {
        (Some(meant), Some((at, _)), None) => {
            let start = fault.at.start + at + 1;
            finding.fix(start..start + name.len(), meant)
        }
        _ => finding,
    }
}

fn no_field(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Finding {
    let of = met.fault.path.split_last().map(|(_, of)| of).unwrap_or_default();
    let of = spelled_path(of);
    let text = format!("`{of}` has no fields: Kelos {}", lint.makes_none(""));
    Finding::new(Rule::RenderFails, by_certainty(met), rendered.field.clone(), text)
}

/// A text that is taken for a list.
fn taken_for_list(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Option<Finding> {
    let of_labels = met.fault.path.iter().any(|name| **name == *"Labels");
    let none = lint.makes_none("");
    let field = rendered.field.clone();
    let (severity, text) = match met.fault.trouble {
        Trouble::ByteOfText if of_labels => (
            by_certainty(met),
            format!(
                "`.Labels` is one text, `bug, priority/high`: this prints the number of a byte, and without labels Kelos {none}"
            ),
        ),
        Trouble::RangeOfText if of_labels => {
            (by_certainty(met), format!("`.Labels` is one text and no list: Kelos {none}"))
        }
        Trouble::LengthOfText if of_labels && !met.fault.is_argument => (
            Severity::Warning,
            "`.Labels` is one text: this counts its bytes, not the labels".to_owned(),
        ),
        Trouble::RangeOfText => {
            let text = format!("a text is no list: Kelos {none}");
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

/// What Go can't do.
fn fails(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>, why: &str) -> Finding {
    let text = format!("{why}: Kelos {}", lint.makes_none(""));
    let finding = Finding::new(Rule::RenderFails, by_certainty(met), rendered.field.clone(), text);
    match &met.fault.instead {
        Some((range, with)) => {
            finding.help(format!("write `{with}`")).fix(range.clone(), with.clone())
        }
        None => finding,
    }
}

fn compared(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>, why: &str) -> Finding {
    let is_of_payload = met.fault.path.first().is_some_and(|name| **name == *"Payload");
    let text = format!("{why}: Kelos {}", lint.makes_none(""));
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
    let is_of = |kind: &str| why.contains(kind);
    match (is_of("a whole number"), is_of("a text"), is_of("a floating-point number")) {
        (true, true, _) => finding.help("make a text of the number first: `(print .Number)`"),
        (true, _, true) => {
            finding.help("a number with a point is compared with such numbers alone")
        }
        _ => finding,
    }
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
        "`{}` may be shorter than {to} bytes: Kelos {}",
        spelled(&met.fault),
        lint.makes_none(" then")
    );
    let finding = Finding::new(Rule::SliceMayFail, by_certainty(met), rendered.field.clone(), text);
    Some(match &met.fault.instead {
        Some((range, with)) => {
            finding.help(format!("`{with}` cuts what is longer")).fix(range.clone(), with.clone())
        }
        None => finding.help("ask for its length first"),
    })
}
