//! Upper and lower case as Go's `strings` and `unicode` packages have them: one character for one
//! character, so that `ß` stays `ß` in upper case and a `Σ` at the end of a word becomes `σ`.

/// The upper-case form of a character, or itself.
pub(super) fn upper(c: char) -> char {
    if let Some(single) = single(c.to_uppercase()) {
        return single;
    }
    // Greek letters with an iota below: Unicode spells their upper case with two letters, but
    // has a one-letter form, too.
    let step = match c {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => 8,
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => 9,
        _ => 0,
    };
    char::from_u32(c as u32 + step).unwrap_or(c)
}

/// The lower-case form of a character, or itself.
pub(super) fn lower(c: char) -> char {
    // `İ` is the one letter whose full lower case is two characters.
    single(c.to_lowercase()).unwrap_or(if c == 'İ' { 'i' } else { c })
}

/// The form of a character at the start of a word: its upper case, except for double letters, of
/// which only the first becomes large, and Georgian, which has no capitals within a text.
pub(super) fn title(c: char) -> char {
    match c {
        'Ǆ'..='ǆ' => 'ǅ',
        'Ǉ'..='ǉ' => 'ǈ',
        'Ǌ'..='ǌ' => 'ǋ',
        'Ǳ'..='ǳ' => 'ǲ',
        'ა'..='ჿ' => c,
        _ => upper(c),
    }
}

/// Whether a word may begin behind this character.
pub(super) fn separates_words(c: char) -> bool {
    match c.is_ascii() {
        true => !c.is_ascii_alphanumeric() && c != '_',
        false => c.is_whitespace(),
    }
}

/// The only character of a mapping, if it has just one.
fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next()?;
    mapped.next().is_none().then_some(first)
}
