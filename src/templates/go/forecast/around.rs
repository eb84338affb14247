//! What stands around an expression, and which variables one is about.

use std::ops::Range;

use super::item::Item;
use crate::templates::go::parser::Parsed;
use crate::templates::go::tree::{Block, Expr, ExprKind, Node, Pipeline, ROOT, Span};
use crate::templates::value::{Text, Value};

/// The bytes of the action around an expression, if there is nothing else in it.
pub(super) fn action(source: &str, at: Span) -> Option<Range<usize>> {
    let before = source.get(..at.start)?.trim_end_matches([' ', '\t']);
    let behind = source.get(at.end..)?;
    let close = behind.len() - behind.trim_start_matches([' ', '\t']).len();
    let is_action = before.ends_with("{{") && behind.get(close..)?.starts_with("}}");
    is_action.then(|| before.len() - 2..at.end + close + 2)
}

/// The names of the variables that a condition is about, in whatever way it asks for them.
pub(super) fn names(condition: &Pipeline, variables: &[Item]) -> Vec<Text> {
    let mut found = Vec::new();
    condition.commands.iter().for_each(|it| names_of(it, variables, &mut found));
    found
}

pub(super) fn names_of(expr: &Expr, variables: &[Item], found: &mut Vec<Text>) {
    match &expr.kind {
        ExprKind::Literal(Value::Str(text)) => found.push(Text::clone(text)),
        ExprKind::Field(path) => found.extend(path.names.first().cloned()),
        ExprKind::Variable(ROOT, path) => found.extend(path.names.first().cloned()),
        ExprKind::Variable(id, _) => {
            let of = variables.get(*id).map(Item::variables).unwrap_or_default();
            found.extend(of.iter().filter_map(|path| path.first().cloned()));
        }
        ExprKind::Chain(inner, _) => names_of(inner, variables, found),
        ExprKind::Parens(inner) => {
            inner.commands.iter().for_each(|it| names_of(it, variables, found));
        }
        ExprKind::Call(_, arguments) => {
            arguments.iter().for_each(|it| names_of(it, variables, found));
        }
        ExprKind::Method(chain, arguments) => {
            names_of(chain, variables, found);
            arguments.iter().for_each(|it| names_of(it, variables, found));
        }
        ExprKind::Dot | ExprKind::Literal(_) | ExprKind::Misuse(_) => {}
    }
}

/// Which of so many variables are set again somewhere, so that a block may have done so or not.
pub(super) fn assigned(parsed: &Parsed, count: usize) -> Vec<bool> {
    let mut all = vec![false; count];
    let mut pipelines: Vec<&Pipeline> = Vec::new();
    let mut blocks: Vec<&Block> = parsed.templates.iter().flatten().collect();
    blocks.push(&parsed.main);
    while let Some(block) = blocks.pop() {
        for node in block {
            match node {
                Node::Print(pipeline) => pipelines.push(pipeline),
                Node::Choice(choice) => {
                    for (pipeline, inner) in &choice.arms {
                        pipelines.push(pipeline);
                        blocks.push(inner);
                    }
                    blocks.push(&choice.otherwise);
                }
                Node::Range(range) => {
                    pipelines.push(&range.over);
                    blocks.extend([&range.body, &range.otherwise]);
                }
                Node::Text(_) | Node::Invoke(_) | Node::Break | Node::Continue => {}
            }
        }
    }
    for pipeline in pipelines.into_iter().filter(|it| it.assigns) {
        for target in &pipeline.targets {
            if let Some(assigned) = all.get_mut(*target) {
                *assigned = true;
            }
        }
    }
    all
}
