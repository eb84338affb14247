//! Arguments of helpers, and what is wrong with them.

use crate::templates::error::TemplateError;
use crate::templates::value::{Map, Text, Value};

/// How to make a text of a number.
const TO_TEXT: &str = "make it a text first, with `toString`";

/// The text at `index`.
pub(super) fn text<'a>(
    helper: &str,
    args: &'a [Value],
    index: usize,
) -> Result<&'a Text, TemplateError> {
    let value = get(helper, args, index)?;
    value.as_text().ok_or_else(|| {
        let error = wrong(helper, index, value, "a text");
        match value {
            Value::Bool(_) | Value::Int(_) | Value::Byte(_) | Value::Float(_) => {
                error.hint(TO_TEXT)
            }
            Value::List(_) => error.hint("pick one element, or join them: `join \",\"`"),
            _ => error,
        }
    })
}

/// The whole number at `index`.
pub(super) fn int(helper: &str, args: &[Value], index: usize) -> Result<i64, TemplateError> {
    match get(helper, args, index)? {
        Value::Int(i) => Ok(*i),
        Value::Byte(b) => Ok(i64::from(*b)),
        other => Err(wrong(helper, index, other, "a whole number")),
    }
}

/// The elements of the list at `index`.
pub(super) fn list<'a>(
    helper: &str,
    args: &'a [Value],
    index: usize,
) -> Result<&'a [Value], TemplateError> {
    let value = get(helper, args, index)?;
    value.as_list().map(AsRef::as_ref).ok_or_else(|| {
        let error = wrong(helper, index, value, "a list");
        match value {
            Value::Str(_) => error.hint("`splitList \",\"` makes a list of a text"),
            _ => error,
        }
    })
}

/// The entries of the map at `index`.
pub(super) fn map<'a>(
    helper: &str,
    args: &'a [Value],
    index: usize,
) -> Result<&'a Map, TemplateError> {
    let value = get(helper, args, index)?;
    value.as_map().map(AsRef::as_ref).ok_or_else(|| wrong(helper, index, value, "a map"))
}

/// The size at `index`: a whole number that is not negative.
pub(super) fn size(helper: &str, args: &[Value], index: usize) -> Result<usize, TemplateError> {
    let size = int(helper, args, index)?;
    usize::try_from(size).map_err(|_| {
        TemplateError::render(format!("argument {} of {helper} must not be negative", index + 1))
    })
}

/// The argument at `index`, counted from 0.
pub(super) fn get<'a>(
    helper: &str,
    args: &'a [Value],
    index: usize,
) -> Result<&'a Value, TemplateError> {
    args.get(index).ok_or_else(|| {
        TemplateError::render(format!("{helper} has no argument {}, but needs it", index + 1))
    })
}

/// The steps it takes to look for `wanted` in `text`; to prepare that takes longer than to read it.
pub(super) fn searching(text: &str, wanted: &str) -> u64 {
    (text.len() as u64 + 4 * wanted.len() as u64) / 64
}

/// An argument of the wrong type.
pub(super) fn wrong(helper: &str, index: usize, value: &Value, needs: &str) -> TemplateError {
    TemplateError::render(format!(
        "argument {} of {helper} is {}, but must be {needs}",
        index + 1,
        value.kind()
    ))
}
