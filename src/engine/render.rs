//! Templates: source → compiled template → text.
//!
//! Two languages, one set of values, helpers, bounds and errors. A template is compiled when its
//! TaskSpawner changes and rendered for each Task.

mod auto;
pub mod budget;
pub mod error;
pub mod go;
pub mod helpers;
mod intern;
mod interner;
pub mod jinja;
pub mod names;
mod numeral;
pub mod purse;
pub mod value;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use self::auto::Language;
use self::budget::Budget;
pub use self::error::{Position, TemplateError};
pub use self::intern::Templates;
use self::purse::{Purse, Spent};
use self::value::{Map, Text};

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
    type Err = String;

    fn from_str(text: &str) -> Result<Syntax, String> {
        match text {
            "auto" => Ok(Syntax::Auto),
            "go" => Ok(Syntax::Go),
            "jinja" => Ok(Syntax::Jinja),
            _ => Err(format!("`{text}` is none of `auto`, `go` and `jinja`")),
        }
    }
}

/// Which top-level variables a template may read, so that only those are built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// It may read any of them: it takes the whole root, as in `{{ . }}`.
    pub all: bool,
    /// The names it reads, as the template wrote them.
    pub names: BTreeSet<Text>,
}

impl Uses {
    /// Whether the variable `name` may be read.
    pub fn has(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }

    /// The variable's name as the key of its value, if it may be read.
    pub fn key(&self, name: &str) -> Option<Text> {
        match self.names.get(name) {
            Some(shared) => Some(Text::clone(shared)),
            None => self.all.then(|| name.into()),
        }
    }

    /// What its names take, in bytes.
    pub(in crate::engine) fn bytes(&self) -> usize {
        go::names_bytes(self.names.iter())
    }

    /// Adds what another template reads.
    pub fn extend(&mut self, other: &Uses) {
        self.all |= other.all;
        self.names.extend(other.names.iter().cloned());
    }
}

/// A compiled template.
#[derive(Debug)]
pub struct Template {
    source: Text,
    /// The language that was asked for.
    syntax: Syntax,
    body: Body,
    /// What compiling it took.
    spent: Spent,
}

#[derive(Debug)]
enum Body {
    /// No action in it: its source is its value.
    Plain,
    Go(go::Program),
    Jinja(jinja::Program),
}

/// The code of a template, and the bytes that it takes.
fn body(source: &Text, syntax: Syntax, purse: &mut Purse) -> Result<(Body, usize), TemplateError> {
    Ok(match syntax {
        _ if auto::is_plain(source, syntax) => (Body::Plain, 0),
        Syntax::Go => of_go(go::Program::compile_within(source, purse)?),
        Syntax::Jinja => of_jinja(jinja::Program::compile_within(source, purse)?),
        Syntax::Auto => auto::compile(source, purse)?,
    })
}

fn of_go(program: go::Program) -> (Body, usize) {
    let bytes = program.bytes();
    (Body::Go(program), bytes)
}

fn of_jinja(program: jinja::Program) -> (Body, usize) {
    let bytes = program.bytes();
    (Body::Jinja(program), bytes)
}

impl Template {
    /// Compiles a template, within what all rules of a TaskSpawner may cost.
    ///
    /// # Errors
    ///
    /// A `parse_error` with its place; for [`Syntax::Auto`] that of the language which the template
    /// looks like. `limit_exceeded` if compiling it costs too much.
    pub fn compile(source: &str, syntax: Syntax) -> Result<Template, TemplateError> {
        Template::compile_within(source, syntax, &mut Purse::default())
    }

    /// Renders the template; all it may cost is taken off `budget`, and no more than one template
    /// may cost.
    ///
    /// # Errors
    ///
    /// Any [`TemplateError`] but a `parse_error`.
    pub fn render(&self, root: &Arc<Map>, budget: &mut Budget) -> Result<String, TemplateError> {
        match &self.body {
            Body::Plain if self.source.len() > budget::VALUE_BYTES => {
                Err(budget::Exhausted::Value.into())
            }
            Body::Plain => Ok(self.source.to_string()),
            Body::Go(program) => budget.within(Budget::template(), |b| program.render(root, b)),
            Body::Jinja(program) => budget.within(Budget::template(), |b| program.render(root, b)),
        }
    }

    /// What compiling it took.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// What the template says.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its language; nothing for a plain text.
    pub fn language(&self) -> Option<Language> {
        match &self.body {
            Body::Plain => None,
            Body::Go(_) => Some(Language::Go),
            Body::Jinja(_) => Some(Language::Jinja),
        }
    }

    /// The variables it may read; nothing for a plain text.
    pub fn uses(&self) -> Option<&Uses> {
        match &self.body {
            Body::Plain => None,
            Body::Go(program) => Some(program.uses()),
            Body::Jinja(program) => Some(program.uses()),
        }
    }

    /// Whether it has no loops and calls no templates or macros, so that it may be rendered where
    /// it stands.
    pub fn is_straight_line(&self) -> bool {
        match &self.body {
            Body::Plain => true,
            Body::Go(program) => program.is_straight_line(),
            Body::Jinja(program) => program.is_straight_line(),
        }
    }
}
