//! Messages of Slack.

use super::variable::{Others, Table, Variable as V};
use super::variable_set::{Letters, VariableSet};

pub(super) const TABLE: Table = Table {
    name: "slack",
    variables: &[&[
        V::word("ID"),
        V::line("Title"),
        V::text("Body"),
        V::word("URL"),
        V::line("Kind"),
    ]],
    others: Others::Nothing,
    has_first_prompt: false,
};

pub(super) fn derive(known: &mut VariableSet<'_>) {
    // A constant of Kelos.
    known.derive(Letters::Exact, "Kind", "SlackMessage");
}
