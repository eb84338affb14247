//! Whether a template names something, wherever that stands.

use super::tree::{Expr, ExprKind, Node, Path, Pipeline};
use crate::templates::value::Value;

/// Whether a block asks for something of this name, be it as a field or as a text.
pub(super) fn block(nodes: &[Node], name: &str) -> bool {
    nodes.iter().any(|node| match node {
        Node::Text(_) | Node::Break | Node::Continue => false,
        Node::Print(it) => pipeline(it, name),
        Node::Choice(choice) => {
            choice
                .arms
                .iter()
                .any(|(condition, body)| pipeline(condition, name) || block(body, name))
                || block(&choice.otherwise, name)
        }
        Node::Range(range) => {
            pipeline(&range.over, name) || block(&range.body, name) || block(&range.otherwise, name)
        }
        Node::Invoke(invoke) => invoke.argument.as_ref().is_some_and(|it| pipeline(it, name)),
    })
}

fn pipeline(pipeline: &Pipeline, name: &str) -> bool {
    pipeline.commands.iter().any(|command| expr(command, name))
}

fn expr(of: &Expr, name: &str) -> bool {
    let any = |path: &Path| path.names.iter().any(|it| **it == *name);
    match &of.kind {
        ExprKind::Literal(Value::Str(text)) => **text == *name,
        // Of what `.` is somewhere inside nobody knows whether it is all variables: its first field counts.
        ExprKind::Field(path) => path.names.first().is_some_and(|it| **it == *name),
        ExprKind::Variable(_, path) => any(path),
        ExprKind::Chain(inner, path) => any(path) || expr(inner, name),
        ExprKind::Parens(inner) => pipeline(inner, name),
        ExprKind::Call(_, arguments) => arguments.iter().any(|it| expr(it, name)),
        ExprKind::Method(inner, arguments) => {
            expr(inner, name) || arguments.iter().any(|it| expr(it, name))
        }
        ExprKind::Literal(_) | ExprKind::Dot | ExprKind::Misuse(_) => false,
    }
}
