//! A template whose rendering is to be read: compiled once per TaskSpawner.

use smallvec::{SmallVec, smallvec};

use super::layout::Layout;
use super::matcher::{self, Place};
use super::scan::Unread;
use super::segment::{Segment, Segments, steps};
use crate::boxed::exact;
use crate::engine::kelos::Source;
use crate::engine::meter::Meter;
use crate::engine::sources::github_webhook;
use crate::engine::sources::variable::{Class, InName, Table};
use crate::templates::go::{Alternative, Piece, When, outline};
use crate::templates::purse::{ALLOCATION, Purse, text_bytes};
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

/// Fixed texts, variables, conditions, and what can't be read, in turn.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Pattern {
    pub(super) parts: Box<[Part]>,
    /// How many parts there are, those in conditions included.
    count: usize,
    /// The variables that stand in it, each once.
    pub(super) variables: Box<[Variable]>,
    /// Whether it is known which variables are texts and which are numbers.
    pub(super) is_typed: bool,
    /// How long its fixed texts are together, in bytes.
    bytes: usize,
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Text(Text),
    /// The number of a variable.
    Variable(usize),
    /// The first of these whose condition holds; the last one has none.
    Choice(Box<[Arm]>),
    Other,
}

/// What stands behind a condition.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Arm {
    pub(super) when: Condition,
    pub(super) parts: Box<[Part]>,
}

/// What a condition says.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Condition {
    /// This variable is there and not empty.
    Filled(usize),
    /// This variable is this text.
    Is(usize, Box<str>),
    /// This variable is anything but this text.
    IsNot(usize, Box<str>),
    /// Nobody knows what.
    Unknown,
    /// It holds if none before it does.
    Otherwise,
}

/// A variable of a pattern.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Variable {
    /// Its name; of what a context source gave, `Context.NAME`.
    pub(super) name: Text,
    pub(super) class: Class,
    /// What a name keeps of it.
    pub(super) in_name: InName,
    /// Whether Kelos always has it, be it empty.
    pub(super) is_always_there: bool,
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
    pub(super) letters: &'g [Option<Text>],
    /// Where `.URL` is the page of an issue or pull request of which the number is known: a slash and the
    /// number.
    pub(super) page: Option<&'g str>,
}

/// How many variables need no memory of their own. Most patterns have fewer.
pub(super) const FEW_VARIABLES: usize = 4;

/// What was read: of each variable of the pattern its text, if it has only one reading.
pub(super) type Readings<'t> = SmallVec<[Option<&'t str>; FEW_VARIABLES]>;

impl Pattern {
    /// Compiles a template; nothing if it does not parse as Kelos reads it, or has nothing to be read.
    pub(super) fn compile(
        template: &str,
        source: Source<'_>,
        purse: &mut Purse,
    ) -> Option<Pattern> {
        let pieces = outline(template, MOST_PIECES, purse)?;
        let table = Table::of(source);
        let mut compiler =
            Compiler { source, table, variables: SmallVec::new(), bytes: 0, count: 0 };
        let parts = compiler.parts(pieces);
        let Compiler { variables, bytes, count, .. } = compiler;
        // Variables were looked for among those before them.
        purse.take_steps((count * count) as u64 / 16).ok()?;
        let is_typed = table.has_types();
        let variables = exact(variables.into_iter());
        (!variables.is_empty()).then_some(Pattern { parts, count, variables, is_typed, bytes })
    }

