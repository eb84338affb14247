//! Runs the instructions over a text: all ways at once, one character after the other.

use super::{Instruction, Look, Pattern, Places};
use crate::templates::budget::Exhausted;
use crate::templates::meter::Meter;

/// How many instructions looked at are worth one step.
const PER_STEP: u64 = 8;

/// How many are looked at before they are paid.
const UNPAID: u64 = 1024;

/// What searches a text for a regular expression.
pub(super) struct Machine<'p> {
    pattern: &'p Pattern,
    text: &'p str,
    /// How many places each way keeps.
    width: usize,
    now: Ways,
    next: Ways,
    stack: Vec<Frame>,
    places: Vec<Option<usize>>,
    found: Vec<Option<usize>>,
    unpaid: u64,
}

/// The ways under way.
struct Ways {
    /// The instructions that were come to, each once.
    seen: Vec<usize>,
    /// Where in `seen` an instruction is, if it is there.
    index: Vec<usize>,
    /// Those of them that wait for a character, the preferred first.
    waiting: Vec<usize>,
    /// The places that each of these has noted.
    places: Vec<Option<usize>>,
}

enum Frame {
    Visit(usize),
    Restore(usize, Option<usize>),
}

/// The surroundings of a place in the text.
struct Place {
    at: usize,
    before: Option<char>,
    after: Option<char>,
}

impl<'p> Machine<'p> {
    /// A machine for a text; it keeps the places of groups only if asked.
    pub(super) fn new(
        pattern: &'p Pattern,
        text: &'p str,
        with_groups: bool,
        meter: &mut dyn Meter,
    ) -> Result<Machine<'p>, Exhausted> {
        let width = if with_groups { 2 * pattern.groups.len() } else { 2 };
        let length = pattern.code.len();
        meter.take_bytes(2 * length * (16 + 16 * width))?;
        Ok(Machine {
            pattern,
            text,
            width,
            now: Ways::new(length, width),
            next: Ways::new(length, width),
            stack: Vec::new(),
            places: vec![None; width],
            found: vec![None; width],
            unpaid: 0,
        })
    }

    /// The first match at `from` or behind it.
    pub(super) fn search(
        &mut self,
        from: usize,
        meter: &mut dyn Meter,
    ) -> Result<Option<&Places>, Exhausted> {
        self.now.clear();
        let is_anchored =
            matches!(self.pattern.code.get(1), Some(Instruction::Look(Look::TextStart)));
        let mut place = Place {
            at: from,
            before: self.text[..from].chars().next_back(),
            after: self.text[from..].chars().next(),
        };
        let mut has_match = false;
        loop {
            let may_start = !(has_match || is_anchored && place.at > 0);
            if self.now.waiting.is_empty() && !may_start {
                break;
            }
            if may_start {
                self.places.fill(None);
                self.add(0, &place, true);
            }
            has_match |= self.step(&place);
            let Some(c) = place.after else { break };
            let at = place.at + c.len_utf8();
            place = Place { at, before: Some(c), after: self.text[at..].chars().next() };
            std::mem::swap(&mut self.now, &mut self.next);
            self.next.clear();
            self.unpaid += 1;
            if self.unpaid >= UNPAID {
                self.pay(meter)?;
            }
        }
        self.pay(meter)?;
        Ok(has_match.then_some(&self.found))
    }

    fn pay(&mut self, meter: &mut dyn Meter) -> Result<(), Exhausted> {
        let steps = self.unpaid / PER_STEP;
        self.unpaid %= PER_STEP;
        meter.take_steps(steps)
    }

    /// Takes the character behind the place; says whether a way came to its end before it.
    fn step(&mut self, place: &Place) -> bool {
        for index in 0..self.now.waiting.len() {
            self.unpaid += 1;
            let instruction = self.now.waiting[index];
            let fits = match (self.pattern.code[instruction], place.after) {
                (Instruction::Match, _) => {
                    // Ways after this one are worse.
                    self.found.copy_from_slice(self.now.places(index, self.width));
                    return true;
                }
                (Instruction::Char(wanted), Some(c)) => wanted == c,
                (Instruction::Class(class), Some(c)) => self.pattern.classes[class].has(c),
                (Instruction::Any { newline }, Some(c)) => newline || c != '\n',
                _ => false,
            };
            if let (true, Some(c)) = (fits, place.after) {
                self.places.copy_from_slice(self.now.places(index, self.width));
                let at = place.at + c.len_utf8();
                let after = self.text[at..].chars().next();
                self.add(instruction + 1, &Place { at, before: Some(c), after }, false);
            }
        }
        false
    }

    /// Follows a way up to the instructions that wait for a character.
    fn add(&mut self, start: usize, place: &Place, to_now: bool) {
        let ways = if to_now { &mut self.now } else { &mut self.next };
        self.stack.push(Frame::Visit(start));
        while let Some(frame) = self.stack.pop() {
            let mut at = match frame {
                Frame::Visit(at) => at,
                Frame::Restore(slot, old) => {
                    self.places[slot] = old;
                    continue;
                }
            };
            while ways.insert(at) {
                self.unpaid += 1;
                match self.pattern.code[at] {
                    Instruction::Jump(to) => at = to,
                    Instruction::Split(first, second) => {
                        self.stack.push(Frame::Visit(second));
                        at = first;
                    }
                    Instruction::Save(slot) => {
                        if let Some(old) = self.places.get_mut(slot) {
                            self.stack.push(Frame::Restore(slot, *old));
                            *old = Some(place.at);
                        }
                        at += 1;
                    }
                    Instruction::Look(look) if !place.fits(look) => break,
                    Instruction::Look(_) => at += 1,
                    _ => {
                        self.unpaid += self.width as u64 / 8;
                        ways.waiting.push(at);
                        ways.places.extend_from_slice(&self.places);
                        break;
                    }
                }
            }
        }
    }
}

impl Ways {
    fn new(length: usize, width: usize) -> Ways {
        Ways {
            seen: Vec::with_capacity(length),
            index: vec![0; length],
            waiting: Vec::with_capacity(length),
            places: Vec::with_capacity(length * width),
        }
    }

    fn clear(&mut self) {
        self.seen.clear();
        self.waiting.clear();
        self.places.clear();
    }

    /// Notes an instruction, unless it is noted already.
    fn insert(&mut self, instruction: usize) -> bool {
        if self.seen.get(self.index[instruction]) == Some(&instruction) {
            return false;
        }
        self.index[instruction] = self.seen.len();
        self.seen.push(instruction);
        true
    }

    fn places(&self, index: usize, width: usize) -> &Places {
        &self.places[index * width..(index + 1) * width]
    }
}

impl Place {
    fn fits(&self, look: Look) -> bool {
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        let between_words = is_word(self.before) != is_word(self.after);
        match look {
            Look::TextStart => self.before.is_none(),
            Look::TextEnd => self.after.is_none(),
            Look::LineStart => matches!(self.before, None | Some('\n')),
            Look::LineEnd => matches!(self.after, None | Some('\n')),
            Look::Word => between_words,
            Look::NotWord => !between_words,
        }
    }
}
