//! Texts of all scripts in ASCII, for names that take nothing else.

use deunicode::deunicode_char;

/// The characters of a text, its letters and digits in ASCII: `Ünï` as `Uni`, `日本` as `Ri Ben `. Signs stay
/// as they are; marks that only belong to a letter are gone.
pub(super) fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(|c| {
        let (same, others) = if c.is_ascii() { (Some(c), "") } else { beyond_ascii(c) };
        // What stands for a soft sign or a glottal stop parts no word.
        same.into_iter().chain(others.chars().filter(|c| !matches!(c, '\'' | '`' | '"')))
    })
}

/// A character itself, or what stands for it.
fn beyond_ascii(c: char) -> (Option<char>, &'static str) {
    match deunicode_char(c) {
        Some(others) if c.is_alphanumeric() || others.is_empty() => (None, others),
        _ => (Some(c), ""),
    }
}
