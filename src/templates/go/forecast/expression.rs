//! What expressions give: fields of fields, parts that are looked up, methods.

use super::item::Item;
use super::kind::Kind;
use super::walk::{Around, STEPS, Walk};
use super::{Known, Shape, Trouble, VariablePath};
use crate::templates::budget::Exhausted;
use crate::templates::go::function::{Builtin, Function};
use crate::templates::go::tree::{Expr, ExprKind, NO_FUNCTION, Path, Pipeline, Span};
use crate::templates::value::Text;

/// Where a name stands in a chain of fields.
#[derive(Clone, Copy)]
struct Asked {
    may_be_absent: bool,
    /// Whether there are names behind it.
    goes_on: bool,
    at: Span,
    around: Around,
}

impl Walk<'_> {
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
            ExprKind::Field(path) | ExprKind::Variable(_, path) | ExprKind::Chain(_, path) => {
                let of = self.start(expr)?;
                self.fields(of, path, expr.span, around)?
            }
            ExprKind::Parens(inner) => self.pipeline(inner, around)?,
            ExprKind::Call(function, arguments) => {
                self.call(*function, arguments, None, expr, around)?
            }
            ExprKind::Method(chain, arguments) => self.method(chain, arguments, expr)?,
            ExprKind::Misuse(problem) => {
                self.fails(*problem, &Item::unknown(), expr.span);
                Item::unknown()
            }
        })
    }

    /// What a chain of fields starts from.
    fn start(&mut self, chain: &Expr) -> Result<Item, Exhausted> {
        Ok(match &chain.kind {
            ExprKind::Field(_) => self.dot.clone(),
            ExprKind::Variable(id, _) => self.variable(*id),
            ExprKind::Chain(inner, _) => self.expr(inner, Around::default())?,
            _ => Item::unknown(),
        })
    }

    /// What a chain of fields gives.
    fn fields(
        &mut self,
        of: Item,
        path: &Path,
        at: Span,
        around: Around,
    ) -> Result<Item, Exhausted> {
        let mut item = of;
        let may_be_absent = path.may_be_absent;
        for (index, name) in path.names.iter().enumerate() {
            let goes_on = index + 1 < path.names.len();
            let asked = Asked { may_be_absent, goes_on, at, around };
            // A path is made anew for each name, and looked up from its beginning.
            self.purse.take_steps(item.path.as_ref().map_or(0, |path| path.len()) as u64)?;
            match self.field(item, name, asked) {
                Ok(found) => item = found,
                Err(unknown) => return Ok(unknown),
            }
        }
        Ok(item)
    }

    /// What a field or a method gives; an error with what is known behind a fault.
    fn field(&mut self, of: Item, name: &Text, asked: Asked) -> Result<Item, Item> {
        let Asked { at, around, .. } = asked;
        if of.known == Known::Absent {
            if !asked.may_be_absent {
                self.fault(Trouble::OfNothing, &of, at, around);
            }
            return Err(Item::unknown());
        }
        if of.pointed().is_some_and(Kind::has_no_fields) {
            match &of.path {
                Some(path) => {
                    let about = Item::of(joined(path, name), of.known);
                    self.fault(Trouble::NoField, &about, at, around);
                }
                None => {
                    let kind = of.pointed().map_or("this", Kind::words);
                    self.fails(format!("{kind} has no field `{name}`"), &of, at);
                }
            }
            return Err(Item::unknown());
        }
        let Some(path) = &of.path else { return Err(Item::unknown().made_of(&of)) };
        let path = joined(path, name);
        let known = match of.shape() {
            Some(Shape::Parts | Shape::Struct | Shape::Nullable) => self.world.known(&path),
            _ => Known::There(Shape::Unknown),
        };
        let item = Item::of(path, known);
        match (of.shape(), &item.known) {
            (Some(Shape::Nullable), Known::Maybe(_)) => {
                self.fault(Trouble::OfNothing, &of, at, around);
                Ok(item.there())
            }
            (Some(Shape::Struct), Known::Maybe(_)) => Ok(item.only_there()),
            (Some(Shape::Struct | Shape::Nullable), Known::Absent) if item.path().len() > 2 => {
                self.fault(Trouble::NoMember, &item, at, around);
                Err(Item::unknown())
            }
            _ => self.present(item, asked),
        }
    }

    /// What is asked for, where it is there.
    fn present(&mut self, item: Item, asked: Asked) -> Result<Item, Item> {
        let Asked { may_be_absent, goes_on, at, around } = asked;
        let trouble = match item.known {
            Known::Absent | Known::Maybe(_) if may_be_absent => return Ok(item),
            // That nothing has parts is told of the part.
            Known::Maybe(_) if goes_on && item.pointed().is_some_and(Kind::has_no_fields) => {
                return Ok(item);
            }
            Known::There(_) => return Ok(item),
            Known::Absent => Trouble::Absent,
            Known::Maybe(_) => Trouble::MayBeAbsent,
        };
        let before = self.forecast.faults.len();
        self.fault(trouble, &item, at, around);
        if let Some(fault) = self.forecast.faults.get_mut(before).filter(|_| goes_on) {
            fault.goes_on = true;
            fault.action = None;
        }
        match item.known {
            Known::Absent => Err(Item { known: Known::There(Shape::Unknown), ..item }),
            _ => Ok(item.only_there()),
        }
    }

    /// What a field with arguments gives: nothing has such methods but what Go has types for.
    fn method(
        &mut self,
        chain: &Expr,
        arguments: &[Expr],
        whole: &Expr,
    ) -> Result<Item, Exhausted> {
        let (ExprKind::Field(path) | ExprKind::Variable(_, path) | ExprKind::Chain(_, path)) =
            &chain.kind
        else {
            return Ok(Item::unknown());
        };
        let start = self.start(chain)?;
        let known = self.forecast.faults.len();
        let of = match path.names.split_last() {
            Some((_, names)) => {
                let path = Path { names: names.into(), may_be_absent: path.may_be_absent };
                self.fields(start, &path, chain.span, Around::default())?
            }
            None => start,
        };
        // What is before it is told alone.
        if self.forecast.faults.len() > known {
            return Ok(Item::unknown());
        }
        if !path.names.is_empty() && of.pointed().is_none() {
            let around = Around { is_condition: false, is_argument: true };
            for argument in arguments {
                self.expr(argument, around)?;
            }
            return Ok(Item::unknown());
        }
        let instead =
            self.reordered(chain, arguments).map(|it| (whole.span.start..whole.span.end, it));
        let trouble = Trouble::Fails(NO_FUNCTION.to_owned());
        self.fault_with(trouble, &Item::unknown(), whole.span, Around::default(), instead);
        Ok(Item::unknown())
    }

    /// `eq .Title "x"` for `.Title eq "x"`.
    fn reordered(&self, chain: &Expr, arguments: &[Expr]) -> Option<String> {
        let [function, other] = arguments else { return None };
        let ExprKind::Call(Function::Builtin(builtin), inner) = &function.kind else { return None };
        let is_comparison = matches!(
            builtin,
            Builtin::Eq | Builtin::Ne | Builtin::Lt | Builtin::Le | Builtin::Gt | Builtin::Ge
        );
        let of = |expr: &Expr| self.text_of(expr.span);
        (is_comparison && inner.is_empty())
            .then(|| format!("{} {} {}", of(function), of(chain), of(other)))
    }

    /// What looking up a part by its name gives.
    pub(super) fn part(&self, of: &Item, name: &Text) -> Item {
        let Some(parts) = &of.path else { return Item::unknown() };
        if of.shape() != Some(&Shape::Parts) {
            return Item::unknown();
        }
        let path = joined(parts, name);
        let known = self.world.known(&path);
        Item::of(path, known)
    }

    /// What an element of a list is like.
    pub(super) fn element(&self, of: &Item) -> Item {
        match of.element() {
            Some(path) => {
                let known = self.world.known(&path);
                Item::of(path, known)
            }
            None => Item::unknown().made_of(of),
        }
    }
}

fn joined(path: &[Text], name: &Text) -> VariablePath {
    path.iter().chain([name]).cloned().collect()
}
