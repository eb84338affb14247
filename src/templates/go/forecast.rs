//! What a template does of which only so much is known of its variables.
//!
//! [`Plain`] is a template as Kelos parses it. [`Plain::run`] walks it in a [`World`], which says what is known
//! of each variable: conditions that are decided there are followed, of all others both sides are looked at, and
//! what is found there is not certain.

mod around;
mod calls;
mod compare;
mod expression;
mod item;
mod kind;
mod scope;
mod walk;

use std::ops::Range;
use std::sync::Arc;

use self::walk::Walk;
use super::function::Function;
use super::outline::sets_dollar;
use super::parser::{self, Parsed};
use super::slips;
use crate::templates::budget::Exhausted;
use crate::templates::error::TemplateError;
use crate::templates::helpers;
use crate::templates::purse::Purse;
use crate::templates::value::{Text, Value};

/// An element of a list, whichever, in a path.
pub const ELEMENT: &str = "[]";

/// A variable, or a part of one: `["Context", "build"]`. Cloning it is cheap.
pub type VariablePath = Arc<[Text]>;

/// What is known of a variable, or of a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// It is not there: to ask for it is an error, and to look it up gives nothing.
    Absent,
    /// It may be there, and is of this shape then. A part of something [nullable](Shape::Nullable): it is there if that
    /// is something.
    Maybe(Shape),
    /// It is there.
    There(Shape),
}

/// What a value is like.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// This very value.
    Is(Value),
    /// A text, which may be empty.
    Text,
    /// A whole number.
    Number,
    /// True or false.
    Switch,
    /// A pointer to such a value, or to nothing: it prints as that, and is compared with pointers and nothing alone.
    Pointer(Box<Shape>),
    /// A list, whose elements the world knows by the name [`ELEMENT`].
    List,
    /// A pointer to nothing, or to something with fields and methods, which the world knows by name: to ask for a
    /// field is an error where it is nothing.
    Nullable,
    /// The same where it is something.
    Struct,
    /// A map, whose values the world knows by name.
    Parts,
    /// Anything.
    Unknown,
}

/// What is known of the variables of a template.
pub trait World {
    /// What is known of a variable, or of a part of one: `["Context", "build"]`.
    fn known(&self, path: &[Text]) -> Known;
}

/// What goes wrong, or gives something else than was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It asks for what is not there.
    Absent,
    /// It asks for what may not be there.
    MayBeAbsent,
    /// It prints `<no value>`.
    NoValue,
    /// It prints `<no value>` where that is not there.
    MayBeNoValue,
    /// It asks for a field of a text, a number or a list.
    NoField,
    /// It asks for a field or method that a struct within a variable does not have.
    NoMember,
    /// It takes a byte of a text as an element.
    ByteOfText,
    /// It loops over a text.
    RangeOfText,
    /// It counts the bytes of a text.
    LengthOfText,
    /// It compares what Go does not compare, in a clause.
    Compared(String),
    /// It slices a text that may be shorter, from and to these bytes.
    Sliced(usize, usize),
    /// It looks into what is nothing.
    OfNothing,
    /// It does what Go can't do, in a clause.
    Fails(String),
}

/// A place in a template where something goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub trouble: Trouble,
    /// The variable, or the part of one, that it is about; empty if it is about something else.
    pub path: VariablePath,
    /// The bytes of the expression.
    pub at: Range<usize>,
    /// Whether it stands where a condition is asked for: of `if`, `with`, `and` or `or`.
    pub is_condition: bool,
    /// Whether it is reached in any case.
    pub is_certain: bool,
    /// Whether `.` is all variables there.
    pub dot_is_root: bool,
    /// Whether it is an argument of a function.
    pub is_argument: bool,
    /// Whether the expression goes on behind the path, to a part of it.
    pub goes_on: bool,
    /// The bytes of the action, if it does nothing else than to print the expression.
    pub action: Option<Range<usize>>,
    /// What could be written instead of another part of it: the bytes, and the text.
    pub instead: Option<(Range<usize>, String)>,
}

/// A piece of what is printed, from left to right.
#[derive(Clone, Debug, PartialEq)]
pub struct Printed {
    /// What.
    pub piece: Piece,
    /// The bytes of the expression, or of the text.
    pub at: Range<usize>,
    /// Whether it is printed in any case.
    pub is_certain: bool,
}

/// What is printed in one place.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// This text.
    Text(Text),
    /// A variable, or a part of one, as it is.
    Variable(VariablePath, Shape),
    /// Something that is made of these variables, and of others that nobody knows.
    Made(Arc<[VariablePath]>),
}

impl Piece {
    /// The variables that it shows.
    pub fn paths(&self) -> &[VariablePath] {
        match self {
            Piece::Text(_) => &[],
            Piece::Variable(path, _) => std::slice::from_ref(path),
            Piece::Made(paths) => paths,
        }
    }
}

/// What a template does in a world.
#[derive(Clone, Debug, Default)]
pub struct Forecast {
    /// What goes wrong, in the order in which it is met.
    pub faults: Vec<Fault>,
    /// What is printed.
    pub printed: Vec<Printed>,
}

/// A template as Kelos parses it: without helpers.
#[derive(Debug)]
pub struct Plain<'s> {
    source: &'s str,
    parsed: Parsed,
    dollar_is_root: bool,
}

impl<'s> Plain<'s> {
    /// Parses a template; what that takes is given back, since it is not kept.
    ///
    /// # Errors
    ///
    /// What Go says of it, with a hint, or that it costs more than is left.
    pub fn parse(source: &'s str, purse: &mut Purse) -> Result<Plain<'s>, TemplateError> {
        let parse = |purse: &mut Purse| parser::parse(source, &Function::builtin, purse);
        let parsed = purse.keeping(parse, |_| 0);
        let parsed = parsed.map_err(|error| slips::explained(source, error))?;
        Ok(Plain { source, parsed, dollar_is_root: !sets_dollar(source) })
    }

    /// Parses a template of our own, which may have helpers.
    ///
    /// # Errors
    ///
    /// As [`Plain::parse`].
    pub fn with_helpers(source: &'s str, purse: &mut Purse) -> Result<Plain<'s>, TemplateError> {
        let resolve = |name: &str| {
            Function::builtin(name).or_else(|| helpers::find(name).map(Function::Helper))
        };
        let parsed = purse.keeping(|purse| parser::parse(source, &resolve, purse), |_| 0)?;
        Ok(Plain { source, parsed, dollar_is_root: !sets_dollar(source) })
    }

    /// What it does in a world.
    ///
    /// # Errors
    ///
    /// That walking it costs more steps than are left.
    pub fn run(&self, world: &dyn World, purse: &mut Purse) -> Result<Forecast, Exhausted> {
        Walk::new(self.source, &self.parsed, self.dollar_is_root, world, purse).run()
    }
}

#[cfg(test)]
mod tests;
