//! Names of variables: Jinja writes `review_state` where the variables map says `ReviewState`.

use crate::templates::value::{Map, Value};

/// Parts of a name that are written in capitals.
const ACRONYMS: [&str; 3] = ["ID", "SHA", "URL"];

/// Longer names are nobody's variable.
const MAX_NAME: usize = 64;

/// The entry of that name: as it is written, else in CamelCase.
pub(super) fn lookup<'m>(map: &'m Map, name: &str) -> Option<&'m Value> {
    map.get(name).or_else(|| map.get(camel_case(name)?.as_str()))
}

/// `review_state` → `ReviewState`, `issue_id` → `IssueID`; nothing for a name that is not written
/// in lower case.
pub(super) fn camel_case(name: &str) -> Option<String> {
    let is_snake_case = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= MAX_NAME
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    is_snake_case.then(|| {
        let mut camel = String::with_capacity(name.len());
        for part in name.split('_') {
            match ACRONYMS.iter().find(|acronym| acronym.eq_ignore_ascii_case(part)) {
                Some(acronym) => camel.push_str(acronym),
                None => {
                    let (first, rest) = part.split_at(part.len().min(1));
                    camel.push_str(&first.to_ascii_uppercase());
                    camel.push_str(rest);
                }
            }
        }
        camel
    })
}

#[cfg(test)]
mod tests {
    use super::camel_case;

    #[test]
    fn snake_case_becomes_camel_case() {
        for (name, camel) in [
            ("title", "Title"),
            ("review_state", "ReviewState"),
            ("id", "ID"),
            ("issue_id", "IssueID"),
            ("check_run_url", "CheckRunURL"),
            ("head_sha", "HeadSHA"),
            ("identity", "Identity"),
        ] {
            assert_eq!(camel_case(name).as_deref(), Some(camel));
        }
        for name in ["", "Title", "sourceKind", "_x", "a-b", "é"] {
            assert_eq!(camel_case(name), None, "{name}");
        }
    }
}
