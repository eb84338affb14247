//! `html`, `js` and `urlquery`.

use std::fmt::Write;

use crate::templates::budget::{Budget, Exhausted};
use crate::templates::gofmt::is_printable;

/// How much more work it is to escape a text than to copy it.
const WORK: usize = 12;

/// The text with each character replaced.
fn escape(
    text: &str,
    budget: &mut Budget,
    replace: impl Fn(&mut String, char),
) -> Result<String, Exhausted> {
    budget.take_bytes(text.len())?;
    budget.take_reading(text.len() * WORK)?;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let before = out.len();
        replace(&mut out, c);
        budget.take_bytes((out.len() - before).saturating_sub(c.len_utf8()))?;
    }
    Ok(out)
}

/// A text for HTML, attributes included.
pub(super) fn html(text: &str, budget: &mut Budget) -> Result<String, Exhausted> {
    escape(text, budget, |out, c| match c {
        '\0' => out.push('\u{fffd}'),
        '"' => out.push_str("&#34;"),
        '\'' => out.push_str("&#39;"),
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        _ => out.push(c),
    })
}

/// A text for a string in JavaScript.
pub(super) fn js(text: &str, budget: &mut Budget) -> Result<String, Exhausted> {
    escape(text, budget, |out, c| match c {
        '\\' | '\'' | '"' => out.extend(['\\', c]),
        '<' | '>' | '&' | '=' | '\0'..=' ' if c != ' ' => push_code(out, c),
        _ if c.is_ascii() || is_printable(c) => out.push(c),
        _ => push_code(out, c),
    })
}

fn push_code(out: &mut String, c: char) {
    // Writing to a String does not fail.
    let _ = write!(out, "\\u{:04X}", u32::from(c));
}

/// A text for the query of a URL.
pub(super) fn url_query(text: &str, budget: &mut Budget) -> Result<String, Exhausted> {
    escape(text, budget, |out, c| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | '~' => out.push(c),
        ' ' => out.push('+'),
        _ => {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    })
}
