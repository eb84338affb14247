//! The events of GitHub that a spawner takes, and the filters that are for them.

use super::faults::KNOWN;
use super::finding::{Field, Finding, Rule, Severity, shortened};
use super::{Lint, filters};
use crate::templates::suggest::slip;

/// The events that Kelos can read: those of GitHub that its library had. Of others it makes no Task.
const READ: [&str; 67] = [
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "code_scanning_alert",
    "commit_comment",
    "content_reference",
    "create",
    "delete",
    "dependabot_alert",
    "deploy_key",
    "deployment",
    "deployment_protection_rule",
    "deployment_review",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "fork",
    "github_app_authorization",
    "gollum",
    "installation",
    "installation_repositories",
    "installation_target",
    "issue_comment",
    "issues",
    "label",
    "marketplace_purchase",
    "member",
    "membership",
    "merge_group",
    "meta",
    "milestone",
    "org_block",
    "organization",
    "package",
    "page_build",
    "personal_access_token_request",
    "ping",
    "project",
    "project_card",
    "project_column",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "pull_request_target",
    "push",
    "release",
    "repository",
    "repository_dispatch",
    "repository_import",
    "repository_vulnerability_alert",
    "secret_scanning_alert",
    "security_advisory",
    "security_and_analysis",
    "sponsorship",
    "star",
    "status",
    "team",
    "team_add",
    "user",
    "watch",
    "workflow_dispatch",
    "workflow_job",
    "workflow_run",
    "projects_v2",
    "projects_v2_item",
];

fn is_read(event: &str) -> bool {
    READ.contains(&event)
}

pub(super) fn look(lint: &mut Lint<'_>) {
    let Some(webhook) = &lint.view.spec.when.github_webhook else { return };
    let way = Field::of(&["spec", "when", "githubWebhook"]);
    let events: Vec<&str> = webhook.events.iter().map(|event| &**event).collect();
    let is_lost = !events.iter().any(|event| is_read(event));
    for (index, event) in events.iter().enumerate() {
        let field = way.clone().key("events").item(index);
        if !is_read(event) {
            lint.add(unknown(lint, event, &events, field, is_lost));
        } else if !webhook.filters.is_empty()
            && !webhook.filters.iter().any(|filter| filter.event == *event)
        {
            let none = lint.makes_none(" of it");
            let text = format!("no filter is for `{event}`: Kelos {none}");
            let finding = Finding::new(Rule::UnmatchedEvent, Severity::Warning, field, text);
            lint.add(finding.help(format!(
                "where there are filters, one has to match: add `- event: {event}`, or take the event out"
            )));
        }
    }
    for (index, filter) in webhook.filters.iter().enumerate() {
        let event = &*filter.event;
        if event.is_empty() {
            continue;
        }
        if events.contains(&event) {
            filters::look(lint, filter, way.clone().key("filters").item(index));
            continue;
        }
        let field = way.clone().key("filters").item(index).key("event");
        let text = format!("this filter matches nothing: `events` has no `{}`", shortened(event));
        let finding = Finding::new(Rule::UnmatchedEvent, Severity::Warning, field, text);
        // What stands in the list and is none is told there.
        lint.add(match slip(event, events.iter().copied()) {
            Some((meant, is_exact)) => {
                let finding = finding.help(format!("did you mean `{meant}`?"));
                let is_exact = is_exact && is_read(meant);
                if is_exact { finding.fix(0..event.len(), meant) } else { finding }
            }
            None => finding.help("add it to `events`, or take the filter out"),
        });
    }
}

fn unknown(lint: &Lint<'_>, event: &str, events: &[&str], field: Field, is_lost: bool) -> Finding {
    let severity = if is_lost { Severity::Error } else { Severity::Warning };
    let text = format!(
        "Kelos knows no event `{}` of GitHub ({KNOWN}): it {}",
        shortened(event),
        lint.makes_none(" of it")
    );
    let finding = Finding::new(Rule::UnknownEvent, severity, field, text);
    let Some((meant, is_exact)) = slip(&event.replace('-', "_"), READ) else {
        return finding.help("GitHub's page of webhook events lists them, as `pull_request`");
    };
    let is_there = events.contains(&meant);
    let finding = finding.help(match is_there {
        true => format!("`{meant}` is there, too: take this one out"),
        false => format!("did you mean `{meant}`?"),
    });
    match is_exact && !is_there {
        true => finding.fix(0..event.len(), meant),
        false => finding,
    }
}
