//! Looking at a text, byte by byte and paid for ahead.
//!
//! What is looked for may stand near or far, or nowhere. So a text is looked at in windows that grow,
//! each paid for before: no more than twice of what was needed is paid, and nothing is done unpaid.

use std::ops::Range;

use memchr::memmem;

use crate::engine::meter::Meter;
use crate::engine::sources::variable::Class;

/// How many places of a fixed text, or of what looks like a page, are looked at for one piece. A text that has
/// more of them, such as a thousand empty lines, has it anywhere from there on: a set may hold more places
/// than it should, never fewer.
pub(super) const MOST_HITS: usize = 512;

/// Why a text can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It was not put together from these pieces.
    NoRendering,
    /// It costs too much to find out.
    TooCostly,
}

/// What a look at a text costs beside its bytes, in parts of a step; the same for a new finder.
const LOOK_PARTS: usize = 32;
/// What a piece of a text costs beside what is looked at.
const STEP_PARTS: usize = 128;
/// What a search for a fixed text costs for each byte, in a text that imitates it: it may be the twentieth
/// of that in others.
const SEARCHED_BYTE_PARTS: usize = 1;
/// How many bytes a search for a line break looks at for a part.
const LINE_BYTES_A_PART: usize = 8;
/// What preparing a search costs for each byte of the text that is looked for.
const FINDER_BYTE_PARTS: usize = 8;
/// The first window, in bytes, and the last.
const FIRST_WINDOW: usize = 64;
const LAST_WINDOW: usize = 8192;

/// A text, and who pays for looking at it.
pub(super) struct Scan<'s> {
    text: &'s [u8],
    meter: &'s Meter,
}

