//! A variable of a Task, as JSON.

use serde::Serialize;

use crate::engine::variables::ReportedVariable;
use crate::templates::value::Value;

/// A variable as JSON.
#[derive(Serialize)]
pub(super) struct ShownVariable<'s> {
    pub(super) name: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<serde_json::Value>,
    /// `task`, `derived`, `recorded`, `cluster`, `request`, or `inferred from` a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    /// Why it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) missing: Option<String>,
}

impl<'s> From<&'s ReportedVariable> for ShownVariable<'s> {
    fn from(reported: &'s ReportedVariable) -> ShownVariable<'s> {
        let (known, missing) = match &reported.known {
            Ok((value, origin)) => (Some((json(value), origin.to_string())), None),
            Err(missing) => (None, Some(missing.to_string())),
        };
        let (value, from) = known.unzip();
        ShownVariable { name: &reported.name, value, from, missing }
    }
}

/// The value of a variable as JSON.
pub(super) fn json(value: &Value) -> serde_json::Value {
    match value {
        // Those are seen by templates of Kelos alone.
        Value::Nil | Value::Typed(_) => serde_json::Value::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(i) => (*i).into(),
        Value::Byte(b) => (*b).into(),
        Value::Float(f) => (*f).into(),
        Value::Str(text) => (&**text).into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| (key.to_string(), json(value)));
            serde_json::Value::Object(entries.collect())
        }
        Value::Dual(dual) => json(&dual.parts),
    }
}
