//! What the Console shows of a Session in one short line: made to fit, whatever it is made of.

use unicode_segmentation::UnicodeSegmentation as _;

/// How many characters the Console takes, counted as Kelos counts them.
const MOST_CHARS: usize = 64;

/// A text as one line of at most 64 characters: its words with one space between them, without what is no character of a
/// line, and without the words that are too many. Of a first word that is too long as much as fits is left.
pub(super) fn shown(text: &str) -> String {
    let mut line = String::new();
    let mut chars = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control() || is_blank(c)) {
        // Nobody would see it, and the list have an entry without a name.
        if word.chars().all(|c| is_invisible(c) || only_changes_others(c)) {
            continue;
        }
        let letters = || word.chars().filter(|c| !is_invisible(*c));
        // Who sends a megabyte without a space has no more of it looked at than can be shown.
        let length = letters().take(MOST_CHARS + 1).count();
        let space = usize::from(chars > 0);
        if chars + space + length <= MOST_CHARS {
            line.extend(std::iter::repeat_n(' ', space).chain(letters()));
            chars += space + length;
            continue;
        }
        if chars == 0 {
            line = begin(&letters().take(MOST_CHARS + 1).collect::<String>());
        }
        break;
    }
    line
}

/// As much of a word as fits, whole characters as people see them: no half of a flag or of a family.
fn begin(word: &str) -> String {
    let mut chars = 0;
    let fits = |grapheme: &&str| {
        chars += grapheme.chars().count();
        chars <= MOST_CHARS
    };
    let whole: String = word.graphemes(true).take_while(fits).collect();
    match whole.is_empty() {
        true => word.chars().take(MOST_CHARS).collect(),
        false => whole,
    }
}

/// What turns the direction of what stands around it, or is not there to be seen: a stranger's text must not change how
/// the list reads. What joins the parts of an emoji stays.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    )
}

/// What is as wide as a letter, and empty.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// What joins, or says how another character is to be shown, and shows nothing by itself: the parts of emoji and flags.
fn only_changes_others(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_cleaned_and_cut_at_a_word() {
        let a = |count: usize| "a".repeat(count);
        let family = "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        for (text, line) in [
            ("  Fix \t the\r\nlogin\u{0}page ".to_owned(), "Fix the login page".to_owned()),
            (a(64), a(64)),
            (a(65), a(64)),
            (format!("{} b", a(62)), format!("{} b", a(62))),
            (format!("{} b", a(63)), a(63)),
            (format!("{} bcd", a(60)), format!("{} bcd", a(60))),
            (format!("{} bcde", a(60)), a(60)),
            (format!("acme/widgets#42 {}", a(60)), "acme/widgets#42".to_owned()),
            ("\u{1f680}".repeat(64), "\u{1f680}".repeat(64)),
            ("\u{1f680}".repeat(65), "\u{1f680}".repeat(64)),
            (family.repeat(13), family.repeat(12)),
            (format!("e{}", "\u{301}".repeat(80)), format!("e{}", "\u{301}".repeat(63))),
            ("a\u{2028}b\u{202e}c".to_owned(), "a bc".to_owned()),
            ("\u{202e} \u{7f}\n".to_owned(), String::new()),
            ("abc \u{61c} 1\u{61c}2".to_owned(), "abc 12".to_owned()),
            (
                "\u{200d}\u{fe0f} \u{ad} \u{3164}\u{206a} \u{fff9}\u{e0067}\u{e007f}".to_owned(),
                String::new(),
            ),
            ("a\u{3164}b \u{263a}\u{fe0f}".to_owned(), "a b \u{263a}\u{fe0f}".to_owned()),
            (String::new(), String::new()),
        ] {
            assert_eq!(shown(&text), line, "{text:?}");
            assert_eq!(shown(&line), line, "it fits itself");
        }
    }
}
