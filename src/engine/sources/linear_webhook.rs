//! Events of Linear.

use super::Evidence;
use super::event_name::{SAID_PARTS, before_the_hash};
use super::variable::{Others, Table, Variable as V};
use super::variable_set::{Letters, VariableSet};
use crate::engine::kelos::LinearWebhook;

pub(super) const TABLE: Table = Table {
    name: "linearWebhook",
    variables: &[&[
        V::word("ID"),
        V::line("Title"),
        V::line("Kind"),
        V::line("Labels"),
        V::line("Type"),
        V::word("Action"),
        V::line("State"),
        V::word("IssueID"),
        V::structure("Payload"),
    ]],
    others: Others::Context,
    has_first_prompt: false,
};

pub(super) fn derive(
    source: &LinearWebhook,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    // A constant of Kelos.
    known.derive(Letters::Exact, "Kind", "LinearWebhook");
    let lower = evidence.name_suffix().and_then(before_the_hash);
    if known.meter.take(source.types.len().saturating_mul(SAID_PARTS)).is_err() {
        return;
    }
    let is_comment = |found: &str| found.eq_ignore_ascii_case("comment");
    let may_be_comment = match lower {
        Some(lower) => is_comment(lower),
        None => source.types.is_empty() || source.types.iter().any(|found| is_comment(found)),
    };
    if !may_be_comment {
        // Kelos looks for it in comments only.
        known.derive(Letters::Exact, "IssueID", "");
    }
    let Some(lower) = lower else { return };
    let mut types = source.types.iter().filter(|found| found.eq_ignore_ascii_case(lower));
    if let (Some(found), None) = (types.next(), types.next()) {
        // The source does not care for the case, and Kelos prints that of the event: what is read back is better.
        known.stand_in("Type", found);
    }
}
