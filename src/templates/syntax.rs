//! The template languages, and what a team says about them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A template language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Go's text/template.
    Go,
    /// Jinja.
    Jinja,
}

/// What a team says about the language of its templates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// Look at the template.
    #[default]
    Auto,
    /// Go's text/template.
    Go,
    /// Jinja.
    Jinja,
}

impl Syntax {
    /// `auto`, `go` or `jinja`.
    pub fn as_str(self) -> &'static str {
        match self {
            Syntax::Auto => "auto",
            Syntax::Go => "go",
            Syntax::Jinja => "jinja",
        }
    }
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Syntax {
    type Err = UnknownSyntax;

    fn from_str(text: &str) -> Result<Syntax, UnknownSyntax> {
        match text {
            "auto" => Ok(Syntax::Auto),
            "go" => Ok(Syntax::Go),
            "jinja" => Ok(Syntax::Jinja),
            _ => Err(UnknownSyntax(text.to_owned())),
        }
    }
}

/// A word that names no language.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is none of `auto`, `go` and `jinja`")]
pub struct UnknownSyntax(String);
