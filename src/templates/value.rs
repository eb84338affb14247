//! The values that templates work on, the same for both languages.

mod typed;

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

pub use self::typed::{GoValue, Typed};

/// A text. Cloning it is cheap.
pub type Text = SmolStr;

/// A map from text to value, in key order, as Go prints and ranges over maps.
pub type Map = BTreeMap<Text, Value>;

/// A value of a variable, or of an expression in a template.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing: JSON's null, an absent map element.
    #[default]
    Nil,
    /// True or false.
    Bool(bool),
    /// Go's `int`, 64 bits.
    Int(i64),
    /// Go's `uint8`: what `index` gives for a text.
    Byte(u8),
    /// Go's `float64`.
    Float(f64),
    /// A text.
    Str(Text),
    /// Go's `[]any`.
    List(Arc<[Value]>),
    /// Go's `map[string]any`.
    Map(Arc<Map>),
    /// A list, a map or a moment that reads as a text: `.Labels`, `.User`, `now`.
    Dual(Arc<Dual>),
    /// A struct of Go, or a pointer: only where a template is rendered as Kelos does.
    Typed(Typed),
}

/// A container that prints, compares and tests as a text, and is a container where one is asked for.
///
/// Kelos gives templates the labels of an issue as one text, `a, b`. Templates here may also index
/// them, range over them and hand them to list helpers.
#[derive(Clone, Debug, PartialEq)]
pub struct Dual {
    /// What it reads as.
    pub text: Text,
    /// What it holds: a [`Value::List`], a [`Value::Map`] or, of a moment, the seconds since 1970 as a
    /// [`Value::Int`].
    pub parts: Value,
}

impl Value {
    /// The labels of a source: a list that reads as `a, b`.
    pub fn labels<S: AsRef<str>>(names: &[S]) -> Value {
        let text = names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
        let parts = names.iter().map(|name| Value::from(name.as_ref())).collect();
        Value::Dual(Arc::new(Dual { text: text.into(), parts: Value::List(parts) }))
    }

    /// A map that reads as `text`.
    pub fn named(text: &str, map: Map) -> Value {
        Value::Dual(Arc::new(Dual { text: text.into(), parts: Value::from(map) }))
    }

    /// The value as Go code would see it where a text is wanted: a [`Value::Dual`] as its text.
    pub fn as_plain(&self) -> Value {
        match self {
            Value::Dual(dual) => Value::Str(dual.text.clone()),
            other => other.clone(),
        }
    }

    /// The value where a container is wanted: a [`Value::Dual`] as its parts.
    pub fn as_parts(&self) -> &Value {
        match self {
            Value::Dual(dual) => &dual.parts,
            other => other,
        }
    }

    /// The text, if this is one or reads as one.
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Value::Str(text) => Some(text),
            Value::Dual(dual) => Some(&dual.text),
            _ => None,
        }
    }

    /// The elements, if this is a list.
    pub fn as_list(&self) -> Option<&Arc<[Value]>> {
        match self.as_parts() {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if this is a map.
    pub fn as_map(&self) -> Option<&Arc<Map>> {
        match self.as_parts() {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Whether it is, or has anywhere in it, a struct or a pointer of Go: of a list or a map with one, Go prints an
    /// address.
    pub(in crate::templates) fn holds_typed(&self) -> bool {
        match self {
            Value::Typed(_) => true,
            Value::List(items) => items.iter().any(Value::holds_typed),
            Value::Map(map) => map.values().any(Value::holds_typed),
            Value::Dual(dual) => dual.parts.holds_typed(),
            _ => false,
        }
    }

    /// Go's truth: false for nothing, false, zero and whatever is empty.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(b) => *b,
            Value::Int(i) => *i != 0,
            Value::Byte(b) => *b != 0,
            Value::Float(f) => *f != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::List(items) => !items.is_empty(),
            Value::Map(map) => !map.is_empty(),
            Value::Dual(dual) => !dual.text.is_empty(),
            Value::Typed(typed) => typed.is_true(),
        }
    }

    /// The value's type in words for an error message.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Nil => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Byte(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Str(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Dual(dual) => dual.parts.kind(),
            Value::Typed(typed) => typed.kind(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Str(text.into())
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Value {
        Value::Map(Arc::new(map))
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Value {
        Value::List(items.into())
    }
}

/// JSON as Go's templates would see it: whole numbers are `int`, all others `float64`.
impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Nil,
            serde_json::Value::Bool(b) => Value::Bool(b),
            serde_json::Value::Number(n) => match n.as_i64() {
                Some(i) => Value::Int(i),
                None => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(text) => Value::from(text),
            serde_json::Value::Array(items) => {
                Value::List(items.into_iter().map(Value::from).collect())
            }
            serde_json::Value::Object(map) => Value::from(
                map.into_iter().map(|(k, v)| (Text::from(k), Value::from(v))).collect::<Map>(),
            ),
        }
    }
}
