//! Helpers from text to text.

use super::Meter;
use super::args;
use super::case;
use crate::engine::render::error::TemplateError;
use crate::engine::render::value::{Text, Value};

/// `trimPrefix PREFIX TEXT`: the text without the prefix, if it starts with it.
pub(super) fn trim_prefix(meter: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    let prefix = args::text("trimPrefix", args, 0)?;
    let text = args::text("trimPrefix", args, 1)?;
    part(meter, text, text.strip_prefix(prefix.as_ref()))
}

/// `trimSuffix SUFFIX TEXT`: the text without the suffix, if it ends with it.
pub(super) fn trim_suffix(meter: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    let suffix = args::text("trimSuffix", args, 0)?;
    let text = args::text("trimSuffix", args, 1)?;
    part(meter, text, text.strip_suffix(suffix.as_ref()))
}

/// `trunc COUNT TEXT`: its first COUNT bytes, or its last ones where COUNT is negative.
///
/// Sprig counts bytes and may leave half a character. Here a character that does not fit whole is
/// left out, so that the result is text and never longer than asked for.
pub(super) fn trunc(meter: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
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
    part(meter, text, Some(kept))
}

/// `lower TEXT`: in lower case, as Go's `strings.ToLower` has it.
pub(super) fn lower(meter: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    map_chars(meter, args::text("lower", args, 0)?, case::lower)
}

/// `upper TEXT`: in upper case, as Go's `strings.ToUpper` has it.
pub(super) fn upper(meter: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    map_chars(meter, args::text("upper", args, 0)?, case::upper)
}

/// `replace OLD NEW TEXT`: the text with every OLD replaced; an empty OLD stands before each
/// character and at the end.
pub(super) fn replace(meter: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    let old = args::text("replace", args, 0)?;
    let new = args::text("replace", args, 1)?;
    let text = args::text("replace", args, 2)?;
    meter.take_steps(args::searching(text, old))?;
    let matches = text.matches(old.as_ref()).count();
    if matches == 0 {
        return Ok(Value::Str(text.clone()));
    }
    // Putting a piece in takes longer than copying its few bytes.
    meter.take_steps(matches as u64 / 4)?;
    let kept = text.len() - matches * old.len();
    meter.take_bytes(matches.saturating_mul(new.len()).saturating_add(kept))?;
    Ok(Value::from(text.replace(old.as_ref(), new)))
}

/// A part of `text`, or all of it.
fn part(meter: &mut dyn Meter, text: &Text, part: Option<&str>) -> Result<Value, TemplateError> {
    match part {
        Some(part) => {
            meter.take_bytes(part.len())?;
            Ok(Value::from(part))
        }
        None => Ok(Value::Str(text.clone())),
    }
}

/// The text with each character replaced by another one.
fn map_chars(
    meter: &mut dyn Meter,
    text: &Text,
    map: fn(char) -> char,
) -> Result<Value, TemplateError> {
    // No letter's other case takes more than half as many bytes again. Looking a letter up takes
    // longer than copying it.
    meter.take_bytes(text.len().saturating_add(text.len() / 2))?;
    meter.take_steps(text.len() as u64 / 16)?;
    Ok(Value::from(text.chars().map(map).collect::<String>()))
}
