//! Any webhook: the fields of its JSON that a `fieldMapping` names.

use super::variable::{Others, Table, Variable as V};
use super::variable_set::{Letters, VariableSet};
use crate::engine::kelos::GenericWebhook;

pub(super) const TABLE: Table = Table {
    name: "webhook",
    variables: &[&[
        V::word("ID"),
        V::line("Title"),
        V::text("Body"),
        V::word("URL"),
        V::line("Kind"),
        V::structure("Payload"),
    ]],
    others: Others::NewNames,
    has_first_prompt: false,
};

pub(super) fn derive(source: &GenericWebhook, known: &mut VariableSet<'_>) {
    // A constant of Kelos, unless the request itself has a field of this name.
    if !source.field_mapping.has_kind {
        known.derive(Letters::Exact, "Kind", "GenericWebhook");
    }
}
