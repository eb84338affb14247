//! Issues that Kelos polls on GitHub, and pull requests where it is told to take them, too.

use super::github::{polled_repository, recorded_kind};
use super::variable::{Others, Table, Variable as V};
use super::variable_set::{Letters, VariableSet};
use super::{Evidence, constants};
use crate::engine::kelos::GithubIssues;

pub(super) const TABLE: Table = Table {
    name: "githubIssues",
    variables: &[
        V::word("ID"),
        V::number("Number"),
        V::line("Title"),
        V::text("Body"),
        V::word("URL"),
        V::line("Labels"),
        V::text("Comments"),
        V::line("Kind"),
        V::word("Branch"),
        V::word("ReviewState"),
        V::text("ReviewComments"),
        V::word("Time"),
        V::line("Schedule"),
        // Kelos does not have these there, and they follow all the same.
        V::word("Repository").needs(&["URL"]),
        V::word("RepositoryOwner").needs(&["URL"]),
        V::word("RepositoryName").needs(&["URL"]),
    ],
    others: Others::Context,
    has_first_prompt: true,
};

pub(super) fn derive(evidence: &Evidence<'_, '_>, known: &mut VariableSet<'_>) {
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
