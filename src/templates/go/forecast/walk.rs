//! Walks a template from left to right.

use std::ops::Range;

use super::around::{action, assigned, names, names_of};
use super::item::Item;
use super::{Fault, Forecast, Known, Piece, Printed, Shape, Trouble, World};
use crate::templates::budget::Exhausted;
use crate::templates::go::parser::Parsed;
use crate::templates::go::tree::{
    Block, Choice, Expr, ExprKind, Node, Path, Pipeline, ROOT, Span, VariableId,
};
use crate::templates::purse::Purse;
use crate::templates::value::Text;

/// What a node or an expression costs, in steps.
const STEPS: u64 = 8;

/// How a place is reached.
#[derive(Clone, Debug)]
struct Reach {
    is_certain: bool,
    /// The variables that conditions around it are about: what those have found out of them is not known.
    asked_about: Vec<Text>,
}

/// What is around an expression.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around {
    pub(super) is_condition: bool,
    pub(super) is_argument: bool,
}

pub(super) struct Walk<'w> {
    source: &'w str,
    parsed: &'w Parsed,
    world: &'w dyn World,
    purse: &'w mut Purse,
    forecast: Forecast,
    reach: Reach,
    dot: Item,
    /// What variables hold, by their numbers.
    variables: Vec<Item>,
    /// Those that are set again somewhere: what they hold is not followed.
    assigned: Vec<bool>,
}

