//! Expressions → values.

use std::sync::Arc;

use super::super::parser::no_method;
use super::{Evaluator, plain};
use crate::templates::budget::{Budget, Exhausted};
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::go::function::{Builtin, Function};
use crate::templates::go::tree::{Expr, ExprKind, NO_FUNCTION, Path, Span};
use crate::templates::helpers::Caller;
use crate::templates::meter::Meter;
use crate::templates::regexp::{Pattern, Patterns};
use crate::templates::value::Value;

impl<'a> Evaluator<'a> {
    /// The value of an expression; `piped` is the value that a pipeline hands to a command.
    pub(super) fn expression(
        &mut self,
        dot: &Value,
        expr: &'a Expr,
        piped: Option<Value>,
    ) -> Result<Value, TemplateError> {
        self.evaluate(dot, expr, piped).map_err(|error| self.place(error, expr.span))
    }

    fn evaluate(
        &mut self,
        dot: &Value,
        expr: &'a Expr,
        piped: Option<Value>,
    ) -> Result<Value, TemplateError> {
        self.budget.take_steps(1)?;
        match &expr.kind {
            ExprKind::Literal(value) => Ok(value.clone()),
            ExprKind::Dot => Ok(dot.clone()),
            ExprKind::Field(path) => {
                self.budget.take_steps(path.names.len() as u64)?;
                self.follow(dot, path, expr.span)
            }
            ExprKind::Variable(variable, path) => {
                self.budget.take_steps(path.names.len() as u64)?;
                let slot = self.slot(*variable, expr.span)?;
                self.follow(&self.variables[slot].1, path, expr.span)
            }
            ExprKind::Chain(inner, path) => {
                self.budget.take_steps(path.names.len() as u64)?;
                let value = self.expression(dot, inner, None)?;
                self.follow(&value, path, expr.span)
            }
            ExprKind::Parens(pipeline) => {
                self.descend(expr.span)?;
                let value = self.pipeline(dot, pipeline)?;
                self.depth -= 1;
                Ok(value)
            }
            ExprKind::Call(function, arguments) => self.call(dot, *function, arguments, piped),
            ExprKind::Method(inner, _) => Err(self.method(dot, inner)?),
            ExprKind::Misuse(problem) => Err(TemplateError::render(*problem)),
        }
    }

    /// Why a chain of fields can't be given arguments: nothing has methods but what Go has types for, of which it is
    /// not told what they give.
    fn method(&mut self, dot: &Value, chain: &'a Expr) -> Result<TemplateError, TemplateError> {
        let no_function = TemplateError::render(NO_FUNCTION);
        let (from, path) = match &chain.kind {
            ExprKind::Field(path) if self.is_plain => (dot.clone(), path),
            ExprKind::Variable(variable, path) if self.is_plain => {
                let slot = self.slot(*variable, chain.span)?;
                (self.variables[slot].1.clone(), path)
            }
            ExprKind::Chain(inner, path) if self.is_plain => {
                (self.expression(dot, inner, None)?, path)
            }
            _ => return Ok(no_function),
        };
        let Some((name, of)) = path.names.split_last() else { return Ok(no_function) };
        let of = Path { names: of.into(), may_be_absent: false };
        Ok(match self.follow(&from, &of, chain.span)? {
            Value::Typed(typed) => match typed.field(name) {
                Err(error) if error.kind == ErrorKind::Limit => error,
                _ => no_function,
            },
            _ => no_function,
        })
    }

    /// Looks up a field, a field of that, and so on.
    fn follow(&self, from: &Value, path: &Path, span: Span) -> Result<Value, TemplateError> {
        let mut made;
        let mut here = from;
        for name in &path.names {
            let found = match here.as_parts() {
                Value::Map(map) => map.get(name),
                Value::Nil => None,
                Value::Typed(typed) => {
                    made = typed.field(name)?;
                    Some(&made)
                }
                other => {
                    let kind = other.kind();
                    let message = format!("`.{name}` can't be looked up in {kind}");
                    return Err(TemplateError::render(message).hint(no_method(name)));
                }
            };
            match found {
                Some(value) => here = value,
                None if path.may_be_absent => return Ok(Value::Nil),
                None => return Err(TemplateError::missing(&self.quote(span))),
            }
        }
        Ok(here.clone())
    }

    fn call(
        &mut self,
        dot: &Value,
        function: Function,
        arguments: &'a [Expr],
        piped: Option<Value>,
    ) -> Result<Value, TemplateError> {
        let count = arguments.len() + usize::from(piped.is_some());
        if !function.accepts(count) {
            let (name, wants) = (function.name(), function.wants());
            let error = TemplateError::render(format!("`{name}` takes {wants}, not {count}"));
            return Err(if count == 0 { error.about(name) } else { error });
        }
        if let Function::Builtin(builtin @ (Builtin::And | Builtin::Or)) = function {
            return self.first_decisive(dot, builtin == Builtin::Or, arguments, piped);
        }
        let mut values = Vec::with_capacity(count);
        for argument in arguments {
            values.push(self.expression(dot, argument, None)?);
        }
        values.extend(piped);
        match function {
            Function::Builtin(builtin) => {
                if self.is_plain {
                    if builtin == Builtin::Slice {
                        self.no_boxed_bounds(dot, arguments.get(1..).unwrap_or_default())?;
                    }
                    plain::arguments(builtin, &mut values)?;
                }
                builtin.call(&values, self.budget)
            }
            Function::Helper(helper) => {
                let patterns = &self.parsed.patterns;
                helper.call(&mut Purse { budget: self.budget, patterns }, &values)
            }
        }
    }

    /// Go's `slice` does not look into the box that a value of a map is in, as all else does.
    fn no_boxed_bounds(&mut self, dot: &Value, bounds: &'a [Expr]) -> Result<(), TemplateError> {
        for bound in bounds {
            let (of, path) = match &bound.kind {
                ExprKind::Field(path) => (dot, path),
                ExprKind::Variable(variable, path) => {
                    let slot = self.slot(*variable, bound.span)?;
                    (&self.variables[slot].1, path)
                }
                _ => continue,
            };
            if path.names.len() == 1 && matches!(of, Value::Map(_)) {
                return Err(TemplateError::render("slice: a bound is no variable by itself")
                    .hint("put it in parentheses: `slice .Title 0 (.Number)`"));
            }
        }
        Ok(())
    }

    /// `and`, `or`: the first argument whose truth decides, else the last. Those behind it are not
    /// evaluated.
    fn first_decisive(
        &mut self,
        dot: &Value,
        decisive: bool,
        arguments: &'a [Expr],
        piped: Option<Value>,
    ) -> Result<Value, TemplateError> {
        let mut last = Value::Nil;
        for argument in arguments {
            last = self.expression(dot, argument, None)?;
            if last.is_true() == decisive {
                return Ok(last);
            }
        }
        Ok(piped.unwrap_or(last))
    }
}

/// What a helper pays from, with what the template knows.
struct Purse<'b> {
    budget: &'b mut Budget,
    patterns: &'b Patterns,
}

impl Meter for Purse<'_> {
    fn take_steps(&mut self, n: u64) -> Result<(), Exhausted> {
        self.budget.take_steps(n)
    }

    fn take_bytes(&mut self, n: usize) -> Result<(), Exhausted> {
        self.budget.take_bytes(n)
    }
}

impl Caller for Purse<'_> {
    fn moment(&self) -> i64 {
        self.budget.moment().0
    }

    fn pattern(&self, source: &str) -> Option<Arc<Pattern>> {
        self.patterns.get(source).cloned()
    }
}
