//! Issues and pull requests: whose repository, and which page.

use std::borrow::Cow;

use super::{FROM_REPOSITORY, Sight, constants};
use crate::engine::kelos::{GithubIssues, GithubPullRequests, Workspace};
use crate::engine::render::value::Value;
use crate::engine::repository::Repository;
use crate::engine::variables::known::Known;

pub(super) fn issues(source: &GithubIssues, sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    // It can be told to take pull requests, too.
    recorded_kind(sight, known);
    constants(&["Branch", "ReviewState", "ReviewComments", "Time", "Schedule"], known);
    polled_repository(source.repo.as_deref(), sight, known);
}

pub(super) fn pull_requests(
    source: &GithubPullRequests,
    sight: &Sight<'_, '_>,
    known: &mut Known<'_>,
) {
    known.derive("Kind", "PR");
    constants(&["Time", "Schedule"], known);
    if let Some(state @ ("approved" | "changes_requested")) = source.review_state.as_deref() {
        known.derive("ReviewState", state);
    }
    if known.wants("Branch") && is_the_branch(&sight.spawner.spec.task_template.branch) {
        let branch = sight.task.spec().and_then(|spec| spec.branch.as_deref());
        known.derive("Branch", branch.unwrap_or_default());
    }
    polled_repository(source.repo.as_deref(), sight, known);
}

/// A kind of source that came later: what is on the Task speaks for itself.
pub(super) fn unknown(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    recorded_kind(sight, known);
    if let Some(repository) = recorded(sight) {
        tell(&repository, known);
    }
}

/// Several sources in one TaskSpawner: only GitHub's webhooks record a repository.
pub(super) fn recorded_repository(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    if let Some(repository) = recorded(sight) {
        tell_with_page(&repository, sight, known);
    }
}

/// Whether a branch template gives the branch of the source and nothing else.
pub(super) fn is_the_branch(template: &str) -> bool {
    let inner = template.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    inner.is_some_and(|inner| {
        let inner = inner.strip_prefix("- ").unwrap_or(inner);
        inner.strip_suffix(" -").unwrap_or(inner).trim() == ".Branch"
    })
}

/// The text of `Kind`, which is not the text of the annotation.
fn recorded_kind(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    match sight.recorded.get("kind") {
        Some("issue") => known.derive("Kind", "Issue"),
        Some("pull-request") => known.derive("Kind", "PR"),
        _ => {}
    }
}

/// The repository that a source polls: the Task's, else the source's own, else the Workspace's.
fn polled_repository(own: Option<&str>, sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    if !FROM_REPOSITORY.iter().any(|name| known.wants(name)) {
        return;
    }
    let repository = match (recorded(sight), own.filter(|repo| !repo.is_empty())) {
        (Some(recorded), _) => Some(Cow::Owned(recorded)),
        (None, Some(own)) => Repository::parse(own).map(Cow::Owned),
        (None, None) => sight.workspace.and_then(Workspace::repository).map(Cow::Borrowed),
    };
    if let Some(repository) = repository {
        tell_with_page(&repository, sight, known);
    }
}

/// The repository that the Task itself names.
pub(super) fn recorded(sight: &Sight<'_, '_>) -> Option<Repository> {
    Repository::named(None, sight.recorded.get("owner")?, sight.recorded.get("repo")?)
}

/// Tells whose repository it is.
pub(super) fn tell(repository: &Repository, known: &mut Known<'_>) {
    let Repository { owner, name, .. } = repository;
    known.derive("RepositoryOwner", owner);
    known.derive("RepositoryName", name);
    if known.wants("Repository") {
        known.derive("Repository", &[owner, "/", name].concat());
    }
}

/// Tells whose repository it is and, if the Task says which, the page of the issue or pull request.
pub(super) fn tell_with_page(
    repository: &Repository,
    sight: &Sight<'_, '_>,
    known: &mut Known<'_>,
) {
    tell(repository, known);
    let page = match sight.recorded.get("kind") {
        Some("issue") => "issues",
        Some("pull-request") => "pull",
        _ => return,
    };
    if let Some(Ok(number)) = sight.recorded.get("number").map(str::parse) {
        tell_page(repository, page, number, sight, known);
    }
}

/// Tells the page of an issue or pull request, if it is known where the repository lives.
pub(super) fn tell_page(
    repository: &Repository,
    page: &str,
    number: u64,
    sight: &Sight<'_, '_>,
    known: &mut Known<'_>,
) {
    let Repository { site, owner, name } = repository;
    let of_workspace = || sight.workspace?.repository()?.site.as_ref();
    if let Some(site) = site.as_ref().or_else(of_workspace)
        && known.wants("URL")
    {
        known.derive("URL", &[site, owner, name, page, &number.to_string()].join("/"));
    }
}

/// The number of an issue, if a variable says it.
pub(super) fn number(known: &Known<'_>) -> Option<u64> {
    match known.get("Number") {
        Some(Value::Int(number)) => u64::try_from(*number).ok().filter(|number| *number > 0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_template_may_be_just_the_branch() {
        for template in ["{{.Branch}}", "{{ .Branch }}", "{{- .Branch -}}"] {
            assert!(is_the_branch(template), "{template}");
        }
        for template in ["", "{{.Branch}} ", "x-{{.Branch}}", "{{.Branch.x}}", "{{.Title}}"] {
            assert!(!is_the_branch(template), "{template}");
        }
    }
}
