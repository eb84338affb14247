//! What Jira makes: `<spawner>-<key in lower case>`.

use super::variable::{InName, Others, Table, Variable as V};
use super::variable_set::{Letters, Origin, VariableSet};
use super::work_item::WORK_ITEM;
use super::{Evidence, constants};
use crate::engine::kelos::Jira;
use crate::engine::sources::text::url;
use crate::templates::value::Value;

pub(super) const TABLE: Table = Table {
    name: "jira",
    variables: &[
        WORK_ITEM,
        &[
            V::word("ID").in_name(InName::JiraKey),
            V::number("Number").needs(&["ID"]),
            V::line("Title"),
            V::word("URL").needs(&["ID"]),
            V::word("Time"),
            V::line("Schedule"),
        ],
    ],
    others: Others::Context,
    has_first_prompt: true,
};

pub(super) fn derive(source: &Jira, evidence: &Evidence<'_, '_>, known: &mut VariableSet<'_>) {
    // Kelos asks Jira for no description (up to v0.52), and Jira knows of no branches.
    constants(&["Body", "Branch", "ReviewState", "ReviewComments", "Time", "Schedule"], known);
    if let Some(key) = evidence.name_suffix().and_then(key_of) {
        // Kelos puts the key into the name in lower case, and the keys of Jira have none.
        known.derive(Letters::Exact, "ID", &key);
        from_key(source, &key, known);
    }
}

/// What follows from a key that was read back.
pub(super) fn derive_more(source: &Jira, known: &mut VariableSet<'_>) {
    let key = known.get("ID").and_then(Value::as_text).cloned();
    if let Some(key) = key.as_deref().filter(|key| is_key(key)) {
        from_key(source, key, known);
    }
}

fn from_key(source: &Jira, key: &str, known: &mut VariableSet<'_>) {
    if let Some(Ok(number)) = key.split_once('-').map(|(_, number)| number.parse()) {
        // Kelos makes it of the key, too.
        known.put(Origin::Derived, Letters::Exact, "Number", |_| Ok(Value::Int(number)));
    }
    // Kelos prints the address as it is typed, with what may be secret in it.
    if !known.wants("URL") {
        return;
    }
    if let Some(base) = url(&source.base_url, known.meter).filter(|base| !base.is_empty()) {
        known.stand_in("URL", &[base.trim_end_matches('/'), "/browse/", key].concat());
    }
}

/// `eng-42` as `ENG-42`, if it is the key of an issue. Jira's own rule for projects: two characters
/// or more, a letter first; an underscore does not survive in a name.
pub(in crate::engine::sources) fn key_of(lower: &str) -> Option<String> {
    let is_lower = !lower.bytes().any(|b| b.is_ascii_uppercase());
    let key = lower.to_ascii_uppercase();
    (is_lower && is_key(&key)).then_some(key)
}

fn is_key(text: &str) -> bool {
    text.split_once('-').is_some_and(|(project, number)| {
        project.len() > 1
            && project.starts_with(|c: char| c.is_ascii_uppercase())
            && project.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && number.starts_with(|c| ('1'..='9').contains(&c))
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_a_name() {
        assert_eq!(key_of("eng-42").as_deref(), Some("ENG-42"));
        assert_eq!(key_of("a1-7").as_deref(), Some("A1-7"));
        for bad in ["", "eng", "eng-", "eng-x", "Eng-1", "eng-01", "1a-2", "e-1", "eng-1-2", "-1"] {
            assert_eq!(key_of(bad), None, "{bad:?}");
        }
    }
}
