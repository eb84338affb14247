//! Helpers that choose between values: `empty`, `default`, `coalesce`.
//!
//! Empty is what Sprig and Go call so: nothing, false, zero, and a text, list or map without
//! content.

use super::Meter;
use super::args;
use crate::engine::render::error::TemplateError;
use crate::engine::render::value::Value;

/// `empty X`: whether X is empty.
pub(super) fn empty(_: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    Ok(Value::Bool(!args::get("empty", args, 0)?.is_true()))
}

/// `default STAND-IN X`: X, or the stand-in where X is empty or not given.
pub(super) fn default(_: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    let stand_in = args::get("default", args, 0)?;
    let given = args.get(1).filter(|value| value.is_true());
    Ok(given.unwrap_or(stand_in).clone())
}

/// `coalesce X…`: the first of its arguments that is not empty, else nothing.
pub(super) fn coalesce(meter: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    meter.take_steps(args.len() as u64)?;
    Ok(args.iter().find(|value| value.is_true()).cloned().unwrap_or_default())
}
