//! Issues that Kelos polls on GitHub, and pull requests where it is told to take them, too.

use super::github::{POLLED, polled_repository, recorded_kind, required_labels};
use super::variable::{Others, Table};
use super::variable_set::{Letters, VariableSet};
use super::work_item::WORK_ITEM;
use super::{Evidence, constants};
use crate::engine::kelos::GithubIssues;

pub(super) const TABLE: Table = Table {
    name: "githubIssues",
    variables: &[WORK_ITEM, POLLED],
    others: Others::Context,
    has_first_prompt: true,
};

pub(super) fn derive(
    source: &GithubIssues,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    required_labels(&source.labels, known);
    if let Some(kind) = recorded_kind(evidence) {
        // Kelos writes the annotation by this word of its own.
        known.derive(Letters::Exact, "Kind", kind);
    }
    constants(&["Branch", "ReviewState", "ReviewComments", "Time", "Schedule"], known);
}

pub(super) fn derive_more(
    source: &GithubIssues,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    polled_repository(source.repo.as_deref(), evidence, known);
}
