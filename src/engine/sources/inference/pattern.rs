//! A template whose rendering is to be read: compiled once per TaskSpawner.

use std::borrow::Cow;
use std::ops::Range;

use super::matcher;
use super::name;
use super::scan::Unread;
use super::segment::Segment;
use crate::engine::meter::Meter;
use crate::engine::sources::variable::{Class, InName, Table};
use crate::templates::go::{Piece, outline};
use crate::templates::purse::{ALLOCATION, Purse};
use crate::templates::value::Text;

/// How often a text is read again with what was just found. A variable that stands twice may be told
/// at one place and not at the other.
const MOST_ROUNDS: usize = 4;

/// The most pieces that are worth reading.
pub(super) const MOST_PIECES: usize = 128;

/// What a piece takes while a pattern is made of it, and a variable that it names.
pub(super) const PIECE_BYTES: usize = 192;

/// What a piece costs each time that a text is read, beside what is looked at: it is put together, and
/// what was found is taken out.
const PIECE_STEPS: usize = 4;

/// Segment texts, variables, and what can't be read, in turn.
#[derive(Debug)]
pub(super) struct Pattern {
    parts: Box<[Part]>,
    /// The variables that stand in it, each once.
    pub(super) variables: Box<[Variable]>,
    /// How long its fixed texts are together, in bytes.
    bytes: usize,
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
    /// What a name keeps of it.
    pub(super) in_name: InName,
    /// Whether it stands more than once.
    is_repeated: bool,
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

/// A text that came out of a template, and what is known of its variables.
pub(super) struct Given<'g, 't> {
    pub(super) text: &'t str,
    pub(super) flavour: Flavour,
    /// Of each variable its text, if it is known letter by letter.
    pub(super) letters: &'g [Option<Cow<'g, str>>],
    /// Where `.URL` is the page of an issue or pull request of which the number is known: a slash and the
    /// number.
    pub(super) page: Option<&'g str>,
}

/// What was read: of each variable of the pattern its text, if it has only one reading.
pub(super) type Readings<'t> = Vec<Option<&'t str>>;

