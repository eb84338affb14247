//! Go's text/template, as Kelos renders it: no functions of its own, missingkey=error.
//!
//! Source → tokens (`lexer`) → tree (`parser`, `tree`) → text (`eval`, `builtins`, `fmt`). What
//! renders in Go renders the same here, byte for byte; the tests ask the real Go. On top of Go there
//! are the shared helpers, texts that are lists when asked, and an absent variable that is an error
//! where Go would write `<no value>`.

mod builtins;
mod certain;
mod compare;
mod escape;
mod eval;
mod flat;
pub mod forecast;
mod function;
mod lexer;
mod literal;
mod mentions;
mod outline;
mod parser;
mod slips;
#[cfg(test)]
mod tests;
mod tree;
mod weight;

use std::sync::Arc;

pub use self::certain::certain_variable;
pub(super) use self::flat::Flat;
use self::function::Function;
pub use self::outline::{Alternative, NO_VALUE, Piece, When, outline, why_not_plain_go};
use self::parser::{Misfit, Parsed};
use super::Uses;
use super::budget::Budget;
use super::error::{Position, TemplateError};
use super::helpers;
use super::purse::Purse;
use super::value::{Map, Text, Value};

/// Whether Go itself has a function of this name.
pub(super) fn is_function(name: &str) -> bool {
    Function::builtin(name).is_some()
}

/// A compiled template. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Program {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    source: Text,
    parsed: Parsed,
}

impl Program {
    /// Compiles a template, within what all rules of a TaskSpawner may cost.
    ///
    /// # Errors
    ///
    /// A parse error with its place, where Go's parser has one; unknown functions and variables
    /// are parse errors, unknown templates are not. `limit_exceeded` if compiling it costs too much.
    pub fn compile(source: &str) -> Result<Program, TemplateError> {
        Program::compile_within(&source.into(), &mut Purse::default())
    }

    /// As [`Program::compile`], at the cost of the purse.
    pub(super) fn compile_within(
        source: &Text,
        purse: &mut Purse,
    ) -> Result<Program, TemplateError> {
        let resolve = |name: &str| {
            Function::builtin(name).or_else(|| helpers::find(name).map(Function::Helper))
        };
        let parsed = purse.keeping(|purse| parser::parse(source, &resolve, purse), weight::parsed);
        let parsed = parsed.map_err(|error| slips::explained(source, error))?;
        Ok(Program { inner: Arc::new(Inner { source: Text::clone(source), parsed }) })
    }

    /// The bytes that it takes, but for its source.
    pub fn bytes(&self) -> usize {
        weight::parsed(&self.inner.parsed)
    }

    /// Renders the template with the variables in `root`.
    ///
    /// # Errors
    ///
    /// `missing_variable`, `render_error`, `limit_exceeded`, or what a helper gives, with its place.
    pub fn render(&self, root: &Arc<Map>, budget: &mut Budget) -> Result<Text, TemplateError> {
        let root = Value::Map(Arc::clone(root));
        eval::render(&self.inner.source, &self.inner.parsed, root, false, budget)
    }

    /// Compiles a template as Kelos does: with no functions but Go's own.
    ///
    /// # Errors
    ///
    /// As [`Program::compile`].
    pub fn compile_plain(source: &str, purse: &mut Purse) -> Result<Program, TemplateError> {
        let source = Text::from(source);
        let parsed = parser::parse(&source, &Function::builtin, purse);
        let parsed = parsed.map_err(|error| slips::explained(&source, error))?;
        Ok(Program { inner: Arc::new(Inner { source, parsed }) })
    }

    /// Renders a template of [`Program::compile_plain`] as Go does, which prints `<no value>` for nothing.
    ///
    /// # Errors
    ///
    /// `missing_variable` for an element that a map does not have, `render_error` for whatever else Go fails on,
    /// `limit_exceeded` where it can't be told what Go does; each with its place.
    pub fn render_plain(&self, root: &Value, budget: &mut Budget) -> Result<Text, TemplateError> {
        eval::render(&self.inner.source, &self.inner.parsed, root.clone(), true, budget)
    }

    /// Whether the template asks anywhere for something of this name, be it as a field or as the text of an index;
    /// templates that it defines are left out.
    pub fn mentions(&self, name: &str) -> bool {
        mentions::block(&self.inner.parsed.main, name)
    }

    /// Which variables it may read.
    pub fn uses(&self) -> &Uses {
        &self.inner.parsed.uses
    }

    /// The first helper in it, which Go itself does not have, and its place.
    pub fn helper(&self) -> Option<(&'static str, Position)> {
        let (at, name) = self.inner.parsed.helper?;
        Some((name, Position::of(&self.inner.source, at)))
    }

    /// Whether it runs from its beginning to its end: no ranges, no calls of templates, no regular
    /// expressions.
    pub fn is_straight_line(&self) -> bool {
        self.inner.parsed.is_straight_line
    }

    /// The error that Go will give for the first function that is called with a number of arguments
    /// it can't accept, a piped one included. Go complains only when it comes to that call.
    pub fn misfit(&self) -> Option<TemplateError> {
        let Misfit { start, function, arguments } = self.inner.parsed.misfit?;
        let (name, wants) = (function.name(), function.wants());
        let message = format!("`{name}` takes {wants}, a piped one included, and gets {arguments}");
        Some(TemplateError::parse(message).at(Position::of(&self.inner.source, start)))
    }
}
