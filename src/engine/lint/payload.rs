//! Fields of payloads: those of other events, and those of what may be nothing.

use super::Lint;
use super::faults::{KNOWN, by_certainty, have, some, spelled};
use super::finding::{Finding, Rule, Severity};
use super::templates::{Met, Rendered};
use crate::engine::simulate::{EVENTS, PayloadPart, payload_fields, payload_getters, payload_part};
use crate::templates::suggest::closest;

/// What an issue and a pull request have alike: what is written of one can be written of the other.
const OF_BOTH: [&str; 11] = [
    "Title",
    "Body",
    "State",
    "Number",
    "HTMLURL",
    "User",
    "Labels",
    "GetTitle",
    "GetBody",
    "GetNumber",
    "GetUser",
];

/// How many fields of something are listed in a line.
const MOST_FIELDS: usize = 8;

/// A field that the payload of an event does not have.
pub(super) fn no_field(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Finding {
    let written = spelled(&met.fault);
    let text = format!(
        "{} no `{written}` ({KNOWN}): Kelos {}",
        have(&met.always),
        lint.makes_none(" of it")
    );
    let field = rendered.field.clone();
    let finding = Finding::new(Rule::PayloadField, by_certainty(met), field, text);
    let path: Vec<&str> = met.fault.path.iter().skip(1).map(|name| &**name).collect();
    let first: Vec<&str> = path.iter().take(1).copied().collect();
    let has = |event: &str| {
        !matches!(payload_part(event, &first).0, PayloadPart::Missing | PayloadPart::Unknown)
    };
    let mut taken: Vec<&str> = lint.worlds.iter().filter_map(|world| world.event).collect();
    taken.dedup();
    taken.retain(|event| !met.always.contains(event) && has(event));
    if !taken.is_empty() {
        let events: String = taken.iter().map(|event| format!(" \"{event}\"")).collect();
        return finding.help(format!(
            "ask for the event first: `{{{{if eq .Event{events}}}}}...{{{{end}}}}`"
        ));
    }
    if path.first().is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase())) {
        return finding.help("names are as Go has them: `.Payload.Issue.Title`");
    }
    if let Some((from, to)) = counterpart(&path, &met.always) {
        let start = met.fault.at.start;
        let behind = rendered.source.get(start..met.fault.at.end).unwrap_or_default();
        let finding = finding.help(format!("write `.Payload.{to}` in place of it"));
        let is_alike = behind
            .split_once(&format!(".Payload.{from}."))
            .and_then(|(_, rest)| rest.split('.').next())
            .is_some_and(|next| OF_BOTH.contains(&next));
        return match behind.find(&format!(".{from}")) {
            Some(at) if is_alike => {
                let at = start + at + 1;
                finding.fix(at..at + from.len(), to)
            }
            _ => finding,
        };
    }
    let others: Vec<&str> = EVENTS.iter().filter(|event| has(event)).copied().collect();
    match others.as_slice() {
        [] => finding.help("take it out: no event of GitHub has it"),
        events => finding.help(format!("take it out; {}", some(events))),
    }
}

/// What stands in the place of an issue under events of pull requests, and the other way round.
fn counterpart(path: &[&str], events: &[&str]) -> Option<(&'static str, &'static str)> {
    let pairs = [
        ("Issue", "PullRequest"),
        ("PullRequest", "Issue"),
        ("GetIssue", "GetPullRequest"),
        ("GetPullRequest", "GetIssue"),
    ];
    let (from, to) = pairs.into_iter().find(|(from, _)| path.first() == Some(from))?;
    let has_it = |event: &&str| payload_part(event, &[to]).0 != PayloadPart::Missing;
    events.iter().all(has_it).then_some((from, to))
}

/// Something of what may be nothing.
pub(super) fn of_nothing(
    lint: &Lint<'_>,
    rendered: &Rendered<'_>,
    met: &Met<'_>,
) -> Option<Finding> {
    let path = &met.fault.path;
    if path.first().is_none_or(|name| **name != *"Payload") {
        let text = format!("`{}` is not there, and has no parts", spelled(&met.fault));
        let field = rendered.field.clone();
        return Some(Finding::new(Rule::RenderFails, by_certainty(met), field, text));
    }
    if !met.is_certain {
        return None;
    }
    let text =
        format!("`{}` may be nothing: Kelos {}", spelled(&met.fault), lint.makes_none(" then"));
    let field = rendered.field.clone();
    let finding = Finding::new(Rule::PayloadField, Severity::Warning, field, text);
    let chain = rendered.source.get(met.fault.at.clone()).unwrap_or_default();
    Some(match by_methods(chain, &met.always) {
        Some(chain) => {
            let help = format!("`{chain}` gives an empty text where something is not there");
            finding.help(help).fix(met.fault.at.clone(), chain)
        }
        None => finding.help(format!(
            "`{{{{with {}}}}}...{{{{end}}}}` reaches it where it is there",
            spelled(&met.fault)
        )),
    })
}

/// A chain of fields of a payload as a chain of methods, which does not fail on nothing; nothing if some event does not
/// have them all.
fn by_methods(chain: &str, events: &[&str]) -> Option<String> {
    let (front, rest) = chain.split_once(".Payload.")?;
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric());
    let names: Vec<&str> = rest.split('.').collect();
    if !matches!(front, "" | "$") || !names.iter().copied().all(is_name) {
        return None;
    }
    let mut all = events.iter().map(|event| payload_getters(event, &names));
    let first = all.next()??;
    all.all(|it| it.as_ref() == Some(&first)).then(|| {
        let methods: String = first.iter().map(|name| format!(".{name}")).collect();
        format!("{front}.Payload{methods}")
    })
}

/// A field that what is found in a payload does not have.
pub(super) fn no_member(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Finding {
    let written = spelled(&met.fault);
    let none = lint.makes_none(" of it");
    let text = format!("there is no `{written}` ({KNOWN}): Kelos {none}");
    let finding = Finding::new(Rule::PayloadField, by_certainty(met), rendered.field.clone(), text);
    let path: Vec<&str> = met.fault.path.iter().map(|name| &**name).collect();
    let [_, of @ .., name] = path.as_slice() else { return finding };
    let known = met.always.first().map(|event| payload_fields(event, of)).unwrap_or_default();
    let plain = name.strip_prefix("Get").unwrap_or(name);
    let same = known.iter().copied().find(|it| it.eq_ignore_ascii_case(&name.replace('_', "")));
    match same.or_else(|| closest(plain, known.iter().copied())) {
        Some(meant) => finding.help(format!("did you mean `.{meant}`?")),
        None if known.is_empty() || known.len() > MOST_FIELDS => {
            finding.help("names are as Go has them: `.Payload.Issue.Title`")
        }
        None => {
            let known: Vec<String> = known.iter().map(|name| format!("`.{name}`")).collect();
            finding.help(format!("there is {}", known.join(", ")))
        }
    }
}
