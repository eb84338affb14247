//! Issues and pull requests: whose repository, and which page.

use std::borrow::Cow;

use super::{FROM_REPOSITORY, Sight, constants, page_number};
use crate::engine::kelos::{GithubPullRequests, Workspace};
use crate::engine::render::value::Value;
use crate::engine::repository::Repository;
use crate::engine::variables::build::repository;
use crate::engine::variables::known::{Known, Letters};

pub(super) fn issues(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    // It can be told to take pull requests, too.
    if let Some(kind) = recorded_kind(sight) {
        // Kelos writes the annotation by this word of its own.
        known.derive(Letters::Exact, "Kind", kind);
    }
    constants(&["Branch", "ReviewState", "ReviewComments", "Time", "Schedule"], known);
}

pub(super) fn pull_requests(
    source: &GithubPullRequests,
    sight: &Sight<'_, '_>,
    known: &mut Known<'_>,
) {
    // A constant of Kelos.
    known.derive(Letters::Exact, "Kind", "PR");
    constants(&["Time", "Schedule"], known);
    if let Some(state @ ("approved" | "changes_requested")) = source.review_state.as_deref() {
        // Kelos has made this word itself, and takes no other.
        known.derive(Letters::Exact, "ReviewState", state);
    }
    if known.wants("Branch") && is_the_branch(&sight.spawner.spec.task_template.branch) {
        let branch = sight.task.spec().and_then(|spec| spec.branch.as_deref());
        // It was printed there, and nothing else; an empty one is left out.
        known.derive(Letters::Exact, "Branch", branch.unwrap_or_default());
    }
}

/// A kind of source that came later: what is on the Task speaks for itself, and who knows what it prints.
pub(super) fn unknown(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    if let Some(kind) = recorded_kind(sight) {
        known.derive(Letters::Alike, "Kind", kind);
    }
    if let Some(repository) = recorded(sight) {
        stand_in(&repository, known);
    }
}

/// Several sources in one TaskSpawner: only GitHub's webhooks record a repository.
pub(super) fn recorded_repository(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    if let Some(repository) = recorded(sight) {
        tell_recorded(&repository, sight, known);
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
fn recorded_kind(sight: &Sight<'_, '_>) -> Option<&'static str> {
    match sight.recorded.own("kind") {
        Some("issue") => Some("Issue"),
        Some("pull-request") => Some("PR"),
        _ => None,
    }
}

/// The repository that a source polls: that of the page that was read; else its own, else the
/// Workspace's, else the one that others have recorded. People type it, in any case and by any of its
/// names; GitHub knows better.
pub(super) fn polled_repository(own: Option<&str>, sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    if !FROM_REPOSITORY.iter().any(|name| known.wants(name)) {
        return;
    }
    if let Some(repository) = of_page(sight, known) {
        return stand_in(&repository, known);
    }
    let by_others = || {
        let [owner, name] = ["owner", "repo"].map(|name| sight.recorded.of_others(name));
        Repository::named(None, owner?, name?)
    };
    let repository = match own.filter(|repo| !repo.is_empty()) {
        Some(own) => repository(own, known.meter).map(Cow::Owned),
        None => {
            let of_workspace = sight.workspace.and_then(Workspace::repository);
            of_workspace.map(Cow::Borrowed).or_else(|| by_others().map(Cow::Owned))
        }
    };
    if let Some(repository) = repository {
        stand_in(&repository, known);
        tell_recorded_page(&repository, sight, known);
    }
}

/// The repository of the page that was read, of an issue or pull request whose number is known.
pub(super) fn of_page(sight: &Sight<'_, '_>, known: &Known<'_>) -> Option<Repository> {
    let number = page_number(sight)?;
    let url = known.get("URL").and_then(Value::as_text)?;
    let page = url.strip_suffix(&*number.to_string())?;
    let base = page.strip_suffix("/issues/").or_else(|| page.strip_suffix("/pull/"))?;
    repository(base, known.meter)
}

/// The repository that Kelos itself has written on the Task.
pub(super) fn recorded(sight: &Sight<'_, '_>) -> Option<Repository> {
    Repository::named(None, sight.recorded.own("owner")?, sight.recorded.own("repo")?)
}

/// Tells whose repository it is that Kelos has recorded. Owner and name are what GitHub sent, and what
/// Kelos prints; GitHub's full name is made of these two.
pub(super) fn tell_recorded(repository: &Repository, sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    known.derive(Letters::Exact, "Repository", &full_name(repository));
    tell_recorded_page(repository, sight, known);
}

/// Tells whose repository it is, if no field does.
pub(super) fn stand_in(repository: &Repository, known: &mut Known<'_>) {
    known.stand_in("RepositoryOwner", &repository.owner);
    known.stand_in("RepositoryName", &repository.name);
    known.stand_in("Repository", &full_name(repository));
}

/// `owner/name`
pub(super) fn full_name(repository: &Repository) -> String {
    [&*repository.owner, "/", &*repository.name].concat()
}

/// Tells the page of the issue or pull request that Kelos has recorded.
fn tell_recorded_page(repository: &Repository, sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    let page = match recorded_kind(sight) {
        Some("Issue") => "issues",
        Some(_) => "pull",
        None => return,
    };
    let number = page_number(sight).and_then(|number| u64::try_from(number).ok());
    if let Some(number) = number {
        tell_page(repository, page, number, sight, known);
    }
}

/// Tells the page of an issue or pull request, if it is known where the repository lives and no field
/// tells it.
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
        known.stand_in("URL", &[site, owner, name, page, &number.to_string()].join("/"));
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
