//! The variables of a Task, shown.

use comfy_table::{Attribute, Cell, Color};
use serde::Serialize;

use super::plain_table;
use crate::engine::Origin;
use crate::engine::variables::{ReportedVariable, VariableReport};
use crate::templates::value::Value;

/// The most characters of a value that a table shows.
const SHOWN_CHARS: usize = 60;

/// A variable as JSON.
#[derive(Serialize)]
pub(super) struct ShownVariable<'s> {
    name: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<serde_json::Value>,
    /// `task`, `derived`, or `inferred from` a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// Why it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
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

/// A table of the variables, those that are known first.
pub(super) fn table(report: &VariableReport) -> String {
    let mut table = plain_table();
    table.set_header(["VARIABLE", "VALUE", "FROM"]);
    let (known, missing): (Vec<_>, Vec<_>) = report.0.iter().partition(|it| it.known.is_ok());
    for ReportedVariable { name, known } in known.into_iter().chain(missing) {
        let name = Cell::new(name).add_attribute(Attribute::Bold);
        match known {
            Ok((value, origin)) => {
                let colour = match origin {
                    Origin::Inferred(_) => Color::Yellow,
                    Origin::Task | Origin::Derived => Color::Green,
                };
                table.add_row([name, Cell::new(short(value)), Cell::new(origin).fg(colour)]);
            }
            Err(missing) => {
                let missing = Cell::new(format!("missing: {missing}")).fg(Color::DarkGrey);
                table.add_row([name, Cell::new("-"), missing]);
            }
        }
    }
    table.to_string()
}

/// A value on one line, cut if it is long.
fn short(value: &Value) -> String {
    let text = json(value).to_string();
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Nil => serde_json::Value::Null,
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
