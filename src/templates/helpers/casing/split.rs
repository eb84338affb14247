//! A name's words: runs of characters of one kind.

use std::sync::LazyLock;

use crate::templates::regexp::{Class, unicode_class};

/// A run of characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
}

/// What a run consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    /// Capitals, or one capital and lower case behind it.
    Upper,
    /// Letters that are no capitals.
    Lower,
    /// White space, `-` and `_`.
    Connector,
    Punctuation,
    Other,
}

/// A set of Unicode's; they are there in any build.
fn set(name: &str) -> Class {
    unicode_class(name).unwrap_or_default()
}

/// Whether this is a capital: Unicode's category Lu.
pub(super) fn is_upper(c: char) -> bool {
    static UPPER: LazyLock<Class> = LazyLock::new(|| set("Lu"));
    if c.is_ascii() { c.is_ascii_uppercase() } else { UPPER.has(c) }
}

/// Whether this connects words.
pub(super) fn is_connector(c: char) -> bool {
    matches!(c, '-' | '_') || c.is_whitespace()
}

fn is_punctuation(c: char) -> bool {
    static PUNCTUATION: LazyLock<Class> = LazyLock::new(|| set("P"));
    PUNCTUATION.has(c)
}

/// Whether this is a letter of an alphabet. The characters of Chinese are none.
fn is_letter(c: char) -> bool {
    static LETTER: LazyLock<Class> = LazyLock::new(|| set("L"));
    match c {
        '\0'..='\x7f' => c.is_ascii_alphabetic(),
        '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}' => false,
        _ => LETTER.has(c),
    }
}

fn kind(c: char) -> Kind {
    match c {
        c if is_connector(c) => Kind::Connector,
        c if is_punctuation(c) => Kind::Punctuation,
        c if is_upper(c) => Kind::Upper,
        c if is_letter(c) => Kind::Lower,
        c if c.is_numeric() => Kind::Number,
        _ => Kind::Other,
    }
}

/// The words of a text; together they are the text.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = kind(first);
        let (text, after) = rest.split_at(length(rest, kind));
        words.push(Word { kind, text });
        rest = after;
    }
    words
}

/// How long the word is that the text begins with.
fn length(text: &str, first: Kind) -> usize {
    let run = |from: usize, kind_of_run: Kind| {
        let end = text[from..].find(|c| kind(c) != kind_of_run);
        end.map_or(text.len(), |end| from + end)
    };
    let capitals = match first {
        Kind::Upper => run(0, Kind::Upper),
        // Within punctuation `-` and `_` are that, too.
        Kind::Punctuation => return text.find(|c| !is_punctuation(c)).unwrap_or(text.len()),
        kind => return run(0, kind),
    };
    let is_followed = text[capitals..].chars().next().is_some_and(|c| kind(c) == Kind::Lower);
    let last = text[..capitals].chars().next_back().map_or(0, char::len_utf8);
    match (is_followed, last == capitals) {
        (false, _) => capitals,
        (true, true) => run(capitals, Kind::Lower),
        // The last capital belongs to the lower case behind it.
        (true, false) => capitals - last,
    }
}
