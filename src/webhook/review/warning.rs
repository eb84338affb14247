//! What is told → one line that every client takes.

use std::borrow::Cow;

use crate::engine::kelos::KNOWN;
use crate::engine::lint::{Field, Finding, Step};

/// The most characters of a warning: the API server cuts at 256.
pub(super) const WARNING_CHARS: usize = 200;
/// The longest field in a warning, in characters: the way to the labels of a Task has 36.
const FIELD_CHARS: usize = 90;
/// What stands for text that was cut: warnings travel in headers, and not every client takes `…` there.
const ELLIPSIS: &str = "...";

/// The fewest characters of what is wrong that stand beside what to do: enough for a key or a variable, beside the rule.
const TEXT_CHARS: usize = 20;

/// ``spec.taskTemplate.branch: function "lower" not defined (1:10) [not-for-kelos]``
///
/// What to do is worth more than the way to the field and than the end of what is wrong, and a part of it is worth
/// nothing: where not all of them have room, those are shortened first.
pub(super) fn finding_warning(finding: &Finding) -> String {
    let place = finding.at.map(|at| format!(" ({}:{})", at.line, at.column)).unwrap_or_default();
    let end = format!("{place} [{}]", finding.rule);
    let room = WARNING_CHARS.saturating_sub(chars(&end));
    let whole = finding.field.to_string();
    let field = shorten_middle(&whole, FIELD_CHARS);
    let Some(help) = &finding.help else {
        return warning_with(format!("{field}: {}", finding.text), &end);
    };
    // A warning can go without up to which Kelos it is known.
    let short = finding.text.replace(&format!(" ({KNOWN})"), "");
    let name = short_name(&finding.field);
    for (field, text) in [(&*field, &finding.text), (&*field, &short), (&*name, &short)] {
        let line = format!("{field}: {text}; {help}");
        if chars(&line) <= room {
            return warning_with(line, &end);
        }
    }
    let around = chars(&name) + ": ".len() + "; ".len() + chars(help);
    match room.checked_sub(around).filter(|left| *left >= TEXT_CHARS) {
        Some(left) => warning_with(format!("{name}: {}; {help}", cut(&short, left)), &end),
        None => warning_with(format!("{field}: {}", finding.text), &end),
    }
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

/// The last step of the way to a field.
fn short_name(field: &Field) -> String {
    let last = field.0.len().saturating_sub(1);
    let is_item = matches!(field.0.last(), Some(Step::Item(_)));
    let from = if is_item { last.saturating_sub(1) } else { last };
    let name = Field(field.0.get(from..).unwrap_or_default().to_vec()).to_string();
    shorten_middle(name.trim_matches(['[', ']']), FIELD_CHARS / 2).into_owned()
}

/// A text of at most so many characters, which ends between two words if it is cut.
fn cut(text: &str, most: usize) -> String {
    if chars(text) <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(ELLIPSIS.len())).collect();
    let end = kept.rfind(' ').unwrap_or(kept.len());
    format!("{}{ELLIPSIS}", kept.get(..end).unwrap_or_default().trim_end_matches([':', ',', ';']))
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
    use std::fs;
    use std::path::Path;

    use crate::engine::kelos::{GROUP, Shape};
    use crate::engine::lint::{Rule, Severity, Surroundings, lint};
    use crate::engine::rules::Policy;
    use crate::manifests;
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

    /// Of each bad example, an error or a warning says what to do, if anything does.
    #[test]
    fn what_to_do_is_in_every_warning() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lint");
        let (mut wrong, mut told) = (String::new(), 0);
        for rule in Rule::ALL {
            let file = folder.join(rule.as_str()).join("bad.yaml");
            assert!(fs::exists(&file).unwrap(), "{rule}");
            manifests::read(&file, |found| {
                let Ok(object) = found else { return };
                let Some(makes) = Shape::of_spawner(GROUP, &object.kind) else { return };
                let policy = Policy::default();
                let found = lint(makes, &object.json, &Surroundings::new(&policy)).unwrap();
                for finding in found.iter().filter(|it| it.severity != Severity::Info) {
                    let Some(help) = &finding.help else { continue };
                    let warning = finding_warning(finding);
                    told += 1;
                    assert!(chars(&warning) <= WARNING_CHARS, "{warning}");
                    if !warning.contains(&*one_line(help)) {
                        wrong += &format!("{rule}: {warning}\n    {help}\n");
                    }
                }
            });
        }
        assert!(told > 30, "{told}");
        assert!(wrong.is_empty(), "{wrong}");
    }
}
