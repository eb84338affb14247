//! A template whose rendering is to be read: compiled once per TaskSpawner.

use std::borrow::Cow;
use std::ops::Range;

use super::class::Class;
use super::fixed::Fixed;
use super::name;
use super::reading::{Reader, StepsLeft, Unread};
use crate::engine::kelos::Source;
use crate::engine::render::go::{Piece, outline};
use crate::engine::render::purse::{ALLOCATION, Purse};
use crate::engine::render::value::{Text, Value};

/// How often a text is read again with what was just found. A variable that stands twice may be told
/// at one place and not at the other.
const MOST_ROUNDS: usize = 4;

/// The most pieces that are worth reading.
pub(super) const MOST_PIECES: usize = 128;

/// What a piece takes while a pattern is made of it, and a variable that it names.
pub(super) const PIECE_BYTES: usize = 192;

/// Fixed texts, variables, and what can't be read, in turn.
#[derive(Debug)]
pub(super) struct Pattern {
    parts: Box<[Part]>,
    /// The variables that stand in it, each once.
    pub(super) variables: Box<[Variable]>,
}

#[derive(Debug)]
enum Part {
    Text(Box<str>),
    /// The number of a variable.
    Variable(usize),
    Other,
}

/// A variable of a pattern.
#[derive(Debug)]
pub(super) struct Variable {
    /// Its name; of what a context source gave, `Context.NAME`.
    pub(super) name: Text,
    class: Class,
}

/// How a text came out of its template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    /// As it was rendered.
    Plain,
    /// As it was rendered, out of values that people gave by hand: they can be anything.
    ByHand,
    /// As the name of an object: in lower case, with a dash for all that no name has.
    Name,
}

/// What was read: of each variable of the pattern its text, if it has only one reading.
pub(super) type Readings<'t> = Vec<Option<&'t str>>;

impl Pattern {
    /// Compiles a template; nothing if it does not parse as Kelos reads it, or has nothing to be read.
    pub(super) fn compile(
        template: &str,
        source: Source<'_>,
        purse: &mut Purse,
    ) -> Option<Pattern> {
        let pieces = outline(template, purse)?;
        if pieces.len() > MOST_PIECES {
            return None;
        }
        // Variables are looked for among those before them.
        purse.take_steps((pieces.len() * pieces.len()) as u64 / 16).ok()?;
        let mut variables: Vec<Variable> = Vec::new();
        let mut part = |piece: Piece| match piece {
            Piece::Text(text) => Part::Text(text.into()),
            Piece::Other => Part::Other,
            Piece::Field(names) => {
                let names: Vec<&str> = names.iter().map(|name| &**name).collect();
                let Some(class) = Class::of(&names, source) else { return Part::Other };
                let name = names.join(".");
                let known = variables.iter().position(|variable| *variable.name == *name);
                Part::Variable(known.unwrap_or_else(|| {
                    variables.push(Variable { name: name.into(), class });
                    variables.len() - 1
                }))
            }
        };
        let parts = pieces.into_iter().map(&mut part).collect();
        (!variables.is_empty()).then(|| Pattern { parts, variables: variables.into() })
    }

