//! Helpers for labels, which Sprig does not have: `labelValue`, `stripScope`.

use std::borrow::Cow;

use super::Meter;
use super::args;
use super::print;
use crate::engine::render::error::TemplateError;
use crate::engine::render::value::Value;
use crate::engine::validate::{NAME_BYTES, sanitize};

/// `labelValue X`: a valid label value made of a text or a number, empty if nothing is left of it.
pub(super) fn label_value(meter: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    const NAME: &str = "labelValue";
    match args::get(NAME, args, 0)? {
        value @ (Value::Bool(_) | Value::Int(_) | Value::Byte(_) | Value::Float(_)) => {
            let text = print::value(meter, value)?;
            Ok(Value::from(sanitize(&text).as_ref()))
        }
        _ => {
            let text = args::text(NAME, args, 0)?;
            meter.take_steps(text.len() as u64 / 64)?;
            meter.take_bytes(text.len().min(NAME_BYTES))?;
            Ok(match sanitize(text) {
                Cow::Borrowed(_) => Value::Str(text.clone()),
                Cow::Owned(clean) => Value::from(clean),
            })
        }
    }
}

/// `stripScope X`: what a scoped label says about its scope: `critical` for `priority/critical`,
/// `x` for `area: x`, `bug` for `kind::bug`.
///
/// The scope ends at the first `/` or `:` (or run of it), so that `area/ui/forms` is `ui/forms`;
/// white space around the rest is trimmed. A text without a scope, or with nothing behind it, is
/// given back as it is: `:bug:`, `wip:`, `bug`.
pub(super) fn strip_scope(meter: &mut dyn Meter, args: &[Value]) -> Result<Value, TemplateError> {
    let text = args::text("stripScope", args, 0)?;
    meter.take_steps(text.len() as u64 / 64)?;
    let rest = text.find(['/', ':']).and_then(|end| {
        let (scope, rest) = text.split_at(end);
        let separator = rest.chars().next()?;
        let rest = rest.trim_start_matches(separator).trim();
        (!scope.trim().is_empty() && !rest.is_empty()).then_some(rest)
    });
    match rest {
        Some(rest) => {
            meter.take_bytes(rest.len())?;
            Ok(Value::from(rest))
        }
        None => Ok(Value::Str(text.clone())),
    }
}
