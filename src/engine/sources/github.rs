//! What all sources of GitHub share: whose repository, and which page.

use std::borrow::Cow;

use super::variable::Variable as V;
use super::{Evidence, FROM_REPOSITORY, page_number};
use crate::engine::kelos::{Bounded, Workspace};
use crate::engine::repository::Repository;
use crate::engine::sources::text::{ENTRY_BYTES, ENTRY_STEPS, repository};
use crate::engine::sources::variable_set::{Letters, Origin, VariableSet};
use crate::templates::value::Value;

/// The variables of issues and pull requests that are polled, beside those of every work item.
pub(super) const POLLED: &[V] = &[
    V::word("ID"),
    V::number("Number"),
    V::line("Title"),
    V::word("URL"),
    V::word("Time"),
    V::line("Schedule"),
    // Kelos does not have these there, and they follow all the same.
    V::word("Repository").needs(&["URL"]).unprinted(),
    V::word("RepositoryOwner").needs(&["URL"]).unprinted(),
    V::word("RepositoryName").needs(&["URL"]).unprinted(),
    // Nor this, which the TaskSpawner says.
    V::structure("RequiredLabels").unprinted(),
];

/// Tells the labels that the source asks for: all that it takes have them.
pub(super) fn required_labels<const MOST: usize>(
    labels: &[Bounded<MOST>],
    known: &mut VariableSet<'_>,
) {
    known.put(Origin::Derived, Letters::Alike, "RequiredLabels", |meter| {
        meter.take_steps(labels.len().saturating_mul(ENTRY_STEPS))?;
        let bytes = labels.iter().map(|label| 2 * label.len() + ENTRY_BYTES).sum();
        meter.take_bytes(bytes)?;
        let labels: Vec<&str> = labels.iter().map(|label| &**label).collect();
        Ok(Value::labels(&labels))
    });
}

/// A kind of source that came later: what is on the Task speaks for itself, and who knows what it prints.
pub(super) fn unknown(evidence: &Evidence<'_, '_>, known: &mut VariableSet<'_>) {
    if let Some(kind) = recorded_kind(evidence) {
        known.derive(Letters::Alike, "Kind", kind);
    }
    if let Some(repository) = recorded(evidence) {
        stand_in(&repository, known);
    }
}

/// Several sources in one TaskSpawner: only GitHub's webhooks record a repository.
pub(super) fn recorded_repository(evidence: &Evidence<'_, '_>, known: &mut VariableSet<'_>) {
    if let Some(repository) = recorded(evidence) {
        tell_recorded(&repository, evidence, known);
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
pub(super) fn recorded_kind(evidence: &Evidence<'_, '_>) -> Option<&'static str> {
    match evidence.recorded.own("kind") {
        Some("issue") => Some("Issue"),
        Some("pull-request") => Some("PR"),
        _ => None,
    }
}

/// The repository that a source polls: that of the page that was read; else its own, else the
/// Workspace's, else the one that others have recorded. People type it, in any case and by any of its
/// names; GitHub knows better.
pub(super) fn polled_repository(
    own: Option<&str>,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    if !FROM_REPOSITORY.iter().any(|name| known.wants(name)) {
        return;
    }
    if let Some(repository) = of_page(evidence, known) {
        return stand_in(&repository, known);
    }
    let by_others = || {
        let [owner, name] = ["owner", "repo"].map(|name| evidence.recorded.of_others(name));
        Repository::named(None, owner?, name?)
    };
    let repository = match own.filter(|repo| !repo.is_empty()) {
        Some(own) => repository(own, known.meter).map(Cow::Owned),
        None => {
            let of_workspace = evidence.workspace.and_then(Workspace::repository);
            of_workspace.map(Cow::Borrowed).or_else(|| by_others().map(Cow::Owned))
        }
    };
    if let Some(repository) = repository {
        stand_in(&repository, known);
        tell_recorded_page(&repository, evidence, known);
    }
}

/// The repository of the page that was read, of an issue or pull request whose number is known.
pub(super) fn of_page(evidence: &Evidence<'_, '_>, known: &VariableSet<'_>) -> Option<Repository> {
    let number = page_number(evidence)?;
    let url = known.get("URL").and_then(Value::as_text)?;
    let page = url.strip_suffix(itoa::Buffer::new().format(number))?;
    let base = page.strip_suffix("/issues/").or_else(|| page.strip_suffix("/pull/"))?;
    repository(base, known.meter)
}

/// The repository that Kelos itself has written on the Task.
pub(super) fn recorded(evidence: &Evidence<'_, '_>) -> Option<Repository> {
    Repository::named(None, evidence.recorded.own("owner")?, evidence.recorded.own("repo")?)
}

/// Tells whose repository it is that Kelos has recorded. Owner and name are what GitHub sent, and what
/// Kelos prints; GitHub's full name is made of these two.
pub(super) fn tell_recorded(
    repository: &Repository,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    known.derive(Letters::Exact, "Repository", &full_name(repository));
    tell_recorded_page(repository, evidence, known);
}

/// Tells whose repository it is, if no field does.
pub(super) fn stand_in(repository: &Repository, known: &mut VariableSet<'_>) {
    known.stand_in("RepositoryOwner", &repository.owner);
    known.stand_in("RepositoryName", &repository.name);
    if known.wants("Repository") {
        known.stand_in("Repository", &full_name(repository));
    }
}

/// `owner/name`
pub(super) fn full_name(repository: &Repository) -> String {
    [&*repository.owner, "/", &*repository.name].concat()
}

/// Tells the page of the issue or pull request that Kelos has recorded.
fn tell_recorded_page(
    repository: &Repository,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    let page = match recorded_kind(evidence) {
        Some("Issue") => "issues",
        Some(_) => "pull",
        None => return,
    };
    let number = page_number(evidence).and_then(|number| u64::try_from(number).ok());
    if let Some(number) = number {
        tell_page(repository, page, number, evidence, known);
    }
}

/// Tells the page of an issue or pull request, if it is known where the repository lives and no field
/// tells it.
pub(super) fn tell_page(
    repository: &Repository,
    page: &str,
    number: u64,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    let Repository { site, owner, name } = repository;
    let of_workspace = || evidence.workspace?.repository()?.site.as_ref();
    if let Some(site) = site.as_ref().or_else(of_workspace)
        && known.wants("URL")
    {
        let mut digits = itoa::Buffer::new();
        known.stand_in("URL", &[site, owner, name, page, digits.format(number)].join("/"));
    }
}

/// The number of an issue, if a variable says it.
pub(super) fn number(known: &VariableSet<'_>) -> Option<u64> {
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
