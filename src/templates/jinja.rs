//! Jinja, by minijinja.
//!
//! minijinja's fuel pays for instructions and for the text they make, but not for what comparing,
//! searching, printing or taking apart a large value costs. So a template is not run as minijinja
//! compiles it: [`rewrite`] puts guards into the compiled code that charge such work before it is
//! done, and [`check`] refuses the few constructs that no guard can bound. What a template builds
//! is therefore bounded by its [`Budget`], whatever it does:
//!
//! - one step of the budget is one unit of fuel, which pays for one instruction or 64 bytes made
//!   or read; the bytes of the budget cap the fuel, and each unit spent takes 64 of them, because
//!   it may have made as many;
//! - a list or map that a template builds may hold others four deep, and nothing that is no plain
//!   value (loops, macros, namespaces), so that values form no cycles and no long chains;
//! - lists are not added or repeated.
//!
//! What reads as a text (`Labels`, `User`) prints, compares, concatenates, filters and tests as
//! one, and is a list or map in loops, indexes, `in`, `length`, `first`, `last`, `join`. It is no
//! text for `is string`. The name of a function is the function: a variable that is called like one
//! is read by its name in CamelCase (`Namespace`). Only `title` is always the variable.

mod blocks;
mod catalog;
mod check;
mod compile;
mod environment;
mod errors;
mod filters;
mod meter;
mod names;
mod objects;
mod operators;
mod precheck;
mod rewrite;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::machinery::{self, Instructions};
use minijinja::value::Value;
use minijinja::{AutoEscape, Error};

use self::meter::BYTES_PER_FUEL;
use self::objects::{Context, Root};
use super::Uses;
use super::budget::{Budget, Exhausted, VALUE_BYTES};
use super::error::TemplateError;
use super::purse::{ALLOCATION, Purse};
use super::regexp::Patterns;
use super::regexp::patterns_bytes;
use super::value::{Map, Text};

self_cell::self_cell! {
    /// minijinja's code, which borrows from the source of the template.
    struct Code {
        owner: Text,
        #[covariant]
        dependent: Instructions,
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Code").field(self.borrow_owner()).finish()
    }
}

/// Whether `NAME` as a filter is Jinja's own, not the helper of that name.
pub fn has_own_filter(name: &str) -> bool {
    catalog::filter_name(name).is_some_and(|filter| filter != name)
}

/// Whether `NAME(…)` calls a function.
pub fn has_function(name: &str) -> bool {
    catalog::is_function(name)
}

/// A compiled Jinja template. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Program {
    code: Arc<Code>,
    uses: Uses,
    straight_line: bool,
    patterns: Arc<Patterns>,
    /// What its code takes.
    code_bytes: usize,
}

impl Program {
    /// Parses a template and checks that it uses nothing that does not exist or cannot be bounded,
    /// within what all rules of a TaskSpawner may cost.
    ///
    /// # Errors
    ///
    /// `parse_error`, with the place in the template; `limit_exceeded` if compiling it costs too much.
    pub fn compile(source: &str) -> Result<Program, TemplateError> {
        Program::compile_within(&source.into(), &mut Purse::default())
    }

    /// As [`Program::compile`], at the cost of the purse.
    pub(super) fn compile_within(
        source: &Text,
        purse: &mut Purse,
    ) -> Result<Program, TemplateError> {
        purse.keeping(|purse| Program::make(source, purse), Program::bytes)
    }

    fn make(source: &Text, purse: &mut Purse) -> Result<Program, TemplateError> {
        purse.take_bytes(size_of::<Program>() + ALLOCATION)?;
        let parts = precheck::check(source, purse)?;
        let syntax_tree = compile::parse(source).map_err(|error| errors::parse(source, &error))?;
        let checked = check::check(source, &syntax_tree, purse)?;
        // A name is kept as it is written, and as Kelos spells it.
        purse.take_bytes(2 * source.len())?;
        let code = Code::try_new(Text::clone(source), |source| compile::compile(source));
        let code = code.map_err(|error| errors::parse(source, &error))?;
        Ok(Program {
            code_bytes: compile::bytes(code.borrow_dependent(), parts),
            code: Arc::new(code),
            uses: Uses::of(checked.names).written_as(checked.spellings),
            straight_line: checked.straight_line,
            patterns: Arc::new(checked.patterns),
        })
    }

    /// The bytes that it takes, but for its source.
    pub fn bytes(&self) -> usize {
        size_of::<Program>()
            + ALLOCATION
            + self.code_bytes
            + self.uses.bytes()
            + patterns_bytes(&self.patterns)
    }

    /// Renders the template with the variables in `root`; what it costs is taken off the budget,
    /// whether it succeeds or not.
    ///
    /// # Errors
    ///
    /// `missing_variable`, `render_error` or `limit_exceeded`.
    pub fn render(&self, root: &Arc<Map>, budget: &mut Budget) -> Result<Text, TemplateError> {
        let source = self.code.borrow_owner();
        let affordable = budget.bytes() / BYTES_PER_FUEL;
        let fuel = budget.steps().min(affordable);
        let ran_out_of = match fuel < budget.steps() {
            true => Exhausted::Bytes,
            false => Exhausted::Steps,
        };
        let context = Context { moment: budget.moment().0, patterns: Arc::clone(&self.patterns) };
        let root = Root { variables: Arc::clone(root), context: Arc::new(context) };
        let (result, spent) = run(self.code.borrow_dependent(), root, fuel);
        // Bytes take the steps that making them takes: this takes `spent` steps, too.
        budget.take_bytes(usize::try_from(spent * BYTES_PER_FUEL).unwrap_or(usize::MAX))?;
        let text = result.map_err(|error| errors::render(source, &error, ran_out_of))?;
        if text.len() > VALUE_BYTES {
            return Err(Exhausted::Value.into());
        }
        Ok(text.into())
    }

    /// The variables it may read, as the variables map spells them (`ReviewState` for
    /// `review_state`).
    pub fn uses(&self) -> &Uses {
        &self.uses
    }

    /// Whether it runs each of its parts once at most: it has no loops, no macros and no regular
    /// expressions.
    pub fn is_straight_line(&self) -> bool {
        self.straight_line
    }
}

/// Runs a template with so much fuel, and says how much of it was spent.
///
/// The compiled template is the body of a macro. Running it as one is what tells the fuel that a
/// template spent before it failed: minijinja drops the state that counts it with the error of a
/// whole template, but keeps it here.
fn run(code: &Instructions<'_>, root: Root, fuel: u64) -> (Result<String, Error>, u64) {
    let mut env = environment::base();
    env.set_fuel(Some(fuel));
    let root = Value::from_object(root);
    let no_blocks = BTreeMap::new();
    let mut nothing = String::new();
    let mut output = machinery::make_string_output(&mut nothing);
    match machinery::eval(&env, code, root, &no_blocks, &mut output, AutoEscape::None) {
        Ok((_, mut state)) => {
            let result = state.call_macro(compile::MAIN, &[]);
            let spent = state.fuel_levels().map_or(fuel, |(spent, _)| spent);
            (result, spent)
        }
        Err(error) => (Err(error), fuel),
    }
}
