//! Values as text, the way Go's `%v` prints them.

use std::fmt::Write as _;

use super::Meter;
use crate::engine::render::error::TemplateError;
use crate::engine::render::value::Value;

/// The printed value.
pub(super) fn value(meter: &mut dyn Meter, value: &Value) -> Result<String, TemplateError> {
    let mut out = String::new();
    append(meter, &mut out, value)?;
    Ok(out)
}

/// Prints a value to the end of a text.
pub(super) fn append(
    meter: &mut dyn Meter,
    out: &mut String,
    value: &Value,
) -> Result<(), TemplateError> {
    if let Some(text) = value.as_text() {
        meter.take_bytes(text.len())?;
        out.push_str(text);
        return Ok(());
    }
    let start = out.len();
    match value {
        Value::Nil => out.push_str("<nil>"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        // Writing into a String cannot fail.
        Value::Int(i) => drop(write!(out, "{i}")),
        Value::Byte(b) => drop(write!(out, "{b}")),
        Value::Float(f) => out.push_str(&float(*f)),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(meter, out, index)?;
                append(meter, out, item)?;
            }
            out.push(']');
            return Ok(());
        }
        Value::Map(map) => {
            out.push_str("map[");
            for (index, (key, item)) in map.iter().enumerate() {
                separate(meter, out, index)?;
                meter.take_bytes(key.len() + 1)?;
                out.push_str(key);
                out.push(':');
                append(meter, out, item)?;
            }
            out.push(']');
            return Ok(());
        }
        Value::Str(_) | Value::Dual(_) => {}
    }
    meter.take_bytes(out.len() - start)?;
    Ok(())
}

/// A space before every element but the first.
fn separate(meter: &mut dyn Meter, out: &mut String, index: usize) -> Result<(), TemplateError> {
    meter.take_steps(1)?;
    if index > 0 {
        out.push(' ');
    }
    Ok(())
}

/// A number as Go's `%v` prints a `float64`: the shortest digits that read back as the same
/// number, with an exponent where it is below -4 or above 5.
fn float(f: f64) -> String {
    if f.is_nan() {
        return "NaN".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{f:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{f}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
