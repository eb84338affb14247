//! Reading a text back into the pieces that it was put together from.
//!
//! Between any two pieces there is a place in the text. Which places it can be is worked out twice:
//! from the beginning and from the end. A piece of which both ends can be at one place only has one
//! reading, whatever the rest of the text is: that is what `Title` has in `Issue #{{.Number}}:
//! {{.Title}}` and a line break, though the text behind it may imitate it as much as it likes.

use std::ops::Range;

use memchr::memmem;

use super::class::Class;
use super::spots::Spots;

/// What all readings of one Task may cost together, in bytes looked at: less than 10 ms.
const MOST_STEPS: usize = 1 << 23;

/// How many bytes a search for a fixed text looks at for the price of one.
const SEARCH_BYTES_A_STEP: usize = 8;

/// A piece of a text that was put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'p> {
    /// This text.
    Text(&'p str),
    /// Any text of a class.
    Any(Class),
}

/// Why a text can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It was not put together from these pieces.
    NoRendering,
    /// It costs too much to find out.
    TooCostly,
}

/// How many steps are left.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepsLeft(usize);

impl Default for StepsLeft {
    fn default() -> StepsLeft {
        StepsLeft(MOST_STEPS)
    }
}

/// A text, and what may be spent on it.
pub(super) struct Reader<'r> {
    text: &'r str,
    left: &'r mut StepsLeft,
}

