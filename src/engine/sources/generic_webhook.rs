//! Any webhook: the fields of its JSON that a `fieldMapping` names.

use super::variable::{Others, Table, Variable as V};
use super::variable_set::{Letters, VariableSet};

pub(super) const TABLE: Table = Table {
    name: "webhook",
    variables: &[
        V::word("ID"),
        V::line("Title"),
        V::text("Body"),
        V::word("URL"),
        V::line("Kind"),
        V::structure("Payload"),
    ],
    others: Others::NewNames,
    has_first_prompt: false,
};

pub(super) fn derive(known: &mut VariableSet<'_>) {
    // A `fieldMapping` may have a field of this name, which is then what Kelos prints.
    known.derive(Letters::Alike, "Kind", "GenericWebhook");
}
