//! Names of Tasks: their length, and whether each item has one of its own.

use super::Lint;
use super::finding::{Field, Finding, Rule, Severity};
use super::templates::{Outlook, Rendered};
use crate::engine::kelos::Source;
use crate::templates::go::forecast::Piece;

/// The longest name that Kelos gives; it is also the longest label value.
const MOST_BYTES: usize = 63;

/// How many hex digits Kelos puts behind the name of an event.
const HASH_DIGITS: usize = 12;

/// How many of them keep Tasks apart: of 6 digits, two of a thousand Tasks are alike in one of 30 cases.
const ENOUGH_DIGITS: usize = 6;

/// What says of which kind an item is, and not which one.
const OF_MANY: [&str; 19] = [
    "Kind",
    "Labels",
    "Event",
    "Action",
    "Sender",
    "Repository",
    "RepositoryOwner",
    "RepositoryName",
    "Type",
    "State",
    "Schedule",
    "RefType",
    "Conclusion",
    "CheckName",
    "CheckApp",
    "ReviewState",
    "Comments",
    "ReviewComments",
    "ChangedFiles",
];

/// Whether the name of the spawner leaves room for what Kelos puts behind it.
pub(super) fn spawner(lint: &mut Lint<'_>) {
    let name = lint.view.metadata.name.len();
    let field = Field::of(&["metadata", "name"]);
    // Sessions have the uid of their spawner for a label, and its name for an annotation.
    if lint.is_session() {
        return events(lint, field);
    }
    if name > MOST_BYTES {
        let text = format!(
            "it has {name} bytes, more than a label value: the API server refuses every Task of it"
        );
        let finding = Finding::new(Rule::LongName, Severity::Error, field, text);
        return lint.add(finding.help(format!("{MOST_BYTES} bytes at the most")));
    }
    if !lint.view.name_template().1.is_empty() {
        return;
    }
    // The shortest that Kelos puts behind, what it may well be, and what that is.
    let (least, usual, what) = match lint.rules.spawner.spec.when.source() {
        Source::GithubIssues(_) | Source::GithubPullRequests(_) => (1, 5, "the number"),
        Source::Jira(_) => (4, 9, "the key of the issue"),
        Source::Cron(_) => (13, 13, "the time"),
        Source::GithubWebhook(_) => return events(lint, field),
        _ => return,
    };
    let room = MOST_BYTES.saturating_sub(name + 1);
    let severity = match () {
        () if least > room => Severity::Error,
        () if usual > room => Severity::Warning,
        () => return,
    };
    let text = format!(
        "with {what} behind it, names have more than {MOST_BYTES} bytes: the Task is there, and its Job never, without a word"
    );
    let most = MOST_BYTES - 1 - usual;
    lint.add(
        Finding::new(Rule::LongName, severity, field, text)
            .help(format!("{most} bytes at the most, or a nameTemplate (Kelos v0.49 and later)")),
    );
}

/// The names of events are cut: then their hash is what goes.
fn events(lint: &mut Lint<'_>, field: Field) {
    let name = lint.view.metadata.name.len();
    let longest = lint.worlds.iter().filter_map(|world| world.event).max_by_key(|it| it.len());
    let Some(event) = longest else { return };
    let before = name + 1 + event.len() + 1;
    let left = MOST_BYTES.saturating_sub(before).min(HASH_DIGITS);
    if left >= ENOUGH_DIGITS {
        return;
    }
    let several = lint.makes.several();
    let (severity, text) = if left == 0 {
        let text = format!(
            "Kelos cuts names at {MOST_BYTES} bytes: all {several} of `{event}` have one and the same, so there is one of them"
        );
        (Severity::Error, text)
    } else {
        let text = format!(
            "Kelos cuts names at {MOST_BYTES} bytes: {left} hex digits keep {several} of `{event}` apart, too few for many of them"
        );
        (Severity::Warning, text)
    };
    let most = MOST_BYTES.saturating_sub(2 + event.len() + HASH_DIGITS);
    let help = match lint.is_session() {
        true => format!("{most} bytes at the most"),
        false => format!("{most} bytes at the most, or a nameTemplate (Kelos v0.49 and later)"),
    };
    lint.add(Finding::new(Rule::LongName, severity, field, text).help(help));
}

/// A nameTemplate without an action.
pub(super) fn constant(lint: &mut Lint<'_>) {
    let (way, source) = lint.view.name_template();
    if !source.trim().is_empty() && !source.contains("{{") {
        lint.add(one_for_all(Field::of(way)));
    }
}

fn one_for_all(field: Field) -> Finding {
    let text = "every Task has this one name: while one is there, no other is made".to_owned();
    Finding::new(Rule::ConstantName, Severity::Warning, field, text)
        .help("put what identifies the item into it, such as `{{.ID}}`")
}

/// A nameTemplate with actions.
pub(super) fn template(lint: &mut Lint<'_>, rendered: &Rendered<'_>, outlook: &Outlook<'_>) {
    let field = rendered.field.clone();
    for (_, forecast) in &outlook.forecasts {
        let mut before = 0;
        let (mut is_constant, mut identifies) = (true, None);
        for printed in &forecast.printed {
            if let Piece::Text(text) = &printed.piece {
                before += if printed.is_certain { text.len() } else { 0 };
                is_constant &= printed.is_certain;
                continue;
            }
            let names = printed.piece.paths();
            is_constant = false;
            let of_many = |name: &str| OF_MANY.contains(&name);
            let is_of_many = !names.is_empty()
                && names.iter().all(|path| path.first().is_some_and(|name| of_many(name)));
            if !is_of_many {
                identifies = identifies.or(Some(before));
            }
        }
        if is_constant {
            return lint.add(one_for_all(field));
        }
        let text = match identifies {
            None => {
                "nothing in it says which item it is: Tasks of several items have one name, and one is made"
            }
            Some(before) if before >= MOST_BYTES => {
                "names are cut at 63 bytes, and what identifies the item stands behind those"
            }
            Some(_) => continue,
        };
        let finding = Finding::new(Rule::ConstantName, Severity::Warning, field, text.to_owned());
        return lint.add(finding.help("begin with what identifies the item, such as `{{.ID}}`"));
    }
}
