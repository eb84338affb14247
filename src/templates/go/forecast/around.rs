//! What stands around an expression, and which variables one is about.

use std::ops::Range;

use super::item::Item;
use super::walk::Walk;
use crate::templates::budget::Exhausted;
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

impl Walk<'_> {
    /// The names of the variables that a condition is about, in whatever way it asks for them.
    pub(super) fn names(&mut self, condition: &Pipeline) -> Result<Vec<Text>, Exhausted> {
        let mut found = Vec::new();
        condition.commands.iter().try_for_each(|it| self.names_of(it, &mut found))?;
        Ok(found)
    }

    pub(super) fn names_of(&mut self, expr: &Expr, found: &mut Vec<Text>) -> Result<(), Exhausted> {
        self.purse.take_steps(1)?;
        match &expr.kind {
            ExprKind::Literal(Value::Str(text)) => found.push(Text::clone(text)),
            ExprKind::Field(path) => found.extend(path.names.first().cloned()),
            ExprKind::Variable(ROOT, path) => found.extend(path.names.first().cloned()),
            ExprKind::Variable(id, _) => {
                let of = self.scope.get(*id).map(Item::variables).unwrap_or_default();
                self.purse.take_steps(of.len() as u64)?;
                found.extend(of.iter().filter_map(|path| path.first().cloned()));
            }
            ExprKind::Chain(inner, _) => self.names_of(inner, found)?,
            ExprKind::Parens(inner) => {
                inner.commands.iter().try_for_each(|it| self.names_of(it, found))?;
            }
            ExprKind::Call(_, arguments) => {
                arguments.iter().try_for_each(|it| self.names_of(it, found))?;
            }
            ExprKind::Method(chain, arguments) => {
                self.names_of(chain, found)?;
                arguments.iter().try_for_each(|it| self.names_of(it, found))?;
            }
            ExprKind::Dot | ExprKind::Literal(_) | ExprKind::Misuse(_) => {}
        }
        Ok(())
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
