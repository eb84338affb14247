//! `webhook`: the fields of any JSON, by the names that a `fieldMapping` gives them.

use super::Item;
use super::json_path::{self, Problem};
use super::no_task::NoTask;
use super::spawner::Spawner;
use super::variables::text_of;
use crate::templates::budget::Budget;
use crate::templates::go::Program;
use crate::templates::purse::Purse;
use crate::templates::value::{GoValue, Map, Text, Typed, Value};
use crate::templates::{ErrorKind, TemplateError};

/// The names that Kelos has of every webhook, and what they are called in a `fieldMapping`.
const STANDARD: [(&str, &str); 4] =
    [("id", "ID"), ("title", "Title"), ("body", "Body"), ("url", "URL")];

/// The variables of an item: what the mapping gives, by the names of the mapping, and in capitals those of
/// [`STANDARD`].
pub(super) fn variables(spawner: &Spawner, item: &Item) -> Result<Map, NoTask> {
    let payload = item.get("Payload");
    let mut map = Map::from([("Kind".into(), Value::from("GenericWebhook"))]);
    map.insert(
        "Payload".into(),
        payload.map_or_else(|| Value::Typed(Typed::new(Unsaid("Payload".to_owned()))), decoded),
    );
    for (name, path) in spawner.field_mapping() {
        let value = match (item.get(name), payload) {
            (Some(given), _) => text_of(name, given)?,
            (None, Some(payload)) => field(name, path, payload)?,
            (None, None) => sample(name).to_owned(),
        };
        let value = Value::from(value);
        map.insert(name.into(), value.clone());
        if let Some((_, upper)) = STANDARD.iter().find(|(lower, _)| *lower == name) {
            map.insert((*upper).into(), value);
        }
    }
    for (_, upper) in STANDARD {
        // An item may say it in capitals, too, as other sources have it.
        let given = item.get(upper).filter(|_| !is_mapped(spawner, upper));
        match given {
            Some(given)
                if spawner.field_mapping().any(|(it, _)| it.eq_ignore_ascii_case(upper)) =>
            {
                let value = Value::from(text_of(upper, given)?);
                map.insert(upper.to_ascii_lowercase().into(), value.clone());
                map.insert(upper.into(), value);
            }
            Some(_) => {
                return Err(NoTask::item(format!(
                    "spec.when.webhook.fieldMapping maps no `{}`: Kelos has an empty `.{upper}`",
                    upper.to_ascii_lowercase()
                )));
            }
            None => {
                map.entry(upper.into()).or_insert_with(|| Value::from(""));
            }
        }
    }
    Ok(map)
}

fn is_mapped(spawner: &Spawner, name: &str) -> bool {
    spawner.field_mapping().any(|(it, _)| it == name)
}

/// What stands for a field of which an item says nothing.
fn sample(name: &str) -> &'static str {
    match name.to_ascii_lowercase().as_str() {
        "id" => "alert-42",
        "title" => "The disk is full",
        "body" => "95 % of it are in use.",
        "url" => "https://alerts.example.com/42",
        _ => "sample",
    }
}

/// Whether a payload says that the `id` is null, or leaves it out: then Kelos does not tell deliveries apart by it.
pub(super) fn is_without_id(spawner: &Spawner, item: &Item) -> Result<bool, NoTask> {
    let path = spawner.field_mapping().find(|(name, _)| *name == "id").map(|(_, path)| path);
    match (path, item.get("Payload")) {
        (Some(path), Some(payload)) if !item.contains_key("id") && !item.contains_key("ID") => {
            Ok(found("id", path, payload)?.is_none_or(serde_json::Value::is_null))
        }
        _ => Ok(false),
    }
}

/// What Kelos reads at a JSONPath: an empty text where nothing is.
fn field(name: &str, path: &str, payload: &serde_json::Value) -> Result<String, NoTask> {
    found(name, path, payload)?.map_or_else(|| Ok(String::new()), printed)
}

fn found<'p>(
    name: &str,
    path: &str,
    payload: &'p serde_json::Value,
) -> Result<Option<&'p serde_json::Value>, NoTask> {
    json_path::find(path, payload).map_err(|problem| match problem {
        Problem::Refused => NoTask::kelos(format!(
            "the JSONPath of `{name}` in spec.when.webhook.fieldMapping can't be parsed: single quotes hold one character"
        ))
        .hint("write double quotes: `$[\"a b\"]`"),
        Problem::Unknown => NoTask::not_simulated(format!(
            "the JSONPath of `{name}` in spec.when.webhook.fieldMapping is more than names and numbers"
        ))
        .hint(format!("say `{name}` in the item, beside `Payload`")),
    })
}

/// What is at a JSONPath; nothing at all for a path of more than names and numbers.
pub(super) fn at_path<'p>(
    path: &str,
    payload: &'p serde_json::Value,
) -> Option<Option<&'p serde_json::Value>> {
    json_path::find(path, payload).ok()
}

/// What Go's `%v` prints of JSON.
pub(super) fn printed(json: &serde_json::Value) -> Result<String, NoTask> {
    let print = || {
        let root = Value::from(Map::from([("it".into(), decoded(json))]));
        let program = Program::compile_plain("{{printf \"%v\" .it}}", &mut Purse::default())?;
        program.render_plain(&root, &mut Budget::template())
    };
    print().map(String::from).map_err(|error| NoTask::not_simulated(error.message))
}

/// JSON as Go decodes it where it knows no types: all numbers are `float64`.
pub(super) fn decoded(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(it) => Value::Bool(*it),
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::from(&**text),
        serde_json::Value::Array(items) => Value::List(items.iter().map(decoded).collect()),
        serde_json::Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| (Text::from(&**key), decoded(value)));
            Value::from(entries.collect::<Map>())
        }
    }
}

/// Something that an item does not say, and of which there is no built-in example.
#[derive(Debug)]
pub(super) struct Unsaid(pub(super) String);

impl Unsaid {
    /// Why nothing can be told of it.
    pub(super) fn error(&self) -> TemplateError {
        TemplateError::new(ErrorKind::Limit, format!("the item says no `{}`", self.0))
            .hint("say it in the item, `null` if there is none")
    }
}

impl GoValue for Unsaid {
    fn kind(&self) -> &'static str {
        "something that the item does not say"
    }

    fn is_true(&self) -> bool {
        true
    }

    fn field(&self, _: &str) -> Result<Value, TemplateError> {
        Err(self.error())
    }

    fn known(&self) -> Result<(), TemplateError> {
        Err(self.error())
    }

    fn printed(&self) -> Result<Value, TemplateError> {
        Err(self.error())
    }

    fn pointed(&self) -> Result<Option<Value>, TemplateError> {
        Err(self.error())
    }
}
