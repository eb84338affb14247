//! Fields of payloads: those of other events, and those of what may be nothing.

use super::Lint;
use super::faults::{KNOWN, by_certainty, listed, spelled};
use super::finding::{Finding, Rule, Severity};
use super::templates::{Met, Rendered};

/// A field that the payload of an event does not have.
pub(super) fn no_field(lint: &Lint<'_>, rendered: &Rendered<'_>, met: &Met<'_>) -> Finding {
    let of = listed(&met.always);
    let text = format!(
        "the payload of {of} has no `{}` ({KNOWN}): Kelos makes no {} of it",
        spelled(&met.fault),
        lint.product()
    );
    let field = rendered.field.clone();
    let finding = Finding::new(Rule::PayloadField, by_certainty(met), field, text);
    match &*met.fault.path {
        [_, name] if name.starts_with(|c: char| c.is_ascii_lowercase()) => {
            finding.help("names are as Go has them: `.Payload.Issue.Title`")
        }
        _ => finding.help(
            "ask for the event first: `{{if eq .Event \"issues\"}}…{{end}}` reaches it under that one alone",
        ),
    }
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
        format!("`{}` may be nothing: Kelos makes no {} then", spelled(&met.fault), lint.product());
    let field = rendered.field.clone();
    let finding = Finding::new(Rule::PayloadField, Severity::Warning, field, text);
    let chain = rendered.source.get(met.fault.at.clone()).and_then(getters);
    Some(match chain {
        Some(chain) => {
            let help = format!("`{chain}` gives an empty text where something is not there");
            finding.help(help).fix(met.fault.at.clone(), chain)
        }
        None => finding,
    })
}

/// A chain of fields of a payload as a chain of methods, which does not fail on nothing.
fn getters(chain: &str) -> Option<String> {
    let (front, rest) = chain.split_once(".Payload.")?;
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric());
    if !matches!(front, "" | "$") || !rest.split('.').all(is_name) {
        return None;
    }
    let getters = rest.split('.').map(|name| match name.starts_with("Get") {
        true => format!(".{name}"),
        false => format!(".Get{name}"),
    });
    Some(format!("{front}.Payload{}", getters.collect::<String>()))
}
