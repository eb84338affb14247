//! Helpers that make or take maps: `dict`, `get`, `hasKey`, `keys`.

use super::args;
use super::print;
use super::{Caller, ELEMENT};
use crate::templates::error::TemplateError;
use crate::templates::value::{Map, Text, Value};

/// `dict KEY X KEY X…`: a map. Keys are printed; a key without a value has an empty text.
pub(super) fn dict(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let mut map = Map::new();
    for pair in args.chunks(2) {
        meter.take_steps(2)?;
        meter.take_bytes(4 * ELEMENT)?;
        let key: Text = match &pair[0] {
            Value::Str(key) => key.clone(),
            other => print::value(meter, other)?.into(),
        };
        // Each look-up compares keys.
        meter.take_steps(key.len() as u64 / 4)?;
        map.insert(key, pair.get(1).cloned().unwrap_or_else(|| Value::from("")));
    }
    Ok(Value::from(map))
}

/// `get MAP KEY`: the value of the key, else an empty text.
pub(super) fn get(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let found = look_up("get", meter, args)?;
    Ok(found.cloned().unwrap_or_else(|| Value::from("")))
}

/// `hasKey MAP KEY`: whether the map has the key.
pub(super) fn has_key(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    Ok(Value::Bool(look_up("hasKey", meter, args)?.is_some()))
}

/// `keys MAP…`: the keys of all maps, those of each in the order of their bytes.
pub(super) fn keys(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let mut keys = Vec::new();
    for index in 0..args.len() {
        let map = args::map("keys", args, index)?;
        super::list::pay(meter, map.len())?;
        keys.extend(map.keys().cloned().map(Value::Str));
    }
    Ok(Value::from(keys))
}

fn look_up<'a>(
    helper: &str,
    meter: &mut dyn Caller,
    args: &'a [Value],
) -> Result<Option<&'a Value>, TemplateError> {
    let map = args::map(helper, args, 0)?;
    let key = args::text(helper, args, 1)?;
    meter.take_steps(1 + key.len() as u64 / 8)?;
    Ok(map.get(key))
}
