//! Arguments of Go's functions where a template is rendered as Go does it.

use super::super::outline::NO_VALUE;
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::go::function::Builtin;
use crate::templates::value::Value;

/// Makes arguments what the function sees: those that escape see `<no value>` for nothing, and what a pointer points
/// to; `len` and `index` see the latter.
///
/// # Errors
///
/// [`ErrorKind::Limit`] where a function prints an address.
pub(super) fn arguments(builtin: Builtin, values: &mut [Value]) -> Result<(), TemplateError> {
    for value in values {
        if let Value::Typed(typed) = &*value {
            typed.known()?;
        }
        match (builtin, &*value) {
            (Builtin::Html | Builtin::Js | Builtin::Urlquery, Value::Nil) => {
                *value = Value::from(NO_VALUE);
            }
            (Builtin::Html | Builtin::Js | Builtin::Urlquery, Value::Typed(typed)) => {
                *value = typed.printed()?;
            }
            (Builtin::Len | Builtin::Index, Value::Typed(typed)) => {
                if let Some(pointed) = typed.pointed()? {
                    *value = pointed;
                }
            }
            (Builtin::Print | Builtin::Printf | Builtin::Println, Value::Typed(_)) => {
                return Err(TemplateError::new(ErrorKind::Limit, PRINTS_ADDRESS)
                    .hint("print it by an action of its own, or ask its `Get` method, as in `.Payload.GetAction`"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What `print` and its kin do with pointers.
const PRINTS_ADDRESS: &str =
    "`print`, `printf` and `println` write the address of a pointer, which nobody can tell";
