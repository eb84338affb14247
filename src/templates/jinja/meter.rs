//! What minijinja's fuel does not see: the size of values.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::objects::{CONTEXT, Container, Context, sequence};
use crate::templates::budget::Exhausted;
use crate::templates::error::ErrorKind as Fault;
use crate::templates::error::TemplateError;
use crate::templates::helpers::Caller;
use crate::templates::meter::Meter;
use crate::templates::regexp::Pattern;

/// One unit of fuel pays for this many bytes, here as in minijinja.
pub(super) const BYTES_PER_FUEL: u64 = 64;

/// What reading one element of a list costs, in bytes.
const ELEMENT: u64 = 64;

/// What reading one entry of a map costs, in bytes: it is looked up by its key.
const ENTRY: u64 = 192;

/// How deep a value may be nested, variables included.
const MAX_DEPTH: usize = 200;

/// How deep lists and maps that a template builds may lie within one another.
const MAX_BUILT: usize = 4;

/// Charges helpers to the fuel of a running template.
pub(super) struct Fuel<'a, 'template, 'env>(pub(super) &'a State<'template, 'env>);

impl Meter for Fuel<'_, '_, '_> {
    fn take_steps(&mut self, n: u64) -> Result<(), Exhausted> {
        self.0.consume_fuel(n).map_err(|_| Exhausted::Steps)
    }

    fn take_bytes(&mut self, n: usize) -> Result<(), Exhausted> {
        self.take_steps(n as u64 / BYTES_PER_FUEL)
    }
}

impl Caller for Fuel<'_, '_, '_> {
    fn moment(&self) -> i64 {
        context(self.0).map_or(0, |context| context.moment)
    }

    fn pattern(&self, source: &str) -> Option<Arc<Pattern>> {
        context(self.0)?.patterns.get(source).cloned()
    }
}

fn context(state: &State) -> Option<Arc<Context>> {
    state.lookup(CONTEXT)?.downcast_object()
}

/// An error of ours on its way through minijinja.
pub(super) fn fail(error: impl Into<TemplateError>) -> Error {
    let error = error.into();
    Error::new(ErrorKind::InvalidOperation, "").with_source(error)
}

/// Charges for reading all of a value, and says how many bytes that is.
pub(super) fn weigh(state: &State, value: &Value) -> Result<u64, Error> {
    let mut scale = Scale { state, total: 0, unpaid: 0 };
    scale.add(value, 0)?;
    scale.pay()?;
    Ok(scale.total)
}

/// Charges for preparing a search for a text, which takes longer than reading it.
pub(super) fn charge_search(state: &mut State, bytes: u64) -> Result<(), Error> {
    state.consume_fuel(bytes / BYTES_PER_FUEL * 3)
}

/// Fails if a value is undefined, with minijinja's own error, which knows the variable's name.
pub(super) fn defined(state: &mut State, value: &Value) -> Result<(), Error> {
    match value.is_undefined() {
        true => state.apply_filter("string", std::slice::from_ref(value)).map(drop),
        false => Ok(()),
    }
}

struct Scale<'a> {
    state: &'a State<'a, 'a>,
    total: u64,
    unpaid: u64,
}

impl Scale<'_> {
    fn add(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if let Some(text) = value.as_str() {
            return self.take(text.len() as u64);
        }
        let Some(object) = value.as_object() else { return Ok(()) };
        if let Some(text) = value.downcast_object_ref::<Container>().and_then(Container::text) {
            self.take(text.len() as u64)?;
        }
        if depth == MAX_DEPTH {
            return Err(fail(TemplateError::from(Exhausted::Steps)));
        }
        match object.repr() {
            ObjectRepr::Map => {
                for (key, item) in object.try_iter_pairs().into_iter().flatten() {
                    self.take(ENTRY)?;
                    self.add(&key, depth + 1)?;
                    self.add(&item, depth + 1)?;
                }
            }
            ObjectRepr::Seq | ObjectRepr::Iterable => {
                for item in object.try_iter().into_iter().flatten() {
                    self.take(ELEMENT)?;
                    self.add(&item, depth + 1)?;
                }
            }
            _ => {
                return Err(fail(
                    TemplateError::render("a function is no value")
                        .hint("call it, with its arguments in parentheses"),
                ));
            }
        }
        Ok(())
    }

    /// Takes bytes; pays now and then, so that a huge value ends the template early.
    fn take(&mut self, bytes: u64) -> Result<(), Error> {
        self.total += bytes;
        self.unpaid += bytes;
        if self.unpaid < 16 * BYTES_PER_FUEL {
            return Ok(());
        }
        self.pay()
    }

    fn pay(&mut self) -> Result<(), Error> {
        let fuel = self.unpaid / BYTES_PER_FUEL;
        self.unpaid %= BYTES_PER_FUEL;
        self.state.consume_fuel(fuel)
    }
}

/// Refuses values that a template must not keep in a list, map or namespace: what is nested too
/// deep, and what is no plain value. The first would make values whose size or depth grows faster
/// than what they cost, the second values that hold themselves.
pub(super) fn keep(state: &mut State, value: &Value) -> Result<(), Error> {
    match keeps(state, value, MAX_BUILT) {
        Ok(()) => Ok(()),
        Err(Refusal::Error(error)) => Err(error),
        Err(Refusal::TooDeep) => Err(fail(
            TemplateError::new(Fault::Limit, "lists and maps are nested too deep")
                .hint("a template can build lists and maps four deep"),
        )),
        Err(Refusal::NotPlain) => Err(fail(
            TemplateError::render(
                "a list, map or namespace can hold texts, numbers, lists and maps",
            )
            .hint("it can't hold a loop, a macro, a function or a namespace"),
        )),
    }
}

/// Whether this is a value that can be printed and kept: no function, macro, loop or namespace.
pub(super) fn is_plain(value: &Value) -> bool {
    value.as_object().is_none()
        || value.downcast_object_ref::<Container>().is_some()
        || sequence(value).is_some()
        || map(value).is_some()
}

enum Refusal {
    TooDeep,
    NotPlain,
    Error(Error),
}

fn keeps(state: &mut State, value: &Value, levels: usize) -> Result<(), Refusal> {
    let (length, items): (usize, Box<dyn Iterator<Item = &Value>>) =
        match (sequence(value), map(value)) {
            (Some(items), _) => (items.len(), Box::new(items.iter())),
            (None, Some(map)) => (map.len(), Box::new(map.values())),
            (None, None) => return is_plain(value).then_some(()).ok_or(Refusal::NotPlain),
        };
    let below = levels.checked_sub(1).ok_or(Refusal::TooDeep)?;
    state.consume_fuel(length as u64 / 2).map_err(Refusal::Error)?;
    for item in items {
        defined(state, item).map_err(Refusal::Error)?;
        keeps(state, item, below)?;
    }
    Ok(())
}

fn map(value: &Value) -> Option<&BTreeMap<Value, Value>> {
    value.downcast_object_ref()
}
