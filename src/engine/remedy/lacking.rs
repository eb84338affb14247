//! Variables that the source does not have.

use super::lines::{carried, key_of, plain, recorded};
use super::{Line, Missed, Remedy, payload};
use crate::engine::kelos::Source;
use crate::engine::sources::{Table, is_own_record};

/// What says nearly the same, the nearest first.
const NEAREST: [(&str, &[&str]); 14] = [
    ("Author", &["Sender"]),
    ("User", &["Sender"]),
    ("Type", &["Kind"]),
    ("Event", &["Type", "Kind"]),
    ("State", &["ReviewState", "Action"]),
    ("Number", &["ID"]),
    ("Body", &["CommentBody", "Title"]),
    ("Comments", &["CommentBody"]),
    ("CommentBody", &["Comments", "Body"]),
    ("CommentURL", &["URL"]),
    ("Tag", &["Ref", "Branch"]),
    ("Ref", &["Branch"]),
    ("Repository", &["URL"]),
    ("Time", &["TriggerTime"]),
];

/// What Kelos writes on a Task of a message.
const OF_SLACK: [(&str, &str); 3] = [
    ("User", "kelos.dev/slack-user-id"),
    ("Author", "kelos.dev/slack-user-id"),
    ("Channel", "kelos.dev/slack-channel"),
];

/// Another way to what the source has no variable for, or that there is none.
pub(super) fn remedy(missed: &Missed<'_>, table: &Table, source: Source<'_>, name: &str) -> Remedy {
    let other = match source {
        Source::GithubWebhook(source) => payload::of_github(missed, source, name),
        Source::LinearWebhook(_) if name == "URL" => Some(payload::page_of_linear(missed)),
        Source::GenericWebhook(_) => mapped(missed, table, name),
        _ => None,
    };
    let has_field = missed.rules.spawner.makes.has_kelos_field();
    let is_sent =
        matches!(source, Source::GithubWebhook(it) if payload::template(it, name).is_some());
    other.unwrap_or_else(|| Remedy::say(none(table, name, is_sent && !has_field)))
}

/// A field of the JSON that a webhook gets, under a name of its own.
fn mapped(missed: &Missed<'_>, table: &Table, name: &str) -> Option<Remedy> {
    if name == "Labels" {
        let message = "a webhook of any kind maps texts, and Kelos prints a list as one: map one label, as in \
                       `label: $.labels[0]`, and use `.label`";
        return Some(Remedy::say(message.to_owned()));
    }
    let has_it = table.has(name);
    // A name of Kelos's own is no field: it is recorded.
    let field = if has_it { name.to_owned() } else { name.to_ascii_lowercase() };
    let mut remedy = match has_it {
        true => carried(missed, name, name, &plain(name)),
        false if is_own_record(&key_of(name)) => return None,
        false => recorded(missed, name, plain(&field)),
    };
    for way in &mut remedy.ways {
        way.lines.insert(0, Line::FieldMapping(field.clone()));
    }
    Some(remedy)
}

/// That there is none, and what comes nearest; it may be in what is sent, where no Kelos field can carry it.
fn none(table: &Table, name: &str, only_lacks_field: bool) -> String {
    let why = match only_lacks_field {
        true => "there is no Kelos field here to print it out of the payload",
        false => "Kelos can't be made to print it",
    };
    let mut text = format!("{} has no {name}, and {why}", table.name);
    let of_slack = OF_SLACK.iter().find(|(known, _)| table.name == "slack" && *known == name);
    let nearest = NEAREST.iter().find(|(known, _)| *known == name).map(|(_, nearest)| *nearest);
    let nearest = nearest.into_iter().flatten().find(|nearest| table.find(nearest).is_some());
    if let Some((_, key)) = of_slack {
        text += &format!("; the nearest is `{{{{ index .Annotations \"{key}\" }}}}`");
    } else if let Some(nearest) = nearest {
        text += &format!("; the nearest is `.{nearest}`");
    }
    if table.has_context() {
        text += "; a context source can fetch it, as `.Context.NAME` (docs/facts.md)";
    }
    text
}
