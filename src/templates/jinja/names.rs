//! Names of variables: Jinja writes `review_state` where the variables map says `ReviewState`.

use crate::templates::camel_case;
use crate::templates::value::{Map, Value};

/// Longer names are nobody's variable.
const MAX_NAME: usize = 64;

/// The entry of that name: as it is written, else in CamelCase.
pub(super) fn lookup<'m>(map: &'m Map, name: &str) -> Option<&'m Value> {
    map.get(name).or_else(|| map.get(variable(name)?.as_str()))
}

/// The entry of a group whose names are in camelCase, such as `Source`: as it is written, else in
/// CamelCase, else in camelCase.
pub(super) fn field<'m>(map: &'m Map, name: &str) -> Option<&'m Value> {
    let in_camel_case = || map.get(camel_case::field(name).as_str());
    let is_variable = || variable(name).is_some();
    lookup(map, name).or_else(|| is_variable().then(in_camel_case)?)
}

/// `review_state` → `ReviewState`, `issue_id` → `IssueID`; nothing for a name that is not written
/// in lower case.
pub(super) fn variable(name: &str) -> Option<String> {
    let is_snake_case = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= MAX_NAME
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    is_snake_case.then(|| camel_case::variable(name))
}

#[cfg(test)]
mod tests {
    use super::variable;

    #[test]
    fn snake_case_becomes_camel_case() {
        for (name, camel) in [
            ("title", "Title"),
            ("review_state", "ReviewState"),
            ("id", "ID"),
            ("issue_id", "IssueID"),
        ] {
            assert_eq!(variable(name).as_deref(), Some(camel));
        }
        for name in ["", "Title", "sourceKind", "_x", "a-b", "é"] {
            assert_eq!(variable(name), None, "{name}");
        }
    }
}