    /// The bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        let name = |variable: &Variable| variable.name.len() + 2 * ALLOCATION;
        parts_bytes(&self.parts)
            + size_of_val(&*self.variables)
            + ALLOCATION
            + self.variables.iter().map(name).sum::<usize>()
    }

    /// Reads a text.
    pub(super) fn read<'p, 't: 'p>(
        &'p self,
        given: &Given<'p, 't>,
        meter: &Meter,
    ) -> Result<Readings<'p>, Unread> {
        let known = given.letters.iter().flatten().map(|text| text.len()).sum::<usize>();
        let mut found: Readings<'p> = smallvec![None; self.variables.len()];
        for _ in 0..MOST_ROUNDS {
            let read = found.iter().flatten().map(|text| text.len()).sum::<usize>();
            let pay = || {
                meter.take_steps(self.count * PIECE_STEPS)?;
                // Segment texts that stand beside each other are put together.
                meter.take_bytes(self.bytes + known + read)
            };
            pay().map_err(|_| Unread::TooCostly)?;
            let segments = Layout::of(self, given, &found, meter)?;
            let places = matcher::read(given.text, &steps(&segments), meter)?;
            let mut next: Readings<'p> = smallvec![None; self.variables.len()];
            self.collect(given.text, &segments, &places, &mut next, meter)?;
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

    /// What stands at the places of the variables, if it is what they can be and all that stands for
    /// one variable is the same.
    fn collect<'t>(
        &self,
        text: &'t str,
        segments: &Segments<'t>,
        places: &[Place],
        found: &mut Readings<'t>,
        meter: &Meter,
    ) -> Result<(), Unread> {
        for ((segment, number), place) in segments.iter().zip(places) {
            match (segment, place) {
                (Segment::Choice(branches), Place::Chosen(chosen, places)) => {
                    let Some(branch) = branches.get(*chosen) else { continue };
                    for (number, text) in &branch.told {
                        self.tell(*number, text, found, meter)?;
                    }
                    self.collect(text, &branch.segments, places, found, meter)?;
                }
                (segment, Place::At(place)) => {
                    let Some(number) = *number else { continue };
                    let Some(read) = text.get(place.clone()) else {
                        return Err(Unread::NoRendering);
                    };
                    let is_number = matches!(
                        segment,
                        Segment::Any(Class::Number) | Segment::Filled(Class::Number)
                    );
                    if is_number && whole_number(read).is_none() {
                        return Err(Unread::NoRendering);
                    }
                    self.tell(number, read, found, meter)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes what a variable was read as, which must be what it was read as elsewhere.
    fn tell<'t>(
        &self,
        number: usize,
        read: &'t str,
        found: &mut Readings<'t>,
        meter: &Meter,
    ) -> Result<(), Unread> {
        match found.get_mut(number) {
            Some(Some(other)) => {
                meter.take(read.len()).map_err(|_| Unread::TooCostly)?;
                if *other == read { Ok(()) } else { Err(Unread::NoRendering) }
            }
            Some(slot) => {
                *slot = Some(read);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// How a variable is printed that is empty: a number is zero then.
    pub(super) fn printed_empty(&self, number: usize) -> &'static str {
        match self.variables.get(number) {
            Some(variable) if variable.class == Class::Number => "0",
            _ => "",
        }
    }
}

/// What parts take.
fn parts_bytes(parts: &[Part]) -> usize {
    let part = |part: &Part| match part {
        Part::Text(text) => text_bytes(text),
        Part::Choice(arms) => {
            size_of_val(&**arms) + ALLOCATION + arms.iter().map(arm_bytes).sum::<usize>()
        }
        Part::Variable(_) | Part::Other => 0,
    };
    size_of_val(parts) + ALLOCATION + parts.iter().map(part).sum::<usize>()
}

fn arm_bytes(arm: &Arm) -> usize {
    let of_text = match &arm.when {
        Condition::Is(_, text) | Condition::IsNot(_, text) => text.len() + ALLOCATION,
        Condition::Filled(_) | Condition::Unknown | Condition::Otherwise => 0,
    };
    parts_bytes(&arm.parts) + of_text
}

/// Makes parts of the pieces of a template.
struct Compiler<'c> {
    source: Source<'c>,
    table: &'c Table,
    variables: SmallVec<[Variable; FEW_VARIABLES]>,
    bytes: usize,
    count: usize,
}

impl Compiler<'_> {
    fn parts(&mut self, pieces: Vec<Piece>) -> Box<[Part]> {
        exact(pieces.into_iter().map(|piece| self.part(piece)))
    }

    fn part(&mut self, piece: Piece) -> Part {
        self.count += 1;
        match piece {
            Piece::Text(text) => {
                self.bytes += text.len();
                Part::Text(text)
            }
            Piece::Field(names) => self.variable(&names).map_or(Part::Other, Part::Variable),
            Piece::Choice(alternatives) => {
                self.count += alternatives.len();
                Part::Choice(exact(alternatives.into_iter().map(|it| self.arm(it))))
            }
            Piece::Other => Part::Other,
        }
    }

    fn arm(&mut self, alternative: Alternative) -> Arm {
        let when = match alternative.when {
            When::Filled(names) => {
                self.variable(&names).map_or(Condition::Unknown, Condition::Filled)
            }
            When::Is(names, text) => self.compared(&names, &text, Condition::Is),
            When::IsNot(names, text) => self.compared(&names, &text, Condition::IsNot),
            When::Unknown => Condition::Unknown,
            When::Otherwise => Condition::Otherwise,
        };
        Arm { when, parts: self.parts(alternative.pieces) }
    }

    /// What a comparison with a text says. With a number it fails, and there is no Task.
    fn compared(
        &mut self,
        names: &[Text],
        text: &str,
        says: fn(usize, Box<str>) -> Condition,
    ) -> Condition {
        let number = self.variable(names);
        let is_number = |it: &Variable| it.class == Class::Number;
        match number.filter(|number| !self.variables.get(*number).is_some_and(is_number)) {
            Some(number) => {
                self.bytes += text.len();
                says(number, text.into())
            }
            None => Condition::Unknown,
        }
    }

    /// The number of a variable; nothing if the source has it not as a text or a number.
    fn variable(&mut self, names: &[Text]) -> Option<usize> {
        let names: SmallVec<[&str; 2]> = names.iter().map(|name| &**name).collect();
        let class = self.table.class(&names)?;
        let name = match &*names {
            [name] => Text::from(*name),
            names => names.join(".").into(),
        };
        let known = self.variables.iter().position(|variable| *variable.name == *name);
        if let Some(variable) = known.and_then(|number| self.variables.get_mut(number)) {
            variable.is_repeated = true;
            return known;
        }
        self.variables.push(Variable {
            class,
            in_name: self.in_name(&name),
            is_always_there: self.table.always_has(&name),
            is_repeated: false,
            name,
        });
        Some(self.variables.len() - 1)
    }

    /// What a name keeps of a variable.
    fn in_name(&self, name: &str) -> InName {
        match self.source {
            Source::GithubWebhook(source)
                if name == "ID" && github_webhook::has_numbers_as_ids(source) =>
            {
                InName::Digits
            }
            _ => self.table.in_name(name),
        }
    }
}

/// A whole number as Go prints it.
pub(super) fn whole_number(text: &str) -> Option<i64> {
    let is_plain = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|number| is_plain && *number >= 0)
}
