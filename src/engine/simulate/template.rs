//! Templates as Kelos renders them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::spawner::Spawner;
use super::variables::Variables;
use crate::templates::TemplateError;
use crate::templates::budget::Budget;
use crate::templates::go::Program;
use crate::templates::purse::Purse;

/// Renders a template as Kelos does: Go's text/template with no functions but Go's own, where a variable that is not
/// there is an error, and `{{index . "X"}}` prints `<no value>` for one.
///
/// # Errors
///
/// What Kelos fails on, with its place. Kind [`ErrorKind::Limit`](crate::templates::ErrorKind::Limit) where it can't be told what Kelos does.
pub fn render_as_kelos(template: &str, variables: &Variables) -> Result<String, TemplateError> {
    if !template.contains("{{") {
        return Ok(template.to_owned());
    }
    let program = Program::compile_plain(template, &mut Purse::default())?;
    render(&program, variables)
}

/// The templates of a TaskSpawner, each compiled once, however many items it is rendered for.
#[derive(Clone, Debug, Default)]
pub(super) struct Programs(Rc<RefCell<Compiled>>);

#[derive(Debug, Default)]
struct Compiled {
    /// What compiling them may still cost, all together.
    purse: Purse,
    all: BTreeMap<Box<str>, Result<Rc<Program>, TemplateError>>,
}

impl Programs {
    /// A template, compiled.
    pub(super) fn of(&self, template: &str) -> Result<Rc<Program>, TemplateError> {
        let Compiled { purse, all } = &mut *self.0.borrow_mut();
        if let Some(known) = all.get(template) {
            return known.clone();
        }
        let compiled = Program::compile_plain(template, purse).map(Rc::new);
        all.insert(template.into(), compiled.clone());
        compiled
    }
}

impl Spawner {
    /// Renders a template of its own, as [`render_as_kelos`].
    pub(super) fn render(
        &self,
        template: &str,
        variables: &Variables,
    ) -> Result<String, TemplateError> {
        if !template.contains("{{") {
            return Ok(template.to_owned());
        }
        render(&*self.programs.of(template)?, variables)
    }
}

/// Renders what was compiled already.
pub(super) fn render(program: &Program, variables: &Variables) -> Result<String, TemplateError> {
    let mut budget = variables.left().unwrap_or(Budget::template());
    let text = program.render_plain(variables.root(), &mut budget);
    variables.spend_to(budget);
    text.map(String::from).map_err(|error| variables.explained(error))
}
