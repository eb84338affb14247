//! A compiled template: what the parser builds and the evaluator walks.
//!
//! Functions are resolved, literals are values, and everything that can fail carries its place in
//! the source, from which line and column are worked out only when it does fail.

use smallvec::SmallVec;

use super::function::Function;
use crate::templates::value::{Text, Value};

/// A piece of the source, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The number of a variable's name; [`ROOT`] is `$`.
pub(super) type VariableId = usize;

/// The variable `$`.
pub(super) const ROOT: VariableId = 0;

/// What is wrong with arguments behind something else than a function.
pub(super) const NO_FUNCTION: &str = "only a function can be given arguments";

/// The number of a template's name.
pub(super) type TemplateId = usize;

/// What stands between two delimiters of a block.
pub(super) type Block = Box<[Node]>;

/// Those of a block that is being read; most have no more.
pub(super) type Nodes = SmallVec<[Node; 3]>;

/// One step of a block.
#[derive(Debug)]
pub(super) enum Node {
    /// Text outside actions.
    Text(Span),
    /// `{{pipeline}}`: prints its value, unless it declares or assigns.
    Print(Pipeline),
    /// `{{if}}` and `{{with}}`.
    Choice(Box<Choice>),
    /// `{{range}}`.
    Range(Box<Range>),
    /// `{{template}}` and `{{block}}`.
    Invoke(Box<Invoke>),
    /// `{{break}}`
    Break,
    /// `{{continue}}`
    Continue,
}

/// `{{if}}` or `{{with}}` with all its `{{else if}}`: flat, so that a long chain is no deep tree.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) span: Span,
    /// Whether the value becomes dot, as in `{{with}}`.
    pub(super) sets_dot: bool,
    pub(super) arms: Box<[(Pipeline, Block)]>,
    pub(super) otherwise: Block,
}

/// `{{range}}`
#[derive(Debug)]
pub(super) struct Range {
    pub(super) over: Pipeline,
    pub(super) body: Block,
    pub(super) otherwise: Block,
}

/// `{{template}}`
#[derive(Debug)]
pub(super) struct Invoke {
    pub(super) span: Span,
    pub(super) name: Text,
    pub(super) template: TemplateId,
    pub(super) argument: Option<Pipeline>,
}

/// `$x := first | second`
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) span: Span,
    /// The variables that take the value; more than one only in a range.
    pub(super) targets: Box<[VariableId]>,
    /// `=` instead of `:=`.
    pub(super) assigns: bool,
    /// Each gets the value of the one before it as its last argument.
    pub(super) commands: Box<[Expr]>,
}

/// A command of a pipeline, or an argument of a command.
#[derive(Debug)]
pub(super) struct Expr {
    pub(super) span: Span,
    pub(super) kind: ExprKind,
}

/// What an expression does.
#[derive(Debug)]
pub(super) enum ExprKind {
    /// A constant.
    Literal(Value),
    /// `.`
    Dot,
    /// `.Task.Name`
    Field(Path),
    /// `$x`, `$x.Name`
    Variable(VariableId, Path),
    /// `(…).Name`
    Chain(Box<Expr>, Path),
    /// `(…)`
    Parens(Box<Pipeline>),
    /// A function with its arguments.
    Call(Function, Box<[Expr]>),
    /// A chain of fields with arguments: in Go its last name is a method.
    Method(Box<Expr>, Box<[Expr]>),
    /// What parses but can't be evaluated, and why: Go complains only when it gets there.
    Misuse(&'static str),
}

/// The names of a field access, from left to right.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) names: Box<[Text]>,
    /// Whether an absent field is nothing instead of an error.
    pub(super) may_be_absent: bool,
}

impl Path {
    /// A path whose fields must be there.
    pub(super) fn new(names: impl IntoIterator<Item = Text>) -> Path {
        Path { names: names.into_iter().collect(), may_be_absent: false }
    }
}

impl Expr {
    /// Makes an absent field nothing, for a function that has a use for nothing.
    pub(super) fn allow_absent(&mut self) {
        match &mut self.kind {
            ExprKind::Field(path) | ExprKind::Variable(_, path) => path.may_be_absent = true,
            ExprKind::Chain(inner, path) => {
                path.may_be_absent = true;
                inner.allow_absent();
            }
            ExprKind::Parens(pipeline) => {
                pipeline.commands.last_mut().into_iter().for_each(Expr::allow_absent);
            }
            ExprKind::Literal(_)
            | ExprKind::Dot
            | ExprKind::Call(..)
            | ExprKind::Method(..)
            | ExprKind::Misuse(_) => {}
        }
    }
}
