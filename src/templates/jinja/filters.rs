//! Jinja's filters and tests: which there are, and what they cost.

mod sequences;

use minijinja::value::{Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, State};

use super::catalog::{BUILT_IN, COSTLY_TESTS};
use super::meter::{self, Fuel, charge_search, defined, fail, weigh};
use super::objects::{from_jinja, to_jinja};
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::helpers::{self, Helper};

/// Filters that compare each element with the others.
const COMPARING: &[&str] = &["max", "min", "sort", "unique"];

/// Filters that take nothing (`none`) for a value.
const TAKES_NOTHING: &[&str] = &["bool", "d", "default"];

/// Adds guards for minijinja's own filters and tests, and our filters.
pub(super) fn add_to(env: &mut Environment<'_>) {
    for &(name, guard) in BUILT_IN {
        env.add_filter(guard, move |state: &mut State, args: Rest<ValueOrKwargs>| {
            built_in(state, name, args.into_values())
        });
    }
    for &(name, guard) in COSTLY_TESTS {
        env.add_test(guard, move |state: &mut State, args: Rest<Value>| {
            args.iter().try_for_each(|arg| weigh(state, arg).map(drop))?;
            state.perform_test(name, &args)
        });
    }
    sequences::add_to(env);
}

/// One of minijinja's filters, paid for before it runs.
fn built_in(state: &mut State, name: &str, args: Vec<Value>) -> Result<Value, Error> {
    if args.first().is_some_and(Value::is_none) && !TAKES_NOTHING.contains(&name) {
        return Err(fail(nothing_for(name)));
    }
    for (index, arg) in args.iter().enumerate() {
        let weight = weigh(state, arg)?;
        if index > 0 {
            charge_search(state, weight)?;
        }
    }
    if let Some(list) = args.first().filter(|_| COMPARING.contains(&name)) {
        charge_comparing(state, list)?;
    }
    let result = state.apply_filter(name, &args)?;
    let result = match result.kind() {
        // What is made while it is read would be made anew each time, and can be chained for ever.
        ValueKind::Iterable => {
            let items = result.try_iter()?.checked();
            let paid = items.map(|item| state.consume_fuel(1).and(item));
            Value::from(paid.collect::<Result<Vec<_>, _>>()?)
        }
        _ => result,
    };
    meter::keep(state, &result)?;
    Ok(result)
}

/// Charges for comparing the longest element with all others, in lower case: sorting may do that.
fn charge_comparing(state: &mut State, list: &Value) -> Result<(), Error> {
    let (mut count, mut longest) = (0u64, 0);
    if list.kind() == ValueKind::Seq {
        for item in list.try_iter()? {
            count += 1;
            longest = weigh(state, &item)?.max(longest);
        }
    }
    state.consume_fuel(count.saturating_mul(longest) / meter::BYTES_PER_FUEL)
}

/// The error for a filter whose value is nothing.
fn nothing_for(filter: &str) -> TemplateError {
    let message = format!("the value for the filter `{filter}` is nothing");
    TemplateError::new(ErrorKind::Missing, message)
        .hint("give it a stand-in with `default(\"…\", true)`")
}

/// One of the shared helpers as a filter: its value comes first, in Go it mostly comes last.
pub(super) fn helper_filter(
    helper: &'static Helper,
    state: &mut State,
    mut args: Vec<Value>,
) -> Result<Value, Error> {
    let place = args.len().min(helper.value_at.map_or(usize::MAX, |at| at + 1));
    if place > 0 {
        args[..place].rotate_left(1);
    }
    call_helper(helper, state, &args)
}

/// Calls one of the shared helpers.
pub(super) fn call_helper(
    helper: &'static Helper,
    state: &mut State,
    args: &[Value],
) -> Result<Value, Error> {
    if !helper.accepts(args.len()) {
        let expected = helpers::wants(helper.min_args, helper.max_args);
        let message = format!("{} takes {expected}, not {}", helper.name, args.len());
        return Err(fail(TemplateError::render(message)));
    }
    let mut ours = Vec::with_capacity(args.len());
    for arg in args {
        if !helper.sees_absent {
            defined(state, arg)?;
        }
        ours.push(from_jinja(&mut Fuel(state), arg).map_err(fail)?);
    }
    helper.call(&mut Fuel(state), &ours).map(|result| to_jinja(&result)).map_err(fail)
}
