//! What is known of a value while a template is walked.

use super::{ELEMENT, Known, Shape};
use crate::templates::value::{Text, Value};

/// A value of which something is known.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) known: Known,
    /// The variable, or the part of one, that it is; all variables have an empty path.
    pub(super) path: Option<Box<[Text]>>,
    /// What it is made of, if it is none itself.
    pub(super) made_of: Vec<Box<[Text]>>,
}

impl Item {
    /// All variables.
    pub(super) fn root() -> Item {
        Item { known: Known::There(Shape::Parts), path: Some([].into()), made_of: Vec::new() }
    }

    /// Anything.
    pub(super) fn unknown() -> Item {
        Item::shaped(Shape::Unknown)
    }

    pub(super) fn shaped(shape: Shape) -> Item {
        Item { known: Known::There(shape), path: None, made_of: Vec::new() }
    }

    pub(super) fn value(value: Value) -> Item {
        Item::shaped(Shape::Is(value))
    }

    /// A variable, or a part of one.
    pub(super) fn of(path: Box<[Text]>, known: Known) -> Item {
        Item { known, path: Some(path), made_of: Vec::new() }
    }

    /// The same, made of others.
    pub(super) fn made_of(mut self, others: &[Item]) -> Item {
        self.made_of = others.iter().flat_map(Item::variables).collect();
        self
    }

    /// The variables that it shows.
    pub(super) fn variables(&self) -> Vec<Box<[Text]>> {
        match &self.path {
            Some(path) if !path.is_empty() => vec![path.clone()],
            _ => self.made_of.clone(),
        }
    }

    pub(super) fn is_root(&self) -> bool {
        self.path.as_ref().is_some_and(|path| path.is_empty())
    }

    pub(super) fn path(&self) -> Box<[Text]> {
        self.path.clone().unwrap_or_default()
    }

    /// What it is like where it is there.
    pub(super) fn shape(&self) -> Option<&Shape> {
        match &self.known {
            Known::Absent => None,
            Known::Maybe(shape) | Known::There(shape) => Some(shape),
        }
    }

    /// The same where it is not nothing.
    pub(super) fn there(mut self) -> Item {
        self.known = match self.known {
            Known::Maybe(Shape::Nullable) | Known::There(Shape::Nullable) => {
                Known::There(Shape::Struct)
            }
            Known::Maybe(shape) => Known::There(shape),
            known => known,
        };
        self
    }

    /// The same where it is there, be it a pointer to nothing.
    pub(super) fn only_there(mut self) -> Item {
        if let Known::Maybe(shape) = self.known {
            self.known = Known::There(shape);
        }
        self
    }

    /// Whether it counts as true; nothing if that can't be told.
    pub(super) fn is_true(&self) -> Option<bool> {
        match &self.known {
            Known::Absent => Some(false),
            Known::There(Shape::Is(value)) => Some(value.is_true()),
            Known::There(_) if self.is_root() => Some(true),
            Known::There(_) | Known::Maybe(_) => None,
        }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.shape(), Some(Shape::Text | Shape::Is(Value::Str(_))))
    }

    /// An element of it, whichever.
    pub(super) fn element(&self) -> Option<Box<[Text]>> {
        let path = self.path.as_ref().filter(|_| self.shape() == Some(&Shape::List))?;
        Some(path.iter().cloned().chain([ELEMENT.into()]).collect())
    }
}
