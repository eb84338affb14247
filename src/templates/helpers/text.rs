//! Helpers from text to text.

use super::Caller;
use super::args;
use super::unicode_case;
use crate::templates::error::TemplateError;
use crate::templates::value::{Text, Value};

/// What `abbrev` puts in the place of what it cuts off.
const ELLIPSIS: &str = "...";

/// `lower TEXT`: in lower unicode_case, as Go's `strings.ToLower` has it.
pub(super) fn lower(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    map_chars(meter, args::text("lower", args, 0)?, unicode_case::lower)
}

/// `upper TEXT`: in upper unicode_case, as Go's `strings.ToUpper` has it.
pub(super) fn upper(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    map_chars(meter, args::text("upper", args, 0)?, unicode_case::upper)
}

/// `title TEXT`: with a capital at the start of each word, as Go's `strings.Title` has it.
pub(super) fn title(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let mut before = ' ';
    map_chars(meter, args::text("title", args, 0)?, |c| {
        let starts_word = unicode_case::separates_words(before);
        before = c;
        if starts_word { unicode_case::title(c) } else { c }
    })
}

/// `trim TEXT`: without white space at both ends.
pub(super) fn trim(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let text = args::text("trim", args, 0)?;
    meter.take_steps(text.len() as u64 / 64)?;
    part(meter, text, text.trim())
}

/// `trimAll CHARACTERS TEXT`: without any of these characters at both ends.
pub(super) fn trim_all(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let characters = args::text("trimAll", args, 0)?;
    let text = args::text("trimAll", args, 1)?;
    let looks = (text.len() as u64).saturating_mul(1 + characters.len() as u64 / 8);
    meter.take_steps(looks / 64)?;
    part(meter, text, text.trim_matches(|c| characters.contains(c)))
}

/// `nospace TEXT`: without any white space.
pub(super) fn nospace(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let text = args::text("nospace", args, 0)?;
    meter.take_bytes(text.len())?;
    meter.take_steps(text.len() as u64 / 16)?;
    let kept: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    Ok(Value::from(kept))
}

/// `trunc COUNT TEXT`: its first COUNT bytes, or its last ones where COUNT is negative.
///
/// Sprig counts bytes and may leave half a character. Here a character that does not fit whole is
/// left out, so that the result is text and never longer than asked for.
pub(super) fn trunc(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let count = args::int("trunc", args, 0)?;
    let text = args::text("trunc", args, 1)?;
    let limit = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if limit >= text.len() {
        return Ok(Value::Str(text.clone()));
    }
    let kept = match count < 0 {
        true => &text[text.ceil_char_boundary(text.len() - limit)..],
        false => &text[..text.floor_char_boundary(limit)],
    };
    part(meter, text, kept)
}

/// `abbrev WIDTH TEXT`: at most WIDTH bytes, the last three of them dots if it was cut; a width
/// below 4 cuts nothing. As [`trunc`] it keeps characters whole.
pub(super) fn abbrev(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let width = args::int("abbrev", args, 0)?;
    let text = args::text("abbrev", args, 1)?;
    let width = usize::try_from(width).unwrap_or(0);
    if width < ELLIPSIS.len() + 1 || text.len() <= width {
        return Ok(Value::Str(text.clone()));
    }
    let kept = &text[..text.floor_char_boundary(width - ELLIPSIS.len())];
    meter.take_bytes(kept.len() + ELLIPSIS.len())?;
    Ok(Value::from([kept, ELLIPSIS].concat()))
}

/// `substr START END TEXT`: its bytes from START up to END; a negative START is the beginning, a
/// negative or large END the end. As [`trunc`] it keeps characters whole.
pub(super) fn substr(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let start = args::int("substr", args, 0)?;
    let end = args::int("substr", args, 1)?;
    let text = args::text("substr", args, 2)?;
    let past = || TemplateError::render("substr: START is behind the end of the text, or of END");
    let end = match usize::try_from(end) {
        Ok(end) if end <= text.len() => end,
        _ if start < 0 => return Err(past()),
        _ => text.len(),
    };
    let start = usize::try_from(start).unwrap_or(0);
    if start > end {
        return Err(past());
    }
    let start = text.ceil_char_boundary(start);
    let end = text.floor_char_boundary(end).max(start);
    part(meter, text, &text[start..end])
}

/// `replace OLD NEW TEXT`: the text with every OLD replaced; an empty OLD stands before each
/// character and at the end.
pub(super) fn replace(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let old = args::text("replace", args, 0)?;
    let new = args::text("replace", args, 1)?;
    let text = args::text("replace", args, 2)?;
    meter.take_steps(args::searching(text, old))?;
    let matches = text.matches(old.as_str()).count();
    if matches == 0 {
        return Ok(Value::Str(text.clone()));
    }
    // Putting a piece in takes longer than copying its few bytes.
    meter.take_steps(matches as u64 / 4)?;
    let kept = text.len() - matches * old.len();
    meter.take_bytes(matches.saturating_mul(new.len()).saturating_add(kept))?;
    Ok(Value::from(text.replace(old.as_str(), new)))
}

/// `repeat COUNT TEXT`: the text so many times.
pub(super) fn repeat(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let count = args::size("repeat", args, 0)?;
    let text = args::text("repeat", args, 1)?;
    meter.take_bytes(count.saturating_mul(text.len()))?;
    // Nothing a billion times is still a billion copies.
    Ok(if text.is_empty() { Value::from("") } else { Value::from(text.repeat(count)) })
}

/// A part of `text`, or all of it.
pub(super) fn part(
    meter: &mut dyn Caller,
    text: &Text,
    part: &str,
) -> Result<Value, TemplateError> {
    if part.len() == text.len() {
        return Ok(Value::Str(text.clone()));
    }
    meter.take_bytes(part.len())?;
    Ok(Value::from(part))
}

/// The text with each character replaced by another one.
fn map_chars(
    meter: &mut dyn Caller,
    text: &Text,
    map: impl FnMut(char) -> char,
) -> Result<Value, TemplateError> {
    // No letter's other case takes more than half as many bytes again. Looking a letter up takes
    // longer than copying it.
    meter.take_bytes(text.len().saturating_add(text.len() / 2))?;
    meter.take_steps(text.len() as u64 / 16)?;
    Ok(Value::from(text.chars().map(map).collect::<String>()))
}
