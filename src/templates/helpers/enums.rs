//! Helpers that keep a text within a fixed set of words: `oneOf`, `alias`. Sprig does not have them.

use super::Caller;
use super::args;
use super::print;
use crate::templates::error::TemplateError;
use crate::templates::value::{Text, Value};

/// `oneOf ALLOWED DEFAULT X`: X if it is one of those allowed, else the default. ALLOWED is a list,
/// or a text of words with commas between them.
pub(super) fn one_of(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let default = args::get("oneOf", args, 1)?;
    let wanted = match args::get("oneOf", args, 2)? {
        Value::Nil => return Ok(default.clone()),
        value => word(meter, value)?,
    };
    let allowed = args::get("oneOf", args, 0)?;
    let mut is_allowed = false;
    match (allowed.as_list(), allowed.as_text()) {
        (Some(items), _) => {
            for item in items.iter() {
                meter.take_steps(1 + wanted.len() as u64 / 64)?;
                is_allowed |= *item != Value::Nil && word(meter, item)? == wanted;
            }
        }
        (None, Some(words)) => {
            meter.take_steps(words.len() as u64 / 8)?;
            is_allowed = words.split(',').any(|word| word.trim() == &*wanted);
        }
        (None, None) => return Err(args::wrong("oneOf", 0, allowed, "a list or a text")),
    }
    Ok(if is_allowed { Value::Str(wanted) } else { default.clone() })
}

/// `alias MAP X`: what the map has for X, else X. MAP is a map, or a text such as `p0=high,p1=low`.
pub(super) fn alias(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let aliases = args::get("alias", args, 0)?;
    let value = args::get("alias", args, 1)?;
    if *value == Value::Nil {
        return Err(args::wrong("alias", 1, value, "a text"));
    }
    let wanted = word(meter, value)?;
    if let Some(map) = aliases.as_map() {
        meter.take_steps(1 + wanted.len() as u64 / 8)?;
        return Ok(map.get(&wanted).unwrap_or(value).clone());
    }
    let words = args::text("alias", args, 0)?;
    meter.take_steps(words.len() as u64 / 8)?;
    for entry in words.split(',').filter(|entry| !entry.trim().is_empty()) {
        let Some((from, to)) = entry.split_once('=') else {
            let message = "alias: each entry of the text must be `WORD=OTHER`, with commas between";
            return Err(TemplateError::render(message));
        };
        if from.trim() == &*wanted {
            meter.take_bytes(to.len())?;
            return Ok(Value::from(to.trim()));
        }
    }
    Ok(value.clone())
}

/// A value as a word to compare.
fn word(meter: &mut dyn Caller, value: &Value) -> Result<Text, TemplateError> {
    match value.as_text() {
        Some(text) => Ok(text.clone()),
        None => print::value(meter, value).map(Text::from),
    }
}
