//! What calls of Go's functions give, as far as it is known.

use super::item::Item;
use super::kind::Kind;
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
pub(super) struct Argument {
    pub(super) item: Item,
    pub(super) span: Option<Span>,
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
        let count = arguments.len() + usize::from(piped.is_some());
        // Go counts only what it can't do without, before it looks at any.
        let is_too_few = matches!(builtin, Builtin::Eq) && count == 1;
        if !function.accepts(count) && !is_too_few {
            self.misfit(function, count, call.span);
            return Ok(Item::unknown());
        }
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
        if is_too_few {
            self.misfit(function, count, call.span);
        }
        self.pay_for(items.iter().map(|it| &it.item))?;
        Ok(self.called(builtin, &items, call.span, around))
    }

    /// What a function of Go gives for its arguments.
    fn called(&mut self, builtin: Builtin, items: &[Argument], at: Span, around: Around) -> Item {
        match (builtin, items) {
            (Builtin::Not, [one]) => match one.item.is_true() {
                Some(is_true) => Item::value(Value::Bool(!is_true)),
                None => Item::shaped(Shape::Switch),
            },
            (Builtin::Eq | Builtin::Ne, [first, others @ ..]) => {
                self.equals(builtin == Builtin::Eq, first, others, at)
            }
            (Builtin::Lt | Builtin::Le | Builtin::Gt | Builtin::Ge, [one, other]) => {
                self.orders(one, other, at)
            }
            (Builtin::Len, [one]) => self.length(&one.item, at, around),
            (Builtin::Index, [of, keys @ ..]) => self.indexed(of, keys, at, around),
            (Builtin::Slice, [of, bounds @ ..]) => self.sliced(of, bounds, at, around),
            (Builtin::Printf, [format, ..]) => {
                match format.item.pointed() {
                    Some(kind) if kind != Kind::Text => {
                        let why = format!("the format of `printf` is a text, not {}", kind.words());
                        self.fails(why, &format.item, at);
                    }
                    _ => {}
                }
                made(items)
            }
            (
                Builtin::Print | Builtin::Println | Builtin::Html | Builtin::Js | Builtin::Urlquery,
                _,
            ) => made(items),
            (Builtin::Call, _) => {
                self.fails("`call` calls functions, and no variable is one", &Item::unknown(), at);
                Item::unknown()
            }
            _ => Item::unknown(),
        }
    }

    fn misfit(&mut self, function: Function, count: usize, at: Span) {
        let (name, wants) = (function.name(), function.wants());
        self.fails(format!("`{name}` takes {wants}, not {count}"), &Item::unknown(), at);
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
        self.pay_for(items.iter())?;
        let made = Item::unknown();
        Ok(if TELLING.contains(&helper.name) { made } else { made.made_of_all(items.iter()) })
    }

    /// Takes what it costs to look which variables these show.
    fn pay_for<'i>(&mut self, items: impl Iterator<Item = &'i Item>) -> Result<(), Exhausted> {
        self.purse.take_steps(items.map(Item::weight).sum())
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
        self.pay_for(all.iter())?;
        Ok(Item::shaped(common(&all)).made_of_all(all.iter()))
    }

    fn indexed(&mut self, of: &Argument, keys: &[Argument], at: Span, around: Around) -> Item {
        let mut item = of.item.clone();
        for key in keys {
            if item.known == Known::Absent || item.kind() == Some(Kind::Nothing) {
                self.fault(Trouble::OfNothing, &item, at, around);
                return Item::unknown();
            }
            if let Some(why) = no_element(item.pointed(), key.item.kind()) {
                self.fails(why, &item, at);
                return Item::unknown();
            }
            item = match (item.kind(), key.item.shape()) {
                (Some(Kind::Text), Some(shape)) if shape.kind() == Some(Kind::Whole) => {
                    self.fault(Trouble::ByteOfText, &item, at, around);
                    return Item::shaped(Shape::Number);
                }
                (Some(Kind::Text), _) => return Item::shaped(Shape::Number),
                (Some(Kind::List), _) => self.element(&item),
                (_, Some(Shape::Is(Value::Str(name)))) => self.part(&item, name),
                _ => return Item::unknown().made_of(&item),
            };
        }
        item
    }

    fn length(&mut self, of: &Item, at: Span, around: Around) -> Item {
        if let Some(Shape::Is(Value::Str(text))) = of.shape() {
            return Item::value(Value::Int(i64::try_from(text.len()).unwrap_or(0)));
        }
        match of.pointed() {
            Some(Kind::Text | Kind::List | Kind::Map | Kind::Pointer) | None => {}
            Some(kind) => {
                let why = format!("`len` is for texts, lists and maps, not for {}", kind.words());
                self.fails(why, of, at);
                return Item::shaped(Shape::Number);
            }
        }
        if of.is_text() && !around.is_condition {
            self.fault(Trouble::LengthOfText, of, at, around);
        }
        Item::shaped(Shape::Number).made_of(of)
    }

    /// Why a bound of `slice` is none: Go does not look into the box that a value of a map is in.
    fn boxed(&self, bounds: &[Argument]) -> Option<String> {
        bounds.iter().filter(|it| it.item.path().len() == 1).find_map(|it| {
            let written = self.text_of(it.span?);
            let is_boxed = written.strip_prefix('$').unwrap_or(written).starts_with('.');
            is_boxed.then(|| format!("`slice` takes no `{written}` for a bound, but `({written})`"))
        })
    }

    fn sliced(&mut self, of: &Argument, bounds: &[Argument], at: Span, around: Around) -> Item {
        let shape = match of.item.pointed() {
            Some(Kind::Text) => Shape::Text,
            Some(Kind::List) => Shape::List,
            _ => Shape::Unknown,
        };
        let gives = Item::shaped(shape).made_of(&of.item);
        if let Some(why) = no_slice(&of.item, bounds) {
            self.fails(why, &of.item, at);
            return gives;
        }
        if let Some(why) = self.boxed(bounds) {
            self.fails(why, &of.item, at);
            return gives;
        }
        let bounds: Option<Vec<usize>> = bounds.iter().map(|it| number(&it.item)).collect();
        let (from, to) = match bounds.as_deref() {
            Some([from]) => (*from, *from),
            Some([from, to]) => (*from, *to),
            _ => return gives,
        };
        match of.item.shape() {
            Some(Shape::Is(Value::Str(text))) if text.len() < to && of.item.path.is_none() => {
                let why = format!("the text has {} bytes, and no byte {to}", text.len());
                self.fails(why, &of.item, at);
                return gives;
            }
            Some(Shape::Is(Value::Str(text))) if text.len() < to => {}
            Some(Shape::Text) if to > 0 => {}
            _ => return gives,
        }
        let instead = of.span.filter(|_| from == 0).map(|span| {
            let text = format!("printf \"%.{to}s\" {}", self.text_of(span));
            (at.start..at.end, text)
        });
        self.fault_with(Trouble::Sliced(from, to), &of.item, at, around, instead);
        gives
    }
}

