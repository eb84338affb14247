//! The one minijinja environment: filters, tests, functions and how values are printed.

use std::sync::LazyLock;

use minijinja::functions;
use minijinja::value::{Rest, Value, ValueOrKwargs};
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior};

use super::catalog::{BUILT_IN, OWN, guarded, is_function};
use super::filters;
use super::meter::{self, Fuel, fail, weigh};
use super::operators;
use crate::templates::error::TemplateError;
use crate::templates::helpers::{self, Helper};
use crate::templates::meter::Meter;

/// The environment, cheap to copy: its tables are shared.
pub(super) fn base() -> Environment<'static> {
    static BASE: LazyLock<Environment<'static>> = LazyLock::new(build);
    BASE.clone()
}

fn build() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    // Else errors do not name the variable that is undefined.
    env.set_debug(true);
    env.set_formatter(print);
    for name in ["debug", "dict"] {
        env.remove_global(name);
    }
    env.add_function("range", range);
    env.add_function("namespace", namespace);
    operators::add_to(&mut env);
    filters::add_to(&mut env);
    for helper in helpers::all() {
        if is_function(helper.name) {
            env.add_function(helper.name, move |state: &mut State, args: Rest<Value>| {
                filters::call_helper(helper, state, &args)
            });
        }
        if is_helper_filter(helper) {
            env.add_filter(helper.name, move |state: &mut State, args: Rest<Value>| {
                filters::helper_filter(helper, state, args.0)
            });
        }
    }
    env
}

/// Jinja's own filter wins over a helper of the same name.
fn is_helper_filter(helper: &Helper) -> bool {
    guarded(BUILT_IN, helper.name).is_none() && !OWN.contains(&helper.name)
}

/// Prints a value into the result. What is nothing has no text: the key would get the word `None`.
fn print(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        // `{{ x if y }}` without an else: Jinja prints nothing.
        return Ok(());
    }
    operators::printable(value)?;
    match value.as_str() {
        Some(text) => out.write_str(text)?,
        None => {
            weigh(state, value)?;
            write!(out, "{value}")?;
        }
    }
    Ok(())
}

/// `range([FROM,] TO [, STEP])`: a list of numbers, paid for at once.
fn range(
    state: &mut State,
    first: i64,
    second: Option<i64>,
    step: Option<i64>,
) -> Result<Value, Error> {
    let (from, to) = second.map_or((0, first), |to| (first, to));
    let (from, to, step) = (i128::from(from), i128::from(to), i128::from(step.unwrap_or(1)));
    if step == 0 {
        return Err(fail(TemplateError::render("a range cannot have steps of 0")));
    }
    let distance = if step > 0 { to - from } else { from - to };
    let count = (distance.max(0) + step.abs() - 1) / step.abs();
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    Fuel(state).take_steps(count).map_err(fail)?;
    let numbers = (0..count).map(|i| from + step * i128::from(i));
    Ok(Value::from(numbers.map(|n| Value::from(n as i64)).collect::<Vec<_>>()))
}

/// `namespace(NAME=VALUE, …)`: variables that can be set within loops.
fn namespace(state: &mut State, initial: Option<ValueOrKwargs>) -> Result<Value, Error> {
    let object = initial.as_ref().and_then(|initial| initial.as_object());
    for (_, value) in object.and_then(|object| object.try_iter_pairs()).into_iter().flatten() {
        meter::keep(state, &value)?;
    }
    functions::namespace(initial)
}
