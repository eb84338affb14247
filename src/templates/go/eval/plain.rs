//! Arguments of Go's functions where a template is rendered as Go does it.

use super::super::outline::NO_VALUE;
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::go::function::Builtin;
use crate::templates::value::Value;

/// Makes arguments what the function sees: those that escape see `<no value>` for nothing, and what a pointer points
/// to; `len`, `index` and `slice` see the latter of the first.
///
/// # Errors
///
/// [`ErrorKind::Limit`] where a function prints an address.
pub(super) fn arguments(builtin: Builtin, values: &mut [Value]) -> Result<(), TemplateError> {
    for value in &*values {
        if let Value::Typed(typed) = value {
            typed.known()?;
        }
    }
    if matches!(builtin, Builtin::Eq | Builtin::Ne) {
        comparable(values)?;
    }
    for (place, value) in values.iter_mut().enumerate() {
        match (builtin, &*value) {
            (Builtin::Html | Builtin::Js | Builtin::Urlquery, Value::Nil) => {
                *value = Value::from(NO_VALUE);
            }
            (Builtin::Html | Builtin::Js | Builtin::Urlquery, Value::Typed(typed)) => {
                *value = typed.printed()?;
            }
            (Builtin::Len | Builtin::Index | Builtin::Slice, Value::Typed(typed)) if place == 0 => {
                if let Some(pointed) = typed.pointed()? {
                    *value = pointed;
                }
            }
            (
                Builtin::Print
                | Builtin::Printf
                | Builtin::Println
                | Builtin::Html
                | Builtin::Js
                | Builtin::Urlquery,
                value,
            ) if value.holds_typed() => return Err(prints_address()),
            _ => {}
        }
    }
    Ok(())
}

/// Refuses what can't be told: whether an empty list is nothing for Go, and structs that are no pointers.
fn comparable(values: &[Value]) -> Result<(), TemplateError> {
    let is_empty = |value: &Value| match value {
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    };
    let is_struct = |value: &Value| match value {
        Value::Typed(typed) => typed.is_true() && typed.address().is_none(),
        _ => false,
    };
    if values.contains(&Value::Nil) && values.iter().any(is_empty) {
        let message = "whether an empty list is nothing is not simulated";
        return Err(TemplateError::new(ErrorKind::Limit, message));
    }
    if let Some(value) = values.iter().find(|value| is_struct(value)) {
        let message = format!("a comparison of {} is not simulated", value.kind());
        return Err(TemplateError::new(ErrorKind::Limit, message));
    }
    Ok(())
}

/// That Go writes where a pointer is in memory.
pub(super) fn prints_address() -> TemplateError {
    let message = "this writes the address of a pointer, which nobody can tell";
    TemplateError::new(ErrorKind::Limit, message).hint(
        "print it by an action of its own, or ask its `Get` method, as in `.Payload.GetAction`",
    )
}
