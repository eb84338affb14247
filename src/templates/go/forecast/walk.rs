//! Walks a template from left to right.

use std::ops;
use std::sync::Arc;

use super::around::{action, assigned};
use super::item::Item;
use super::kind::Kind;
use super::scope::Scope;
use super::{Fault, Forecast, Known, Piece, Printed, Shape, Trouble, VariablePath, World};
use crate::templates::budget::Exhausted;
use crate::templates::go::parser::Parsed;
use crate::templates::go::tree::{
    Block, Choice, Expr, Invoke, Node, Pipeline, ROOT, Range, Span, TemplateId, VariableId,
};
use crate::templates::purse::Purse;
use crate::templates::value::{Text, Value};

/// What a node or an expression costs, in steps.
pub(super) const STEPS: u64 = 8;

/// How deep blocks may stand in each other where a template that is called is still looked into: no more of them than
/// the parser lets stand in one template come to that.
const MOST_DEPTH: usize = 50;

/// What is around an expression.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around {
    pub(super) is_condition: bool,
    pub(super) is_argument: bool,
}

pub(super) struct Walk<'w> {
    source: &'w str,
    parsed: &'w Parsed,
    pub(super) world: &'w dyn World,
    pub(super) purse: &'w mut Purse,
    pub(super) forecast: Forecast,
    pub(super) scope: Scope,
    pub(super) dot: Item,
    /// Those that are set again somewhere: what they hold is not followed.
    assigned: Vec<bool>,
    /// Whether `$` is what a template was called with, wherever it stands.
    dollar_is_root: bool,
    /// How many blocks are under way.
    depth: usize,
    /// The templates that are under way.
    called: Vec<TemplateId>,
}

