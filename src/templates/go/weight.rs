//! What a compiled template takes in memory.

use super::parser::Parsed;
use super::tree::{Block, Expr, ExprKind, Node, Path, Pipeline};
use crate::templates::purse::{ALLOCATION, text_bytes as text};
use crate::templates::regexp;
use crate::templates::value::Value;

/// The bytes of all that was parsed, its own included.
pub(super) fn parsed(parsed: &Parsed) -> usize {
    let templates: usize = parsed.templates.iter().flatten().map(block).sum();
    let variables: usize = parsed.variables.iter().map(text).sum();
    size_of::<Parsed>()
        + 4 * ALLOCATION
        + block(&parsed.main)
        + templates
        + size_of_val(&*parsed.templates)
        + variables
        + size_of_val(&*parsed.variables)
        // The names are those of the code, and they are once more among those that the rules read.
        + 2 * parsed.uses.list_bytes()
        + regexp::patterns_bytes(&parsed.patterns)
}

fn boxed<T>(items: &[T]) -> usize {
    if items.is_empty() { 0 } else { size_of_val(items) + ALLOCATION }
}

fn block(block: &Block) -> usize {
    boxed(block) + block.iter().map(node).sum::<usize>()
}

fn node(node: &Node) -> usize {
    match node {
        Node::Text(_) | Node::Break | Node::Continue => 0,
        Node::Print(inner) => pipeline(inner),
        Node::Choice(choice) => {
            let arms = choice.arms.iter().map(|(inner, body)| pipeline(inner) + block(body));
            size_of_val(&**choice)
                + ALLOCATION
                + boxed(&choice.arms)
                + arms.sum::<usize>()
                + block(&choice.otherwise)
        }
        Node::Range(range) => {
            size_of_val(&**range)
                + ALLOCATION
                + pipeline(&range.over)
                + block(&range.body)
                + block(&range.otherwise)
        }
        Node::Invoke(invoke) => {
            size_of_val(&**invoke)
                + ALLOCATION
                + text(&invoke.name)
                + invoke.argument.as_ref().map_or(0, pipeline)
        }
    }
}

fn pipeline(pipeline: &Pipeline) -> usize {
    boxed(&pipeline.targets) + expressions(&pipeline.commands)
}

fn expressions(list: &[Expr]) -> usize {
    boxed(list) + list.iter().map(expression).sum::<usize>()
}

fn expression(expression: &Expr) -> usize {
    match &expression.kind {
        ExprKind::Literal(Value::Str(literal)) => text(literal),
        ExprKind::Literal(_) | ExprKind::Dot | ExprKind::Misuse(_) => 0,
        ExprKind::Field(names) | ExprKind::Variable(_, names) => path(names),
        ExprKind::Chain(inner, names) => {
            size_of_val(&**inner) + ALLOCATION + self::expression(inner) + path(names)
        }
        ExprKind::Parens(inner) => size_of_val(&**inner) + ALLOCATION + pipeline(inner),
        ExprKind::Call(_, arguments) => expressions(arguments),
        ExprKind::Method(inner, arguments) => {
            size_of_val(&**inner) + ALLOCATION + self::expression(inner) + expressions(arguments)
        }
    }
}

fn path(path: &Path) -> usize {
    boxed(&path.names) + path.names.iter().map(text).sum::<usize>()
}
