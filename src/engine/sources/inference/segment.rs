//! The pieces of a text that is read.

use std::borrow::Cow;

use super::matcher::Step;
use crate::engine::sources::variable::Class;

/// A piece of a text: fixed, of a class, or the page of the number that is known.
pub(super) enum Segment<'p> {
    Text(Cow<'p, str>),
    Any(Class),
    /// It ends with this slash and number.
    Page(&'p str),
}

impl Segment<'_> {
    /// What a reader does with it.
    pub(super) fn as_step(&self) -> Step<'_> {
        match self {
            Segment::Text(text) => Step::Text(text),
            Segment::Any(class) => Step::Any(*class),
            Segment::Page(number) => Step::Page(number),
        }
    }
}
