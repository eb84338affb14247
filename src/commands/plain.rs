//! Texts that others wrote, made harmless for a terminal.

use std::borrow::Cow;

/// A text whose control characters, and those that turn or hide what stands beside them, are spelled out. Line breaks
/// and tabs stay where `is_block` says that the text has lines of its own.
pub(super) fn plain(text: &str, is_block: bool) -> Cow<'_, str> {
    let is_harmful = |c: char| match c {
        '\n' | '\t' => !is_block,
        // What sets the direction of a text, and what is not seen.
        '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => true,
        c => c.is_control(),
    };
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if is_harmful(c) => harmless.extend(c.escape_debug()),
            c => harmless.push(c),
        }
    }
    Cow::Owned(harmless)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        for (text, is_block, shown) in [
            ("größe 🦀", false, "größe 🦀"),
            ("a\u{1b}[2Jb\r", false, "a\\u{1b}[2Jb\\r"),
            ("a\nb\tc", false, "a\\nb\\tc"),
            ("a\nb\tc", true, "a\nb\tc"),
            ("\u{9b}1m\u{7f}", true, "\\u{9b}1m\\u{7f}"),
            ("user\u{202e}gnp.exe", false, "user\\u{202e}gnp.exe"),
        ] {
            assert_eq!(plain(text, is_block), shown);
        }
    }
}
