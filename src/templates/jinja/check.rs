//! Walks the syntax tree of a template: what it uses, and whether all of it exists and can be
//! bounded.

mod expressions;

use std::collections::{BTreeMap, BTreeSet};

use minijinja::machinery::Span;
use minijinja::machinery::ast::{self, Expr, Spanned, Stmt};

use crate::templates::error::{Position, TemplateError};
use crate::templates::purse::Purse;
use crate::templates::regexp::Patterns;
use crate::templates::value::Text;

/// What the walk found.
#[derive(Default)]
pub(super) struct Checked {
    /// The variables that the template may read, in CamelCase.
    pub(super) names: BTreeSet<Text>,
    /// As the template wrote those of them that it wrote in snake_case.
    pub(super) spellings: BTreeSet<Text>,
    /// Whether it has neither loops nor macros nor regular expressions.
    pub(super) straight_line: bool,
    /// The regular expressions that it spells out.
    pub(super) patterns: Patterns,
}

/// Checks a template.
pub(super) fn check(
    source: &str,
    template: &Stmt<'_>,
    purse: &mut Purse,
) -> Result<Checked, TemplateError> {
    let mut walk = Walk {
        source,
        purse,
        macros: BTreeSet::new(),
        locals: Locals::default(),
        found: Checked { straight_line: true, ..Checked::default() },
    };
    walk.collect_macros(std::slice::from_ref(template));
    walk.statement(template)?;
    Ok(walk.found)
}

/// Names that are set, those of inner bodies last.
#[derive(Default)]
struct Locals<'a> {
    names: Vec<&'a str>,
    /// How often each is there, so that nobody has to look through all of them.
    counts: BTreeMap<&'a str, usize>,
}

impl<'a> Locals<'a> {
    fn len(&self) -> usize {
        self.names.len()
    }

    fn push(&mut self, name: &'a str) {
        self.names.push(name);
        *self.counts.entry(name).or_default() += 1;
    }

    fn truncate(&mut self, length: usize) {
        for name in self.names.drain(length..) {
            self.counts.entry(name).and_modify(|count| *count -= 1);
        }
    }

    fn has(&self, name: &str) -> bool {
        self.counts.get(name).is_some_and(|count| *count > 0)
    }
}

type Checking = Result<(), TemplateError>;

struct Walk<'a, 'p> {
    purse: &'p mut Purse,
    source: &'a str,
    /// Macros of the whole template: one may call another that comes later.
    macros: BTreeSet<&'a str>,
    /// Names that are surely set where the walk is.
    locals: Locals<'a>,
    found: Checked,
}

impl<'a> Walk<'a, '_> {
    fn refuse(&self, span: Span, message: String, hint: &str) -> TemplateError {
        let position = Position::of(self.source, span.start_offset as usize);
        let error = TemplateError::parse(message).at(position);
        if hint.is_empty() { error } else { error.hint(hint) }
    }

    fn collect_macros(&mut self, body: &[Stmt<'a>]) {
        for statement in body {
            match statement {
                Stmt::Template(s) => self.collect_macros(&s.children),
                Stmt::Macro(s) => {
                    self.macros.insert(s.name);
                    self.collect_macros(&s.body);
                }
                Stmt::CallBlock(s) => self.collect_macros(&s.macro_decl.body),
                Stmt::ForLoop(s) => {
                    self.collect_macros(&s.body);
                    self.collect_macros(&s.else_body);
                }
                Stmt::IfCond(s) => {
                    self.collect_macros(&s.true_body);
                    self.collect_macros(&s.false_body);
                }
                Stmt::WithBlock(s) => self.collect_macros(&s.body),
                Stmt::SetBlock(s) => self.collect_macros(&s.body),
                Stmt::FilterBlock(s) => self.collect_macros(&s.body),
                _ => {}
            }
        }
    }

    /// A body whose names are gone, or may not have been set, after it.
    fn body(&mut self, body: &[Stmt<'a>]) -> Checking {
        let outer = self.locals.len();
        body.iter().try_for_each(|statement| self.statement(statement))?;
        self.locals.truncate(outer);
        Ok(())
    }

    fn statement(&mut self, statement: &Stmt<'a>) -> Checking {
        match statement {
            Stmt::Template(s) => s.children.iter().try_for_each(|child| self.statement(child)),
            Stmt::EmitExpr(s) => self.expression(&s.expr),
            Stmt::EmitRaw(_) | Stmt::Continue(_) | Stmt::Break(_) => Ok(()),
            Stmt::ForLoop(s) => self.for_loop(s),
            Stmt::IfCond(s) => {
                self.expression(&s.expr)?;
                self.body(&s.true_body)?;
                self.body(&s.false_body)
            }
            Stmt::WithBlock(s) => {
                let outer = self.locals.len();
                for (target, value) in &s.assignments {
                    self.expression(value)?;
                    self.assign(target)?;
                }
                self.body(&s.body)?;
                self.locals.truncate(outer);
                Ok(())
            }
            Stmt::Set(s) => {
                self.expression(&s.expr)?;
                self.assign(&s.target)
            }
            Stmt::SetBlock(s) => {
                self.body(&s.body)?;
                s.filter.iter().try_for_each(|filter| self.expression(filter))?;
                self.assign(&s.target)
            }
            Stmt::AutoEscape(s) => Err(self.refuse(
                s.span(),
                "there is no automatic escaping".to_owned(),
                "values are text, not HTML: leave `autoescape` out",
            )),
            Stmt::FilterBlock(s) => {
                self.body(&s.body)?;
                self.expression(&s.filter)
            }
            Stmt::Macro(s) => {
                self.locals.push(s.name);
                self.macro_body(s)
            }
            Stmt::CallBlock(s) => {
                self.call(&s.call)?;
                self.macro_body(&s.macro_decl)
            }
            Stmt::Do(s) => self.call(&s.call),
        }
    }

    fn for_loop(&mut self, s: &Spanned<ast::ForLoop<'a>>) -> Checking {
        self.found.straight_line = false;
        self.expression(&s.iter)?;
        let outer = self.locals.len();
        self.locals.push("loop");
        self.assign(&s.target)?;
        s.filter_expr.iter().try_for_each(|filter| self.expression(filter))?;
        self.body(&s.body)?;
        self.locals.truncate(outer);
        self.body(&s.else_body)
    }

    fn macro_body(&mut self, s: &ast::Macro<'a>) -> Checking {
        self.found.straight_line = false;
        let outer = self.locals.len();
        self.locals.push("caller");
        s.args.iter().try_for_each(|arg| self.assign(arg))?;
        s.defaults.iter().try_for_each(|default| self.expression(default))?;
        self.body(&s.body)?;
        self.locals.truncate(outer);
        Ok(())
    }

    fn assign(&mut self, target: &Expr<'a>) -> Checking {
        match target {
            Expr::Var(var) => self.locals.push(var.id),
            Expr::List(list) => list.items.iter().try_for_each(|item| self.assign(item))?,
            Expr::Tuple(tuple) => tuple.items.iter().try_for_each(|item| self.assign(item))?,
            other => self.expression(other)?,
        }
        Ok(())
    }
}
