//! What a template prints, as far as it can be told without running it.

use super::function::{Builtin, Function};
use super::parser::{self, Parsed};
use super::tree::{self, Expr, ExprKind, Node, Pipeline, ROOT};
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::purse::Purse;
use crate::templates::value::{Text, Value};

/// A piece of what a template prints, from left to right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that is there whatever the variables are.
    Text(Text),
    /// A variable printed by itself: `{{.Title}}` as `["Title"]`.
    Field(Box<[Text]>),
    /// One of these, and nothing else: `{{if}}` and `{{with}}`, of which the last is what stands behind
    /// `{{else}}`, and `{{index . "X"}}`, which prints `<no value>` where there is no X.
    Choice(Vec<Alternative>),
    /// Whatever a loop or a function gives.
    Other,
}

/// One of several things that a template prints in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// When it is this one, if none before it is.
    pub when: When,
    /// What is printed then.
    pub pieces: Vec<Piece>,
}

/// What decides for an alternative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// This variable is there and not empty.
    Filled(Box<[Text]>),
    /// This variable is this text.
    Is(Box<[Text]>, Text),
    /// This variable is anything but this text.
    IsNot(Box<[Text]>, Text),
    /// What can't be told without running it.
    Unknown,
    /// Nothing: it is the last one.
    Otherwise,
}

/// How deep conditions may stand in each other; what is deeper can be any text.
const MOST_DEPTH: usize = 8;

/// What Go prints for a variable that is not there, where it prints anything.
pub const NO_VALUE: &str = "<no value>";

/// Outlines a template as Kelos reads it, without functions of ours, in at most so many pieces; nothing if
/// it does not parse, costs more than is left, or has more of them. Conditions are outlined where there is
/// room for it.
pub fn outline(source: &str, most: usize, purse: &mut Purse) -> Option<Vec<Piece>> {
    // The pieces take no more than what they are made of.
    let parse = |purse: &mut Purse| parser::parse(source, &Function::builtin, purse);
    let Parsed { main, .. } = purse.keeping(parse, |_| 0).ok()?;
    let dollar_is_root = !sets_dollar(source);
    let of_depth =
        |depth| Outline { source, left: most, dollar_is_root }.block(&main, &Dot::Root, depth);
    of_depth(MOST_DEPTH).or_else(|| of_depth(0))
}

/// Whether `$` itself may be set to something else: it stands before `=`, `:=` or, in a range, a comma.
pub(super) fn sets_dollar(source: &str) -> bool {
    source.split('$').skip(1).any(|behind| behind.trim_start().starts_with(['=', ':', ',']))
}

/// What `.` is.
enum Dot<'d> {
    /// All variables.
    Root,
    /// The value of a variable that is not empty.
    Field(&'d [Text]),
    /// Something else.
    Other,
}

struct Outline<'o> {
    source: &'o str,
    /// How many pieces there may still be.
    left: usize,
    /// Whether `$` is all variables, wherever it stands.
    dollar_is_root: bool,
}

