//! Go's functions, but for `and` and `or`, which decide themselves what is evaluated.

use super::function::Builtin;
use super::{compare, escape};
use crate::templates::budget::Budget;
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::gofmt;
use crate::templates::value::Value;

type Result<T, E = TemplateError> = std::result::Result<T, E>;

impl Builtin {
    /// Calls the function with as many arguments as it takes. Errors have no place yet.
    pub(super) fn call(self, args: &[Value], budget: &mut Budget) -> Result<Value> {
        budget.take_steps(1)?;
        match (self, args) {
            (Builtin::Not, [value]) => Ok(Value::Bool(!value.is_true())),
            (Builtin::Eq, [left, right @ ..]) => compare::eq(left, right, budget),
            (Builtin::Ne, [left, right]) => compare::ne(left, right, budget),
            (Builtin::Lt, [left, right]) => compare::lt(left, right, budget),
            (Builtin::Le, [left, right]) => compare::le(left, right, budget),
            (Builtin::Gt, [left, right]) => compare::gt(left, right, budget),
            (Builtin::Ge, [left, right]) => compare::ge(left, right, budget),
            (Builtin::Len, [value]) => len(value),
            (Builtin::Index, [value, keys @ ..]) => index(value, keys, budget),
            (Builtin::Slice, [value, bounds @ ..]) => slice(value, bounds, budget),
            (Builtin::Print, args) => text(gofmt::print(args, budget)?, budget),
            (Builtin::Println, args) => text(gofmt::println(args, budget)?, budget),
            (Builtin::Printf, [format, args @ ..]) => {
                let Some(format) = format.as_text() else {
                    return fail("printf", "needs a text as its format", format);
                };
                text(gofmt::printf(format, args, budget)?, budget)
            }
            (Builtin::Html, args) => escaped(args, escape::html, budget),
            (Builtin::Js, args) => escaped(args, escape::js, budget),
            (Builtin::Urlquery, args) => escaped(args, escape::url_query, budget),
            (Builtin::Call, _) => {
                Err(TemplateError::render("call: no variable of a Task is a function"))
            }
            (builtin, args) => {
                let message = format!("{builtin:?} can't be called with {} arguments", args.len());
                Err(TemplateError::render(message))
            }
        }
    }
}

fn fail<T>(function: &str, problem: &str, value: &Value) -> Result<T> {
    Err(TemplateError::render(format!("{function}: {problem}, not {}", value.kind())))
}

/// The text as a value, which is one more copy.
fn text(text: String, budget: &mut Budget) -> Result<Value> {
    budget.take_bytes(text.len())?;
    Ok(Value::from(text))
}

fn len(value: &Value) -> Result<Value> {
    let length = match value.as_parts() {
        Value::Str(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        other => return fail("len", "only a text, a list or a map has a length", other),
    };
    Ok(Value::Int(length as i64))
}

fn index(value: &Value, keys: &[Value], budget: &mut Budget) -> Result<Value> {
    if *value == Value::Nil {
        return nothing_to_index();
    }
    let mut here = value.clone();
    for key in keys {
        budget.take_steps(1)?;
        here = match here.as_parts() {
            Value::Map(map) => match key.as_text() {
                Some(key) => map.get(key).cloned().unwrap_or_default(),
                None => return fail("index", "the key of a map is a text", key),
            },
            Value::List(items) => {
                let number = bound("index", key)?;
                match items.get(number) {
                    Some(item) => item.clone(),
                    None => return out_of_range("index", number),
                }
            }
            Value::Str(text) => {
                let number = bound("index", key)?;
                match text.as_bytes().get(number) {
                    Some(byte) => Value::Byte(*byte),
                    None => return out_of_range("index", number),
                }
            }
            Value::Nil => return nothing_to_index(),
            other => return fail("index", "only a list, a map or a text has elements", other),
        };
    }
    Ok(here)
}

fn nothing_to_index<T>() -> Result<T> {
    let message = "index: what it should look into is not known";
    Err(TemplateError::new(ErrorKind::Missing, message))
}

/// That there is no element of this number.
fn out_of_range<T>(function: &str, number: usize) -> Result<T> {
    let error = TemplateError::render(format!("{function}: there are not so many elements"));
    Err(match number {
        0 => error.hint("test first: {{with .Labels}}{{index . 0}}{{end}}"),
        _ => error.hint(format!(
            "test first: {{{{if gt (len .Labels) {number}}}}}{{{{index .Labels {number}}}}}{{{{end}}}}"
        )),
    })
}

/// A number that counts elements.
fn bound(function: &str, value: &Value) -> Result<usize> {
    match value {
        Value::Byte(n) => Ok(usize::from(*n)),
        Value::Int(n) => match usize::try_from(*n) {
            Ok(n) => Ok(n),
            Err(_) => {
                Err(TemplateError::render(format!("{function}: elements are counted from 0")))
            }
        },
        other => fail(function, "elements are counted in whole numbers", other),
    }
}

/// `slice x`, `slice x 1`, `slice x 1 2` and, of lists, `slice x 1 2 3`, which limits what further
/// slices can reach and is checked for its order only.
fn slice(value: &Value, bounds: &[Value], budget: &mut Budget) -> Result<Value> {
    let value = value.as_plain();
    let length = match &value {
        Value::Str(_) if bounds.len() == 3 => {
            return Err(TemplateError::render("slice: a text takes two bounds, not three"));
        }
        Value::Str(text) => text.len(),
        Value::List(items) => items.len(),
        other => return fail("slice", "only a text or a list can be sliced", other),
    };
    let mut range = [0, length, length];
    for (place, value) in range.iter_mut().zip(bounds) {
        *place = bound("slice", value)?;
        if *place > length {
            return out_of_range("slice", 0);
        }
    }
    let [start, end, capacity] = range;
    if start > end || end > capacity {
        return Err(TemplateError::render("slice: the first bound is behind the second"));
    }
    match &value {
        Value::Str(whole) => match whole.get(start..end) {
            Some(part) => {
                budget.take_bytes(part.len())?;
                Ok(Value::from(part))
            }
            None => Err(TemplateError::render("slice: the cut goes through a character")
                .hint("texts are counted in bytes; printf \"%.20s\" cuts by characters")),
        },
        Value::List(items) => {
            budget.take_bytes((end - start) * size_of::<Value>())?;
            Ok(Value::List(items[start..end].into()))
        }
        other => Ok(other.clone()),
    }
}

/// The printed arguments, escaped.
fn escaped(
    args: &[Value],
    escape: fn(&str, &mut Budget) -> Result<String, crate::templates::budget::Exhausted>,
    budget: &mut Budget,
) -> Result<Value> {
    if args.contains(&Value::Nil) {
        let message = "what should be escaped here is not known";
        return Err(TemplateError::new(ErrorKind::Missing, message));
    }
    let plain = match args {
        [one] if one.as_text().is_some() => one.as_plain(),
        _ => Value::from(gofmt::print(args, budget)?),
    };
    match plain.as_text() {
        Some(plain) => text(escape(plain, budget)?, budget),
        None => Ok(plain),
    }
}
