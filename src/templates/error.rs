//! Why a template does not compile or does not render, and where.

use std::fmt;

use smol_str::SmolStr;
use thiserror::Error;

use super::budget::Exhausted;

/// The longest message and the longest hint, in bytes: they may show what the template says, and are kept
/// with its key.
pub const MESSAGE_BYTES: usize = 400;

/// A place in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Bytes from the start of the source.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The place of a byte offset in `source`; past the end counts as the end.
    pub fn of(source: &str, offset: usize) -> Position {
        let offset = source.floor_char_boundary(offset.min(source.len()));
        let before = &source[..offset];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Position {
            offset,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The place of a line and a column in `source`, both from 1; past the end counts as the end.
    pub fn at(source: &str, line: usize, column: usize) -> Position {
        let ends = source.match_indices('\n').map(|(end, _)| end + 1);
        let start = std::iter::once(0).chain(ends).nth(line.saturating_sub(1));
        let start = start.unwrap_or(source.len());
        let rest = &source[start..];
        let within =
            rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
        Position { offset: start + within, line, column }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// What is wrong with a template, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// It does not parse.
    Parse,
    /// It asks for a variable, or an element of one, that is not there.
    Missing,
    /// It fails while it runs.
    Render,
    /// It reached a bound on steps, bytes or sizes.
    Limit,
    /// It says itself that it gives no value.
    Dropped,
}

/// Why a template gave no value.
///
/// Neither `message` nor `hint` holds a variable's value, unless the template itself puts one into
/// the message of `fail` or `required`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}{}", .position.map(|p| format!(" ({p})")).unwrap_or_default())]
pub struct TemplateError {
    /// The word for it.
    pub kind: ErrorKind,
    /// What is wrong, in a clause without a full stop.
    pub message: String,
    /// Where, if it has a place.
    pub position: Option<Position>,
    /// What to do about it, if there is something to say.
    pub hint: Option<String>,
    /// The name in the template that may be meant for another, as it is written (`.Task.Name`): of what is
    /// missing, or of a function that was called as if it were a variable.
    pub name: Option<SmolStr>,
}

impl TemplateError {
    /// An error without a place and a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> TemplateError {
        TemplateError { kind, message: cut(message.into()), position: None, hint: None, name: None }
    }

    /// A template that does not parse.
    pub fn parse(message: impl Into<String>) -> TemplateError {
        TemplateError::new(ErrorKind::Parse, message)
    }

    /// A template that fails while it runs.
    pub fn render(message: impl Into<String>) -> TemplateError {
        TemplateError::new(ErrorKind::Render, message)
    }

    /// A variable or a map element that is not there; `name` as the template wrote it (`.Task.Name`).
    pub fn missing(name: &str) -> TemplateError {
        let message = format!("`{name}` is not known");
        TemplateError::new(ErrorKind::Missing, message).about(name)
    }

    /// The same error about a name that the template wrote.
    #[must_use]
    pub fn about(self, name: &str) -> TemplateError {
        TemplateError { name: Some(name.into()), ..self }
    }

    /// The same error at a place, unless it has one already.
    #[must_use]
    pub fn at(mut self, position: Position) -> TemplateError {
        self.position.get_or_insert(position);
        self
    }

    /// The same error with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> TemplateError {
        self.hint = Some(cut(hint.into()));
        self
    }
}

/// A text of at most [`MESSAGE_BYTES`], with `…` where it was cut.
pub(crate) fn cut(mut text: String) -> String {
    if text.len() > MESSAGE_BYTES {
        text.truncate(text.floor_char_boundary(MESSAGE_BYTES));
        text.push('…');
        text.shrink_to_fit();
    }
    text
}

impl From<Exhausted> for TemplateError {
    fn from(exhausted: Exhausted) -> TemplateError {
        TemplateError::new(ErrorKind::Limit, exhausted.to_string())
    }
}