/// A text that is made of others.
fn made(items: &[Argument]) -> Item {
    Item::shaped(Shape::Text).made_of_all(items.iter().map(|it| &it.item))
}

/// What several things are alike, of which any may be it.
fn common(all: &[Item]) -> Shape {
    let of = |item: &Item| match (&item.known, item.kind()) {
        (Known::There(_), Some(Kind::Text)) => Shape::Text,
        (Known::There(_), Some(Kind::Whole)) => Shape::Number,
        (Known::There(_), Some(Kind::Switch)) => Shape::Switch,
        _ => Shape::Unknown,
    };
    let mut shapes = all.iter().map(of);
    let first = shapes.next().unwrap_or(Shape::Unknown);
    if shapes.all(|it| it == first) { first } else { Shape::Unknown }
}

/// A number that is written out, and counts elements.
fn number(item: &Item) -> Option<usize> {
    match item.shape() {
        Some(Shape::Is(Value::Int(number))) => usize::try_from(*number).ok(),
        _ => None,
    }
}

/// Why something has no element of such a key.
fn no_element(of: Option<Kind>, key: Option<Kind>) -> Option<String> {
    match (of?, key) {
        (Kind::Pointer, _) | (Kind::Text | Kind::List, None | Some(Kind::Whole)) => None,
        (Kind::Map, None | Some(Kind::Text)) => None,
        (of @ (Kind::Text | Kind::List), Some(key)) => Some(format!(
            "elements of {} are counted, and {} is no number",
            of.words(),
            key.words()
        )),
        (Kind::Map, Some(key)) => {
            Some(format!("what is in a map has a text for its name, not {}", key.words()))
        }
        (of, _) => Some(format!("{} has no elements", of.words())),
    }
}

/// Why something can't be cut so.
fn no_slice(of: &Item, bounds: &[Argument]) -> Option<String> {
    match of.pointed() {
        Some(Kind::Text) if bounds.len() > 2 => {
            return Some("a text is cut from one place to another, and has no third".to_owned());
        }
        Some(Kind::Text | Kind::List) | None => {}
        Some(kind) => {
            return Some(format!("`slice` is for texts and lists, not for {}", kind.words()));
        }
    }
    let is_wrong = |kind: &Kind| *kind != Kind::Whole;
    if let Some(kind) = bounds.iter().filter_map(|it| it.item.kind()).find(is_wrong) {
        return Some(format!("`slice` counts in whole numbers, and {} is none", kind.words()));
    }
    let is_negative = |it: &Argument| matches!(it.item.shape(), Some(Shape::Is(Value::Int(..0))));
    if bounds.iter().any(is_negative) {
        return Some("`slice` counts from 0".to_owned());
    }
    let counted: Vec<usize> = bounds.iter().map_while(|it| number(&it.item)).collect();
    let is_behind = counted.windows(2).any(|pair| pair.first() > pair.last());
    is_behind.then(|| "the first bound of `slice` is behind the second".to_owned())
}