impl<'s> Scan<'s> {
    /// Looks at a text at the cost of `meter`.
    pub(super) fn new(text: &'s str, meter: &'s Meter) -> Scan<'s> {
        Scan { text: text.as_bytes(), meter }
    }

    /// The text.
    pub(super) fn text(&self) -> &'s [u8] {
        self.text
    }

    /// Pays for a piece.
    pub(super) fn begin_step(&self) -> Result<(), Unread> {
        self.pay(STEP_PARTS)
    }

    /// Pays for a look at so many bytes.
    pub(super) fn look_at(&self, bytes: usize) -> Result<(), Unread> {
        self.pay(bytes + LOOK_PARTS)
    }

    /// Prepares a search for a text.
    pub(super) fn finder<'n>(&self, text: &'n str) -> Result<memmem::Finder<'n>, Unread> {
        self.pay(text.len().saturating_mul(FINDER_BYTE_PARTS) + LOOK_PARTS)?;
        Ok(memmem::Finder::new(text))
    }

    /// The first place in `range` where the text of a finder stands. What is looked at is paid for up to
    /// `paid`: searches that go on from the last place don't pay for a byte twice.
    pub(super) fn find(
        &self,
        finder: &memmem::Finder<'_>,
        range: Range<usize>,
        paid: &mut usize,
    ) -> Result<Option<usize>, Unread> {
        let length = finder.needle().len();
        let (mut at, end) = (range.start, range.end.min(self.text.len()));
        // Two windows lie over each other by the length of what is looked for.
        let mut window = FIRST_WINDOW.max(length.saturating_mul(4));
        while at + length <= end {
            let to = at.saturating_add(window).saturating_add(length).min(end);
            self.pay(to.saturating_sub(*paid) * SEARCHED_BYTE_PARTS + LOOK_PARTS)?;
            *paid = to.max(*paid);
            if let Some(hit) = self.text.get(at..to).and_then(|text| finder.find(text)) {
                return Ok(Some(at + hit));
            }
            // The next window begins where the last one could not see the whole of it.
            at = (to + 1).saturating_sub(length).max(at + 1);
            window = window.max((window * 2).min(LAST_WINDOW));
        }
        Ok(None)
    }

    /// The first byte in `range` that `is_it`, at the price of a part for `bytes_a_part` bytes.
    fn first(
        &self,
        range: Range<usize>,
        bytes_a_part: usize,
        is_it: impl Fn(&[u8]) -> Option<usize>,
    ) -> Result<Option<usize>, Unread> {
        let (mut at, end) = (range.start, range.end.min(self.text.len()));
        let mut window = FIRST_WINDOW;
        while at < end {
            let to = at.saturating_add(window).min(end);
            self.pay((to - at) / bytes_a_part + LOOK_PARTS)?;
            if let Some(found) = self.text.get(at..to).and_then(&is_it) {
                return Ok(Some(at + found));
            }
            at = to;
            window = (window * 2).min(LAST_WINDOW);
        }
        Ok(None)
    }

    /// The last byte in `range` that `is_it`, at the same price.
    fn last(
        &self,
        range: Range<usize>,
        bytes_a_part: usize,
        is_it: impl Fn(&[u8]) -> Option<usize>,
    ) -> Result<Option<usize>, Unread> {
        let (start, mut end) = (range.start, range.end.min(self.text.len()));
        let mut window = FIRST_WINDOW;
        while start < end {
            let from = end.saturating_sub(window).max(start);
            self.pay((end - from) / bytes_a_part + LOOK_PARTS)?;
            if let Some(found) = self.text.get(from..end).and_then(&is_it) {
                return Ok(Some(from + found));
            }
            end = from;
            window = (window * 2).min(LAST_WINDOW);
        }
        Ok(None)
    }

    /// The first digit at `from` or behind it, but not behind `last`.
    pub(super) fn next_digit(&self, from: usize, last: usize) -> Result<Option<usize>, Unread> {
        let is_digit = |text: &[u8]| text.iter().position(u8::is_ascii_digit);
        self.first(from..last.saturating_add(1), 1, is_digit)
    }

    /// Where a run of a class ends that begins at `from` or before it.
    pub(super) fn end_of_run(&self, class: Class, from: usize) -> Result<usize, Unread> {
        let (all, end) = (from..self.text.len(), self.text.len());
        let found = match class {
            Class::Anything => None,
            Class::Line => {
                self.first(all, LINE_BYTES_A_PART, |text| memchr::memchr(b'\n', text))?
            }
            class => self.first(all, 1, |text| text.iter().position(|byte| !class.takes(*byte)))?,
        };
        Ok(found.unwrap_or(end))
    }

    /// Where a run of a class begins that ends at `to`; nothing if it reaches back to `floor`, which is
    /// not looked beyond.
    pub(super) fn start_of_run(
        &self,
        class: Class,
        to: usize,
        floor: usize,
    ) -> Result<Option<usize>, Unread> {
        let all = floor..to;
        let found = match class {
            Class::Anything => return Ok(Some(0)),
            Class::Line => {
                self.last(all, LINE_BYTES_A_PART, |text| memchr::memrchr(b'\n', text))?
            }
            class => self.last(all, 1, |text| text.iter().rposition(|byte| !class.takes(*byte)))?,
        };
        Ok(found.map(|at| at + 1))
    }

    /// Where a part of a path ends that begins at `from`: at the next slash.
    pub(super) fn end_of_segment(&self, from: usize) -> Result<Option<usize>, Unread> {
        let all = from..self.text.len();
        let end = self.first(all, 1, |text| text.iter().position(|byte| ends_segment(*byte)))?;
        Ok(end.filter(|end| *end > from && self.text.get(*end) == Some(&b'/')))
    }

    /// Where a part of a path begins that ends at `to`: behind the last slash.
    pub(super) fn start_of_segment(&self, to: usize) -> Result<Option<usize>, Unread> {
        let slash =
            self.last(0..to, 1, |text| text.iter().rposition(|byte| ends_segment(*byte)))?;
        Ok(slash
            .filter(|slash| slash + 1 < to && self.text.get(*slash) == Some(&b'/'))
            .map(|slash| slash + 1))
    }

    fn pay(&self, parts: usize) -> Result<(), Unread> {
        self.meter.take(parts).map_err(|_| Unread::TooCostly)
    }
}

fn ends_segment(byte: u8) -> bool {
    byte == b'/' || byte.is_ascii_whitespace()
}
