//! Which variables Go asks for in any case while it renders a template.

use super::function::{Builtin, Function};
use super::outline::sets_dollar;
use super::parser::{self, Parsed};
use super::tree::{Expr, ExprKind, Node, Path, Pipeline, ROOT};
use crate::templates::error::Position;
use crate::templates::purse::Purse;

/// The first variable that `is_wanted` among those that a template asks for whatever their values are, and its
/// place. Nothing if it does not parse, or costs more than is left.
///
/// The blocks of conditions and loops may never be reached, nor the later arguments of `and` and `or`; an
/// `index . "X"` asks for nothing that has to be there.
pub fn certain_variable(
    source: &str,
    is_wanted: &dyn Fn(&str) -> bool,
    purse: &mut Purse,
) -> Option<(Box<str>, Position)> {
    // Most templates name nothing that is wanted, and need not be parsed to tell.
    purse.take_reading(source.len()).ok()?;
    if !names(source).any(is_wanted) {
        return None;
    }
    let parse = |purse: &mut Purse| parser::parse(source, &Function::builtin, purse);
    let Parsed { main, .. } = purse.keeping(parse, |_| 0).ok()?;
    let search = Search { is_wanted, dollar_is_root: !sets_dollar(source) };
    let (name, at) = main.iter().find_map(|node| search.node(node))?;
    Some((name.into(), Position::of(source, at)))
}

/// All that may be the name of a field: letters, digits and `_` behind a dot.
fn names(source: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    source.split('.').skip(1).filter_map(move |rest| {
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        rest.get(..end).filter(|name| !name.is_empty())
    })
}

struct Search<'s> {
    is_wanted: &'s dyn Fn(&str) -> bool,
    /// Whether `$` is all variables, wherever it stands.
    dollar_is_root: bool,
}

impl Search<'_> {
    fn node<'n>(&self, node: &'n Node) -> Option<(&'n str, usize)> {
        match node {
            Node::Text(_) | Node::Break | Node::Continue => None,
            Node::Print(pipeline) => self.pipeline(pipeline),
            Node::Choice(choice) => self.pipeline(&choice.arms.first()?.0),
            Node::Range(range) => self.pipeline(&range.over),
            Node::Invoke(invoke) => self.pipeline(invoke.argument.as_ref()?),
        }
    }

    fn pipeline<'n>(&self, pipeline: &'n Pipeline) -> Option<(&'n str, usize)> {
        pipeline.commands.iter().find_map(|command| self.expr(command))
    }

    fn expr<'n>(&self, expr: &'n Expr) -> Option<(&'n str, usize)> {
        let field = |path: &'n Path| {
            let name = path.names.first().filter(|name| (self.is_wanted)(name))?;
            Some((&**name, expr.span.start))
        };
        match &expr.kind {
            ExprKind::Field(path) => field(path),
            ExprKind::Variable(ROOT, path) if self.dollar_is_root => field(path),
            ExprKind::Chain(inner, _) => self.expr(inner),
            ExprKind::Parens(inner) => self.pipeline(inner),
            // They stop at the first argument that decides.
            ExprKind::Call(Function::Builtin(Builtin::And | Builtin::Or), arguments) => {
                self.expr(arguments.first()?)
            }
            ExprKind::Call(_, arguments) => arguments.iter().find_map(|it| self.expr(it)),
            ExprKind::Variable(..)
            | ExprKind::Literal(_)
            | ExprKind::Dot
            | ExprKind::Method(..)
            | ExprKind::Misuse(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_reached_in_any_case_is_asked_for_for_certain() {
        for (source, column) in [
            ("{{.X}}", Some(3)),
            ("a {{.Title}} {{ printf \"%s\" .X }}", Some(29)),
            ("{{$x := .X}}", Some(9)),
            ("{{$.X.Name}}", Some(3)),
            ("{{(.X).Name}}", Some(4)),
            ("{{if .X}}a{{end}}", Some(6)),
            ("{{with .X}}a{{end}}", Some(8)),
            ("{{range .X}}a{{end}}", Some(9)),
            ("{{or .X .Title}}", Some(6)),
            ("{{or .Title .X}}", None),
            ("{{and .Title .X}}", None),
            ("{{if .Title}}{{.X}}{{end}}", None),
            ("{{if .Title}}a{{else if .X}}b{{end}}", None),
            ("{{with .Title}}{{$.X}}{{end}}", None),
            ("{{range .Title}}{{.X}}{{end}}", None),
            ("{{index . \"X\"}}", None),
            ("{{with index . \"X\"}}{{.}}{{end}}", None),
            ("{{.Title.X}}", None),
            ("{{define \"a\"}}{{.X}}{{end}}", None),
            ("{{$ = .Title}}{{$.X}}", None),
            ("{{.XY}}", None),
            ("see .X", None),
            ("{{\".X\"}}", None),
            ("{{.X | upper}}", None),
        ] {
            let found = certain_variable(source, &|name| name == "X", &mut Purse::default());
            let found = found.map(|(name, at)| (name, at.column));
            assert_eq!(found, column.map(|column| ("X".into(), column)), "{source}");
        }
    }
}
