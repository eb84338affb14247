//! What calls of Go's functions give, as far as it is known.

use super::item::Item;
use super::walk::{Around, Walk};
use super::{Known, Shape, Trouble};
use crate::templates::budget::Exhausted;
use crate::templates::go::function::{Builtin, Function};
use crate::templates::go::tree::{Expr, Span};
use crate::templates::helpers::Helper;
use crate::templates::value::Value;

/// The helpers whose value has nothing of the texts that they are given.
const TELLING: [&str; 14] = [
    "adler32sum",
    "contains",
    "dropKey",
    "empty",
    "fail",
    "has",
    "hasKey",
    "hasPrefix",
    "hasSuffix",
    "oneOf",
    "regexMatch",
    "sha1sum",
    "sha256sum",
    "until",
];

/// An argument, and where it stands; a piped one stands nowhere.
struct Argument {
    item: Item,
    span: Option<Span>,
}

impl Walk<'_> {
    /// What a call gives; `piped` comes as the last argument.
    pub(super) fn call(
        &mut self,
        function: Function,
        arguments: &[Expr],
        piped: Option<Item>,
        call: &Expr,
        around: Around,
    ) -> Result<Item, Exhausted> {
        let builtin = match function {
            Function::Builtin(builtin) => builtin,
            Function::Helper(helper) => return self.helper(helper, arguments, piped),
        };
        if matches!(builtin, Builtin::And | Builtin::Or) {
            return self.decides(builtin == Builtin::Or, arguments, piped);
        }
        let is_condition = around.is_condition && builtin == Builtin::Not;
        let inner = Around { is_condition, is_argument: true };
        let mut items = Vec::new();
        for argument in arguments {
            let item = self.expr(argument, inner)?;
            items.push(Argument { item, span: Some(argument.span) });
        }
        items.extend(piped.map(|item| Argument { item, span: None }));
        let at = call.span;
        Ok(match (builtin, &*items) {
            (Builtin::Not, [one]) => match one.item.is_true() {
                Some(is_true) => Item::value(Value::Bool(!is_true)),
                None => Item::unknown(),
            },
            (Builtin::Eq | Builtin::Ne, [first, others @ ..]) => {
                self.equals(builtin == Builtin::Eq, first, others, at)
            }
            (Builtin::Lt | Builtin::Le | Builtin::Gt | Builtin::Ge, [one, other]) => {
                self.compares(one, other, at);
                Item::unknown()
            }
            (Builtin::Len, [one]) => self.length(&one.item, at, around),
            (Builtin::Index, [of, keys @ ..]) => self.indexed(of, keys, at, around),
            (Builtin::Slice, [of, bounds @ ..]) => self.sliced(of, bounds, at, around),
            (
                Builtin::Print
                | Builtin::Printf
                | Builtin::Println
                | Builtin::Html
                | Builtin::Js
                | Builtin::Urlquery,
                _,
            ) => {
                let all: Vec<Item> = items.iter().map(|it| it.item.clone()).collect();
                Item::shaped(Shape::Text).made_of(&all)
            }
            _ => Item::unknown(),
        })
    }

    /// What a helper of ours gives shows what it is given, unless it only tells something of it.
    fn helper(
        &mut self,
        helper: &Helper,
        arguments: &[Expr],
        piped: Option<Item>,
    ) -> Result<Item, Exhausted> {
        let around = Around { is_condition: false, is_argument: true };
        let mut items: Vec<Item> = Vec::new();
        for argument in arguments {
            items.push(self.expr(argument, around)?);
        }
        items.extend(piped);
        let made = Item::unknown();
        Ok(if TELLING.contains(&helper.name) { made } else { made.made_of(&items) })
    }

    /// `and` and `or` give the first argument that decides, or the last one.
    fn decides(
        &mut self,
        by: bool,
        arguments: &[Expr],
        piped: Option<Item>,
    ) -> Result<Item, Exhausted> {
        let around = Around { is_condition: true, is_argument: true };
        let mut undecided: Vec<(&Expr, Item)> = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            let is_last = index + 1 == arguments.len() && piped.is_none();
            let around = Around { is_condition: !is_last, ..around };
            let item = match undecided.last() {
                Some((before, _)) => self.argument_perhaps(before, argument, around)?,
                None => self.expr(argument, around)?,
            };
            match item.is_true() {
                Some(is_true) if is_true == by && undecided.is_empty() => return Ok(item),
                Some(_) if is_last && undecided.is_empty() => return Ok(item),
                Some(is_true) if is_true != by => {}
                _ => undecided.push((argument, item)),
            }
        }
        let all: Vec<Item> = undecided.into_iter().map(|(_, item)| item).chain(piped).collect();
        Ok(Item::unknown().made_of(&all))
    }

    fn equals(&mut self, is: bool, first: &Argument, others: &[Argument], at: Span) -> Item {
        let mut is_known = true;
        for other in others {
            self.compares(first, other, at);
            match same(&first.item, &other.item) {
                Some(true) if is_known => return Item::value(Value::Bool(is)),
                Some(false) => {}
                _ => is_known = false,
            }
        }
        if is_known { Item::value(Value::Bool(!is)) } else { Item::unknown() }
    }

    /// Says where Go compares two things with an error: whatever they are, they are not alike.
    fn compares(&mut self, one: &Argument, other: &Argument, at: Span) {
        let is_pointer = |it: &Argument| it.item.known == Known::There(Shape::Pointer);
        let is_there = |it: &Argument| matches!(it.item.known, Known::There(_));
        if !is_there(one) || !is_there(other) {
            return;
        }
        let differ = |a: &Argument, b: &Argument| a.item.is_text() && b.item.is_number();
        let is_wrong =
            differ(one, other) || differ(other, one) || is_pointer(one) || is_pointer(other);
        if !is_wrong {
            return;
        }
        let (about, literal) = if one.item.path.is_some() { (one, other) } else { (other, one) };
        let instead = literal.span.and_then(|span| {
            let text = match literal.item.shape()? {
                Shape::Is(Value::Str(text)) if about.item.is_number() => {
                    text.parse::<i64>().ok()?.to_string()
                }
                Shape::Is(Value::Int(number)) if about.item.is_text() => format!("\"{number}\""),
                _ => return None,
            };
            Some((span.start..span.end, text))
        });
        self.fault_with(Trouble::Compared, &about.item, at, Around::default(), instead);
    }

    fn indexed(&mut self, of: &Argument, keys: &[Argument], at: Span, around: Around) -> Item {
        let mut item = of.item.clone();
        for key in keys {
            if item.is_text() && key.item.is_number() {
                self.fault(Trouble::ByteOfText, &item, at, around);
                return Item::shaped(Shape::Number);
            }
            if item.known == Known::Absent {
                self.fault(Trouble::OfNothing, &item, at, around);
                return Item::unknown();
            }
            let Some(Shape::Is(Value::Str(name))) = key.item.shape() else {
                return Item::unknown().made_of(&[item]);
            };
            item = self.part(&item, name, at);
        }
        item
    }

    fn length(&mut self, of: &Item, at: Span, around: Around) -> Item {
        if let Some(Shape::Is(Value::Str(text))) = of.shape() {
            return Item::value(Value::Int(i64::try_from(text.len()).unwrap_or(0)));
        }
        if of.is_text() && !around.is_condition {
            self.fault(Trouble::LengthOfText, of, at, around);
        }
        Item::shaped(Shape::Number).made_of(std::slice::from_ref(of))
    }

    fn sliced(&mut self, of: &Argument, bounds: &[Argument], at: Span, around: Around) -> Item {
        let gives = Item::shaped(Shape::Text).made_of(std::slice::from_ref(&of.item));
        let number = |it: &Argument| match it.item.shape() {
            Some(Shape::Is(Value::Int(number))) => usize::try_from(*number).ok(),
            _ => None,
        };
        let bounds: Option<Vec<usize>> = bounds.iter().map(number).collect();
        let (from, to) = match bounds.as_deref() {
            Some([from]) => (*from, *from),
            Some([from, to]) => (*from, *to),
            _ => return gives,
        };
        let is_short = match of.item.shape() {
            Some(Shape::Is(Value::Str(text))) => text.len() < to,
            Some(Shape::Text) => to > 0,
            _ => false,
        };
        if is_short {
            let instead = of.span.filter(|_| from == 0).map(|span| {
                let text = format!("printf \"%.{to}s\" {}", self.text_of(span));
                (at.start..at.end, text)
            });
            self.fault_with(Trouble::Sliced(from, to), &of.item, at, around, instead);
        }
        gives
    }
}

/// Whether two values are equal, if that is known.
fn same(one: &Item, other: &Item) -> Option<bool> {
    match (&one.known, &other.known) {
        (Known::Absent, Known::Absent) => Some(true),
        (Known::Absent, Known::There(_)) | (Known::There(_), Known::Absent) => Some(false),
        (Known::There(Shape::Is(one)), Known::There(Shape::Is(other))) => match (one, other) {
            (Value::Str(one), Value::Str(other)) => Some(one == other),
            (Value::Int(one), Value::Int(other)) => Some(one == other),
            (Value::Bool(one), Value::Bool(other)) => Some(one == other),
            _ => None,
        },
        _ => None,
    }
}
