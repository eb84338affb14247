//! Why a key was not written, for the team that asked for it.

use std::fmt;

use thiserror::Error;

use super::reason::Reason;
use super::sources::name_hint;
use crate::templates::budget::Exhausted;
use crate::templates::error::cut;
use crate::templates::value::Text;
use crate::templates::{ErrorKind, Position, TemplateError};

/// Why a key was not written, or was removed.
///
/// Neither `message` nor `hint` holds a variable's value, unless the template itself puts one into
/// the message of `fail` or `required`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Skip {
    /// The word for it.
    pub reason: Reason,
    /// What is wrong, in a clause without a full stop.
    pub message: String,
    /// Where in the template, if it has a place there.
    pub position: Option<Position>,
    /// What to do about it, if there is something to say.
    pub hint: Option<String>,
    /// The variable that is missing, as the template spells it (`.Context.build`), if that is why.
    pub variable: Option<Text>,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.position.map_or(Ok(()), |position| write!(f, " ({position})"))
    }
}

impl Skip {
    /// A skip without a place and a hint.
    pub fn new(reason: Reason, message: impl Into<String>) -> Skip {
        Skip { reason, message: cut(message.into()), position: None, hint: None, variable: None }
    }

    /// A rules annotation, an entry of it or a template that does not parse.
    pub fn parse(message: impl Into<String>) -> Skip {
        Skip::new(Reason::ParseError, message)
    }

    /// The same at a place.
    #[must_use]
    pub fn at(self, position: Position) -> Skip {
        Skip { position: Some(position), ..self }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Skip {
        self.hint = Some(cut(hint.into()));
        self
    }
}

impl From<ErrorKind> for Reason {
    fn from(kind: ErrorKind) -> Reason {
        match kind {
            ErrorKind::Parse => Reason::ParseError,
            ErrorKind::Missing => Reason::MissingVariable,
            ErrorKind::Render => Reason::RenderError,
            ErrorKind::Limit => Reason::LimitExceeded,
            ErrorKind::Dropped => Reason::Omitted,
        }
    }
}

/// What a template says of itself; a name in it that is close to a variable of Kelos gets a hint.
impl From<TemplateError> for Skip {
    fn from(error: TemplateError) -> Skip {
        let meant = || name_hint(error.kind, error.name.as_deref()?);
        let hint = error.hint.clone().or_else(meant);
        let missing = error.name.as_deref().filter(|_| error.kind == ErrorKind::Missing);
        let variable = missing.and_then(variable).map(Text::from);
        let TemplateError { kind, message, position, .. } = error;
        Skip { reason: kind.into(), message, position, hint, variable }
    }
}

/// The longest variable that is named.
const VARIABLE_BYTES: usize = 64;

/// The names that an expression begins with, as it spells them: `.Annotations` of `.Annotations["x/y"]`, and of
/// `$.Annotations`, which is the same. Nothing of an expression that is more than names and elements, or that spells them in other letters.
fn variable(written: &str) -> Option<&str> {
    let written = written.strip_prefix('$').filter(|it| it.starts_with('.')).unwrap_or(written);
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
    let length = written.bytes().position(|b| !is_name(b)).unwrap_or(written.len());
    let (names, rest) = written.split_at(length);
    let names = names.trim_end_matches('.');
    let is_it = !names.is_empty() && names.len() <= VARIABLE_BYTES;
    (is_it && (rest.is_empty() || rest.starts_with('['))).then_some(names)
}

impl From<Exhausted> for Skip {
    fn from(exhausted: Exhausted) -> Skip {
        TemplateError::from(exhausted).into()
    }
}

#[cfg(test)]
mod tests {
    use super::variable;

    #[test]
    fn the_variable_is_the_names_that_the_template_spells() {
        for (written, named) in [
            (".Labels", Some(".Labels")),
            (".Context.build", Some(".Context.build")),
            (".Annotations[\"x/y\"]", Some(".Annotations")),
            ("labels", Some("labels")),
            ("$.Labels", Some(".Labels")),
            ("$.Context.build[0]", Some(".Context.build")),
            ("$labels", None),
            ("$", None),
            ("index .Labels 0", None),
            (".Übel", None),
            (".", None),
            ("", None),
        ] {
            assert_eq!(variable(written), named, "{written}");
        }
        assert_eq!(variable(&"x".repeat(65)), None);
    }
}
