//! `.Payload` of GitHub's events: what go-github v66 makes of the JSON, in its types.
//!
//! [`types`] has the types, as Go's reflection tells them. JSON that an item leaves out is not taken for
//! something that GitHub left out: what it says can't be told.

mod pointer;
mod types;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use self::pointer::{Moment, Pointer};
pub(in crate::engine) use self::types::{
    Basic, PayloadPart, payload_fields, payload_getters, payload_part,
};
use self::types::{Field, GoType, Of, Type, type_of, types};
use super::field_mapping::{Unsaid, decoded};
use super::no_task::NoTask;
use crate::templates::value::{GoValue, Map, Text, Typed, Value};
use crate::templates::{ErrorKind, TemplateError};

/// The payload of an event: all of its JSON, read once.
pub(super) fn payload(event: &str, json: &Json) -> Result<Value, NoTask> {
    let Some(of) = type_of(event) else {
        return Ok(Value::Typed(Typed::new(Unsaid(format!("Payload of the event {event}")))));
    };
    checked(of, json, "Payload")?;
    Ok(whole(of, json, ".Payload"))
}

/// Refuses JSON of another type than go-github reads: Kelos makes no Task of such an event.
fn checked(of: &Of, json: &Json, at: &str) -> Result<(), NoTask> {
    let fits = match (json, of) {
        (Json::Null, _) | (_, Of::Any) => true,
        (Json::String(_), Of::Text | Of::Moment) | (Json::Bool(_), Of::Switch) => true,
        // A moment as seconds since 1970.
        (Json::Number(number), Of::Number | Of::Moment) => number.is_i64(),
        (Json::Object(map), Of::Map(of)) => {
            return map
                .iter()
                .try_for_each(|(key, it)| checked(&of.of, it, &format!("{at}.{key}")));
        }
        (Json::Array(items), Of::List(of)) => {
            return items.iter().try_for_each(|it| checked(&of.of, it, at));
        }
        (Json::Object(map), Of::Struct(name)) => {
            let fields = types().get(name).into_iter().flat_map(|known| known.fields.values());
            for field in fields {
                if let Some(it) = map.get(field.json) {
                    checked(&field.of.of, it, &format!("{at}.{}", field.json))?;
                }
            }
            true
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(NoTask::item(format!("`{at}` is no {of}, which it is in what GitHub sends")))
}

/// JSON as a value of a type of Go, or a pointer to one. `at` is the way to it.
fn of_type(GoType { is_pointer, of }: &GoType, json: &Json, at: &str) -> Value {
    match of {
        Of::Text | Of::Number | Of::Switch if *is_pointer => {
            Value::Typed(Typed::new(Pointer { to: basic(json), at: at.into() }))
        }
        Of::Text | Of::Number | Of::Switch => basic(json).unwrap_or_else(|| zero(of)),
        of => whole(of, json, at),
    }
}

/// The same of a type that has no pointers, or of which nobody has anything else.
fn whole(of: &Of, json: &Json, at: &str) -> Value {
    match of {
        Of::Struct(name) => match types().get_key_value(name) {
            Some((name, known)) => Value::Typed(Typed::new(Struct::of(name, known, json, at))),
            None => Value::Typed(Typed::new(Unsaid(at.trim_start_matches('.').to_owned()))),
        },
        Of::List(of) => {
            let items = json.as_array().map_or(&[][..], Vec::as_slice);
            let items = items.iter().enumerate();
            Value::List(items.map(|(i, item)| of_type(of, item, &format!("{at}.{i}"))).collect())
        }
        Of::Moment => {
            let text = match json {
                Json::Null => None,
                json => Some(json.as_str().map_or_else(|| moment(""), moment)),
            };
            Value::Typed(Typed::new(Moment { text, at: Some(at.into()) }))
        }
        _ if json.is_null() => zero(of),
        Of::Map(_) | Of::Any => decoded(json),
        Of::Text | Of::Number | Of::Switch => basic(json).unwrap_or_else(|| zero(of)),
    }
}

/// A text, a whole number or a boolean; nothing for null.
fn basic(json: &Json) -> Option<Value> {
    match json {
        Json::String(text) => Some(Value::from(&**text)),
        Json::Bool(it) => Some(Value::Bool(*it)),
        Json::Number(number) => number.as_i64().map(Value::Int),
        _ => None,
    }
}

/// What `Get` methods give for nothing.
fn zero(of: &Of) -> Value {
    match of {
        Of::Number => Value::Int(0),
        Of::Switch => Value::Bool(false),
        Of::Moment => Value::from("0001-01-01 00:00:00 +0000 UTC"),
        Of::Map(_) => Value::from(Map::new()),
        Of::List(_) => Value::from(Vec::new()),
        Of::Text | Of::Struct(_) | Of::Any => Value::from(""),
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

/// A pointer to a struct of go-github, or to nothing.
#[derive(Debug)]
struct Struct {
    name: &'static str,
    known: &'static Type,
    /// The fields that are said, by their names in JSON; nothing for a pointer to nothing.
    parts: Option<BTreeMap<&'static str, Part>>,
    /// The way to it, as a template writes it.
    at: Text,
}

/// A field that is said.
#[derive(Clone, Debug)]
struct Part {
    /// What the field itself gives.
    value: Value,
    /// What its `Get` method gives: a copy of what is pointed to, or an empty value.
    got: Value,
}

impl Part {
    fn of(field: &Field, json: &Json, at: &str) -> Part {
        let value = of_type(&field.of, json, at);
        let got = match (&field.of.of, json) {
            (Of::Struct(_), _) => value.clone(),
            (Of::Moment, json) => {
                let text = json.as_str().map_or_else(|| Ok(zero(&Of::Moment)), moment);
                Value::Typed(Typed::new(Moment { text: Some(text), at: None }))
            }
            (of @ (Of::Text | Of::Number | Of::Switch), json) => {
                basic(json).unwrap_or_else(|| zero(of))
            }
            (of, Json::Null) => zero(of),
            _ => value.clone(),
        };
        Part { value, got }
    }
}

impl Struct {
    fn of(name: &'static str, known: &'static Type, json: &Json, at: &str) -> Struct {
        let part = |(name, field): (&&str, &'static Field)| {
            Some((field.json, Part::of(field, json.get(field.json)?, &format!("{at}.{name}"))))
        };
        let parts = (!json.is_null()).then(|| known.fields.iter().filter_map(part).collect());
        Struct { name, known, parts, at: at.into() }
    }

    /// A field, also of nothing; what is not said is an error.
    fn part(&self, field: &'static Field, name: &str) -> Result<Part, TemplateError> {
        let at = format!("{}.{name}", self.at);
        match &self.parts {
            Some(parts) => match parts.get(field.json) {
                Some(part) => Ok(part.clone()),
                None => Err(Unsaid(at.trim_start_matches('.').to_owned()).error()),
            },
            None => Ok(Part::of(field, &Json::Null, &at)),
        }
    }
}

impl GoValue for Struct {
    fn kind(&self) -> &'static str {
        "a struct of the payload"
    }

    fn is_true(&self) -> bool {
        self.parts.is_some()
    }

    fn field(&self, name: &str) -> Result<Value, TemplateError> {
        let known = self.known;
        if let Some((of, field)) = known.got_by(name) {
            return Ok(self.part(field, of)?.got);
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
        match &self.parts {
            Some(_) => Ok(self.part(field, name)?.value),
            None => Err(TemplateError::render(format!(
                "`{}` is nothing here, so it has no `{name}`",
                self.at
            ))
            .hint(format!("`.Get{name}` gives an empty value instead; ask for all that stands before it so, too"))),
        }
    }

    fn printed(&self) -> Result<Value, TemplateError> {
        match self.parts {
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
