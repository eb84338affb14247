//! What rules take in memory, in bytes.

use super::declared::Declared;
use super::guards::Guards;
use super::output_key::OutputKey;
use super::{BrokenAnnotation, Failing, KeyRule, Problem, Refusal, Rules};
use crate::apimachinery::Kind;
use crate::engine::kelos::{
    Beyond, Bounded, Cron, GenericWebhook, GithubFilter, GithubIssues, GithubPullRequests,
    GithubWebhook, Jira, LinearFilter, LinearWebhook, ObjectMeta, StringMap, TaskSpawner,
    TemplateMetadata, Unread, When,
};
use crate::templates::Uses;
use crate::templates::error::MESSAGE_BYTES;
use crate::templates::purse::{ALLOCATION, text_bytes, tree_bytes};

/// What rules take that say nothing, what is there of them in a piece of its own, and how others that say the same find
/// their keys and names.
pub(super) const RULES_BYTES: usize =
    size_of::<Rules>() + 2 * size_of::<Uses>() + size_of::<Beyond>() + 12 * ALLOCATION + 3 * 64;

/// The most that the problems of the TaskSpawner as a whole take, twice: kept free while it is compiled.
pub(super) const PROBLEMS_BYTES: usize = 24 * (size_of::<Problem>() + 768);

/// What problems take; the list of them grows by doubling.
pub(super) fn problems(problems: &[Problem]) -> usize {
    let one =
        |it: &Problem| 2 * size_of::<Problem>() + it.key.len() + it.message.len() + 2 * ALLOCATION;
    problems.iter().map(one).sum()
}

/// What rules annotations take that are not known to their ends.
pub(super) fn broken_annotations(broken: &[BrokenAnnotation]) -> usize {
    let hint = |it: &BrokenAnnotation| it.error.hint.as_deref().map_or(0, str::len);
    let one = |it: &BrokenAnnotation| {
        2 * size_of::<BrokenAnnotation>() + it.error.message.len() + hint(it) + 2 * ALLOCATION
    };
    broken.iter().map(one).sum()
}

/// What templates take that Kelos fails on.
pub(super) fn failing(failing: &[Failing]) -> usize {
    let hint = |it: &Failing| it.error.hint.as_deref().map_or(0, str::len);
    let one = |it: &Failing| {
        2 * size_of::<Failing>() + it.error.message.len() + hint(it) + 4 * ALLOCATION
    };
    failing.iter().map(one).sum()
}

/// What a key takes while its rule is made, how short it is and whatever becomes of it, if no template is
/// compiled for it: what was said of it is there, too.
pub(super) fn key(key: &str) -> usize {
    kept_key(key) + SAID_BYTES
}

