//! Texts in a line, in quotes or without: line breaks in them are folded.

use std::ops::Range;

use super::{Spelled, Style};

/// Reads a text again; nothing where it has an escape that there is not.
pub(super) fn read(file: &str, range: Range<usize>, style: Style) -> Option<Spelled> {
    let range = match style {
        Style::Plain => range,
        _ => range.start + 1..range.end.checked_sub(1)?,
    };
    let text = file.get(range.clone())?;
    let mut spelled = Spelled::default();
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        let in_file = |length: usize| range.start + at..range.start + at + length;
        let length = match next {
            ' ' | '\t' | '\r' | '\n' => {
                let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
                match rest[..blank].matches('\n').count() {
                    0 => spelled.same(file, in_file(blank)),
                    breaks => spelled.other(&folded(breaks), in_file(blank)),
                }
                blank
            }
            '\'' if style == Style::SingleQuoted => {
                spelled.other("'", in_file(2));
                2
            }
            '\\' if style == Style::DoubleQuoted => {
                let (text, length) = escape(rest)?;
                spelled.other(&text, in_file(length));
                length
            }
            _ => {
                let is_special = |c: char| " \t\r\n'\\".contains(c);
                let first = next.len_utf8();
                let length = rest[first..].find(is_special).map_or(rest.len(), |it| it + first);
                spelled.same(file, in_file(length));
                length
            }
        };
        at += length;
    }
    Some(spelled)
}

/// What line breaks are folded to.
fn folded(breaks: usize) -> String {
    if breaks == 1 { " ".to_owned() } else { "\n".repeat(breaks - 1) }
}

/// What the escape at the beginning stands for, and how many bytes it takes.
fn escape(rest: &str) -> Option<(String, usize)> {
    let letter = rest[1..].chars().next()?;
    let single = match letter {
        '0' => '\0',
        'a' => '\x07',
        'b' => '\x08',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\x0b',
        'f' => '\x0c',
        'r' => '\r',
        'e' => '\x1b',
        ' ' | '"' | '/' | '\\' => letter,
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        'x' => return hex(rest, 2),
        'u' => return hex(rest, 4),
        'U' => return hex(rest, 8),
        '\r' | '\n' => {
            let blank = rest[1..].trim_start_matches([' ', '\t', '\r', '\n']);
            let length = rest.len() - blank.len();
            return Some(("\n".repeat(rest[..length].matches('\n').count() - 1), length));
        }
        _ => return None,
    };
    Some((single.to_string(), 1 + letter.len_utf8()))
}

/// A character by its number; in JSON two of them may be halves of one.
fn hex(rest: &str, digits: usize) -> Option<(String, usize)> {
    let number = |from: usize| u32::from_str_radix(rest.get(from..from + digits)?, 16).ok();
    let first = number(2)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c.to_string(), 2 + digits));
    }
    let second = number(4 + digits).filter(|_| rest[2 + digits..].starts_with("\\u"))?;
    let halves = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    Some((String::from_utf16(&halves).ok()?, 4 + 2 * digits))
}
