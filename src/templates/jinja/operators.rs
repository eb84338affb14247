//! Operators that cost what their operands weigh, as filters: [`super::rewrite`] puts them in the
//! place of minijinja's own.

use minijinja::value::{Rest, Value, ValueKind};
use minijinja::{Environment, Error, State};

use super::meter::{self, charge_search, defined, fail, weigh};
use super::objects::{Container, text};
use crate::templates::error::TemplateError;

pub(super) const EQ: &str = "\0==";
pub(super) const NE: &str = "\0!=";
pub(super) const LT: &str = "\0<";
pub(super) const LE: &str = "\0<=";
pub(super) const GT: &str = "\0>";
pub(super) const GE: &str = "\0>=";
pub(super) const IN: &str = "\0in";
pub(super) const CONCAT: &str = "\0~";
pub(super) const SLICE: &str = "\0[:]";
pub(super) const MAP: &str = "\0{}";
pub(super) const ITERABLE: &str = "\0iterable";
pub(super) const MACRO: &str = "\0macro";
pub(super) const KEEP: &str = "\0keep";
pub(super) const SINGLE: &str = "\0single";

/// Why lists are not added or repeated: minijinja makes the result piece by piece when it is read,
/// and what is read so may be far longer than what was paid for.
pub(super) const NO_LISTS: &str = "`+` and `*` add and multiply numbers and texts, not lists";
pub(super) const NO_LISTS_HINT: &str =
    "loop over one list after the other, or join them to texts first";

/// What it costs to make a macro or the body of a call block, in fuel: minijinja takes none for it.
const MACRO_COST: u64 = 8;

/// The longest text that can be a key of a map that a template builds: each look-up compares it.
const MAX_KEY: usize = 256;

/// Adds the operators.
pub(super) fn add_to(env: &mut Environment<'_>) {
    env.add_filter(EQ, |state: &mut State, a: Value, b: Value| {
        compare(state, a, b).map(|(a, b)| a == b)
    });
    env.add_filter(NE, |state: &mut State, a: Value, b: Value| {
        compare(state, a, b).map(|(a, b)| a != b)
    });
    env.add_filter(LT, |state: &mut State, a: Value, b: Value| {
        compare(state, a, b).map(|(a, b)| a < b)
    });
    env.add_filter(LE, |state: &mut State, a: Value, b: Value| {
        compare(state, a, b).map(|(a, b)| a <= b)
    });
    env.add_filter(GT, |state: &mut State, a: Value, b: Value| {
        compare(state, a, b).map(|(a, b)| a > b)
    });
    env.add_filter(GE, |state: &mut State, a: Value, b: Value| {
        compare(state, a, b).map(|(a, b)| a >= b)
    });
    env.add_filter(IN, contains);
    env.add_filter(CONCAT, concat);
    env.add_filter(SLICE, slice);
    env.add_filter(MAP, build_map);
    env.add_filter(ITERABLE, iterable);
    env.add_filter(KEEP, |state: &mut State, value: Value| {
        meter::keep(state, &value).map(|()| value)
    });
    env.add_filter(SINGLE, single);
    env.add_filter(MACRO, |state: &mut State, value: Value| {
        state.consume_fuel(MACRO_COST).map(|()| value)
    });
}

/// What to compare: what reads as a text is one beside a text. Comparing costs no more than
/// reading one side.
fn compare(state: &mut State, a: Value, b: Value) -> Result<(Value, Value), Error> {
    defined(state, &a)?;
    defined(state, &b)?;
    let (a, b) = match (a.as_str().is_some(), b.as_str().is_some()) {
        (true, false) => (a, as_text(b)),
        (false, true) => (as_text(a), b),
        _ => (a, b),
    };
    weigh(state, &b)?;
    Ok((a, b))
}

/// The text that a value reads as, or the value itself.
fn as_text(value: Value) -> Value {
    match value.downcast_object_ref::<Container>().and_then(Container::text) {
        Some(it) => text(it),
        None => value,
    }
}

/// `VALUE in CONTAINER`.
fn contains(state: &mut State, value: Value, container: Value) -> Result<bool, Error> {
    defined(state, &container)?;
    defined(state, &value)?;
    let weight = weigh(state, &value)?;
    charge_search(state, weight)?;
    weigh(state, &container)?;
    match container.kind() {
        ValueKind::String | ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => {
            state.perform_test("in", &[value, container])
        }
        kind => Err(fail(TemplateError::render(format!(
            "`in` looks into texts, lists and maps, not into {kind}"
        )))),
    }
}

