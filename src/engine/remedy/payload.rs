//! Lines over what a webhook sent, for what Kelos has no variable for.

use super::lines::recorded;
use super::{Missed, Remedy};
use crate::engine::kelos::GithubWebhook;

/// What the payloads of issues and of pull requests have alike: the variable, and the chain of Go's that
/// gives it. A chain of methods gives an empty text where something is not there.
const OF_BOTH: [(&str, &str); 4] = [
    ("Author", "GetUser.GetLogin"),
    ("Milestone", "GetMilestone.GetTitle"),
    ("State", "GetState"),
    ("Labels", ""),
];

/// The events whose payload has an issue.
const OF_ISSUES: [&str; 2] = ["issues", "issue_comment"];
/// Those whose payload has a pull request.
const OF_PULLS: [&str; 3] = ["pull_request", "pull_request_review", "pull_request_review_comment"];

/// Whether some event of GitHub has it in its payload.
pub(super) fn has(name: &str) -> bool {
    OF_BOTH.iter().any(|(known, _)| *known == name)
}

/// Has Kelos render it out of the payload; nothing if no event of the source has it, or if there is no Kelos field.
pub(super) fn of_github(missed: &Missed<'_>, source: &GithubWebhook, name: &str) -> Option<Remedy> {
    let template = template(source, name)?;
    missed.rules.spawner.makes.has_kelos_field().then(|| recorded(missed, name, template))
}

/// What has Kelos print it out of the payload; nothing if no event of the source has it. Where only some have it,
/// the template asks first: under another event it would fail, and Kelos create nothing.
pub(in crate::engine) fn template(source: &GithubWebhook, name: &str) -> Option<String> {
    let (_, chain) = OF_BOTH.into_iter().find(|(known, _)| *known == name)?;
    let takes =
        |event: &&str| source.events.is_empty() || source.events.iter().any(|it| **it == **event);
    let issues: Vec<&str> = OF_ISSUES.into_iter().filter(takes).collect();
    let pulls: Vec<&str> = OF_PULLS.into_iter().filter(takes).collect();
    let kinds = [(issues, "Issue"), (pulls, "PullRequest")];
    let kinds = kinds.into_iter().filter(|(events, _)| !events.is_empty()).collect::<Vec<_>>();
    let is_all = |events: &[&str]| {
        !source.events.is_empty() && source.events.iter().all(|it| events.contains(&&**it))
    };
    match kinds.as_slice() {
        [] => None,
        [(events, field)] if is_all(events) => Some(printed(field, chain)),
        several => Some(asking(several, chain)),
    }
}

/// Asks for the event first.
fn asking(kinds: &[(Vec<&str>, &str)], chain: &str) -> String {
    let mut template = String::new();
    for (index, (events, field)) in kinds.iter().enumerate() {
        let or = if index == 0 { "" } else { "else " };
        let events = events.iter().map(|event| format!(" \"{event}\"")).collect::<String>();
        template += &format!("{{{{{or}if eq .Event{events}}}}}{}", printed(field, chain));
    }
    template + "{{end}}"
}

/// Prints something of an issue or a pull request.
fn printed(field: &str, chain: &str) -> String {
    if chain.is_empty() {
        return format!(
            "{{{{range $i, $l := .Payload.{field}.Labels}}}}{{{{if $i}}}}, {{{{end}}}}{{{{$l.Name}}}}{{{{end}}}}"
        );
    }
    format!("{{{{.Payload.Get{field}.{chain}}}}}")
}

/// The page of what Linear's webhook is about.
pub(super) fn page_of_linear(missed: &Missed<'_>) -> Remedy {
    let template = "{{with index .Payload \"url\"}}{{.}}{{end}}";
    recorded(missed, "URL", template.to_owned())
}
