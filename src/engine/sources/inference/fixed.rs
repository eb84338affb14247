//! The pieces of a text that is read.

use std::borrow::Cow;

use super::reading::Step;
use crate::engine::sources::variable::Class;

/// A piece of a text: fixed, of a class, or the page of the number that is known.
pub(super) enum Fixed<'p> {
    Text(Cow<'p, str>),
    Any(Class),
    /// It ends with this slash and number.
    Page(&'p str),
}

impl Fixed<'_> {
    /// What a reader does with it.
    pub(super) fn as_step(&self) -> Step<'_> {
        match self {
            Fixed::Text(text) => Step::Text(text),
            Fixed::Any(class) => Step::Any(*class),
            Fixed::Page(number) => Step::Page(number),
        }
    }
}
