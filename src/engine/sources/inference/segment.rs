//! The pieces of a text that is read.

use std::borrow::Cow;

use super::matcher::Step;
use crate::engine::sources::variable::Class;

/// A piece of a text: fixed, of a class, the page of the number that is known, or one of several.
pub(super) enum Segment<'p> {
    Text(Cow<'p, str>),
    Any(Class),
    /// Not an empty text.
    Filled(Class),
    /// It ends with this slash and number.
    Page(&'p str),
    Choice(Vec<Branch<'p>>),
}

/// Pieces in their order, with the numbers of the variables that are to be read.
pub(super) type Segments<'p> = Vec<(Segment<'p>, Option<usize>)>;

/// One of several things that can stand in one place.
pub(super) struct Branch<'p> {
    pub(super) segments: Segments<'p>,
    /// What variables are if it is this one.
    pub(super) told: Vec<(usize, &'p str)>,
}

impl Segment<'_> {
    /// What a reader does with it.
    pub(super) fn as_step(&self) -> Step<'_> {
        match self {
            Segment::Text(text) => Step::Text(text),
            Segment::Any(class) => Step::Any(*class),
            Segment::Filled(class) => Step::Filled(*class),
            Segment::Page(number) => Step::Page(number),
            Segment::Choice(branches) => {
                Step::Choice(branches.iter().map(|branch| steps(&branch.segments)).collect())
            }
        }
    }
}

/// What a reader does with pieces.
pub(super) fn steps<'s>(segments: &'s Segments<'_>) -> Vec<Step<'s>> {
    segments.iter().map(|(segment, _)| segment.as_step()).collect()
}
