//! The helper functions that both template languages share.
//!
//! They have Sprig's names, argument order (the value comes last, so that it can be piped in) and
//! results; where they differ, `docs/helpers.md` says so. They are pure: the same arguments at the
//! same moment give the same result, for ever and everywhere.

mod args;
mod ascii;
mod casing;
mod defaults;
mod enums;
mod hash;
mod json;
pub mod label;
mod list;
mod map;
mod membership;
mod number;
mod path;
mod prefix_suffix;
mod print;
mod quote;
mod regex;
mod table;
mod text;
mod time;
mod unicode_case;
mod unsupported;
mod url;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use self::table::{all, find};
pub use self::unsupported::not_offered;
pub(super) use self::unsupported::{is_absent_error, other_name, why as why_absent};
use super::budget::Budget;
use super::error::{ErrorKind, TemplateError};
use super::meter::Meter;
use super::purse::Purse;
use super::regexp::{self, Pattern, PatternError};
use super::value::Value;

/// What a list element costs in bytes.
const ELEMENT: usize = 16;

/// How deep lists and maps that a helper returns may be nested, so that printing and dropping them
/// does not overflow the stack.
const MAX_DEPTH: usize = 200;

/// Who calls a helper: it pays for what the helper does, and knows the request and the template.
pub trait Caller: Meter {
    /// The moment of the request, in seconds since 1970 (UTC).
    fn moment(&self) -> i64;

    /// A regular expression that the template spells out, compiled with it.
    fn pattern(&self, source: &str) -> Option<Arc<Pattern>>;
}

impl Caller for Budget {
    fn moment(&self) -> i64 {
        Budget::moment(self).0
    }

    fn pattern(&self, _: &str) -> Option<Arc<Pattern>> {
        None
    }
}

/// One helper function.
pub struct Helper {
    /// Its name in templates.
    pub name: &'static str,
    /// The fewest arguments it takes, the piped one included.
    pub min_args: usize,
    /// The most arguments it takes, if there is a limit.
    pub max_args: Option<usize>,
    /// Whether an argument that names an absent variable counts as nothing instead of failing.
    pub sees_absent: bool,
    /// Which argument is the value that a Jinja filter works on, counted from 0; the last one if
    /// nothing is said.
    pub value_at: Option<usize>,
    /// Whether its first argument is a regular expression.
    pub takes_pattern: bool,
    function: Function,
}

/// The function of a helper. Its errors have no position: the caller knows it.
type Function = fn(&mut dyn Caller, &[Value]) -> Result<Value, TemplateError>;

impl Helper {
    /// Whether the helper takes that many arguments.
    pub fn accepts(&self, args: usize) -> bool {
        args >= self.min_args && self.max_args.is_none_or(|max| args <= max)
    }

    /// Calls the helper with as many arguments as it takes.
    ///
    /// # Errors
    ///
    /// What is wrong, without a place.
    pub fn call(&self, meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
        meter.take_steps(1)?;
        let value = (self.function)(meter, args)?;
        check_depth(&value, meter)?;
        Ok(value)
    }
}

/// How many arguments a function wants, in words.
pub(super) fn wants(min: usize, max: Option<usize>) -> String {
    let count = |n| if n == 1 { "1 argument".to_owned() } else { format!("{n} arguments") };
    match max {
        None => format!("at least {}", count(min)),
        Some(max) if min == max => count(max),
        Some(max) => format!("{min} to {max} arguments"),
    }
}

/// Compiles a regular expression that a template spells out.
///
/// # Errors
///
/// A `parse_error` without a place; `limit_exceeded` if it costs more than is left.
pub(super) fn literal_pattern(
    source: &str,
    purse: &mut Purse,
) -> Result<Arc<Pattern>, TemplateError> {
    regexp::compile_shared(source, purse).map_err(|error| match error {
        PatternError::Exhausted(exhausted) => exhausted.into(),
        PatternError::Wrong(_) => TemplateError::parse(error.to_string()),
    })
}

/// Refuses a value whose lists and maps are nested too deep. What holds one value many times costs
/// as if it held many.
fn check_depth(value: &Value, meter: &mut dyn Caller) -> Result<(), TemplateError> {
    let mut open = vec![(value, 0)];
    while let Some((value, depth)) = open.pop() {
        if depth > MAX_DEPTH {
            let message = "lists and maps are nested too deep";
            return Err(TemplateError::new(ErrorKind::Limit, message));
        }
        let is_container = |v: &&Value| matches!(v.as_parts(), Value::List(_) | Value::Map(_));
        match value.as_parts() {
            Value::List(items) => {
                meter.take_steps(1 + items.len() as u64 / 16)?;
                open.extend(items.iter().filter(is_container).map(|v| (v, depth + 1)));
            }
            Value::Map(map) => {
                meter.take_steps(1 + map.len() as u64 / 16)?;
                open.extend(map.values().filter(is_container).map(|v| (v, depth + 1)));
            }
            _ => {}
        }
    }
    Ok(())
}
