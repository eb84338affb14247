//! Names that a template made: what is left of a text in them, and how it is read back.
//!
//! Kelos (v0.49 and later) puts what the template gives in lower case, writes a dash for each
//! character that is no ASCII letter, digit, dash or dot, cuts it to 63 bytes, and takes the dashes
//! off both ends of what stands between dots. So only what loses nothing by that is read, and nothing
//! behind a text that may be cut or may run together with the next.

use super::segment::Segment;
use crate::engine::sources::variable::{Class, InName};

/// The longest name that was surely not cut.
pub(super) const MOST_BYTES: usize = 62;

/// A text as it stands in a name; nothing if that depends on what stands around it.
pub(super) fn text(text: &str) -> Option<String> {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !text.is_ascii() || text.contains('.') {
        return None;
    }
    let lower = |c: char| if is_kept(c) { c.to_ascii_lowercase() } else { '-' };
    Some(text.chars().map(lower).collect())
}

/// What a variable can be in a name; nothing if a name does not keep it. What is read of a text is checked
/// against its form.
pub(super) fn class(form: InName) -> Option<Class> {
    match form {
        InName::Number | InName::Digits => Some(Class::Number),
        InName::Tick | InName::Time | InName::JiraKey => Some(Class::Word),
        InName::Lost => None,
    }
}

/// Takes off the dashes that a name neither begins nor ends with.
pub(super) fn trim(pieces: &mut [(Segment<'_>, Option<usize>)]) {
    if let Some((Segment::Text(text), _)) = pieces.first_mut() {
        *text = text.trim_start_matches('-').to_owned().into();
    }
    if let Some((Segment::Text(text), _)) = pieces.last_mut() {
        *text = text.trim_end_matches('-').to_owned().into();
    }
}
