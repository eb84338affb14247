//! Values as text, the way Go's `%v` prints them.

use super::Caller;
use crate::templates::error::TemplateError;
use crate::templates::gofmt;
use crate::templates::value::Value;

/// The printed value.
pub(super) fn value(meter: &mut dyn Caller, value: &Value) -> Result<String, TemplateError> {
    Ok(gofmt::print(std::slice::from_ref(value), meter)?)
}

/// Prints a value to the end of a text.
pub(super) fn append(
    meter: &mut dyn Caller,
    out: &mut String,
    value: &Value,
) -> Result<(), TemplateError> {
    out.push_str(&self::value(meter, value)?);
    Ok(())
}
