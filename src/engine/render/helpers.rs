//! The helper functions that both template languages share.
//!
//! They have Sprig's names, argument order (the value comes last, so that it can be piped in) and
//! results. They are pure: the same arguments give the same result, for ever and everywhere.

mod args;
mod case;
mod choice;
pub mod label;
mod list;
mod print;
mod text;

#[cfg(test)]
mod tests;

use super::budget::{Budget, Exhausted};
use super::error::TemplateError;
use super::value::Value;

/// Where a helper charges what it costs: Go templates pay from their [`Budget`], Jinja templates
/// with minijinja's fuel.
pub trait Meter {
    /// Takes steps before they are made.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] when the template has none left.
    fn take_steps(&mut self, n: u64) -> Result<(), Exhausted>;

    /// Takes bytes (16 for a list element) before they are allocated.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] when the template has none left.
    fn take_bytes(&mut self, n: usize) -> Result<(), Exhausted>;
}

impl Meter for Budget {
    fn take_steps(&mut self, n: u64) -> Result<(), Exhausted> {
        Budget::take_steps(self, n)
    }

    fn take_bytes(&mut self, n: usize) -> Result<(), Exhausted> {
        Budget::take_bytes(self, n)
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
    /// The function. Its errors have no position: the caller knows it.
    pub call: fn(&mut dyn Meter, &[Value]) -> Result<Value, TemplateError>,
}

impl Helper {
    /// A helper that takes exactly `args` arguments.
    const fn exact(name: &'static str, args: usize, call: Call) -> Helper {
        Helper { name, min_args: args, max_args: Some(args), sees_absent: false, call }
    }

    /// A helper that takes `min_args` arguments or more, absent ones among them.
    const fn lenient(name: &'static str, min_args: usize, call: Call) -> Helper {
        Helper { name, min_args, max_args: None, sees_absent: true, call }
    }

    /// Whether the helper takes that many arguments.
    pub fn accepts(&self, args: usize) -> bool {
        args >= self.min_args && self.max_args.is_none_or(|max| args <= max)
    }
}

type Call = fn(&mut dyn Meter, &[Value]) -> Result<Value, TemplateError>;

/// All helpers, by name.
static HELPERS: &[Helper] = &[
    Helper::lenient("coalesce", 0, choice::coalesce),
    Helper::lenient("default", 1, choice::default),
    Helper { max_args: Some(1), ..Helper::lenient("empty", 1, choice::empty) },
    Helper::exact("first", 1, list::first),
    Helper::exact("join", 2, list::join),
    Helper::exact("labelValue", 1, label::label_value),
    Helper::exact("last", 1, list::last),
    Helper::exact("lower", 1, text::lower),
    Helper::exact("replace", 3, text::replace),
    Helper::exact("splitList", 2, list::split_list),
    Helper::exact("stripScope", 1, label::strip_scope),
    Helper::exact("trimPrefix", 2, text::trim_prefix),
    Helper::exact("trimSuffix", 2, text::trim_suffix),
    Helper::exact("trunc", 2, text::trunc),
    Helper::exact("upper", 1, text::upper),
];

/// The helper of that name.
pub fn find(name: &str) -> Option<&'static Helper> {
    HELPERS.iter().find(|helper| helper.name == name)
}

/// All helpers, by name.
pub fn all() -> impl Iterator<Item = &'static Helper> {
    HELPERS.iter()
}
