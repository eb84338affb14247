//! Events of GitHub.

use super::Evidence;
use super::event_name::{SAID_PARTS, before_the_hash};
use super::github::{
    full_name, is_the_branch, number, of_page, recorded, stand_in, tell_page, tell_recorded,
};
use super::variable::{Others, Table, Variable as V};
use super::variable_set::{Letters, VariableSet};
use crate::engine::kelos::GithubWebhook;
use crate::engine::meter::Meter;
use crate::engine::repository::Repository;
use crate::engine::sources::text::repository;
use crate::templates::value::Value;

pub(super) const TABLE: Table = Table {
    name: "githubWebhook",
    variables: &[&[
        V::word("ID"),
        V::number("Number"),
        V::line("Title"),
        V::text("Body"),
        V::word("URL").needs(PAGE),
        V::line("Kind"),
        V::word("Branch"),
        V::word("Event"),
        V::word("Action"),
        V::word("Sender"),
        V::word("Ref"),
        V::word("Repository").needs(PAGE),
        V::word("RepositoryOwner").needs(PAGE),
        V::word("RepositoryName").needs(PAGE),
        V::text("CommentBody"),
        V::word("CommentURL"),
        V::word("HeadSHA"),
        V::word("Tag"),
        V::word("RefType"),
        // Kelos has these for some events only.
        V::line("CheckName").where_asked(),
        V::line("CheckApp").where_asked(),
        V::word("CheckRunURL").where_asked(),
        V::word("Conclusion").where_asked(),
        V::structure("ChangedFiles"),
        V::structure("Payload"),
    ]],
    others: Others::Context,
    has_first_prompt: false,
};

/// What the repository and the page of an event follow from.
const PAGE: &[&str] = &["Event", "Number", "URL", "Repository"];

pub(super) fn derive(
    source: &GithubWebhook,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    // A few looks at each of them, here and later.
    let said = source.events.len() + source.filters.len();
    if known.meter.take(said.saturating_mul(SAID_PARTS)).is_err() {
        return;
    }
    let exact = Letters::Exact;
    // A constant of Kelos.
    known.derive(exact, "Kind", "webhook");
    if let Some(event) = event(source, evidence) {
        // Kelos takes an event only if it is one of `events` letter by letter, and an action likewise.
        known.derive(exact, "Event", event);
        if let Some(action) = pinned_action(source, event) {
            known.derive(exact, "Action", action);
        }
    }
    if known.wants("Branch") && is_the_branch(&evidence.spawner.spec.task_template.branch) {
        let branch = evidence.task.spec().and_then(|spec| spec.branch.as_deref());
        if let Some(branch) = branch.filter(|branch| !branch.is_empty()) {
            // It was printed there, and nothing else.
            known.derive(exact, "Branch", branch);
        }
    }
    if let Some(repository) = recorded(evidence) {
        tell_recorded(&repository, evidence, known);
    } else if let Some(repository) = bound(source, known.meter)
        && source.repository.as_deref() == Some(&*full_name(&repository))
    {
        // Kelos takes no event of a repository that GitHub writes in another way.
        known.derive(exact, "Repository", &full_name(&repository));
        known.derive(exact, "RepositoryOwner", &repository.owner);
        known.derive(exact, "RepositoryName", &repository.name);
    }
}

/// The repository that Kelos has recorded, or that was read back, or that of the page that was; else the
/// one that the source is bound to. And the page of an issue whose number was read back.
pub(super) fn derive_more(
    source: &GithubWebhook,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    let recorded = recorded(evidence);
    let read = |known: &VariableSet<'_>| {
        let full_name = known.get("Repository").and_then(Value::as_text)?;
        let (owner, name) = full_name.split_once('/')?;
        Repository::named(None, owner, name)
    };
    let told = recorded.or_else(|| read(known)).or_else(|| of_page(evidence, known));
    let Some(repository) = told.or_else(|| bound(source, known.meter)) else { return };
    stand_in(&repository, known);
    let page = match event(source, evidence) {
        Some("issues") => "issues",
        Some(event) if event.starts_with("pull_request") => "pull",
        _ => return,
    };
    if let Some(number) = number(known) {
        tell_page(&repository, page, number, evidence, known);
    }
}

/// The repository that a source is bound to.
fn bound(source: &GithubWebhook, meter: &Meter) -> Option<Repository> {
    let name = source.repository.as_deref().filter(|name| !name.is_empty())?;
    repository(name, meter)
}

/// Whether the number that Kelos has recorded is that of what `.ID` and `.URL` are about. Of a check run
/// they are about the run, and the number is that of a pull request; an event without a number, such as a
/// push, has none recorded.
pub(super) fn is_about_an_issue(source: &GithubWebhook, evidence: &Evidence<'_, '_>) -> bool {
    let is_of_issue = |event: &str| {
        matches!(event, "issues" | "issue_comment") || event.starts_with("pull_request")
    };
    match event(source, evidence) {
        Some(event) => is_of_issue(event),
        None => {
            let has_number = |event: &&str| !matches!(*event, "push" | "create" | "release");
            let events = source.events.iter().map(|event| &**event);
            let mut events = events.filter(has_number).peekable();
            events.peek().is_some() && events.all(is_of_issue)
        }
    }
}

/// The event: the only one that the source takes, or the one that the name tells. Events of GitHub
/// have no dashes, so each dash was an underscore.
fn event<'s>(source: &'s GithubWebhook, evidence: &Evidence<'_, '_>) -> Option<&'s str> {
    if let [event] = &*source.events {
        return Some(event);
    }
    let event = before_the_hash(evidence.name_suffix()?)?.replace('-', "_");
    source.events.iter().map(|it| &**it).find(|known| *known == event)
}

/// The action that all filters of the event want. Where there are filters, one of them matched.
fn pinned_action<'s>(source: &'s GithubWebhook, event: &str) -> Option<&'s str> {
    let mut actions = source.filters.iter().filter(|filter| *filter.event == *event);
    let first = &*actions.next()?.action;
    let is_pinned = !first.is_empty() && actions.all(|filter| *filter.action == *first);
    is_pinned.then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kelos::GithubFilter;

    #[test]
    fn an_action_is_pinned_when_all_filters_of_the_event_want_it() {
        let action = |filters: &[(&str, &str)]| {
            let filter = |(event, action): &(&str, &str)| GithubFilter {
                event: (*event).into(),
                action: (*action).into(),
            };
            let filters = filters.iter().map(filter).collect();
            let source = GithubWebhook { filters, ..GithubWebhook::default() };
            pinned_action(&source, "issues").map(str::to_owned)
        };
        assert_eq!(action(&[("issues", "opened"), ("push", "")]).as_deref(), Some("opened"));
        assert_eq!(
            action(&[("issues", "opened"), ("issues", "opened")]).as_deref(),
            Some("opened")
        );
        assert_eq!(action(&[("issues", "opened"), ("issues", "labeled")]), None);
        assert_eq!(action(&[("issues", "opened"), ("issues", "")]), None);
        assert_eq!(action(&[("push", "x")]), None);
        assert_eq!(action(&[]), None);
    }
}
