//! Helpers that look for one text in another.

use super::Caller;
use super::args;
use super::text::part;
use crate::templates::error::TemplateError;
use crate::templates::value::{Text, Value};

/// `trimPrefix PREFIX TEXT`: the text without the prefix, if it starts with it.
pub(super) fn trim_prefix(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let (prefix, text) = both("trimPrefix", args)?;
    part(meter, text, text.strip_prefix(prefix.as_str()).unwrap_or(text))
}

/// `trimSuffix SUFFIX TEXT`: the text without the suffix, if it ends with it.
pub(super) fn trim_suffix(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let (suffix, text) = both("trimSuffix", args)?;
    part(meter, text, text.strip_suffix(suffix.as_str()).unwrap_or(text))
}

/// `hasPrefix PREFIX TEXT`: whether the text starts with it.
pub(super) fn has_prefix(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let (prefix, text) = both("hasPrefix", args)?;
    meter.take_steps(prefix.len() as u64 / 64)?;
    Ok(Value::Bool(text.starts_with(prefix.as_str())))
}

/// `hasSuffix SUFFIX TEXT`: whether the text ends with it.
pub(super) fn has_suffix(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let (suffix, text) = both("hasSuffix", args)?;
    meter.take_steps(suffix.len() as u64 / 64)?;
    Ok(Value::Bool(text.ends_with(suffix.as_str())))
}

/// `contains PART TEXT`: whether the text holds it somewhere.
pub(super) fn contains(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let (wanted, text) = both("contains", args)?;
    meter.take_steps(args::searching(text, wanted))?;
    Ok(Value::Bool(text.contains(wanted.as_str())))
}

fn both<'a>(helper: &str, args: &'a [Value]) -> Result<(&'a Text, &'a Text), TemplateError> {
    Ok((args::text(helper, args, 0)?, args::text(helper, args, 1)?))
}
