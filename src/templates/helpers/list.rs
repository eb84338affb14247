//! Helpers that make or take lists.

use super::Caller;
use super::ELEMENT;
use super::args;
use super::print;
use crate::templates::error::TemplateError;
use crate::templates::value::Value;

type Result<T, E = TemplateError> = std::result::Result<T, E>;

/// `list X…`: a list of its arguments.
pub(super) fn list(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    copy(meter, args)
}

/// `join SEPARATOR LIST`: the elements, printed, with the separator between them.
///
/// Elements that are nothing are left out; what is no list is printed alone, as Sprig has it.
pub(super) fn join(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let separator = args::text("join", args, 0)?;
    let value = args::get("join", args, 1)?;
    let items = match value.as_list() {
        Some(items) => items.as_ref(),
        None => std::slice::from_ref(value),
    };
    let mut joined = String::new();
    let present = items.iter().filter(|item| !matches!(item, Value::Nil));
    for (index, item) in present.enumerate() {
        meter.take_steps(1)?;
        if index > 0 {
            meter.take_bytes(separator.len())?;
            joined.push_str(separator);
        }
        print::append(meter, &mut joined, item)?;
    }
    Ok(Value::from(joined))
}

/// `splitList SEPARATOR TEXT`: the pieces between the separators; an empty separator splits into
/// characters.
pub(super) fn split_list(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let separator = args::text("splitList", args, 0)?;
    let text = args::text("splitList", args, 1)?;
    meter.take_steps(args::searching(text, separator))?;
    let pieces = match separator.is_empty() {
        true => text.chars().count(),
        false => text.matches(separator.as_str()).count() + 1,
    };
    meter.take_steps(pieces as u64)?;
    meter.take_bytes(pieces.saturating_mul(ELEMENT).saturating_add(text.len()))?;
    let items: Vec<Value> = match separator.is_empty() {
        true => text.chars().map(|c| Value::from(&*c.encode_utf8(&mut [0; 4]))).collect(),
        false => text.split(separator.as_str()).map(Value::from).collect(),
    };
    Ok(Value::from(items))
}

/// `first LIST`: its first element, nothing if it has none.
pub(super) fn first(_: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    Ok(args::list("first", args, 0)?.first().cloned().unwrap_or_default())
}

/// `last LIST`: its last element, nothing if it has none.
pub(super) fn last(_: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    Ok(args::list("last", args, 0)?.last().cloned().unwrap_or_default())
}

/// `rest LIST`: all elements but the first.
pub(super) fn rest(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let items = args::list("rest", args, 0)?;
    copy(meter, items.get(1..).unwrap_or_default())
}

/// `initial LIST`: all elements but the last.
pub(super) fn initial(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let items = args::list("initial", args, 0)?;
    copy(meter, items.split_last().map_or(&[], |(_, before)| before))
}

/// `concat LIST…`: the elements of all lists in one.
pub(super) fn concat(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let mut all = Vec::new();
    for index in 0..args.len() {
        let items = args::list("concat", args, index)?;
        pay(meter, items.len())?;
        all.extend_from_slice(items);
    }
    Ok(Value::from(all))
}

/// `compact LIST`: the elements that are not empty.
pub(super) fn compact(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let items = args::list("compact", args, 0)?;
    pay(meter, items.len())?;
    Ok(Value::from(items.iter().filter(|item| item.is_true()).cloned().collect::<Vec<_>>()))
}

/// `sortAlpha LIST`: the elements as texts, in the order of their bytes. What is no list is a list
/// of itself.
pub(super) fn sort_alpha(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let value = args::get("sortAlpha", args, 0)?;
    let items = match value.as_list() {
        Some(items) => items.as_ref(),
        None => std::slice::from_ref(value),
    };
    pay(meter, items.len())?;
    let (mut texts, mut longest) = (Vec::with_capacity(items.len()), 0);
    for item in items.iter().filter(|item| **item != Value::Nil) {
        let text = match item {
            Value::Str(text) => text.clone(),
            other => print::value(meter, other)?.into(),
        };
        longest = longest.max(text.len() as u64);
        texts.push(text);
    }
    let comparisons = texts.len() as u64 * u64::from(texts.len().max(1).ilog2() + 1);
    meter.take_steps(comparisons.saturating_mul(4 + longest / 8) / 64)?;
    texts.sort_unstable();
    Ok(Value::from(texts.into_iter().map(Value::Str).collect::<Vec<_>>()))
}

/// `until COUNT`: the numbers from 0 up to COUNT, and down to it if it is negative.
pub(super) fn until(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let count = args::int("until", args, 0)?;
    let length = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    pay(meter, length)?;
    let numbers = 0..length as i64;
    Ok(Value::from(numbers.map(|n| Value::Int(n * count.signum())).collect::<Vec<_>>()))
}

/// Pays for looking at so many elements and keeping them.
pub(super) fn pay(meter: &mut dyn Caller, elements: usize) -> Result<()> {
    meter.take_steps(1 + elements as u64 / 4)?;
    meter.take_bytes(elements.saturating_mul(ELEMENT))?;
    Ok(())
}

fn copy(meter: &mut dyn Caller, items: &[Value]) -> Result<Value> {
    pay(meter, items.len())?;
    Ok(Value::List(items.into()))
}