/// `A ~ B`: both as texts, one after the other.
fn concat(state: &mut State, a: Value, b: Value) -> Result<String, Error> {
    for side in [&a, &b] {
        defined(state, side)?;
        printable(side)?;
        weigh(state, side)?;
    }
    Ok(format!("{a}{b}"))
}

/// Fails for what has no text: nothing, and what is no plain value.
pub(super) fn printable(value: &Value) -> Result<(), Error> {
    if value.is_none() {
        return Err(Error::from(minijinja::ErrorKind::UndefinedError));
    }
    match meter::is_plain(value) {
        true => Ok(()),
        false => Err(fail(
            TemplateError::render("a function, macro, loop or namespace is no text")
                .hint("functions and macros are called with parentheses, as in `range(3)`"),
        )),
    }
}

/// `VALUE[START:STOP:STEP]`, as Python has it, of a text or a list.
fn slice(
    state: &mut State,
    value: Value,
    start: Value,
    stop: Value,
    step: Value,
) -> Result<Value, Error> {
    defined(state, &value)?;
    let bound = |bound: Value| match bound.is_none() {
        true => Ok(None),
        false => i64::try_from(bound).map(Some),
    };
    let (start, stop) = (bound(start)?, bound(stop)?);
    let step = bound(step)?.unwrap_or(1);
    if step == 0 {
        return Err(fail(TemplateError::render("a slice cannot have steps of 0")));
    }
    let plain = as_text_unless_list(&value);
    if let Some(text) = plain.as_str() {
        // A character takes four bytes on its own.
        let bytes = weigh(state, &plain)?;
        state.consume_fuel(bytes * 3 / meter::BYTES_PER_FUEL)?;
        let chars: Vec<char> = text.chars().collect();
        let picked: String = picks(chars.len(), start, stop, step).map(|i| chars[i]).collect();
        return Ok(Value::from(picked));
    }
    let length = match value.kind() {
        ValueKind::Seq => value.len().unwrap_or(0),
        kind => {
            let message = format!("a slice is taken of a text or a list, not of {kind}");
            return Err(fail(TemplateError::render(message)));
        }
    };
    state.consume_fuel(length as u64 / 2)?;
    let picked = picks(length, start, stop, step).map(|i| value.get_item_by_index(i));
    picked.collect::<Result<Vec<Value>, Error>>().map(Value::from)
}

/// A map that reads as a text is sliced as one; labels are sliced as a list.
fn as_text_unless_list(value: &Value) -> Value {
    match value.kind() {
        ValueKind::Map => as_text(value.clone()),
        _ => value.clone(),
    }
}

/// The places that a slice picks out of `length`.
fn picks(
    length: usize,
    start: Option<i64>,
    stop: Option<i64>,
    step: i64,
) -> impl Iterator<Item = usize> {
    let length = i128::try_from(length).unwrap_or(0);
    let step = i128::from(step);
    // Going up, places are 0 to length; going down, they are one less.
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let place = |bound: Option<i64>, open: i128| match bound.map(i128::from) {
        None => open,
        Some(i) if i < 0 => (i + length).clamp(low, high),
        Some(i) => i.clamp(low, high),
    };
    let (start, stop) = if step > 0 {
        (place(start, low), place(stop, high))
    } else {
        (place(start, high), place(stop, low))
    };
    let inside = move |i: &i128| if step > 0 { *i < stop } else { *i > stop };
    std::iter::successors(Some(start), move |i| Some(i + step))
        .take_while(inside)
        .filter_map(|i| usize::try_from(i).ok())
}

/// `{KEY: VALUE, …}`, its keys and values in turn.
fn build_map(state: &mut State, parts: Rest<Value>) -> Result<Value, Error> {
    let (pairs, _) = parts.as_chunks::<2>();
    for [key, _] in pairs {
        defined(state, key)?;
        let fits = key.as_str().map_or(key.as_object().is_none(), |text| text.len() <= MAX_KEY);
        if !fits {
            return Err(fail(TemplateError::render(
                "a key of a map must be a number or a text of at most 256 bytes",
            )));
        }
    }
    Ok(Value::from_pairs(pairs.iter().map(|[key, value]| (key.clone(), value.clone()))))
}

/// Charges for taking a text apart, which minijinja counts through before the first character.
fn iterable(state: &mut State, value: Value) -> Result<Value, Error> {
    state.consume_fuel(value.as_str().map_or(0, str::len) as u64 / meter::BYTES_PER_FUEL)?;
    Ok(value)
}

/// Refuses lists that were added or repeated.
fn single(value: Value) -> Result<Value, Error> {
    match value.as_object() {
        None => Ok(value),
        Some(_) => Err(fail(TemplateError::render(NO_LISTS).hint(NO_LISTS_HINT))),
    }
}
