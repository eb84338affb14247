//! Helpers that choose between values, or give up.
//!
//! Empty is what Sprig and Go call so: nothing, false, zero, and a text, list or map without
//! content.

use super::Caller;
use super::args;
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::value::Value;

/// How much of a template's own message is kept, in characters.
const MAX_MESSAGE: usize = 200;

/// `empty X`: whether X is empty.
pub(super) fn empty(_: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    Ok(Value::Bool(!args::get("empty", args, 0)?.is_true()))
}

/// `default STAND-IN X`: X, or the stand-in where X is empty or not given.
pub(super) fn default(_: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let stand_in = args::get("default", args, 0)?;
    let given = args.get(1).filter(|value| value.is_true());
    Ok(given.unwrap_or(stand_in).clone())
}

/// `coalesce X…`: the first of its arguments that is not empty, else nothing.
pub(super) fn coalesce(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    meter.take_steps(args.len() as u64)?;
    Ok(args.iter().find(|value| value.is_true()).cloned().unwrap_or_default())
}

/// `ternary YES NO CONDITION`: YES if the condition is true, else NO.
pub(super) fn ternary(_: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let chosen = match args::get("ternary", args, 2)? {
        Value::Bool(condition) => usize::from(!condition),
        other => return Err(args::wrong("ternary", 2, other, "a boolean")),
    };
    args::get("ternary", args, chosen).cloned()
}

/// `required MESSAGE X`: X, or an error with the message where X is nothing or an empty text.
pub(super) fn required(_: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let message = args::text("required", args, 0)?;
    let value = args::get("required", args, 1)?;
    let is_missing = match value {
        Value::Nil => true,
        other => other.as_text().is_some_and(|text| text.is_empty()),
    };
    match is_missing {
        true => Err(TemplateError::new(ErrorKind::Missing, cut(message))),
        false => Ok(value.clone()),
    }
}

/// `fail MESSAGE`: an error with the message.
pub(super) fn fail(_: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    Err(TemplateError::render(cut(args::text("fail", args, 0)?)))
}

/// `dropKey`: leaves the key out without a complaint.
pub(super) fn drop_key(_: &mut dyn Caller, _: &[Value]) -> Result<Value, TemplateError> {
    Err(TemplateError::new(ErrorKind::Dropped, "the template drops the key"))
}

fn cut(message: &str) -> String {
    message.chars().take(MAX_MESSAGE).collect()
}