impl<'w> Walk<'w> {
    pub(super) fn new(
        source: &'w str,
        parsed: &'w Parsed,
        dollar_is_root: bool,
        world: &'w dyn World,
        purse: &'w mut Purse,
    ) -> Walk<'w> {
        let count = parsed.variables.len() + ROOT + 1;
        Walk {
            source,
            parsed,
            world,
            purse,
            forecast: Forecast::default(),
            scope: Scope::new(count, dollar_is_root.then(Item::root)),
            dot: Item::root(),
            assigned: assigned(parsed, count),
            dollar_is_root,
            depth: 0,
            called: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<Forecast, Exhausted> {
        let parsed = self.parsed;
        self.purse.take_reading(self.source.len())?;
        self.block(&parsed.main)?;
        Ok(self.forecast)
    }

    fn block(&mut self, block: &Block) -> Result<(), Exhausted> {
        let mark = self.scope.mark();
        self.depth += 1;
        for node in block {
            self.purse.take_steps(STEPS)?;
            match node {
                Node::Text(span) => {
                    let text = self.source.get(span.start..span.end).unwrap_or_default();
                    self.print(Piece::Text(text.into()), *span);
                }
                Node::Print(pipeline) => self.action(pipeline)?,
                Node::Choice(choice) => self.choice(choice)?,
                Node::Range(range) => self.range(range)?,
                Node::Invoke(invoke) => self.invoke(invoke)?,
                Node::Break | Node::Continue => {}
            }
        }
        self.depth -= 1;
        self.scope.back_to(&mark);
        Ok(())
    }

    fn range(&mut self, range: &Range) -> Result<(), Exhausted> {
        let item = self.pipeline(&range.over, Around::default())?;
        let span = range.over.span;
        match item.pointed() {
            _ if item.may_be_nothing() => {}
            Some(Kind::Text) if item.kind() == Some(Kind::Text) => {
                self.fault(Trouble::RangeOfText, &item, span, Around::default());
            }
            Some(kind @ (Kind::Text | Kind::Switch | Kind::Fraction | Kind::Struct)) => {
                self.fails(format!("{} is nothing to loop over", kind.words()), &item, span);
            }
            Some(Kind::Whole) if range.over.targets.len() > 1 => {
                self.fails("a loop over a number has one variable, not two", &item, span);
            }
            _ => {}
        }
        let (key, element) = match item.pointed() {
            Some(Kind::List) => (Item::shaped(Shape::Number), self.element(&item)),
            Some(Kind::Whole) => (Item::unknown(), Item::shaped(Shape::Number)),
            Some(Kind::Map) => (Item::shaped(Shape::Text), Item::unknown()),
            _ => (Item::unknown(), Item::unknown()),
        };
        let element = match element.path {
            Some(_) => element,
            None => element.made_of(&item),
        };
        let values = [key, element.clone()];
        let about = self.names(&range.over)?;
        self.perhaps(&about, element, |walk| {
            let skipped = values.len().saturating_sub(range.over.targets.len());
            for (target, value) in range.over.targets.iter().zip(values.into_iter().skip(skipped)) {
                walk.set(*target, value);
            }
            walk.block(&range.body)
        })?;
        let dot = self.dot.clone();
        self.perhaps(&about, dot, |walk| walk.block(&range.otherwise))
    }

    /// A template that is called has what it is given for `.` and `$`, and no variables of others.
    fn invoke(&mut self, invoke: &Invoke) -> Result<(), Exhausted> {
        let parsed = self.parsed;
        let Some(Some(body)) = parsed.templates.get(invoke.template) else {
            let why = format!("no template `{}` is defined", invoke.name);
            self.fails(why, &Item::unknown(), invoke.span);
            return Ok(());
        };
        let given = match &invoke.argument {
            Some(argument) => self.pipeline(argument, Around::default())?,
            None => Item::value(Value::Nil),
        };
        if self.depth > MOST_DEPTH || self.called.contains(&invoke.template) {
            self.print(Piece::Made(Arc::default()), invoke.span);
            return Ok(());
        }
        self.called.push(invoke.template);
        let outer = std::mem::replace(&mut self.dot, given.clone());
        let mark = self.scope.mark();
        self.scope.call();
        if self.dollar_is_root {
            self.scope.set(ROOT, given);
        }
        self.block(body)?;
        self.dot = outer;
        self.scope.back_to(&mark);
        self.called.pop();
        Ok(())
    }

    fn action(&mut self, pipeline: &Pipeline) -> Result<(), Exhausted> {
        let item = self.pipeline(pipeline, Around::default())?;
        if let [target] = &*pipeline.targets {
            self.set(*target, item);
            return Ok(());
        }
        match &item.known {
            Known::Absent => {
                self.fault(Trouble::NoValue, &item, pipeline.span, Around::default());
            }
            Known::Maybe(_) => {
                self.fault(Trouble::MayBeNoValue, &item, pipeline.span, Around::default());
            }
            Known::There(_) => {}
        }
        let piece = match (&item.path, item.shape()) {
            (_, Some(Shape::Is(value))) if value.as_text().is_some() => {
                Piece::Text(value.as_text().cloned().unwrap_or_default())
            }
            (Some(path), Some(shape)) if !path.is_empty() => {
                Piece::Variable(path.clone(), shape.clone())
            }
            (Some(path), _) if !path.is_empty() => Piece::Made([VariablePath::clone(path)].into()),
            _ => Piece::Made(item.made_of.clone()),
        };
        self.print(piece, pipeline.span);
        Ok(())
    }

    fn choice(&mut self, choice: &Choice) -> Result<(), Exhausted> {
        let (mark, dot) = (self.scope.mark(), self.dot.clone());
        let around = Around { is_condition: true, is_argument: false };
        let mut is_decided = false;
        for (condition, block) in &choice.arms {
            let item = self.pipeline(condition, around)?;
            if let [target] = &*condition.targets {
                self.set(*target, item.clone());
            }
            match item.is_true() {
                Some(false) => continue,
                Some(true) => {
                    self.dot = if choice.sets_dot { item.there() } else { dot.clone() };
                    self.block(block)?;
                    is_decided = true;
                }
                None => {
                    let inner = if choice.sets_dot { item.there() } else { dot.clone() };
                    let about = self.names(condition)?;
                    self.perhaps(&about, inner, |walk| walk.block(block))?;
                    // Whatever comes next is reached if it was not true.
                    self.scope.is_certain = false;
                    self.scope.ask_about(&about);
                }
            }
            self.dot = dot.clone();
            if is_decided {
                break;
            }
        }
        if !is_decided {
            self.block(&choice.otherwise)?;
        }
        self.dot = dot;
        self.scope.back_to(&mark);
        Ok(())
    }

    /// Walks what may not be reached, since it hangs on a condition that is about these.
    fn perhaps(
        &mut self,
        about: &[Text],
        dot: Item,
        walk: impl FnOnce(&mut Self) -> Result<(), Exhausted>,
    ) -> Result<(), Exhausted> {
        self.purse.take_steps(about.len() as u64)?;
        let mark = self.scope.mark();
        let outer = std::mem::replace(&mut self.dot, dot);
        self.scope.is_certain = false;
        self.scope.ask_about(about);
        walk(self)?;
        self.dot = outer;
        self.scope.back_to(&mark);
        Ok(())
    }

    /// Walks an argument that is only looked at where those before it did not decide.
    pub(super) fn argument_perhaps(
        &mut self,
        before: &Expr,
        argument: &Expr,
        around: Around,
    ) -> Result<Item, Exhausted> {
        let mut about = Vec::new();
        self.names_of(before, &mut about)?;
        let mark = self.scope.mark();
        self.scope.is_certain = false;
        self.scope.ask_about(&about);
        let item = self.expr(argument, around)?;
        self.scope.back_to(&mark);
        Ok(item)
    }

    pub(super) fn variable(&self, id: VariableId) -> Item {
        self.scope.get(id).cloned().unwrap_or_else(Item::unknown)
    }

    fn set(&mut self, target: VariableId, item: Item) {
        let is_assigned = self.assigned.get(target).is_none_or(|it| *it);
        if target != ROOT {
            self.scope.set(target, if is_assigned { Item::unknown() } else { item });
        }
    }

    /// What Go can't do, be it for what `about` is.
    pub(super) fn fails(&mut self, why: impl Into<String>, about: &Item, at: Span) {
        self.fault(Trouble::Fails(why.into()), about, at, Around::default());
    }

    pub(super) fn fault(&mut self, trouble: Trouble, about: &Item, at: Span, around: Around) {
        self.fault_with(trouble, about, at, around, None);
    }

    pub(super) fn fault_with(
        &mut self,
        trouble: Trouble,
        about: &Item,
        at: Span,
        around: Around,
        instead: Option<(ops::Range<usize>, String)>,
    ) {
        let path = about.path();
        let is_asked_about = path.first().is_some_and(|name| self.scope.is_asked_about(name));
        // Whether a thing is there may just have been found out; what it is like stays the same.
        let hangs_on_value = !matches!(
            trouble,
            Trouble::NoField
                | Trouble::NoMember
                | Trouble::RangeOfText
                | Trouble::ByteOfText
                | Trouble::Compared(_)
                | Trouble::Fails(_)
        );
        if hangs_on_value && is_asked_about {
            return;
        }
        self.forecast.faults.push(Fault {
            trouble,
            path,
            at: at.start..at.end,
            is_condition: around.is_condition,
            is_certain: self.scope.is_certain,
            dot_is_root: self.dot.is_root(),
            is_argument: around.is_argument,
            goes_on: false,
            action: action(self.source, at),
            instead,
        });
    }

    fn print(&mut self, piece: Piece, at: Span) {
        let is_certain = self.scope.is_certain;
        self.forecast.printed.push(Printed { piece, at: at.start..at.end, is_certain });
    }

    pub(super) fn text_of(&self, span: Span) -> &'w str {
        self.source.get(span.start..span.end).unwrap_or_default()
    }
}
