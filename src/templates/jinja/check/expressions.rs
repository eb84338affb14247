//! Expressions: variables, filters, tests, calls.

use std::collections::BTreeSet;

use minijinja::machinery::Span;
use minijinja::machinery::ast::{BinOp, BinOpKind, Call, CallArg, CallType, Expr, Spanned};

use super::{Checking, Walk};
use crate::templates::error::{Position, TemplateError};
use crate::templates::helpers;
use crate::templates::jinja::operators::{NO_LISTS, NO_LISTS_HINT};
use crate::templates::jinja::{catalog, names};
use crate::templates::suggest::closest;

/// More names are too many for a hint.
const MAX_LISTED: usize = 50;

impl<'a> Walk<'a, '_> {
    pub(super) fn expression(&mut self, expression: &Expr<'a>) -> Checking {
        match expression {
            Expr::Var(var) => {
                self.read(var.id);
                Ok(())
            }
            Expr::Const(_) => Ok(()),
            Expr::Slice(e) => {
                self.expression(&e.expr)?;
                let bounds = [&e.start, &e.stop, &e.step];
                bounds.into_iter().flatten().try_for_each(|bound| self.expression(bound))
            }
            Expr::UnaryOp(e) => self.expression(&e.expr),
            Expr::BinOp(e) => self.operation(e),
            Expr::Compare(e) => Err(self.refuse(
                e.expr.span(),
                "comparisons can't be chained".to_owned(),
                "write `a < b and b < c` instead of `a < b < c`",
            )),
            Expr::IfExpr(e) => {
                self.expression(&e.test_expr)?;
                self.expression(&e.true_expr)?;
                e.false_expr.iter().try_for_each(|other| self.expression(other))
            }
            Expr::Filter(e) => {
                e.expr.iter().try_for_each(|value| self.expression(value))?;
                self.filter(e.span(), e.name)?;
                if catalog::filter_name(e.name) == Some(e.name) {
                    self.helper(e.name, e.span(), &e.args)?;
                }
                self.arguments(e.span(), &e.args)
            }
            Expr::Test(e) => {
                self.expression(&e.expr)?;
                self.test(e.span(), e.name)?;
                self.arguments(e.span(), &e.args)
            }
            Expr::GetAttr(e) => self.expression(&e.expr),
            Expr::GetItem(e) => {
                self.expression(&e.expr)?;
                self.expression(&e.subscript_expr)
            }
            Expr::Call(call) => self.call(call),
            Expr::List(e) => e.items.iter().try_for_each(|item| self.expression(item)),
            Expr::Tuple(e) => e.items.iter().try_for_each(|item| self.expression(item)),
            Expr::Map(e) => {
                e.keys.iter().chain(&e.values).try_for_each(|part| self.expression(part))
            }
        }
    }

    fn operation(&mut self, e: &Spanned<BinOp<'a>>) -> Checking {
        self.expression(&e.left)?;
        self.expression(&e.right)?;
        // minijinja's compiler calculates with constants, where no fuel bounds it. Lists that are
        // no constants are refused when the template runs.
        let is_list =
            |side: &Expr| side.as_const().is_some_and(|value| value.as_object().is_some());
        match e.op {
            BinOpKind::Add | BinOpKind::Mul if is_list(&e.left) || is_list(&e.right) => {
                Err(self.refuse(e.left.span(), NO_LISTS.to_owned(), NO_LISTS_HINT))
            }
            _ => Ok(()),
        }
    }

    /// Notes a variable, unless the template sets it itself or it is a function.
    fn read(&mut self, name: &'a str) {
        let is_own = self.locals.has(name) || catalog::is_function(name);
        if !is_own {
            if let Some(variable) = names::variable(name) {
                self.found.names.insert(variable.into());
                self.found.spellings.insert(name.into());
            } else {
                self.found.names.insert(name.into());
            }
        }
    }

    fn filter(&self, span: Span, name: &str) -> Checking {
        if catalog::filter_name(name).is_some() {
            return Ok(());
        }
        if catalog::LEFT_OUT.contains(&name) {
            return Err(self.refuse(
                span,
                format!("the filter `{name}` is not available"),
                "there are loops, and the filters `map`, `select`, `reject`, `sort` and `join`",
            ));
        }
        Err(self.unknown(span, "filter", name, catalog::filters()))
    }

    /// Looks at the arguments of what may be a helper, and compiles its regular expression if that
    /// is spelled out.
    fn helper(&mut self, name: &str, span: Span, args: &[CallArg<'a>]) -> Checking {
        let first = match args.first() {
            Some(CallArg::Pos(Expr::Const(first))) => first.value.as_str(),
            _ => None,
        };
        // `map` calls a filter by its name, which may be known only when it runs.
        let is_regex = |name: &str| helpers::find(name).is_some_and(|helper| helper.takes_pattern);
        if name == "map" {
            self.found.straight_line &= first.is_some_and(|filter| !is_regex(filter));
        }
        if helpers::find(name).is_some() && args.iter().any(|a| matches!(a, CallArg::Kwarg(..))) {
            let message = format!("`{name}` takes its arguments in order, without names");
            return Err(self.refuse(span, message, "docs/helpers.md shows the order"));
        }
        if !is_regex(name) {
            return Ok(());
        }
        self.found.straight_line = false;
        if let Some(source) = first.filter(|source| !self.found.patterns.contains_key(*source)) {
            let position = || Position::of(self.source, span.start_offset as usize);
            let pattern = helpers::literal_pattern(source, self.purse)
                .map_err(|error| error.at(position()))?;
            self.found.patterns.insert(source.into(), pattern);
        }
        Ok(())
    }

    fn test(&self, span: Span, name: &str) -> Checking {
        match catalog::test_name(name) {
            Some(_) => Ok(()),
            None => Err(self.unknown(span, "test", name, catalog::tests())),
        }
    }

    fn unknown(
        &self,
        span: Span,
        kind: &str,
        name: &str,
        candidates: BTreeSet<&'static str>,
    ) -> TemplateError {
        if kind == "function" && catalog::filter_name(name).is_some() {
            let message = format!("`{name}` is no function");
            return self.refuse(span, message, &format!("it is a filter: `… | {name}`"));
        }
        if let Some((message, instead)) = helpers::why_absent(name) {
            let hint = instead.map_or_else(String::new, |instead| format!("there is `{instead}`"));
            return self.refuse(span, message, &hint);
        }
        let message = format!("there is no {kind} `{name}`");
        let other = helpers::other_name(name).filter(|helper| candidates.contains(helper));
        match other.or_else(|| closest(name, candidates.iter().copied())) {
            Some(meant) => self.refuse(span, message, &format!("did you mean `{meant}`?")),
            None if candidates.len() > MAX_LISTED => {
                self.refuse(span, message, &format!("docs/helpers.md lists every {kind} there is"))
            }
            None => {
                let all = candidates.into_iter().collect::<Vec<_>>().join(", ");
                self.refuse(span, message, &format!("there are {all}"))
            }
        }
    }

    pub(super) fn call(&mut self, call: &Spanned<Call<'a>>) -> Checking {
        match call.identify_call() {
            CallType::Function(name) => {
                let is_own = self.locals.has(name) || self.macros.contains(name);
                if !is_own && !catalog::is_function(name) {
                    return Err(self.unknown(call.span(), "function", name, catalog::functions()));
                }
                // A loop or a macro calls itself.
                self.found.straight_line &= catalog::is_function(name);
                if !is_own {
                    self.helper(name, call.span(), &call.args)?;
                }
            }
            CallType::Method(Expr::Var(var), "cycle") if var.id == "loop" => {
                if call.args.is_empty() {
                    return Err(self.refuse(
                        call.span(),
                        "`loop.cycle` takes the values to cycle through".to_owned(),
                        "write `loop.cycle(\"odd\", \"even\")`",
                    ));
                }
            }
            CallType::Method(_, name) => {
                return Err(self.refuse(
                    call.span(),
                    format!("values have no methods: `.{name}(…)` can't be called"),
                    "use a filter, as in `title | upper`, or a test, as in \
                     `title is startingwith(\"fix\")`",
                ));
            }
            CallType::Object(_) => {
                return Err(self.refuse(
                    call.span(),
                    "only functions and macros can be called, by their names".to_owned(),
                    "give it a name first, with `{% set … %}`",
                ));
            }
        }
        self.arguments(call.span(), &call.args)
    }

    fn arguments(&mut self, span: Span, arguments: &[CallArg<'a>]) -> Checking {
        arguments.iter().try_for_each(|argument| match argument {
            CallArg::Pos(value) | CallArg::Kwarg(_, value) => self.expression(value),
            CallArg::PosSplat(_) | CallArg::KwargSplat(_) => Err(self.refuse(
                span,
                "arguments can't be taken from a list or map with `*`".to_owned(),
                "write them one by one",
            )),
        })
    }
}