/// What was said of a key takes at the most, until its rule is made.
pub(super) const SAID_BYTES: usize =
    2 * (size_of::<(Kind, Box<str>)>() + size_of::<Declared<'_>>()) + size_of::<Refusal>();

/// What the rule of a key takes without its template.
fn kept_key(key: &str) -> usize {
    // In the path each `/` and `~` takes two bytes.
    let path = "/metadata/annotations/".len() + 2 * key.len();
    size_of::<KeyRule>()
        + size_of::<Guards>()
        + size_of::<OutputKey>()
        + 5 * ALLOCATION
        + 64
        + key.len()
        + path
}

/// The most that the reason takes why a key is not rendered, with the problem that tells it.
pub(super) fn refusal(key: &str) -> usize {
    2 * size_of::<Problem>() + key.len() + 5 * ALLOCATION + 4 * (MESSAGE_BYTES + 8)
}

/// What `default` and `allowed` of a key take.
pub(super) fn guards(default: Option<&str>, allowed: &[String]) -> usize {
    let text = |text: &str| text.len() + ALLOCATION;
    default.map_or(0, |default| text(default) + ALLOCATION)
        + tree_bytes(allowed.len(), size_of::<Box<str>>())
        + allowed.iter().map(|value| text(value)).sum::<usize>()
}

/// What is kept of a TaskSpawner.
pub(super) fn spawner(spawner: &TaskSpawner) -> usize {
    let template = &spawner.spec.task_template;
    let field = template.metadata.as_ref().map_or(0, |field| {
        let beyond = &field.beyond;
        strings(&field.labels)
            + strings(&field.annotations)
            + beyond.labels.bytes()
            + beyond.annotations.bytes()
            + size_of::<TemplateMetadata>()
            + 5 * ALLOCATION
    });
    size_of::<TaskSpawner>()
        + ALLOCATION
        + meta(&spawner.metadata)
        + when(&spawner.spec.when)
        + text(&template.prompt_template)
        + text(&template.branch)
        + text(&template.name_template)
        + field
}

fn meta(meta: &ObjectMeta) -> usize {
    let names = [&meta.name, &meta.namespace, &meta.creation_timestamp].map(text_bytes);
    let uid = meta.uid.as_ref().map_or(0, |uid| uid.len() + ALLOCATION);
    names.iter().sum::<usize>()
        + uid
        + strings(&meta.labels)
        + strings(&meta.annotations)
        + meta.not_kept_bytes()
}

fn when(when: &When) -> usize {
    let When {
        github_issues,
        github_pull_requests,
        jira,
        cron,
        github_webhook,
        linear_webhook,
        webhook,
        // It holds no text.
        slack: Some(Unread {}) | None,
    } = when;
    let issues =
        |GithubIssues { repo, labels }: &GithubIssues| texts(repo.as_slice()) + texts(labels);
    let pulls = |it: &GithubPullRequests| {
        let GithubPullRequests { repo, labels, review_state } = it;
        texts(repo.as_slice()) + texts(labels) + texts(review_state.as_slice())
    };
    let filter = |it: &GithubFilter| {
        let GithubFilter { event, action, conclusion, check_name } = it;
        text(event) + text(action) + text(conclusion) + text(check_name) + 2 * size_of_val(it)
    };
    let of_github = |it: &GithubWebhook| {
        texts(it.repository.as_slice())
            + texts(&it.events)
            + it.filters.iter().map(filter).sum::<usize>()
            + ALLOCATION
    };
    let linear = |it: &LinearWebhook| {
        let LinearWebhook { types, filters } = it;
        let filter = |it: &LinearFilter| {
            let LinearFilter { of, action } = it;
            text(of) + text(action) + 2 * size_of_val(it)
        };
        texts(types) + filters.iter().map(filter).sum::<usize>() + ALLOCATION
    };
    boxed(github_issues, issues)
        + boxed(github_pull_requests, pulls)
        + boxed(jira, |it: &Jira| text(&it.base_url))
        + boxed(cron, |it: &Cron| text(&it.schedule))
        + boxed(github_webhook, of_github)
        + boxed(linear_webhook, linear)
        // FieldMapping is Copy.
        + boxed(webhook, |GenericWebhook { field_mapping: _ }| 0)
}

/// What is boxed where it is there, and what is in it.
fn boxed<T>(it: &Option<Box<T>>, inside: impl Fn(&T) -> usize) -> usize {
    it.as_deref().map_or(0, |it| size_of::<T>() + ALLOCATION + inside(it))
}

/// Texts in a list that grew by doubling.
fn texts<const MOST: usize>(list: &[Bounded<MOST>]) -> usize {
    2 * size_of_val(list) + 4 * size_of::<Bounded<MOST>>() + list.iter().map(text).sum::<usize>()
}

fn text<const MOST: usize>(text: &Bounded<MOST>) -> usize {
    if text.is_whole() && !text.is_empty() { text.len() + ALLOCATION } else { 0 }
}

fn strings(map: &StringMap) -> usize {
    let each = map.iter().map(|(key, value)| text_bytes(key) + value.len() + ALLOCATION);
    let list = if map.is_empty() { 0 } else { map.len() * 2 * size_of::<String>() + ALLOCATION };
    list + each.sum::<usize>()
}
