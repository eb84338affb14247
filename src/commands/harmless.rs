//! Texts that others wrote, made harmless for who reads them in a terminal or in the log of a CI system.
//!
//! A terminal acts on control characters, and GitHub Actions on lines that begin with `::` and on `##[`. What a file
//! says is none of ours: it is shown with such characters spelled out, as `\u{9b}`.

use std::borrow::Cow;

/// The longest name that is shown whole, in bytes: Kubernetes has no longer ones.
const NAME_BYTES: usize = 253;

/// Whether a terminal may do something else with a character than to show it: control characters, those that break
/// lines, those that are not seen, and those that turn the direction of what comes next.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200b}'
                | '\u{2060}'
                | '\u{feff}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// A text as a part of one line, or as one that something of ours stands before.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    let is_command = text.trim_start().starts_with("::");
    if !is_command && !text.contains(acts) && !text.contains("##[") {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if acts(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    if is_command {
        shown = shown.replacen("::", "\\u{3a}:", 1);
    }
    shown.replace("##[", "#\\u{23}[").into()
}

/// A text of several lines that may have colours of ours.
pub(super) fn lines(text: &str) -> Cow<'_, str> {
    if text.split('\n').all(|it| matches!(line(it), Cow::Borrowed(_))) {
        return text.into();
    }
    let shown: Vec<String> = text.split('\n').map(coloured).collect();
    shown.join("\n").into()
}

/// A line, of which colours and tabs stay.
fn coloured(text: &str) -> String {
    let plain = anstream::adapter::strip_str(text).to_string();
    // Without its colours it may be a command.
    if plain.trim_start().starts_with("::") || plain.contains("##[") {
        return line(&plain).into_owned();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    let mut pieces = text.split('\u{1b}');
    let tabbed = |piece: &str| piece.split('\t').map(line).collect::<Vec<_>>().join("\t");
    shown.push_str(&tabbed(pieces.next().unwrap_or_default()));
    for piece in pieces {
        let is_of_colour = |c: char| c.is_ascii_digit() || c == ';';
        let colour = piece
            .strip_prefix('[')
            .map(|rest| rest.trim_start_matches(is_of_colour))
            .and_then(|rest| rest.strip_prefix('m'));
        match colour {
            Some(rest) => {
                shown.push('\u{1b}');
                shown.push_str(&piece[..piece.len() - rest.len()]);
                shown.push_str(&tabbed(rest));
            }
            None => {
                shown.push_str("\\u{1b}");
                shown.push_str(&tabbed(piece));
            }
        }
    }
    shown
}

/// A text that says the same in as many bytes, so that places in it stay: what acts is a mark in it.
pub(super) fn same_length(text: &str) -> Cow<'_, str> {
    let is_odd = |c: char| acts(c) && !matches!(c, '\n' | '\r' | '\t');
    if !text.contains(is_odd) {
        return text.into();
    }
    let mark = |c: char| match c.len_utf8() {
        _ if !is_odd(c) => c,
        1 => '?',
        2 => '\u{b7}',
        _ => '\u{fffd}',
    };
    text.chars().map(mark).collect::<String>().into()
}

/// JSON that says the same: what acts is spelled as JSON can spell it. It stands in texts only.
pub(super) fn json(json: String) -> String {
    // What comes before the blank JSON escapes anyway, but for the line breaks between its fields.
    let is_odd = |c: char| acts(c) && c > ' ';
    if !json.contains(is_odd) {
        return json;
    }
    let mut shown = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        match is_odd(c) {
            true => shown.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => shown.push(c),
        }
    }
    shown
}

/// A name that is no longer than names are.
pub(super) fn name(name: &str) -> Cow<'_, str> {
    match name.len() > NAME_BYTES {
        true => format!("{}…", &name[..name.floor_char_boundary(NAME_BYTES)]).into(),
        false => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_acts_is_spelled_out_and_nothing_else() {
        for (text, shown) in [
            ("a: `b`", "a: `b`"),
            ("ü…", "ü…"),
            ("a\n::stop-commands::x", "a\\n::stop-commands::x"),
            ("  ::error::x", "  \\u{3a}:error::x"),
            ("a ##[error]x", "a #\\u{23}[error]x"),
            ("\u{9b}31m\u{1b}[2J\u{7f}", "\\u{9b}31m\\u{1b}[2J\\u{7f}"),
            ("a\u{202e}b", "a\\u{202e}b"),
        ] {
            assert_eq!(line(text), shown, "{text:?}");
        }
    }

    #[test]
    fn lines_keep_their_breaks_and_colours() {
        let text = "\u{1b}[1;31merror\u{1b}[0m: x\n\ta\u{1b}[2Jb\n::error::c\u{9b}";
        let shown = "\u{1b}[1;31merror\u{1b}[0m: x\n\ta\\u{1b}[2Jb\n\\u{3a}:error::c\\u{9b}";
        assert_eq!(lines(text), shown);
    }

    #[test]
    fn names_are_cut_where_kubernetes_has_no_longer_ones() {
        assert_eq!(name("w"), "w");
        let long = name(&"ü".repeat(1 << 20)).into_owned();
        assert_eq!(long, format!("{}…", "ü".repeat(126)));
    }

    proptest! {
        #[test]
        fn nothing_acts_whatever_the_text(text in "(?s)[:#\\[ a\u{1b}m;0-9\u{80}-\u{9f}\n\t\r\u{7f}\u{202e}]{0,12}") {
            let shown = line(&text);
            prop_assert!(!shown.contains(acts), "{shown:?}");
            prop_assert!(!shown.trim_start().starts_with("::") && !shown.contains("##["), "{shown:?}");
            for shown in lines(&text).split('\n') {
                let plain = anstream::adapter::strip_str(shown).to_string();
                prop_assert!(!plain.replace('\t', "").contains(acts), "{shown:?}");
                prop_assert!(!plain.trim_start().starts_with("::"), "{shown:?}");
            }
            prop_assert_eq!(same_length(&text).len(), text.len());
            let written = json(serde_json::to_string(&text).unwrap());
            prop_assert!(!written.contains(acts), "{written:?}");
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
