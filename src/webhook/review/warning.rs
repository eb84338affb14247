//! What is told → one line that every client takes.

use std::borrow::Cow;

use crate::engine::lint::Finding;

/// The most characters of a warning: the API server cuts at 256.
pub(super) const WARNING_CHARS: usize = 200;
/// The longest field in a warning, in characters: the way to the labels of a Task has 36.
const FIELD_CHARS: usize = 90;
/// What stands for text that was cut: warnings travel in headers, and not every client takes `…` there.
const ELLIPSIS: &str = "...";

/// ``spec.taskTemplate.branch: function "lower" not defined (1:10) [not-for-kelos]``
pub(super) fn finding_warning(finding: &Finding) -> String {
    let field = finding.field.to_string();
    let mut text = format!("{}: {}", shorten_middle(&field, FIELD_CHARS), finding.text);
    let place = finding.at.map(|at| format!(" ({}:{})", at.line, at.column)).unwrap_or_default();
    // Place and rule are worth more than the end of the message, and a part of a help is worth nothing.
    let end = format!("{place} [{}]", finding.rule);
    if let Some(help) = &finding.help
        && [&*text, "; ", help, &end].iter().map(|it| it.chars().count()).sum::<usize>()
            <= WARNING_CHARS
    {
        text.extend(["; ", help]);
    }
    warning_with(text, &end)
}

/// One line of at most [`WARNING_CHARS`] characters, without control characters.
pub(super) fn warning(text: String) -> String {
    warning_with(text, "")
}

/// A warning that ends with all of `end`, however long the text before it is.
pub(super) fn warning_with(text: String, end: &str) -> String {
    let mut line = match one_line(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(line) => line,
    };
    let (length, most) = (line.chars().count(), WARNING_CHARS.saturating_sub(end.len()));
    if length > most {
        for _ in most.saturating_sub(ELLIPSIS.len())..length {
            line.pop();
        }
        line.push_str(ELLIPSIS);
    }
    line.push_str(end);
    line
}

/// The text without control characters.
fn one_line(text: &str) -> Cow<'_, str> {
    // Nearly all texts are plain, and looking at bytes is much faster than at characters.
    match text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        true => text.into(),
        false => text.replace(char::is_control, " ").into(),
    }
}

/// The text, or its two ends around an ellipsis if it has more than `most` characters.
pub(in crate::webhook) fn shorten_middle(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return text.into();
    }
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= most {
        return text.into();
    }
    let head = most / 2;
    let tail = most - head - ELLIPSIS.len();
    let (head, tail) = (&chars[..head], &chars[chars.len() - tail..]);
    head.iter().copied().chain(ELLIPSIS.chars()).chain(tail.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::lint::{Field, Rule, Severity};
    use crate::templates::Position;

    #[test]
    fn a_finding_keeps_its_place_and_rule_and_is_one_line_whatever_it_quotes() {
        let finding = |key: &str, text: &str, help: Option<&str>| Finding {
            rule: Rule::NotForKelos,
            severity: Severity::Error,
            field: Field::of(&["spec", key]),
            is_about_key: false,
            at: Some(Position::at("a\nb c", 2, 3)),
            text: text.to_owned(),
            help: help.map(str::to_owned),
            fix: None,
        };
        let told = finding_warning(&finding("when", "is wrong", Some("write x")));
        assert_eq!(told, "spec.when: is wrong; write x (2:3) [not-for-kelos]");
        let hostile = "\u{1b}\n\u{85}é".repeat(200);
        for (key, text, help) in
            [("when", &*hostile, None), (&hostile, "x", None), ("a", "b", Some(&*hostile))]
        {
            let told = finding_warning(&finding(key, text, help));
            assert!(told.chars().count() <= WARNING_CHARS, "{told:?}");
            assert!(!told.contains(char::is_control), "{told:?}");
            assert!(told.starts_with("spec") && told.ends_with(" (2:3) [not-for-kelos]"), "{told}");
        }
    }
}
