//! Pull requests that Kelos polls on GitHub.

use super::github::{POLLED, is_the_branch, polled_repository, required_labels};
use super::variable::{Others, Table, Variable as V};
use super::variable_set::{Letters, VariableSet};
use super::work_item::WORK_ITEM;
use super::{Evidence, constants};
use crate::engine::kelos::GithubPullRequests;

pub(super) const TABLE: Table = Table {
    name: "githubPullRequests",
    variables: &[WORK_ITEM, POLLED, &[V::word("HeadSHA").unprinted()]],
    others: Others::Context,
    has_first_prompt: true,
};

pub(super) fn derive(
    source: &GithubPullRequests,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    required_labels(&source.labels, known);
    // A constant of Kelos.
    known.derive(Letters::Exact, "Kind", "PR");
    constants(&["Time", "Schedule"], known);
    if let Some(state @ ("approved" | "changes_requested")) = source.review_state.as_deref() {
        // Kelos has made this word itself, and takes no other.
        known.derive(Letters::Exact, "ReviewState", state);
    }
    if known.wants("Branch") && is_the_branch(&evidence.spawner.spec.task_template.branch) {
        let branch = evidence.task.spec().and_then(|spec| spec.branch.as_deref());
        // It was printed there, and nothing else; an empty one is left out.
        known.derive(Letters::Exact, "Branch", branch.unwrap_or_default());
    }
}

pub(super) fn derive_more(
    source: &GithubPullRequests,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    polled_repository(source.repo.as_deref(), evidence, known);
}
