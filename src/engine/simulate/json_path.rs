//! JSONPath as Kelos reads it (github.com/PaesslerAG/jsonpath), as far as it is names and numbers.

use serde_json::Value;

/// A step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'p> {
    /// What is called so.
    Name(&'p str),
    /// The element at this place, from 0.
    Item(usize),
}

/// Why a path has no steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Kelos refuses it: it takes `'ab'` for one character, as Go does.
    Refused,
    /// It is more than is read here.
    Unknown,
}

/// The steps of `$.a.b[0]["c"]`.
///
/// # Errors
///
/// [`Problem`] where it is something else.
fn steps(path: &str) -> Result<Vec<Step<'_>>, Problem> {
    let mut rest = path.strip_prefix('$').ok_or(Problem::Unknown)?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('.') {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = behind.find(|c| !is_name(c)).unwrap_or(behind.len());
            let (name, behind) = behind.split_at(end);
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                return Err(Problem::Unknown);
            }
            steps.push(Step::Name(name));
            rest = behind;
        } else {
            let bracketed = rest.strip_prefix('[').and_then(|it| it.split_once(']'));
            let (inner, behind) = bracketed.ok_or(Problem::Unknown)?;
            steps.push(bracket(inner)?);
            rest = behind;
        }
    }
    Ok(steps)
}

/// What stands between brackets.
fn bracket(inner: &str) -> Result<Step<'_>, Problem> {
    let quoted = |quote: char| inner.strip_prefix(quote)?.strip_suffix(quote);
    let (single, double) = (quoted('\''), quoted('"'));
    let Some(name) = single.or(double) else {
        return inner.parse().map(Step::Item).map_err(|_| Problem::Unknown);
    };
    if name.contains(['\\', '\'', '"', '[', ']']) {
        return Err(Problem::Unknown);
    }
    if single.is_some() && name.chars().count() > 1 {
        return Err(Problem::Refused);
    }
    Ok(Step::Name(name))
}

/// What is at a path, if anything is.
///
/// # Errors
///
/// [`Problem`] where the path is something else than names and numbers.
pub(super) fn find<'j>(path: &str, json: &'j Value) -> Result<Option<&'j Value>, Problem> {
    let mut here = json;
    for step in steps(path)? {
        let found = match (step, here) {
            // A number may be written as a text, and a name as a number.
            (Step::Name(name), Value::Array(items)) => {
                name.parse().ok().and_then(|at: usize| items.get(at))
            }
            (Step::Item(at), Value::Object(map)) => map.get(&at.to_string()),
            (Step::Name(name), here) => here.get(name),
            (Step::Item(at), here) => here.get(at),
        };
        match found {
            Some(found) => here = found,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

/// Whether Kelos refuses a path for certain.
pub(in crate::engine) fn is_refused(path: &str) -> bool {
    steps(path) == Err(Problem::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_names_and_numbers() {
        use Step::{Item, Name};
        for (path, expected) in [
            ("$", Ok(vec![])),
            ("$.a.b_1[0]", Ok(vec![Name("a"), Name("b_1"), Item(0)])),
            ("$[\"a b\"].c", Ok(vec![Name("a b"), Name("c")])),
            ("$['b']", Ok(vec![Name("b")])),
            ("$['']", Ok(vec![Name("")])),
            ("$['ab']", Err(Problem::Refused)),
            ("$.a['c-d'].x", Err(Problem::Refused)),
            ("$['\\n']", Err(Problem::Unknown)),
            ("$..x", Err(Problem::Unknown)),
            ("$.a-b", Err(Problem::Unknown)),
            ("a", Err(Problem::Unknown)),
            ("$.a[1:2]", Err(Problem::Unknown)),
        ] {
            assert_eq!(steps(path), expected, "{path}");
        }
    }
}