impl<'w> Walk<'w> {
    pub(super) fn new(
        source: &'w str,
        parsed: &'w Parsed,
        dollar_is_root: bool,
        world: &'w dyn World,
        purse: &'w mut Purse,
    ) -> Walk<'w> {
        let count = parsed.variables.len().max(ROOT + 1);
        let mut variables = vec![Item::unknown(); count];
        if dollar_is_root && let Some(root) = variables.get_mut(ROOT) {
            *root = Item::root();
        }
        Walk {
            source,
            parsed,
            world,
            purse,
            forecast: Forecast::default(),
            reach: Reach { is_certain: true, asked_about: Vec::new() },
            dot: Item::root(),
            variables,
            assigned: assigned(&parsed.main, count),
        }
    }

    pub(super) fn run(mut self) -> Result<Forecast, Exhausted> {
        let parsed = self.parsed;
        self.purse.take_reading(self.source.len())?;
        self.block(&parsed.main)?;
        Ok(self.forecast)
    }

    fn block(&mut self, block: &Block) -> Result<(), Exhausted> {
        let before = self.variables.clone();
        for node in block {
            self.purse.take_steps(STEPS)?;
            match node {
                Node::Text(span) => {
                    let text = self.source.get(span.start..span.end).unwrap_or_default();
                    self.print(Piece::Text(text.into()), *span);
                }
                Node::Print(pipeline) => self.action(pipeline)?,
                Node::Choice(choice) => self.choice(choice)?,
                Node::Range(range) => {
                    let item = self.pipeline(&range.over, Around::default())?;
                    if item.is_text() {
                        self.fault(Trouble::RangeOfText, &item, range.over.span, Around::default());
                    }
                    let element = Item::unknown().made_of(&[item]);
                    self.perhaps(&range.over, element.clone(), |walk| {
                        for target in &range.over.targets {
                            walk.set(*target, element.clone());
                        }
                        walk.block(&range.body)
                    })?;
                    let dot = self.dot.clone();
                    self.perhaps(&range.over, dot, |walk| walk.block(&range.otherwise))?;
                }
                Node::Invoke(invoke) => {
                    if let Some(argument) = &invoke.argument {
                        self.pipeline(argument, Around::default())?;
                    }
                    self.print(Piece::Made(Vec::new()), invoke.span);
                }
                Node::Break | Node::Continue => {}
            }
        }
        self.variables = before;
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
                Piece::Text(value.as_text().map(Text::clone).unwrap_or_default())
            }
            (Some(path), Some(shape)) if !path.is_empty() => {
                Piece::Variable(path.clone(), shape.clone())
            }
            _ => Piece::Made(item.variables()),
        };
        self.print(piece, pipeline.span);
        Ok(())
    }

    fn choice(&mut self, choice: &Choice) -> Result<(), Exhausted> {
        let (reach, dot) = (self.reach.clone(), self.dot.clone());
        let variables = self.variables.clone();
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
                    self.perhaps(condition, inner, |walk| walk.block(block))?;
                    // Whatever comes next is reached if it was not true.
                    self.reach.is_certain = false;
                    let about = names(condition, &self.variables);
                    self.reach.asked_about.extend(about);
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
        (self.reach, self.dot, self.variables) = (reach, dot, variables);
        Ok(())
    }

    /// Walks what may not be reached, since it hangs on `condition`.
    fn perhaps(
        &mut self,
        condition: &Pipeline,
        dot: Item,
        walk: impl FnOnce(&mut Self) -> Result<(), Exhausted>,
    ) -> Result<(), Exhausted> {
        let about = names(condition, &self.variables);
        self.purse.take_steps(about.len() as u64)?;
        let reach = self.reach.clone();
        let outer = std::mem::replace(&mut self.dot, dot);
        let variables = self.variables.clone();
        self.reach.is_certain = false;
        self.reach.asked_about.extend(about);
        walk(self)?;
        (self.reach, self.dot, self.variables) = (reach, outer, variables);
        Ok(())
    }

    /// Walks an argument that is only looked at where those before it did not decide.
    pub(super) fn argument_perhaps(
        &mut self,
        before: &Expr,
        argument: &Expr,
        around: Around,
    ) -> Result<Item, Exhausted> {
        let reach = self.reach.clone();
        self.reach.is_certain = false;
        names_of(before, &self.variables, &mut self.reach.asked_about);
        let item = self.expr(argument, around)?;
        self.reach = reach;
        Ok(item)
    }

    fn set(&mut self, target: VariableId, item: Item) {
        let is_assigned = self.assigned.get(target).is_none_or(|it| *it);
        if let Some(variable) = self.variables.get_mut(target).filter(|_| target != ROOT) {
            *variable = if is_assigned { Item::unknown() } else { item };
        }
    }

    pub(super) fn pipeline(
        &mut self,
        pipeline: &Pipeline,
        around: Around,
    ) -> Result<Item, Exhausted> {
        let mut item = None;
        let is_alone = pipeline.commands.len() == 1;
        for command in &pipeline.commands {
            let around = if is_alone { around } else { Around::default() };
            item = Some(match &command.kind {
                ExprKind::Call(function, arguments) => {
                    self.call(*function, arguments, item, command, around)?
                }
                _ => self.expr(command, around)?,
            });
        }
        Ok(item.unwrap_or_else(Item::unknown))
    }

    pub(super) fn expr(&mut self, expr: &Expr, around: Around) -> Result<Item, Exhausted> {
        self.purse.take_steps(STEPS)?;
        Ok(match &expr.kind {
            ExprKind::Literal(value) => Item::value(value.clone()),
            ExprKind::Dot => self.dot.clone(),
            ExprKind::Field(path) => {
                let dot = self.dot.clone();
                self.fields(dot, path, expr.span, around)
            }
            ExprKind::Variable(id, path) => {
                let of = self.variables.get(*id).cloned().unwrap_or_else(Item::unknown);
                self.fields(of, path, expr.span, around)
            }
            ExprKind::Chain(inner, path) => {
                let of = self.expr(inner, Around::default())?;
                self.fields(of, path, expr.span, around)
            }
            ExprKind::Parens(inner) => self.pipeline(inner, around)?,
            ExprKind::Call(function, arguments) => {
                self.call(*function, arguments, None, expr, around)?
            }
            ExprKind::Misuse(_) => Item::unknown(),
        })
    }

    /// What a chain of fields gives.
    fn fields(&mut self, of: Item, path: &Path, at: Span, around: Around) -> Item {
        let mut item = of;
        let path_may_be_absent = path.may_be_absent;
        for name in &path.names {
            if item.is_text() || item.is_number() || item.shape() == Some(&Shape::List) {
                let about = Item { path: Some(joined(&item.path(), name)), ..item };
                self.fault(Trouble::NoField, &about, at, around);
                return Item::unknown();
            }
            let Some(parts) = item.path.clone() else {
                return Item::unknown().made_of(&[item]);
            };
            if item.known == Known::Absent {
                if !path_may_be_absent {
                    self.fault(Trouble::OfNothing, &item, at, around);
                }
                return Item::unknown();
            }
            if item.shape() == Some(&Shape::Nullable) {
                self.fault(Trouble::OfNothing, &item, at, around);
                return Item::unknown();
            }
            let path = joined(&parts, name);
            if parts.is_empty() {
                self.forecast.asked.push((Text::clone(name), at.start..at.end));
            }
            let known = if item.shape() == Some(&Shape::Parts) {
                self.world.known(&path)
            } else {
                Known::There(Shape::Unknown)
            };
            item = Item::of(path, known);
            match item.known {
                Known::Absent if path_may_be_absent => {}
                Known::Maybe(_) if path_may_be_absent => {}
                Known::Absent => {
                    self.fault(Trouble::Absent, &item, at, around);
                    return Item { known: Known::There(Shape::Unknown), ..item };
                }
                Known::Maybe(_) => {
                    self.fault(Trouble::MayBeAbsent, &item, at, around);
                    item = item.there();
                }
                Known::There(_) => {}
            }
        }
        item
    }

    /// What looking up a part by its name gives.
    pub(super) fn part(&mut self, of: &Item, name: &Text, at: Span) -> Item {
        let Some(parts) = &of.path else { return Item::unknown() };
        if of.shape() != Some(&Shape::Parts) {
            return Item::unknown();
        }
        if parts.is_empty() {
            self.forecast.asked.push((Text::clone(name), at.start..at.end));
        }
        let path = joined(parts, name);
        let known = self.world.known(&path);
        Item::of(path, known)
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
        instead: Option<(Range<usize>, String)>,
    ) {
        let path = about.path();
        let is_asked_about = path.first().is_some_and(|name| self.reach.asked_about.contains(name));
        // Whether a thing is there may just have been found out; what it is like stays the same.
        let hangs_on_value = !matches!(
            trouble,
            Trouble::NoField | Trouble::RangeOfText | Trouble::ByteOfText | Trouble::Compared
        );
        if hangs_on_value && is_asked_about {
            return;
        }
        self.forecast.faults.push(Fault {
            trouble,
            path,
            at: at.start..at.end,
            is_condition: around.is_condition,
            is_certain: self.reach.is_certain,
            dot_is_root: self.dot.is_root(),
            is_argument: around.is_argument,
            action: action(self.source, at),
            instead,
        });
    }

    fn print(&mut self, piece: Piece, at: Span) {
        let is_certain = self.reach.is_certain;
        self.forecast.printed.push(Printed { piece, at: at.start..at.end, is_certain });
    }

    pub(super) fn text_of(&self, span: Span) -> &'w str {
        self.source.get(span.start..span.end).unwrap_or_default()
    }
}

fn joined(path: &[Text], name: &Text) -> Box<[Text]> {
    path.iter().chain([name]).cloned().collect()
}
