//! What a text says that Kelos printed.

use super::pattern::{Flavour, whole_number};
use crate::engine::meter::Meter;
use crate::engine::sources::text::{ENTRY_STEPS, clean_labels, labels_without_secrets, text};
use crate::engine::sources::variable::InName;
use crate::engine::sources::{cron, jira};
use crate::templates::budget::Exhausted;
use crate::templates::go::NO_VALUE;
use crate::templates::value::Value;

/// The value that was printed as `read`; nothing if it can't be told.
pub(super) fn value(
    name: &str,
    form: InName,
    flavour: Flavour,
    read: &str,
    meter: &Meter,
) -> Result<Option<Value>, Exhausted> {
    Ok(match (name, flavour) {
        // That is how Go prints what is nothing: `null` of a JSON that somebody sent.
        _ if read == NO_VALUE => None,
        ("Number", _) => whole_number(read).map(Value::Int),
        (_, Flavour::ByHand) if may_be_no_text(read) => None,
        ("Labels", _) => labels(read, meter)?,
        (_, Flavour::Name) => in_name(form, read).map(Value::from),
        _ => Some(text(read, meter)?),
    })
}

/// The text that a name keeps so.
fn in_name(form: InName, read: &str) -> Option<String> {
    match form {
        InName::Tick => cron::time_of(read).map(|_| read.to_owned()),
        InName::Time => cron::time_in_name(read),
        InName::JiraKey => jira::key_of(read),
        InName::Digits => Some(read.to_owned()),
        InName::Number | InName::Lost => None,
    }
}

/// Whether what a person gave may print so and not be a text: a template could tell the two apart.
pub(in crate::engine::sources) fn may_be_no_text(printed: &str) -> bool {
    matches!(printed, "true" | "false" | "0" | "<nil>" | NO_VALUE)
        || printed.starts_with('[')
        || printed.starts_with("map[")
}

/// What Kelos puts between labels.
pub(in crate::engine::sources) const SEPARATOR: &str = ", ";

/// The labels in `a, b`. Kelos joins them so, and a label whose name holds a comma and a space is two
/// here as there.
fn labels(joined: &str, meter: &Meter) -> Result<Option<Value>, Exhausted> {
    /// What a label takes beside its text.
    const LABEL_BYTES: usize = 64;
    if !joined.is_empty() {
        meter.take(joined.len())?;
        let count = joined.matches(SEPARATOR).count() + 1;
        meter.take_steps(count.saturating_mul(ENTRY_STEPS))?;
        meter.take_bytes(joined.len().saturating_mul(2) + count.saturating_mul(LABEL_BYTES))?;
    }
    names_of(joined).map(|names| clean_labels(&names, meter)).transpose()
}

/// The labels in `a, b`; nothing if one of them would be blank.
pub(in crate::engine::sources) fn labels_of(joined: &str) -> Option<Value> {
    names_of(joined).map(|names| labels_without_secrets(&names))
}

fn names_of(joined: &str) -> Option<Vec<&str>> {
    if joined.is_empty() {
        return Some(Vec::new());
    }
    let names: Vec<&str> = joined.split(SEPARATOR).collect();
    names.iter().all(|name| !name.trim().is_empty()).then_some(names)
}
