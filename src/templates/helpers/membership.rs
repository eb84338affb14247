//! Helpers that compare the elements of a list: `has`, `without`, `uniq`.
//!
//! Equal is what Go's `reflect.DeepEqual` calls so: the number 1 is not 1.0, and not the text `1`.

use std::collections::HashSet;

use super::Caller;
use super::args;
use super::list::pay;
use crate::templates::error::TemplateError;
use crate::templates::value::Value;

type Result<T, E = TemplateError> = std::result::Result<T, E>;

/// `has X LIST`: whether X is one of the elements. Nothing has none.
pub(super) fn has(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let wanted = args::get("has", args, 0)?;
    if args.get(1) == Some(&Value::Nil) {
        return Ok(Value::Bool(false));
    }
    let items = args::list("has", args, 1)?;
    let mut known = Known::default();
    known.add(meter, wanted)?;
    for item in items {
        if known.has(meter, item)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// `without LIST X…`: the elements that are none of these.
pub(super) fn without(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let items = args::list("without", args, 0)?;
    pay(meter, items.len())?;
    let mut unwanted = Known::default();
    for value in &args[1..] {
        unwanted.add(meter, value)?;
    }
    let mut kept = Vec::new();
    for item in items {
        if !unwanted.has(meter, item)? {
            kept.push(item.clone());
        }
    }
    Ok(Value::from(kept))
}

/// `uniq LIST`: each element once, where it comes first.
pub(super) fn uniq(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let items = args::list("uniq", args, 0)?;
    pay(meter, items.len())?;
    let mut known = Known::default();
    let mut kept = Vec::new();
    for item in items {
        if !known.has(meter, item)? {
            known.add(meter, item)?;
            kept.push(item.clone());
        }
    }
    Ok(Value::from(kept))
}

/// Values to compare with.
#[derive(Default)]
struct Known<'v> {
    plain: HashSet<Plain<'v>>,
    /// Lists and maps, and how many values each holds.
    nested: Vec<(&'v Value, u64)>,
}

/// A value without parts.
#[derive(PartialEq, Eq, Hash)]
enum Plain<'v> {
    Nil,
    Bool(bool),
    Int(i64),
    Byte(u8),
    Float(u64),
    Text(&'v str),
}

impl<'v> Known<'v> {
    fn add(&mut self, meter: &mut dyn Caller, value: &'v Value) -> Result<()> {
        pay(meter, 2)?;
        match plain(value) {
            Some(plain) => drop(self.plain.insert(plain)),
            None => {
                let weight = weigh(meter, value)?;
                self.nested.push((value, weight));
            }
        }
        Ok(())
    }

    fn has(&self, meter: &mut dyn Caller, value: &Value) -> Result<bool> {
        meter.take_steps(1 + value.as_text().map_or(0, |text| text.len() as u64 / 64))?;
        if let Some(plain) = plain(value) {
            return Ok(self.plain.contains(&plain));
        }
        for (nested, weight) in &self.nested {
            // Comparing ends with the smaller of the two.
            meter.take_steps(*weight)?;
            if *nested == value {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn plain(value: &Value) -> Option<Plain<'_>> {
    Some(match value {
        Value::Nil => Plain::Nil,
        Value::Bool(b) => Plain::Bool(*b),
        Value::Int(i) => Plain::Int(*i),
        Value::Byte(b) => Plain::Byte(*b),
        // The two zeros are equal.
        Value::Float(f) => Plain::Float((f + 0.0).to_bits()),
        Value::Str(text) => Plain::Text(text),
        Value::Dual(dual) => Plain::Text(&dual.text),
        Value::List(_) | Value::Map(_) | Value::Typed(_) => return None,
    })
}

/// How many steps it takes to compare a value, which are paid once for this.
fn weigh(meter: &mut dyn Caller, value: &Value) -> Result<u64> {
    meter.take_steps(1)?;
    let mut weight = 1;
    match value {
        Value::Str(text) => weight += text.len() as u64 / 64,
        Value::List(items) => {
            for item in items.iter() {
                weight += weigh(meter, item)?;
            }
        }
        Value::Map(map) => {
            for (key, item) in map.iter() {
                weight += key.len() as u64 / 64 + weigh(meter, item)?;
            }
        }
        _ => {}
    }
    Ok(weight)
}