impl Pattern {
    /// Compiles a template; nothing if it does not parse as Kelos reads it, or has nothing to be read.
    pub(super) fn compile(template: &str, table: &Table, purse: &mut Purse) -> Option<Pattern> {
        let pieces = outline(template, purse)?;
        if pieces.len() > MOST_PIECES {
            return None;
        }
        // Variables are looked for among those before them.
        purse.take_steps((pieces.len() * pieces.len()) as u64 / 16).ok()?;
        let mut variables: Vec<Variable> = Vec::new();
        let mut bytes = 0;
        let mut part = |piece: Piece| match piece {
            Piece::Text(text) => {
                bytes += text.len();
                Part::Text(text.into())
            }
            Piece::Other => Part::Other,
            Piece::Field(names) => {
                let names: Vec<&str> = names.iter().map(|name| &**name).collect();
                let Some(class) = table.class(&names) else { return Part::Other };
                let name = names.join(".");
                let known = variables.iter().position(|variable| *variable.name == *name);
                Part::Variable(match known {
                    Some(number) => {
                        variables[number].is_repeated = true;
                        number
                    }
                    None => {
                        let in_name = table.in_name(&name);
                        let name = name.into();
                        variables.push(Variable { name, class, in_name, is_repeated: false });
                        variables.len() - 1
                    }
                })
            }
        };
        let parts = pieces.into_iter().map(&mut part).collect();
        (!variables.is_empty()).then(|| Pattern { parts, variables: variables.into(), bytes })
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

    /// Reads a text.
    pub(super) fn read<'t>(
        &self,
        given: &Given<'_, 't>,
        meter: &Meter,
    ) -> Result<Readings<'t>, Unread> {
        let known = given.letters.iter().flatten().map(|text| text.len()).sum::<usize>();
        let mut found: Readings<'t> = vec![None; self.variables.len()];
        for _ in 0..MOST_ROUNDS {
            let read = found.iter().flatten().map(|text| text.len()).sum::<usize>();
            let pay = || {
                meter.take_steps(self.parts.len() * PIECE_STEPS)?;
                // Segment texts that stand beside each other are put together.
                meter.take_bytes(self.bytes + known + read)
            };
            pay().map_err(|_| Unread::TooCostly)?;
            let told = |number: usize| {
                let read = found.get(number).copied().flatten();
                read.or_else(|| given.letters.get(number)?.as_deref())
            };
            let pieces = self.pieces(given, told);
            let steps: Vec<_> = pieces.iter().map(|(piece, _)| piece.as_step()).collect();
            let places = matcher::read(given.text, &steps, meter)?;
            let next = self.collect(given.text, &pieces, places, meter)?;
            // What stands once and was read is fixed where it stands already.
            let is_more = (next.iter().zip(&found).zip(&self.variables))
                .any(|((new, old), it)| it.is_repeated && new.is_some() && old.is_none());
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
        given: &Given<'p, '_>,
        told: impl Fn(usize) -> Option<&'p str>,
    ) -> Vec<(Segment<'p>, Option<usize>)> {
        let is_name = given.flavour == Flavour::Name;
        let mut pieces: Vec<(Segment<'p>, Option<usize>)> = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let piece = match part {
                Part::Text(text) => Some(&**text),
                Part::Other => None,
                Part::Variable(number) => told(*number),
            };
            let fixed = piece.and_then(|text| {
                // What was read out of a name has its form already.
                if is_name { name::text(text).map(Cow::Owned) } else { Some(Cow::Borrowed(text)) }
            });
            let number = match part {
                Part::Variable(number) if fixed.is_none() => Some(*number),
                _ => None,
            };
            match (fixed, pieces.last_mut()) {
                (Some(text), Some((Segment::Text(last), _))) => last.to_mut().push_str(&text),
                (Some(text), _) => pieces.push((Segment::Text(text), None)),
                (None, _) => {
                    let field = number.and_then(|number| self.field(number, given));
                    let is_kept = field.is_some();
                    let read = number.filter(|_| is_kept);
                    pieces.push((field.unwrap_or(Segment::Any(Class::Anything)), read));
                    if is_name && !is_kept {
                        // What comes behind may have been cut off, or run together with this.
                        break;
                    }
                }
            }
        }
        if is_name {
            name::trim(&mut pieces);
        }
        pieces
    }

    /// What a variable can be; nothing for one that a name does not keep.
    fn field<'p>(&self, number: usize, given: &Given<'p, '_>) -> Option<Segment<'p>> {
        let variable = self.variables.get(number)?;
        match (given.flavour, given.page) {
            (Flavour::Plain, Some(page)) if *variable.name == *"URL" => Some(Segment::Page(page)),
            (Flavour::Plain, _) => Some(Segment::Any(variable.class)),
            (Flavour::ByHand, _) => Some(Segment::Any(Class::Anything)),
            (Flavour::Name, _) => name::class(variable.in_name).map(Segment::Any),
        }
    }

    /// What stands at the places of the variables, if it is what they can be and all that stands for
    /// one variable is the same.
    fn collect<'t>(
        &self,
        text: &'t str,
        pieces: &[(Segment<'_>, Option<usize>)],
        places: Vec<Option<Range<usize>>>,
        meter: &Meter,
    ) -> Result<Readings<'t>, Unread> {
        let mut found: Readings<'t> = vec![None; self.variables.len()];
        for ((piece, number), place) in pieces.iter().zip(places) {
            let (Some(number), Some(place)) = (*number, place) else { continue };
            let Some(read) = text.get(place) else { return Err(Unread::NoRendering) };
            if matches!(piece, Segment::Any(Class::Number)) && whole_number(read).is_none() {
                return Err(Unread::NoRendering);
            }
            match found.get_mut(number) {
                Some(Some(other)) => {
                    meter.take(read.len()).map_err(|_| Unread::TooCostly)?;
                    if *other != read {
                        return Err(Unread::NoRendering);
                    }
                }
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
