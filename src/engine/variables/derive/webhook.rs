//! Events of GitHub and Linear: `<spawner>-<event>-<12 hex digits>`, cut to 63 characters.

use super::Sight;
use super::github::{is_the_branch, number, recorded, tell, tell_page, tell_with_page};
use crate::engine::kelos::{GithubWebhook, LinearWebhook};
use crate::engine::repository::Repository;
use crate::engine::variables::known::Known;

/// How many hex digits of the delivery's hash a name ends with.
const HASH_DIGITS: usize = 12;

pub(super) fn github(source: &GithubWebhook, sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    known.derive("Kind", "webhook");
    if let Some(event) = event(source, sight) {
        known.derive("Event", &event);
        if let Some(action) = pinned_action(source, &event) {
            known.derive("Action", action);
        }
    }
    if known.wants("Branch") && is_the_branch(&sight.spawner.spec.task_template.branch) {
        let branch = sight.task.spec().and_then(|spec| spec.branch.as_deref());
        if let Some(branch) = branch.filter(|branch| !branch.is_empty()) {
            known.derive("Branch", branch);
        }
    }
    if let Some(repository) = recorded(sight) {
        tell_with_page(&repository, sight, known);
    } else if let Some(repository) = bound(source) {
        tell(&repository, known);
    }
}

/// The page of an issue whose number was read back. A source that takes the events of many
/// repositories does not say which.
pub(super) fn github_page(source: &GithubWebhook, sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    let page = match event(source, sight).as_deref() {
        Some("issues") => "issues",
        Some("pull_request" | "pull_request_review" | "pull_request_review_comment") => "pull",
        _ => return,
    };
    let repository = recorded(sight).or_else(|| bound(source));
    if let (Some(number), Some(repository)) = (number(known), repository) {
        tell_page(&repository, page, number, sight, known);
    }
}

pub(super) fn linear(source: &LinearWebhook, sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    known.derive("Kind", "LinearWebhook");
    let Some(lower) = sight.name_suffix().and_then(before_the_hash) else { return };
    let mut types = source.types.iter().filter(|found| found.eq_ignore_ascii_case(lower));
    if let (Some(found), None) = (types.next(), types.next()) {
        known.derive("Type", found);
    }
}

/// The repository that a source is bound to.
fn bound(source: &GithubWebhook) -> Option<Repository> {
    source.repository.as_deref().filter(|name| !name.is_empty()).and_then(Repository::parse)
}

/// The event: the only one that the source takes, or the one that the name tells. Events of GitHub
/// have no dashes, so each dash was an underscore.
fn event(source: &GithubWebhook, sight: &Sight<'_, '_>) -> Option<String> {
    if let [event] = &*source.events {
        return Some(event.to_string());
    }
    let event = before_the_hash(sight.name_suffix()?)?.replace('-', "_");
    source.events.iter().any(|it| **it == *event).then_some(event)
}

/// The action that all filters of the event want. Where there are filters, one of them matched.
fn pinned_action<'s>(source: &'s GithubWebhook, event: &str) -> Option<&'s str> {
    let mut actions = source.filters.iter().filter(|filter| *filter.event == *event);
    let first = &*actions.next()?.action;
    let is_pinned = !first.is_empty() && actions.all(|filter| *filter.action == *first);
    is_pinned.then_some(first)
}

/// `issue-comment` of `issue-comment-0a1b2c3d4e5f`.
fn before_the_hash(suffix: &str) -> Option<&str> {
    let (event, hash) = suffix.rsplit_once('-')?;
    let is_hash =
        hash.len() == HASH_DIGITS && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (is_hash && !event.is_empty()).then_some(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kelos::GithubFilter;

    #[test]
    fn an_event_stands_before_the_hash() {
        assert_eq!(before_the_hash("issue-comment-0a1b2c3d4e5f"), Some("issue-comment"));
        for bad in ["", "issues", "issues-0a1b", "issues-0A1B2C3D4E5F", "-0a1b2c3d4e5f"] {
            assert_eq!(before_the_hash(bad), None, "{bad:?}");
        }
    }

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