impl<'r> Reader<'r> {
    /// Reads a text at the cost of `left`.
    pub(super) fn new(text: &'r str, left: &'r mut StepsLeft) -> Reader<'r> {
        Reader { text, left }
    }

    /// Where each step stands in the text; nothing for a step with more than one reading.
    pub(super) fn read(&mut self, steps: &[Step<'_>]) -> Result<Vec<Option<Range<usize>>>, Unread> {
        let mut ends = vec![Spots::at(self.text.len())];
        for step in steps.iter().rev() {
            let before = match ends.last() {
                Some(ends) => self.before(step, ends)?,
                None => return Err(Unread::NoRendering),
            };
            ends.push(before);
        }
        let mut ends = ends.into_iter().rev();
        let first = ends.next().unwrap_or_default();
        let mut place = Spots::at(0).meet(&first);
        let mut found = Vec::with_capacity(steps.len());
        for (step, ends) in steps.iter().zip(ends) {
            let next = self.after(step, &place)?.meet(&ends);
            let span = place.only().zip(next.only());
            found.push(span.map(|(from, to)| from..to));
            place = next;
        }
        if place.is_empty() { Err(Unread::NoRendering) } else { Ok(found) }
    }

    /// Where a step can end that begins at one of these places.
    fn after(&mut self, step: &Step<'_>, from: &Spots) -> Result<Spots, Unread> {
        let mut ends = Spots::default();
        match step {
            Step::Text(text) => {
                for &(first, last) in from.spans() {
                    let top = last.saturating_add(text.len()).min(self.text.len());
                    self.search(text, first..top, text.len(), &mut ends)?;
                }
            }
            Step::Any(Class::Number) => {
                for &(first, last) in from.spans() {
                    let mut at = first;
                    while let Some(start) = self.next_digit(at, last)? {
                        let end = self.end_of_run(Class::Number, start)?;
                        ends.push(start + 1, end);
                        at = end;
                    }
                }
            }
            Step::Any(class) => {
                for &(first, last) in from.spans() {
                    ends.push(first, self.end_of_run(*class, last)?);
                }
            }
        }
        Ok(ends)
    }

    /// Where a step can begin that ends at one of these places.
    fn before(&mut self, step: &Step<'_>, to: &Spots) -> Result<Spots, Unread> {
        let mut starts = Spots::default();
        match step {
            Step::Text(text) => {
                for &(first, last) in to.spans() {
                    if let Some(lowest) = first.checked_sub(text.len()) {
                        self.search(text, lowest..last, 0, &mut starts)?;
                    } else if last >= text.len() {
                        self.search(text, 0..last, 0, &mut starts)?;
                    }
                }
            }
            Step::Any(Class::Number) => {
                for &(first, last) in to.spans() {
                    // A run of digits may begin before the first place that it can end at.
                    let mut at = self.start_of_run(Class::Number, first)?;
                    while let Some(start) = self.next_digit(at, last)? {
                        let end = self.end_of_run(Class::Number, start)?;
                        if start < last {
                            starts.push(start, end.min(last) - 1);
                        }
                        at = end;
                    }
                }
            }
            Step::Any(class) => {
                for &(first, last) in to.spans() {
                    let start = self.start_of_run(*class, first)?;
                    starts.push(start, last);
                }
            }
        }
        Ok(starts)
    }

    /// Adds each place in `range` where `text` stands, moved on by `offset`.
    fn search(
        &mut self,
        text: &str,
        range: Range<usize>,
        offset: usize,
        found: &mut Spots,
    ) -> Result<(), Unread> {
        let Some(haystack) = self.text.as_bytes().get(range.clone()) else { return Ok(()) };
        if haystack.len() < text.len() {
            return Ok(());
        }
        if haystack.len() == text.len() {
            self.pay(haystack.len() / SEARCH_BYTES_A_STEP)?;
            if haystack == text.as_bytes() {
                found.push(range.start + offset, range.start + offset);
            }
            return Ok(());
        }
        let last = haystack.len() - text.len();
        let finder = memmem::Finder::new(text);
        let mut at = 0;
        while let Some(hit) = haystack.get(at..).and_then(|rest| finder.find(rest)) {
            self.pay(hit / SEARCH_BYTES_A_STEP)?;
            let spot = range.start + at + hit + offset;
            if found.is_full() {
                // One more than can be told apart: it may stand anywhere from here on.
                found.push(spot, range.start + last + offset);
                return Ok(());
            }
            found.push(spot, spot);
            // What overlaps counts, too.
            at += hit + 1;
        }
        self.pay(haystack.len().saturating_sub(at) / SEARCH_BYTES_A_STEP)
    }

    /// The first digit at `from` or behind it, but not behind `last`.
    fn next_digit(&mut self, from: usize, last: usize) -> Result<Option<usize>, Unread> {
        let top = last.saturating_add(1).min(self.text.len());
        let rest = self.text.as_bytes().get(from..top).unwrap_or_default();
        let found = rest.iter().position(u8::is_ascii_digit);
        self.pay(found.unwrap_or(rest.len()))?;
        Ok(found.map(|offset| from + offset))
    }

    /// Where a run of a class ends that begins at `from` or before it.
    fn end_of_run(&mut self, class: Class, from: usize) -> Result<usize, Unread> {
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        let (length, cost) = match class {
            Class::Anything => (rest.len(), 0),
            Class::Line => {
                let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                (length, length / SEARCH_BYTES_A_STEP)
            }
            class => {
                let end = rest.iter().position(|byte| !class.takes(*byte));
                let length = end.unwrap_or(rest.len());
                (length, length)
            }
        };
        self.pay(cost)?;
        Ok(from + length)
    }

    /// Where a run of a class begins that ends at `to`.
    fn start_of_run(&mut self, class: Class, to: usize) -> Result<usize, Unread> {
        let rest = self.text.as_bytes().get(..to).unwrap_or_default();
        let (start, cost) = match class {
            Class::Anything => (0, 0),
            Class::Line => {
                let start = memchr::memrchr(b'\n', rest).map_or(0, |at| at + 1);
                (start, (to - start) / SEARCH_BYTES_A_STEP)
            }
            class => {
                let before = rest.iter().rposition(|byte| !class.takes(*byte));
                let start = before.map_or(0, |at| at + 1);
                (start, to - start)
            }
        };
        self.pay(cost)?;
        Ok(start)
    }

    fn pay(&mut self, steps: usize) -> Result<(), Unread> {
        let paid = self.left.0.checked_sub(steps.saturating_add(1));
        self.left.0 = paid.unwrap_or(0);
        paid.map(drop).ok_or(Unread::TooCostly)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a stranger may send: each is about a mebibyte, and imitates the texts of the template.
    fn hostile() -> Vec<String> {
        let mebibyte = |piece: &str| piece.repeat((1 << 20) / piece.len());
        ["a", "\n", "\n\n", "1", "1 ", "\n---\n", "#1: a\n", "\n---\n1", "é", " ", "---\n"]
            .map(mebibyte)
            .into()
    }

    fn templates() -> Vec<Vec<Step<'static>>> {
        use Class::{Anything, Line, Number, Word};
        let (text, any) = (Step::Text, Step::Any);
        vec![
            vec![any(Line), text("\n"), any(Anything)],
            vec![
                text("#"),
                any(Number),
                text(": "),
                any(Line),
                text("\n"),
                any(Anything),
                text("\n"),
            ],
            vec![any(Anything), text("\n---\n"), any(Anything), text("\n---\n"), any(Anything)],
            vec![
                any(Anything),
                any(Number),
                any(Anything),
                any(Number),
                any(Anything),
                any(Number),
            ],
            vec![
                any(Anything),
                text("\n"),
                any(Word),
                text("\n"),
                any(Line),
                text("\n"),
                any(Word),
            ],
            [any(Anything), text("1"), any(Number), text("\n")].repeat(30),
        ]
    }

    #[test]
    fn a_mebibyte_costs_a_bounded_number_of_steps() {
        for text in hostile() {
            for steps in templates() {
                let mut left = StepsLeft::default();
                let read = Reader::new(&text, &mut left).read(&steps);
                let spent = MOST_STEPS - left.0;
                let most = 2 * steps.len() * (text.len() + 1);
                assert!(spent <= most, "not linear: {spent} steps for {steps:?}");
                assert!(read != Err(Unread::TooCostly) || steps.len() > 10, "{spent} {steps:?}");
            }
        }
    }

    #[test]
    fn the_first_line_is_read_whatever_stands_below() {
        for text in hostile() {
            let text = ["#7: Fix it\n", &text].concat();
            let steps = [
                Step::Text("#"),
                Step::Any(Class::Number),
                Step::Text(": "),
                Step::Any(Class::Line),
                Step::Text("\n"),
                Step::Any(Class::Anything),
            ];
            let places = Reader::new(&text, &mut StepsLeft::default()).read(&steps).unwrap();
            let read =
                |number: usize| places.get(number).cloned().flatten().and_then(|it| text.get(it));
            assert_eq!((read(1), read(3)), (Some("7"), Some("Fix it")));
        }
    }
}
