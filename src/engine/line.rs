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
        let letters = seen(word);
        let length = letters.chars().count();
        // Nobody would see it, and the list have an entry without a name.
        if length == 0 {
            continue;
        }
        let space = usize::from(chars > 0);
        if chars + space + length <= MOST_CHARS {
            line.extend(std::iter::repeat_n(" ", space).chain([&*letters]));
            chars += space + length;
            continue;
        }
        if chars == 0 {
            line = begin(&letters);
        }
        break;
    }
    line
}

/// What people see of a word, or somewhat more than can be shown: who sends a megabyte without a space has no more of it
/// looked at.
fn seen(word: &str) -> String {
    let mut letters = String::new();
    let (mut count, mut last) = (0, None);
    for c in word.chars() {
        let is_kept = match c {
            // Of a flag that is spelled with them; alone they hide a text behind another one.
            '\u{e0020}'..='\u{e007f}' => last.is_some_and(is_of_flag),
            // Behind what is seen, and once: they join the parts of an emoji, or say how one is shown.
            _ if joins(c) => last.is_some_and(|last| !joins(last)),
            '\u{fe0e}' | '\u{fe0f}' => last.is_some_and(|last| !joins(last) && !selects(last)),
            _ => !is_invisible(c),
        };
        if is_kept {
            letters.push(c);
            (count, last) = (count + 1, Some(c));
        }
        if count > MOST_CHARS {
            // What it ends with may be half of something.
            return letters;
        }
    }
    without_loose_ends(letters)
}

/// A text that ends with what is seen: nothing is left for what joins to join to.
fn without_loose_ends(mut text: String) -> String {
    text.truncate(text.trim_end_matches(joins).len());
    text
}

/// As much of a word as fits, whole characters as people see them: no half of a flag, and of a family too large to fit
/// some of its people.
fn begin(word: &str) -> String {
    let mut chars = 0;
    let fits = |grapheme: &&str| {
        chars += grapheme.chars().count();
        chars <= MOST_CHARS
    };
    let whole: String = word.graphemes(true).take_while(fits).collect();
    match whole.is_empty() {
        true => without_loose_ends(word.chars().take(MOST_CHARS).collect()),
        false => without_loose_ends(whole),
    }
}

/// What turns the direction of what stands around it, is not there to be seen (Unicode's `Default_Ignorable_Code_Point`,
/// but for what emoji are made of), or is no character at all: a stranger's text must not change how the list reads, nor
/// hide another one.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'
            | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    ) || u32::from(c) & 0xfffe == 0xfffe
}

/// What is as wide as a letter, and empty.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// What joins two characters, and shows nothing by itself.
fn joins(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// What says how the character before it is shown, and shows nothing by itself.
fn selects(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

/// What the letters of a flag stand behind: the black flag, and each other.
fn is_of_flag(c: char) -> bool {
    matches!(c, '\u{1f3f4}' | '\u{e0020}'..='\u{e007e}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_cleaned_and_cut_at_a_word() {
        let a = |count: usize| "a".repeat(count);
        let family = "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        let of_four = format!("{family}\u{200d}\u{1f466}");
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
            (of_four.repeat(10), of_four.repeat(9)),
            (format!("e{}", "\u{301}".repeat(80)), format!("e{}", "\u{301}".repeat(63))),
            ("a\u{2028}b\u{202e}c".to_owned(), "a bc".to_owned()),
            ("\u{202e} \u{7f}\n".to_owned(), String::new()),
            ("abc \u{61c} 1\u{61c}2".to_owned(), "abc 12".to_owned()),
            (
                "\u{200d}\u{fe0f} \u{ad} \u{3164}\u{206a} \u{fff9}\u{e0067}\u{e007f}".to_owned(),
                String::new(),
            ),
            ("a\u{3164}b \u{263a}\u{fe0f}".to_owned(), "a b \u{263a}\u{fe0f}".to_owned()),
            (format!("x{}", "\u{200d}\u{1f308}".repeat(40)), "x".to_owned()),
            (
                "\u{200d}\u{1f308}".repeat(40),
                format!("\u{1f308}{}", "\u{200d}\u{1f308}".repeat(31)),
            ),
            (
                "\u{200d}\u{1f308} \u{17b4}\u{180b}\u{1bca0}\u{fff0}\u{fdd0}\u{10ffff}".to_owned(),
                "\u{1f308}".to_owned(),
            ),
            (format!("Fix{}", "\u{e0041}".repeat(60)), "Fix".to_owned()),
            (
                "a\u{34f}b\u{200d}\u{200d}c\u{fe0f}\u{fe0f} d\u{200c}".to_owned(),
                "ab\u{200d}c\u{fe0f} d".to_owned(),
            ),
            (
                "\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}\u{e0062}".to_owned(),
                "\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}".to_owned(),
            ),
            (
                "\u{2764}\u{fe0f}\u{200d}\u{1f525}".to_owned(),
                "\u{2764}\u{fe0f}\u{200d}\u{1f525}".to_owned(),
            ),
            (String::new(), String::new()),
        ] {
            assert_eq!(shown(&text), line, "{text:?}");
            assert_eq!(shown(&line), line, "it fits itself");
        }
    }
}
