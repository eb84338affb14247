//! Any webhook: the fields of its JSON that a `fieldMapping` names.

use super::variable::{Others, Table, Variable as V};
use super::variable_set::{Letters, VariableSet};
use crate::engine::kelos::GenericWebhook;
use crate::templates::value::Value;

pub(super) const TABLE: Table = Table {
    name: "webhook",
    variables: &[&[
        V::word("ID").needs(&["id"]),
        V::line("Title").needs(&["title"]),
        V::text("Body").needs(&["body"]),
        V::word("URL").needs(&["url"]),
        V::line("Kind"),
        V::structure("Payload"),
    ]],
    others: Others::NewNames,
    has_first_prompt: false,
};

/// The fields that Kelos always has, and what they are called in small letters. A mapping of that name
/// gives both; one that is not mapped at all is empty, and has no other name.
pub(super) const STANDARD: [(&str, &str); 4] =
    [("ID", "id"), ("Title", "title"), ("Body", "body"), ("URL", "url")];

pub(super) fn derive(source: &GenericWebhook, known: &mut VariableSet<'_>) {
    let mapping = &source.field_mapping;
    // A constant of Kelos, unless the request itself has a field of this name.
    if !mapping.has("Kind") {
        known.derive(Letters::Exact, "Kind", "GenericWebhook");
    }
    for (name, lower) in STANDARD {
        if !mapping.has(name) && !mapping.has(lower) {
            known.derive(Letters::Exact, name, "");
        }
    }
}

/// What a field says by one name it says by the other. Where both are mapped, Kelos takes either. And what
/// Jinja calls `level` is not `Level` where that is a field of its own.
pub(super) fn derive_more(source: &GenericWebhook, known: &mut VariableSet<'_>) {
    let mapping = &source.field_mapping;
    for (name, lower) in STANDARD {
        if mapping.has(lower) && !mapping.has(name) {
            for (from, to) in [(name, lower), (lower, name)] {
                if let Some(text) = known.get(from).and_then(Value::as_text).cloned() {
                    known.follow(from, to, &text);
                }
            }
        }
    }
    known.forget_other_spellings(&|name| mapping.has_twin(name));
}
