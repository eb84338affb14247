//! Helpers for numbers. Like Sprig's they take numbers in any form: a text that is none, and what
//! is no number at all, is 0.

use super::Caller;
use super::args;
use crate::templates::error::TemplateError;
use crate::templates::go_numbers;
use crate::templates::value::{Text, Value};

type Result<T, E = TemplateError> = std::result::Result<T, E>;

/// `int X`, `int64 X`: the whole number that X is, cut at the decimal point.
pub(super) fn int(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    whole(meter, args::get("int", args, 0)?).map(Value::Int)
}

/// `atoi TEXT`: the decimal number that the text is.
pub(super) fn atoi(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let text = args::text("atoi", args, 0)?;
    meter.take_steps(text.len() as u64 / 16)?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    Ok(Value::Int(match text.parse() {
        Ok(number) => number,
        // What is too large is as large as can be, as in Go.
        Err(_) if is_number && text.starts_with('-') => i64::MIN,
        Err(_) if is_number => i64::MAX,
        Err(_) => 0,
    }))
}

/// `add X…`: their sum.
pub(super) fn add(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    fold(meter, args, 0, i64::wrapping_add)
}

/// `sub X Y`: X without Y.
pub(super) fn sub(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let (x, y) = two("sub", meter, args)?;
    Ok(Value::Int(x.wrapping_sub(y)))
}

/// `mul X…`: their product.
pub(super) fn mul(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    fold(meter, args, 1, i64::wrapping_mul)
}

/// `div X Y`: how often Y goes into X.
pub(super) fn div(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let (x, y) = two("div", meter, args)?;
    divisor("div", y)?;
    Ok(Value::Int(x.wrapping_div(y)))
}

/// `mod X Y`: what is left of X then; it has the sign of X.
pub(super) fn modulo(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let (x, y) = two("mod", meter, args)?;
    divisor("mod", y)?;
    Ok(Value::Int(x.wrapping_rem(y)))
}

/// `max X…`: the largest.
pub(super) fn max(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    fold(meter, args, i64::MIN, i64::max)
}

/// `min X…`: the smallest.
pub(super) fn min(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    fold(meter, args, i64::MAX, i64::min)
}

/// `floor X`: the next whole number below, as a float.
pub(super) fn floor(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    Ok(Value::Float(real(meter, args::get("floor", args, 0)?)?.floor()))
}

/// `ceil X`: the next whole number above, as a float.
pub(super) fn ceil(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    Ok(Value::Float(real(meter, args::get("ceil", args, 0)?)?.ceil()))
}

/// `round X PLACES [FROM]`: X with so many decimal places. A rest of FROM, or of 0.5, is rounded
/// up.
pub(super) fn round(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let value = real(meter, args::get("round", args, 0)?)?;
    let places = args::int("round", args, 1)?;
    let from = match args.get(2) {
        None => 0.5,
        Some(Value::Float(from)) => *from,
        Some(Value::Int(from)) => *from as f64,
        Some(other) => return Err(args::wrong("round", 2, other, "a number")),
    };
    let power = 10f64.powf(places as f64);
    let shifted = power * value;
    let rounded = if shifted.fract() >= from { shifted.ceil() } else { shifted.floor() };
    Ok(Value::Float(rounded / power))
}

fn fold(
    meter: &mut dyn Caller,
    args: &[Value],
    start: i64,
    join: fn(i64, i64) -> i64,
) -> Result<Value> {
    let mut result = start;
    for arg in args {
        result = join(result, whole(meter, arg)?);
    }
    Ok(Value::Int(result))
}

fn two(helper: &str, meter: &mut dyn Caller, args: &[Value]) -> Result<(i64, i64)> {
    let x = whole(meter, args::get(helper, args, 0)?)?;
    Ok((x, whole(meter, args::get(helper, args, 1)?)?))
}

fn divisor(helper: &str, y: i64) -> Result<()> {
    match y {
        0 => Err(TemplateError::render(format!("{helper}: a number is divided by 0"))),
        _ => Ok(()),
    }
}

/// The value as a whole number.
fn whole(meter: &mut dyn Caller, value: &Value) -> Result<i64> {
    meter.take_steps(1)?;
    Ok(match value {
        Value::Bool(b) => i64::from(*b),
        Value::Int(i) => *i,
        Value::Byte(b) => i64::from(*b),
        Value::Float(f) => *f as i64,
        Value::Str(text) => {
            meter.take_steps(text.len() as u64 / 16)?;
            literal(text).unwrap_or(0)
        }
        Value::Dual(dual) => match dual.parts {
            // A moment is a number of seconds.
            Value::Int(seconds) => seconds,
            _ => literal(&dual.text).unwrap_or(0),
        },
        Value::Nil | Value::List(_) | Value::Map(_) | Value::Typed(_) => 0,
    })
}

/// The value as a number with a fraction.
fn real(meter: &mut dyn Caller, value: &Value) -> Result<f64> {
    if let Value::Float(f) = value {
        return Ok(*f);
    }
    let Value::Str(text) = value else { return Ok(whole(meter, value)? as f64) };
    meter.take_steps(text.len() as u64 / 4)?;
    let number = go_numbers::without_underscores(text).and_then(|text| float(&text));
    Ok(number.filter(|f| f.is_finite() || !is_decimal(text)).unwrap_or(0.0))
}

/// A float without underscores: in decimal digits, in hexadecimal ones, or `inf` and its like.
fn float(text: &str) -> Option<f64> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    match go_numbers::hex_float(unsigned) {
        Some(float) => Some(if negative { -float } else { float }),
        None => text.parse().ok(),
    }
}

/// Whether the text is a number in digits; one that is too large is none in Go.
fn is_decimal(text: &Text) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

/// A whole number as Go source has it: `12`, `0x1F`, `0b101`, `0o17`, `017`, `1_000`, and, as Sprig
/// has it, `12.0`.
fn literal(text: &str) -> Option<i64> {
    let text = without_zeros(text);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.get(..2).unwrap_or_default().to_ascii_lowercase();
    let (base, digits, is_prefixed) = match (lower.as_str(), digits.get(2..)) {
        ("0x", Some(digits)) => (16, digits, true),
        ("0b", Some(digits)) => (2, digits, true),
        ("0o", Some(digits)) => (8, digits, true),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..], true),
        _ => (10, digits, false),
    };
    // An underscore stands between two digits, or behind the prefix.
    let behind_prefix =
        if is_prefixed { digits.strip_prefix('_').unwrap_or(digits) } else { digits };
    if behind_prefix.starts_with(['_', '+', '-']) || digits.ends_with('_') || digits.contains("__")
    {
        return None;
    }
    let plain = digits.replace('_', "");
    let signed = if negative { format!("-{plain}") } else { plain };
    i64::from_str_radix(&signed, base).ok()
}

/// The text without zeros behind a decimal point.
fn without_zeros(text: &str) -> &str {
    let trimmed = text.trim_end_matches('0');
    match trimmed.strip_suffix('.') {
        Some(whole) if trimmed.len() < text.len() => whole,
        _ => text,
    }
}