    /// The bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        let part = |part: &Part| match part {
            Part::Text(text) => text.len() + ALLOCATION,
            Part::Variable(_) | Part::Other => 0,
        };
        let name = |variable: &Variable| variable.name.len() + 2 * ALLOCATION;
        size_of_val(&*self.parts)
            + size_of_val(&*self.variables)
            + 2 * ALLOCATION
            + self.parts.iter().map(part).sum::<usize>()
            + self.variables.iter().map(name).sum::<usize>()
    }

    /// Reads a text; `known` gives the texts of the variables that are known already, by their
    /// numbers.
    pub(super) fn read<'t>(
        &self,
        text: &'t str,
        flavour: Flavour,
        known: &[Option<Cow<'_, str>>],
        left: &mut StepsLeft,
    ) -> Result<Readings<'t>, Unread> {
        let mut reader = Reader::new(text, left);
        let mut found: Readings<'t> = vec![None; self.variables.len()];
        for _ in 0..MOST_ROUNDS {
            let told = |number: usize| {
                let read = found.get(number).copied().flatten();
                read.or_else(|| known.get(number)?.as_deref())
            };
            let pieces = self.pieces(flavour, told);
            let steps: Vec<_> = pieces.iter().map(|(piece, _)| piece.as_step()).collect();
            let places = reader.read(&steps)?;
            let next = self.collect(text, &pieces, places)?;
            let is_more = next.iter().zip(&found).any(|(new, old)| new.is_some() && old.is_none());
            let all = found.into_iter().zip(next).map(|(old, new)| old.or(new)).collect();
            found = all;
            if !is_more {
                break;
            }
        }
        Ok(found)
    }

    /// The pieces of the text, fixed ones that stand beside each other as one, with the numbers of
    /// the variables that are to be read.
    fn pieces<'p>(
        &'p self,
        flavour: Flavour,
        told: impl Fn(usize) -> Option<&'p str>,
    ) -> Vec<(Fixed<'p>, Option<usize>)> {
        let mut pieces: Vec<(Fixed<'p>, Option<usize>)> = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let piece = match part {
                Part::Text(text) => Some((&**text, flavour == Flavour::Name)),
                Part::Other => None,
                // What was read out of a name has its form already.
                Part::Variable(number) => {
                    told(*number).map(|text| (text, flavour == Flavour::Name))
                }
            };
            let fixed = piece.and_then(|(text, to_name)| {
                if to_name { name::text(text).map(Cow::Owned) } else { Some(Cow::Borrowed(text)) }
            });
            let number = match part {
                Part::Variable(number) if fixed.is_none() => Some(*number),
                _ => None,
            };
            match (fixed, pieces.last_mut()) {
                (Some(text), Some((Fixed::Text(last), _))) => last.to_mut().push_str(&text),
                (Some(text), _) => pieces.push((Fixed::Text(text), None)),
                (None, _) => {
                    let class = number.and_then(|number| self.class(number, flavour));
                    let read = number.filter(|_| class.is_some());
                    pieces.push((Fixed::Any(class.unwrap_or(Class::Anything)), read));
                    if flavour == Flavour::Name && class.is_none() {
                        // What comes behind may have been cut off, or run together with this.
                        break;
                    }
                }
            }
        }
        if flavour == Flavour::Name {
            name::trim(&mut pieces);
        }
        pieces
    }

    /// What a variable can be; nothing for one that a name does not keep.
    fn class(&self, number: usize, flavour: Flavour) -> Option<Class> {
        let variable = self.variables.get(number)?;
        match flavour {
            Flavour::Plain => Some(variable.class),
            Flavour::ByHand => Some(Class::Anything),
            Flavour::Name => name::class(&variable.name, variable.class),
        }
    }

    /// What stands at the places of the variables, if it is what they can be and all that stands for
    /// one variable is the same.
    fn collect<'t>(
        &self,
        text: &'t str,
        pieces: &[(Fixed<'_>, Option<usize>)],
        places: Vec<Option<Range<usize>>>,
    ) -> Result<Readings<'t>, Unread> {
        let mut found: Readings<'t> = vec![None; self.variables.len()];
        for ((piece, number), place) in pieces.iter().zip(places) {
            let (Some(number), Some(place)) = (*number, place) else { continue };
            let Some(read) = text.get(place) else { return Err(Unread::NoRendering) };
            if matches!(piece, Fixed::Any(Class::Number)) && whole_number(read).is_none() {
                return Err(Unread::NoRendering);
            }
            match found.get_mut(number) {
                Some(Some(other)) if *other != read => return Err(Unread::NoRendering),
                Some(slot) => *slot = Some(read),
                None => {}
            }
        }
        Ok(found)
    }
}

/// A whole number as Go prints it.
pub(super) fn whole_number(text: &str) -> Option<i64> {
    let is_plain = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|number| is_plain && *number >= 0)
}

/// A known value as Kelos printed it; nothing if it is none that Kelos prints.
pub(super) fn printed(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Int(number) => Some(number.to_string().into()),
        other => other.as_text().map(|text| Cow::Borrowed(&**text)),
    }
}
