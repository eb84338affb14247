//! What is known of a value while a template is walked.

use std::sync::Arc;

use super::{ELEMENT, Known, Shape, VariablePath};
use crate::templates::value::Value;

/// The most variables of which it is known that something is made of them: nobody reads the names of more.
const MOST_MADE_OF: usize = 32;

/// A value of which something is known.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) known: Known,
    /// The variable, or the part of one, that it is; all variables have an empty path.
    pub(super) path: Option<VariablePath>,
    /// What it is made of, if it is none itself.
    pub(super) made_of: Arc<[VariablePath]>,
}

impl Item {
    /// All variables.
    pub(super) fn root() -> Item {
        Item::of(VariablePath::default(), Known::There(Shape::Parts))
    }

    /// Anything.
    pub(super) fn unknown() -> Item {
        Item::shaped(Shape::Unknown)
    }

    pub(super) fn shaped(shape: Shape) -> Item {
        Item { known: Known::There(shape), path: None, made_of: Arc::default() }
    }

    pub(super) fn value(value: Value) -> Item {
        Item::shaped(Shape::Is(value))
    }

    /// A variable, or a part of one.
    pub(super) fn of(path: VariablePath, known: Known) -> Item {
        Item { known, path: Some(path), made_of: Arc::default() }
    }

    /// The same, made of another.
    pub(super) fn made_of(self, other: &Item) -> Item {
        let made_of = match other.variables() {
            [] => Arc::default(),
            [only] => Arc::from([VariablePath::clone(only)]),
            // What is made of several is no variable itself.
            _ => Arc::clone(&other.made_of),
        };
        Item { made_of, ..self }
    }

    /// The same, made of others: of each variable once.
    pub(super) fn made_of_all<'i>(self, others: impl Iterator<Item = &'i Item>) -> Item {
        let mut all: Vec<VariablePath> = Vec::new();
        for path in others.flat_map(Item::variables) {
            if all.len() == MOST_MADE_OF {
                break;
            }
            if !all.contains(path) {
                all.push(VariablePath::clone(path));
            }
        }
        let made_of = if all.is_empty() { Arc::default() } else { all.into() };
        Item { made_of, ..self }
    }

    /// The variables that it shows.
    pub(super) fn variables(&self) -> &[VariablePath] {
        match &self.path {
            Some(path) if !path.is_empty() => std::slice::from_ref(path),
            _ => &self.made_of,
        }
    }

    /// The steps that it takes to look which variables it shows.
    pub(super) fn weight(&self) -> u64 {
        self.variables().iter().map(|path| path.len() as u64).sum()
    }

    pub(super) fn is_root(&self) -> bool {
        self.path.as_ref().is_some_and(|path| path.is_empty())
    }

    pub(super) fn path(&self) -> VariablePath {
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
    pub(super) fn element(&self) -> Option<VariablePath> {
        let path = self.path.as_ref().filter(|_| self.shape() == Some(&Shape::List))?;
        Some(path.iter().cloned().chain([ELEMENT.into()]).collect())
    }
}
