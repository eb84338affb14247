//! `.Payload` of GitHub's events: what go-github v66 makes of the JSON, in its types.
//!
//! [`types`] has the types, as Go's reflection tells them. JSON that an item leaves out is not taken for
//! something that GitHub left out: what it says can't be told.

mod pointer;
mod types;

use serde_json::Value as Json;

use self::pointer::{Moment, Pointer};
pub(in crate::engine) use self::types::{
    Basic, PayloadPart, payload_fields, payload_getters, payload_part,
};
use self::types::{Field, type_of, types};
use super::field_mapping::{Unsaid, decoded};
use super::no_task::NoTask;
use crate::templates::value::{GoValue, Map, Text, Typed, Value};
use crate::templates::{ErrorKind, TemplateError};

/// The payload of an event.
pub(super) fn payload(event: &str, json: &Json) -> Result<Value, NoTask> {
    let Some(name) = type_of(event) else {
        return Ok(Value::Typed(Typed::new(Unsaid(format!("Payload of the event {event}")))));
    };
    checked(&format!("*github.{name}"), json, "Payload")?;
    Ok(of_type(&format!("*github.{name}"), json, ".Payload"))
}

/// Refuses JSON of another type than go-github reads: Kelos makes no Task of such an event.
fn checked(type_name: &str, json: &Json, at: &str) -> Result<(), NoTask> {
    let plain = type_name.trim_start_matches('*');
    let fits = match (json, plain) {
        (Json::Null, _) => true,
        (Json::String(_), "string" | "github.Timestamp") => true,
        (Json::Bool(_), "bool") => true,
        (Json::Number(number), "int" | "int64") => number.is_i64(),
        // Seconds since 1970.
        (Json::Number(number), "github.Timestamp") => number.is_i64(),
        (Json::Object(map), _) if plain.starts_with("map[string]") => {
            let of = &plain["map[string]".len()..];
            return map.iter().try_for_each(|(key, it)| checked(of, it, &format!("{at}.{key}")));
        }
        (_, "any") => true,
        (Json::Array(items), _) if plain.starts_with("[]") => {
            return items.iter().try_for_each(|it| checked(&plain[2..], it, at));
        }
        (Json::Object(map), _) => {
            match plain.strip_prefix("github.").and_then(|it| types().get(it)) {
                Some(known) => {
                    return known.fields.values().try_for_each(|field| match map.get(field.json) {
                        Some(it) => checked(field.type_name, it, &format!("{at}.{}", field.json)),
                        None => Ok(()),
                    });
                }
                None => true,
            }
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(NoTask::item(format!("`{at}` is no {plain}, which it is in what GitHub sends")))
}

/// JSON as a value of a type of Go. `at` is the way to it.
fn of_type(type_name: &str, json: &Json, at: &str) -> Value {
    let is_pointer = type_name.starts_with('*');
    let plain = type_name.trim_start_matches('*');
    if let Some(name) = plain.strip_prefix("github.").filter(|it| *it != "Timestamp")
        && let Some((name, _)) = types().get_key_value(name)
    {
        let json = Some(json.clone()).filter(|it| !it.is_null());
        return Value::Typed(Typed::new(Struct { name, json, at: at.into() }));
    }
    if let Some(of) = plain.strip_prefix("[]") {
        let items = json.as_array().map_or(&[][..], Vec::as_slice);
        let items = items.iter().enumerate();
        let items = items.map(|(index, item)| of_type(of, item, &format!("{at}.{index}")));
        return Value::List(items.collect());
    }
    if plain.starts_with("map[") {
        return if json.is_null() { Value::from(Map::new()) } else { decoded(json) };
    }
    if plain == "github.Timestamp" {
        let text = match json {
            Json::Null => None,
            json => Some(json.as_str().map_or_else(|| moment(""), moment)),
        };
        return Value::Typed(Typed::new(Moment { text, at: Some(at.into()) }));
    }
    let to = basic(plain, json);
    match (is_pointer, to) {
        (true, to) => Value::Typed(Typed::new(Pointer { to, at: at.into() })),
        (false, to) => to.unwrap_or_else(|| zero(plain)),
    }
}

/// A text, a whole number or a boolean; nothing for null.
fn basic(plain: &str, json: &Json) -> Option<Value> {
    match (json, plain) {
        (Json::String(text), _) => Some(Value::from(&**text)),
        (Json::Bool(it), _) => Some(Value::Bool(*it)),
        (Json::Number(number), _) => number.as_i64().map(Value::Int),
        _ => None,
    }
}

/// What `Get` methods give for nothing.
fn zero(plain: &str) -> Value {
    match plain {
        "int" | "int64" => Value::Int(0),
        "bool" => Value::Bool(false),
        "github.Timestamp" => Value::from("0001-01-01 00:00:00 +0000 UTC"),
        _ if plain.starts_with("map[") => Value::from(Map::new()),
        _ if plain.starts_with("[]") => Value::from(Vec::new()),
        _ => Value::from(""),
    }
}

/// A moment as Go prints it: those that GitHub writes in UTC.
fn moment(text: &str) -> Result<Value, TemplateError> {
    let printed = || {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let is_plain = |it: &str, mark| it.bytes().all(|b| b.is_ascii_digit() || b == mark);
        let fits =
            date.len() == 10 && time.len() == 8 && is_plain(date, b'-') && is_plain(time, b':');
        fits.then(|| Value::from(format!("{date} {time} +0000 UTC")))
    };
    printed().ok_or_else(|| untold("a moment that is not written as 2026-02-07T09:00:00Z"))
}

fn untold(what: &str) -> TemplateError {
    TemplateError::new(ErrorKind::Limit, format!("{what} is not simulated"))
}

/// A pointer to a struct of go-github; without JSON, to nothing.
#[derive(Debug)]
struct Struct {
    name: &'static str,
    json: Option<Json>,
    /// The way to it, as a template writes it.
    at: Text,
}

impl Struct {
    /// The JSON of a field, null in nothing; what is not said is an error.
    fn json(&self, field: Field, name: &str) -> Result<&Json, TemplateError> {
        let Some(json) = &self.json else { return Ok(&Json::Null) };
        let at = format!("{}.{name}", self.at);
        json.get(field.json).ok_or_else(|| Unsaid(at.trim_start_matches('.').to_owned()).error())
    }

    /// What the `Get` method of a field gives: a copy of what is pointed to, or an empty value.
    fn got(&self, field: Field, name: &str) -> Result<Value, TemplateError> {
        let plain = field.type_name.trim_start_matches('*');
        let is_struct = plain.starts_with("github.") && plain != "github.Timestamp";
        let json = self.json(field, name)?;
        if plain == "github.Timestamp" {
            let text = json.as_str().map_or_else(|| Ok(zero(plain)), moment);
            return Ok(Value::Typed(Typed::new(Moment { text: Some(text), at: None })));
        }
        if json.is_null() && !is_struct {
            return Ok(zero(plain));
        }
        match of_type(field.type_name, json, &format!("{}.{name}", self.at)) {
            Value::Typed(typed) if !is_struct => {
                Ok(typed.pointed()?.unwrap_or(Value::Typed(typed)))
            }
            value => Ok(value),
        }
    }
}

impl GoValue for Struct {
    fn kind(&self) -> &'static str {
        "a struct of the payload"
    }

    fn is_true(&self) -> bool {
        self.json.is_some()
    }

    fn field(&self, name: &str) -> Result<Value, TemplateError> {
        let known = types().get(self.name).ok_or_else(|| untold("this type"))?;
        if let Some((of, field)) = known.got_by(name) {
            return self.got(field, of);
        }
        if known.methods.contains(&name) {
            return Err(untold(&format!("the method `{name}` of github.{}", self.name)));
        }
        let Some(field) = known.fields.get(name) else {
            let error = TemplateError::render(format!("github.{} has no `{name}`", self.name));
            let names = known.fields.keys().copied();
            return Err(match crate::templates::suggest::closest(name, names) {
                Some(meant) => error.hint(format!("did you mean `.{meant}`?")),
                None => error,
            });
        };
        match &self.json {
            Some(_) => {
                let json = self.json(*field, name)?;
                Ok(of_type(field.type_name, json, &format!("{}.{name}", self.at)))
            }
            None => Err(TemplateError::render(format!(
                "`{}` is nothing here, so it has no `{name}`",
                self.at
            ))
            .hint(format!("`.Get{name}` gives an empty value instead; ask for all that stands before it so, too"))),
        }
    }

    fn printed(&self) -> Result<Value, TemplateError> {
        match self.json {
            None => Ok(Value::from("<nil>")),
            Some(_) => Err(untold("a whole struct of the payload as a text")),
        }
    }

    fn pointed(&self) -> Result<Option<Value>, TemplateError> {
        Ok(None)
    }

    fn address(&self) -> Option<&str> {
        Some(&self.at)
    }
}