impl Outline<'_> {
    fn block(&mut self, nodes: &[Node], dot: &Dot<'_>, depth: usize) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        for node in nodes {
            let piece = match node {
                Node::Text(span) => Piece::Text(self.source.get(span.start..span.end)?.into()),
                Node::Print(pipeline) => match self.printed(pipeline, dot) {
                    Some(piece) => piece,
                    None => continue,
                },
                Node::Choice(choice) => {
                    let before = self.left;
                    let alternatives = self.alternatives(choice, dot, depth);
                    if alternatives.is_none() {
                        self.left = before;
                    }
                    alternatives.map_or(Piece::Other, Piece::Choice)
                }
                Node::Range(_) | Node::Invoke(_) => Piece::Other,
                Node::Break | Node::Continue => return None,
            };
            self.left = self.left.checked_sub(weight(&piece))?;
            pieces.push(piece);
        }
        Some(pieces)
    }

    fn alternatives(
        &mut self,
        choice: &tree::Choice,
        dot: &Dot<'_>,
        depth: usize,
    ) -> Option<Vec<Alternative>> {
        let depth = depth.checked_sub(1)?;
        let mut alternatives = Vec::new();
        for (condition, block) in &choice.arms {
            self.left = self.left.checked_sub(1)?;
            let tested = self.tested(condition, dot);
            let inner = match &tested {
                _ if !choice.sets_dot => dot,
                When::Filled(names) => &Dot::Field(names),
                _ => &Dot::Other,
            };
            let pieces = self.block(block, inner, depth)?;
            alternatives.push(Alternative { when: tested, pieces });
        }
        self.left = self.left.checked_sub(1)?;
        let pieces = self.block(&choice.otherwise, dot, depth)?;
        alternatives.push(Alternative { when: When::Otherwise, pieces });
        Some(alternatives)
    }

    /// What an action prints; one that declares or assigns prints nothing.
    fn printed(&self, pipeline: &Pipeline, dot: &Dot<'_>) -> Option<Piece> {
        if !pipeline.targets.is_empty() {
            return None;
        }
        let [command] = &*pipeline.commands else { return Some(Piece::Other) };
        Some(match &command.kind {
            ExprKind::Literal(Value::Str(text)) => Piece::Text(Text::clone(text)),
            ExprKind::Parens(inner) => return self.printed(inner, dot),
            _ => match (self.field(command, dot), self.indexed(command, dot)) {
                (Some(names), _) => Piece::Field(names),
                (None, Some(names)) => or_no_value(names),
                (None, None) => Piece::Other,
            },
        })
    }

    /// What a condition is about.
    fn tested(&self, condition: &Pipeline, dot: &Dot<'_>) -> When {
        let [command] = &*condition.commands else { return When::Unknown };
        let compared = |arguments| self.compared(arguments, dot);
        let tested = match &command.kind {
            ExprKind::Parens(inner) if inner.targets.is_empty() => Some(self.tested(inner, dot)),
            ExprKind::Call(Function::Builtin(Builtin::Eq), arguments) => {
                compared(arguments).map(|(names, text)| When::Is(names, text))
            }
            ExprKind::Call(Function::Builtin(Builtin::Ne), arguments) => {
                compared(arguments).map(|(names, text)| When::IsNot(names, text))
            }
            _ => self.variable(command, dot).map(When::Filled),
        };
        tested.unwrap_or(When::Unknown)
    }

    /// The variable and the text that are compared.
    fn compared(&self, arguments: &[Expr], dot: &Dot<'_>) -> Option<(Box<[Text]>, Text)> {
        let [one, other] = arguments else { return None };
        let (variable, text) = match (&one.kind, &other.kind) {
            (_, ExprKind::Literal(Value::Str(text))) => (one, text),
            (ExprKind::Literal(Value::Str(text)), _) => (other, text),
            _ => return None,
        };
        let variable = match &variable.kind {
            ExprKind::Parens(inner) if inner.targets.is_empty() => {
                let [inner] = &*inner.commands else { return None };
                inner
            }
            _ => variable,
        };
        Some((self.variable(variable, dot)?, Text::from(&**text)))
    }

    fn variable(&self, expr: &Expr, dot: &Dot<'_>) -> Option<Box<[Text]>> {
        self.field(expr, dot).or_else(|| self.indexed(expr, dot))
    }

    /// The variable that an expression is: `.X`, `$.X`, or `.` where it is one.
    fn field(&self, expr: &Expr, dot: &Dot<'_>) -> Option<Box<[Text]>> {
        match (&expr.kind, dot) {
            (ExprKind::Field(path), Dot::Root) => Some(path.names.clone()),
            (ExprKind::Variable(ROOT, path), _)
                if self.dollar_is_root && !path.names.is_empty() =>
            {
                Some(path.names.clone())
            }
            (ExprKind::Dot, Dot::Field(names)) => Some((*names).into()),
            _ => None,
        }
    }

    /// The variable that `index . "X"` or `index .Context "x"` gives.
    fn indexed(&self, expr: &Expr, dot: &Dot<'_>) -> Option<Box<[Text]>> {
        let ExprKind::Call(Function::Builtin(Builtin::Index), arguments) = &expr.kind else {
            return None;
        };
        let [of, at] = &**arguments else { return None };
        let ExprKind::Literal(Value::Str(at)) = &at.kind else { return None };
        let all = match (&of.kind, dot) {
            (ExprKind::Dot, Dot::Root) => true,
            (ExprKind::Variable(ROOT, path), _) => self.dollar_is_root && path.names.is_empty(),
            _ => false,
        };
        let at = Text::from(&**at);
        if all {
            return Some([at].into());
        }
        match &*self.field(of, dot)? {
            [context] if **context == *"Context" => Some([Text::clone(context), at].into()),
            _ => None,
        }
    }
}

/// Why Go's text/template does not take a template where it has no functions of ours: nothing if it does, or if
/// finding out costs more than is left.
pub fn why_not_plain_go(source: &str, purse: &mut Purse) -> Option<TemplateError> {
    let parse = |purse: &mut Purse| parser::parse(source, &Function::builtin, purse);
    let error = purse.keeping(parse, |_| 0).err()?;
    (error.kind == ErrorKind::Parse).then_some(error)
}

/// For how many pieces one counts, those of the alternatives left out.
fn weight(piece: &Piece) -> usize {
    match piece {
        Piece::Choice(alternatives) if is_indexed(alternatives) => 5,
        _ => 1,
    }
}

fn is_indexed(alternatives: &[Alternative]) -> bool {
    matches!(alternatives, [Alternative { when: When::Unknown, pieces }, _]
        if matches!(&**pieces, [Piece::Field(_)]))
}

/// The variable, or what Go prints where there is none.
fn or_no_value(names: Box<[Text]>) -> Piece {
    let found = Alternative { when: When::Unknown, pieces: vec![Piece::Field(names)] };
    let pieces = vec![Piece::Text(Text::new_static(NO_VALUE))];
    Piece::Choice(vec![found, Alternative { when: When::Otherwise, pieces }])
}

#[cfg(test)]
mod tests;
