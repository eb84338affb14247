//! Filters that call another filter or a test for each element of a list: `map`, `select`, `reject`.
//!
//! minijinja's own would call unguarded ones.

use minijinja::value::{Rest, Value, ValueKind};
use minijinja::{Environment, Error, State};

use crate::templates::error::TemplateError;
use crate::templates::jinja::catalog::{filter_name, test_name};
use crate::templates::jinja::meter::{self, Fuel, defined, fail};
use crate::templates::meter::Meter;

/// What it costs to call a filter or test for one element, in fuel.
const CALL_COST: u64 = 3;

/// Adds the filters.
pub(super) fn add_to(env: &mut Environment<'_>) {
    env.add_filter("map", map);
    env.add_filter("select", |state: &mut State, list: Value, args: Rest<Value>| {
        select(state, list, &args, true)
    });
    env.add_filter("reject", |state: &mut State, list: Value, args: Rest<Value>| {
        select(state, list, &args, false)
    });
}

/// `map(FILTER, …)`: each element sent through a filter.
fn map(state: &mut State, list: Value, args: Rest<Value>) -> Result<Value, Error> {
    let name = args.first().and_then(Value::as_str);
    let filter = name.and_then(filter_name).ok_or_else(|| {
        fail(TemplateError::render("`map` takes the name of a filter as its first argument"))
    })?;
    let mut mapped = Vec::new();
    for item in elements(state, &list)? {
        let call: Vec<Value> = std::iter::once(item).chain(args[1..].iter().cloned()).collect();
        let result = state.apply_filter(filter, &call)?;
        state.consume_fuel(CALL_COST)?;
        Fuel(state).take_bytes(32 + result.as_str().map_or(0, str::len)).map_err(fail)?;
        mapped.push(result);
    }
    let mapped = Value::from(mapped);
    meter::keep(state, &mapped).map(|()| mapped)
}

/// `select(TEST, …)` and `reject`: the elements that pass, or fail, a test.
fn select(state: &mut State, list: Value, args: &[Value], wanted: bool) -> Result<Value, Error> {
    let test = match args.first() {
        None => None,
        Some(name) => Some(name.as_str().and_then(test_name).ok_or_else(|| {
            fail(TemplateError::render("the first argument must be the name of a test"))
        })?),
    };
    let mut selected = Vec::new();
    for item in elements(state, &list)? {
        let passes = match test {
            None => item.is_true(),
            Some(test) => {
                let rest = args[1..].iter().cloned();
                let call: Vec<Value> = std::iter::once(item.clone()).chain(rest).collect();
                state.perform_test(test, &call)?
            }
        };
        state.consume_fuel(CALL_COST)?;
        if passes == wanted {
            selected.push(item);
        }
    }
    let selected = Value::from(selected);
    meter::keep(state, &selected).map(|()| selected)
}

/// The elements of a list, paid for.
fn elements(state: &mut State, list: &Value) -> Result<Vec<Value>, Error> {
    defined(state, list)?;
    if list.kind() != ValueKind::Seq {
        let message = format!("this filter works on lists, not on {}", list.kind());
        return Err(fail(TemplateError::render(message)));
    }
    state.consume_fuel(1 + list.len().unwrap_or(0) as u64)?;
    Ok(list.try_iter()?.collect())
}
