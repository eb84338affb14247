//! What Go's functions tell values apart by.

use super::{Known, Shape};
use crate::templates::go::forecast::item::Item;
use crate::templates::value::Value;

/// What a value is for Go's functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Nothing,
    Switch,
    Whole,
    Fraction,
    Text,
    List,
    Map,
    Struct,
    Pointer,
}

impl Kind {
    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Kind::Nothing => "nothing",
            Kind::Switch => "a boolean",
            Kind::Whole => "a whole number",
            Kind::Fraction => "a floating-point number",
            Kind::Text => "a text",
            Kind::List => "a list",
            Kind::Map => "a map",
            Kind::Struct => "a struct",
            Kind::Pointer => "a pointer",
        }
    }

    /// Whether Go has a pointer.
    pub(super) fn is_pointer(self) -> bool {
        matches!(self, Kind::Struct | Kind::Pointer)
    }

    /// Whether Go never takes it for nothing.
    pub(super) fn is_something(self) -> bool {
        matches!(self, Kind::Switch | Kind::Whole | Kind::Fraction | Kind::Text)
    }

    /// Whether nothing can be asked of it.
    pub(super) fn has_no_fields(self) -> bool {
        self.is_something() || self == Kind::List
    }
}

impl Shape {
    /// Its kind; nothing if that is not known.
    pub(super) fn kind(&self) -> Option<Kind> {
        Some(match self {
            Shape::Is(value) => match value {
                Value::Nil => Kind::Nothing,
                Value::Bool(_) => Kind::Switch,
                Value::Int(_) | Value::Byte(_) => Kind::Whole,
                Value::Float(_) => Kind::Fraction,
                Value::Str(_) => Kind::Text,
                Value::List(_) => Kind::List,
                Value::Map(_) => Kind::Map,
                Value::Dual(_) | Value::Typed(_) => return None,
            },
            Shape::Text => Kind::Text,
            Shape::Number => Kind::Whole,
            Shape::Switch => Kind::Switch,
            Shape::Pointer(_) => Kind::Pointer,
            Shape::List => Kind::List,
            Shape::Nullable | Shape::Struct => Kind::Struct,
            Shape::Parts => Kind::Map,
            Shape::Unknown => return None,
        })
    }
}

impl Item {
    /// What it is where it is there; nothing if that is not known.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.shape() {
            Some(shape) => shape.kind(),
            None => Some(Kind::Nothing),
        }
    }

    /// The same of what it points to.
    pub(super) fn pointed(&self) -> Option<Kind> {
        match self.shape() {
            Some(Shape::Pointer(to)) => to.kind(),
            _ => self.kind(),
        }
    }

    /// Whether it may be nothing without being a pointer.
    pub(super) fn may_be_nothing(&self) -> bool {
        matches!(self.known, Known::Maybe(_))
    }
}
