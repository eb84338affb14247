//! Variables that a person gives by hand, to try a template: in the types that a Task's have.

use std::borrow::Cow;

use super::catalog;
use super::inference;
use super::variable::Class;
use crate::engine::link::without_secrets;
use crate::templates::value::{Map, Value};

/// What JSON says of a variable, as templates see it on a Task: `.Labels` is a list that reads as `a, b`,
/// `.User` a map that reads as its name, `.Number` a whole number, the other variables of Kelos are texts.
/// Nothing for one that is null. What has no name of Kelos's stays as it is.
pub fn given(name: &str, json: serde_json::Value) -> Option<Value> {
    let value = Value::from(json);
    let class = catalog::class_of_any(name);
    let is_known = class.is_some() || matches!(name, "User" | "Context");
    match (name, class, value) {
        (_, _, Value::Nil) if is_known => None,
        ("Labels", _, value) => Some(labels(value)),
        ("User", _, value) => Some(user(value)),
        ("Context", _, Value::Map(map)) => {
            let texts = map.iter().map(|(key, value)| (key.clone(), text(value.clone())));
            Some(Value::from(texts.collect::<Map>()))
        }
        (_, Some(Class::Number), value) => Some(number(value)),
        (_, Some(_), value) => Some(text(value)),
        (_, None, value) => Some(value),
    }
}

/// Names of labels, in a list or in the text that Kelos makes of it.
fn labels(value: Value) -> Value {
    match &value {
        Value::Str(joined) => inference::labels_of(joined).unwrap_or(value),
        Value::List(items) => {
            let names = items.iter().map(|item| text(item.clone()));
            let names: Option<Vec<_>> = names.map(|name| name.as_text().cloned()).collect();
            names.map_or(value, |names| Value::labels(&names))
        }
        _ => value,
    }
}

/// A user's name and groups, or the name alone.
fn user(value: Value) -> Value {
    let named = |name: &str, map: Map| {
        let mut user = Map::from([("Groups".into(), Value::from(Vec::new()))]);
        user.extend(map);
        user.insert("Name".into(), Value::from(name));
        Value::named(name, user)
    };
    match &value {
        Value::Str(name) => named(name, Map::new()),
        Value::Map(map) => match map.get("Name").and_then(Value::as_text) {
            Some(name) => named(name, (**map).clone()),
            None => value,
        },
        _ => value,
    }
}

fn number(value: Value) -> Value {
    match &value {
        Value::Str(digits) => digits.parse().map_or(value, Value::Int),
        _ => value,
    }
}

/// A text without what is secret in it; a number or a boolean that was written without quotes as it was
/// written.
fn text(value: Value) -> Value {
    match value {
        Value::Bool(flag) => Value::from(flag.to_string()),
        Value::Int(number) => Value::from(number.to_string()),
        Value::Float(number) => Value::from(number.to_string()),
        Value::Str(text) => match without_secrets(&text) {
            Cow::Borrowed(_) => Value::Str(text),
            Cow::Owned(clean) => Value::from(clean),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_given_has_the_types_of_a_task() {
        let labels = Value::labels(&["bug", "area/ui"]);
        assert_eq!(given("Labels", json!(["bug", "area/ui"])), Some(labels.clone()));
        assert_eq!(given("Labels", json!("bug, area/ui")), Some(labels));
        assert_eq!(given("Labels", json!("")), Some(Value::labels::<&str>(&[])));
        assert_eq!(given("Labels", json!([7])), Some(Value::labels(&["7"])));
        assert_eq!(given("Labels", json!(null)), None);
        assert_eq!(given("Number", json!("42")), Some(Value::Int(42)));
        assert_eq!(given("Number", json!(42)), Some(Value::Int(42)));
        assert_eq!(given("ID", json!(42)), Some(Value::from("42")));
        assert_eq!(given("Title", json!(true)), Some(Value::from("true")));
        assert_eq!(given("Title", json!(null)), None);
        let user = given("User", json!({"Name": "ann", "Groups": ["a"]})).unwrap();
        assert_eq!(user.as_text().map(|name| &**name), Some("ann"));
        assert_eq!(user.as_map().unwrap()["Groups"], Value::from(vec![Value::from("a")]));
        assert_eq!(given("User", json!("ann")).unwrap().as_map().unwrap().len(), 2);
        let context = given("Context", json!({"build": 7})).unwrap();
        assert_eq!(context.as_map().unwrap()["build"], Value::from("7"));
    }

    #[test]
    fn what_has_no_name_of_kelos_stays_as_it_is() {
        assert_eq!(given("severity", json!(7)), Some(Value::Int(7)));
        assert_eq!(given("labels", json!(["a"])), Some(Value::from(vec![Value::from("a")])));
        assert_eq!(given("Author", json!(null)), Some(Value::Nil));
        assert_eq!(given("Payload", json!(7)), Some(Value::Int(7)));
    }
}
