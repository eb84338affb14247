//! Helpers that make or take lists: `join`, `splitList`, `first`, `last`.

use super::Meter;
use super::args;
use super::print;
use crate::engine::render::error::TemplateError;
use crate::engine::render::value::Value;

/// What a list element costs in bytes.
const ELEMENT: usize = 16;

/// `join SEPARATOR LIST`: the elements, printed, with the separator between them.
///
/// Elements that are nothing are left out; what is no list is printed alone, as Sprig has it.
pub(super) fn join(meter: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    let separator = args::text("join", args, 0)?;
    let value = args::get("join", args, 1)?;
    let items = match value.as_list() {
        Some(items) => items.as_ref(),
        None => std::slice::from_ref(value),
    };
    let mut joined = String::new();
    let present = items.iter().filter(|item| !matches!(item, Value::Nil));
    for (index, item) in present.enumerate() {
        meter.take_steps(1)?;
        if index > 0 {
            meter.take_bytes(separator.len())?;
            joined.push_str(separator);
        }
        print::append(meter, &mut joined, item)?;
    }
    Ok(Value::from(joined))
}

/// `splitList SEPARATOR TEXT`: the pieces between the separators; an empty separator splits into
/// characters.
pub(super) fn split_list(meter: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    let separator = args::text("splitList", args, 0)?;
    let text = args::text("splitList", args, 1)?;
    meter.take_steps(args::searching(text, separator))?;
    let pieces = match separator.is_empty() {
        true => text.chars().count(),
        false => text.matches(separator.as_ref()).count() + 1,
    };
    meter.take_steps(pieces as u64)?;
    meter.take_bytes(pieces.saturating_mul(ELEMENT).saturating_add(text.len()))?;
    let items: Vec<Value> = match separator.is_empty() {
        true => text.chars().map(|c| Value::from(&*c.encode_utf8(&mut [0; 4]))).collect(),
        false => text.split(separator.as_ref()).map(Value::from).collect(),
    };
    Ok(Value::from(items))
}

/// `first LIST`: its first element, nothing if it has none.
pub(super) fn first(_: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    Ok(args::list("first", args, 0)?.first().cloned().unwrap_or_default())
}

/// `last LIST`: its last element, nothing if it has none.
pub(super) fn last(_: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    Ok(args::list("last", args, 0)?.last().cloned().unwrap_or_default())
}
