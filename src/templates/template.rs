//! A compiled template: in either language, or a plain text.

use std::borrow::Cow;
use std::sync::Arc;

use super::body::{Body, of_go, of_jinja};
use super::budget::{self, Budget};
use super::error::{Position, TemplateError};
use super::purse::{Purse, Spent};
use super::syntax::{Language, Syntax};
use super::uses::{Read, Uses};
use super::value::{Map, Text};
use super::{detect, go, jinja};

/// A compiled template.
#[derive(Debug)]
pub struct Template {
    pub(super) source: Text,
    /// The language that was asked for.
    pub(super) syntax: Syntax,
    pub(super) body: Body,
    /// What compiling it took.
    pub(super) spent: Spent,
}

impl Uses {
    /// What several templates read together.
    pub fn together<'t>(templates: impl IntoIterator<Item = &'t Template>) -> Uses {
        let mut read = Read::default();
        templates.into_iter().for_each(|template| template.add_to(&mut read));
        read.together()
    }
}

/// The code of a template, and the bytes that it takes.
pub(super) fn body(
    source: &Text,
    syntax: Syntax,
    purse: &mut Purse,
) -> Result<(Body, usize), TemplateError> {
    Ok(match syntax {
        _ if detect::is_plain(source, syntax) => (Body::Plain, 0),
        Syntax::Go => of_go(go::Program::compile_within(source, purse)?),
        Syntax::Jinja => of_jinja(jinja::Program::compile_within(source, purse)?),
        Syntax::Auto => detect::compile(source, purse)?,
    })
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
    pub fn render(&self, root: &Arc<Map>, budget: &mut Budget) -> Result<Text, TemplateError> {
        match &self.body {
            Body::Plain if self.source.len() > budget::VALUE_BYTES => {
                Err(budget::Exhausted::Value.into())
            }
            Body::Plain => Ok(self.source.clone()),
            Body::Flat(flat) => {
                budget.within(Budget::template(), |b| flat.render(&self.source, root, b))
            }
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
            Body::Go(_) | Body::Flat(_) => Some(Language::Go),
            Body::Jinja(_) => Some(Language::Jinja),
        }
    }

    /// The variables it may read; nothing for a plain text.
    pub fn uses(&self) -> Option<Cow<'_, Uses>> {
        match &self.body {
            Body::Plain => None,
            Body::Flat(flat) => Some(Cow::Owned(Uses::of(flat.names(&self.source)))),
            Body::Go(program) => Some(Cow::Borrowed(program.uses())),
            Body::Jinja(program) => Some(Cow::Borrowed(program.uses())),
        }
    }

    /// Adds the variables that it may read.
    fn add_to(&self, read: &mut Read) {
        match &self.body {
            Body::Plain => {}
            Body::Flat(flat) => read.names.extend(flat.names(&self.source)),
            Body::Go(program) => read.add(program.uses()),
            Body::Jinja(program) => read.add(program.uses()),
        }
    }

    /// The variable and the number of the element that it prints, if it is `{{index .NAME NUMBER}}` in Go and
    /// white space.
    pub fn as_element(&self) -> Option<(&str, usize)> {
        match &self.body {
            Body::Flat(flat) => flat.as_element(&self.source),
            Body::Plain | Body::Go(_) | Body::Jinja(_) => None,
        }
    }

    /// Whether it is a Go template that prints texts and variables by their names and nothing else.
    pub fn prints_names_only(&self) -> bool {
        match &self.body {
            Body::Flat(flat) => flat.prints_names_only(),
            Body::Plain | Body::Go(_) | Body::Jinja(_) => false,
        }
    }

    /// The first helper in it and its place, if it is a Go template: Kelos itself has none.
    pub fn helper(&self) -> Option<(&'static str, Position)> {
        match &self.body {
            Body::Go(program) => program.helper(),
            Body::Plain | Body::Flat(_) | Body::Jinja(_) => None,
        }
    }

    /// Whether it has no loops and calls no templates or macros, so that it may be rendered where
    /// it stands.
    pub fn is_straight_line(&self) -> bool {
        match &self.body {
            Body::Plain | Body::Flat(_) => true,
            Body::Go(program) => program.is_straight_line(),
            Body::Jinja(program) => program.is_straight_line(),
        }
    }
}
