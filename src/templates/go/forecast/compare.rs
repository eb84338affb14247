//! What comparisons give, and where Go refuses them.

use super::calls::Argument;
use super::item::Item;
use super::kind::Kind;
use super::walk::{Around, Walk};
use super::{Known, Shape, Trouble};
use crate::templates::go::tree::Span;
use crate::templates::value::Value;

impl Walk<'_> {
    /// `eq` and `ne`: the first that is equal decides.
    pub(super) fn equals(
        &mut self,
        is: bool,
        first: &Argument,
        others: &[Argument],
        at: Span,
    ) -> Item {
        let is_certain = self.scope.is_certain;
        let mut is_decided = true;
        for other in others {
            self.scope.is_certain = is_certain && is_decided;
            let why = unequal(&first.item, &other.item);
            let fails = why.is_some();
            if let Some(why) = why {
                self.compared(why, first, other, at);
            }
            self.scope.is_certain = is_certain;
            match same(&first.item, &other.item) {
                _ if fails => return Item::shaped(Shape::Switch),
                Some(true) => return Item::value(Value::Bool(is)),
                Some(false) => {}
                None => is_decided = false,
            }
        }
        match is_decided {
            true => Item::value(Value::Bool(!is)),
            false => Item::shaped(Shape::Switch),
        }
    }

    /// `lt`, `le`, `gt` and `ge`.
    pub(super) fn orders(&mut self, one: &Argument, other: &Argument, at: Span) -> Item {
        if let Some(why) = unordered(&one.item, &other.item) {
            self.compared(why, one, other, at);
        }
        Item::shaped(Shape::Switch)
    }

    fn compared(&mut self, why: String, one: &Argument, other: &Argument, at: Span) {
        let (about, literal) = if one.item.path.is_some() { (one, other) } else { (other, one) };
        let instead = literal.span.and_then(|span| {
            let text = alike(self.text_of(span), &literal.item, &about.item)?;
            Some((span.start..span.end, text))
        });
        self.fault_with(Trouble::Compared(why), &about.item, at, Around::default(), instead);
    }
}

/// What could be written in place of a literal to compare it with something: only what says the same.
fn alike(written: &str, literal: &Item, with: &Item) -> Option<String> {
    match (literal.shape()?, with.kind()?) {
        (Shape::Is(Value::Str(text)), Kind::Whole) if written.starts_with(['"', '`']) => {
            text.parse::<i64>().ok().map(|it| it.to_string()).filter(|it| **it == **text)
        }
        (Shape::Is(Value::Int(number)), Kind::Text) if number.to_string() == written => {
            Some(format!("\"{number}\""))
        }
        // Somebody took one character for a text.
        (Shape::Is(Value::Int(_)), Kind::Text) => {
            let inner = written.strip_prefix('\'')?.strip_suffix('\'')?;
            (!inner.contains(['\\', '"'])).then(|| format!("\"{inner}\""))
        }
        (Shape::Is(Value::Float(number)), Kind::Whole) if number.fract() == 0.0 => {
            let whole = written.strip_suffix(".0")?;
            whole.parse::<i64>().ok().map(|it| it.to_string())
        }
        _ => None,
    }
}

/// Why Go refuses to tell whether two things are equal.
fn unequal(one: &Item, other: &Item) -> Option<String> {
    let (left, right) = (one.kind()?, other.kind()?);
    if one.may_be_nothing() || other.may_be_nothing() {
        return None;
    }
    let is_fine = match (left, right) {
        (Kind::Nothing, _) | (_, Kind::Nothing) => true,
        // All variables are a map that is never nothing; of others that is not known.
        (Kind::Map, Kind::Map) => !(one.is_root() && other.is_root()),
        (left, right) => left == right || (left.is_pointer() && right.is_pointer()),
    };
    (!is_fine).then(|| refusal(left, right))
}

/// Why Go refuses to tell which of two things comes first.
fn unordered(one: &Item, other: &Item) -> Option<String> {
    let kinds = [one.kind(), other.kind()];
    let has_order = |kind: Kind| matches!(kind, Kind::Whole | Kind::Fraction | Kind::Text);
    if let Some(kind) = kinds.into_iter().flatten().find(|kind| !has_order(*kind)) {
        return Some(format!("Go has no order for {}", kind.words()));
    }
    match kinds {
        [Some(left), Some(right)] if left != right => Some(refusal(left, right)),
        _ => None,
    }
}

fn refusal(left: Kind, right: Kind) -> String {
    format!("Go can't compare {} with {}", left.words(), right.words())
}

/// Whether two values are equal, if that is known.
fn same(one: &Item, other: &Item) -> Option<bool> {
    let is_nothing = |it: &Item| !it.may_be_nothing() && it.kind() == Some(Kind::Nothing);
    let is_something = |it: &Item| {
        matches!(it.known, Known::There(_)) && it.kind().is_some_and(Kind::is_something)
    };
    match (is_nothing(one), is_nothing(other)) {
        (true, true) => return Some(true),
        (true, false) => return is_something(other).then_some(false),
        (false, true) => return is_something(one).then_some(false),
        (false, false) => {}
    }
    match (&one.known, &other.known) {
        (Known::There(Shape::Is(one)), Known::There(Shape::Is(other))) => match (one, other) {
            (Value::Str(one), Value::Str(other)) => Some(one == other),
            (Value::Int(one), Value::Int(other)) => Some(one == other),
            (Value::Bool(one), Value::Bool(other)) => Some(one == other),
            _ => None,
        },
        _ => None,
    }
}
