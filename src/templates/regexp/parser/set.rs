//! Sets of characters: `[…]`, `\d`, `\pL`.

use std::sync::Arc;

use regex_syntax::hir::ClassUnicode;

use super::{Node, Parser, Result};
use crate::templates::regexp::class::{self, Class, MAX_FOLDED};
use crate::templates::regexp::class_bytes;

/// How many ranges of a set are copied, compared or joined for one step.
const RANGES_PER_STEP: u64 = 16;

/// How many characters are looked up for their other cases for one step.
const FOLDED_PER_STEP: u32 = 4;

/// The most ranges of characters that one regular expression may have: 128 KiB of them.
const MAX_RANGES: usize = 16 << 10;

impl<'s> Parser<'s, '_> {
    /// Parses `\d`, `\pL` and the like, if one comes next.
    pub(super) fn escaped_class(&mut self) -> Result<Option<ClassUnicode>> {
        let mut chars = self.rest.chars();
        let letter = chars.nth(1).unwrap_or_default();
        if let Some(class) = class::perl(letter.to_ascii_lowercase()) {
            let mut class = self.folded(class)?;
            self.rest = chars.as_str();
            if letter.is_ascii_uppercase() {
                class.negate();
            }
            return Ok(Some(class));
        }
        if !matches!(letter, 'p' | 'P') {
            return Ok(None);
        }
        let after = chars.as_str();
        let (name, rest) = match after.strip_prefix('{') {
            Some(braced) => {
                braced.split_once('}').ok_or_else(|| self.fail("`\\p{` is not closed"))?
            }
            None => after.split_at(after.chars().next().map_or(0, char::len_utf8)),
        };
        let (name, negated) = match name.strip_prefix('^') {
            Some(name) => (name, letter == 'p'),
            None => (name, letter == 'P'),
        };
        let mut class = ClassUnicode::clone(&*self.unicode(name)?);
        self.rest = rest;
        if negated {
            class.negate();
        }
        Ok(Some(class))
    }

    fn unicode(&mut self, name: &'s str) -> Result<Arc<ClassUnicode>> {
        const UNKNOWN: &str = "there is no category or script of that name";
        let fold = self.flags.fold;
        let plain = class::unicode(name, false).ok_or_else(|| self.fail(UNKNOWN))?;
        if fold && !self.named.contains(&name) {
            // Unicode's own sets are folded once in a process: nobody pays for it.
            self.count_folded(class::count(&plain))?;
            self.named.push(name);
        }
        let class = if fold { class::unicode(name, true) } else { Some(plain) };
        let class = class.ok_or_else(|| self.fail(UNKNOWN))?;
        self.pay_ranges(class.ranges().len())?;
        Ok(class)
    }

    /// Takes what it costs to make a set of so many ranges, of which there are a few for a moment.
    fn pay_ranges(&mut self, ranges: usize) -> Result<()> {
        let bytes = 4 * ranges * size_of::<(char, char)>();
        self.purse.take_steps(ranges as u64 / RANGES_PER_STEP)?;
        self.purse.take_bytes(bytes)?;
        self.purse.give_back(bytes);
        Ok(())
    }

    /// Counts what is compared without case.
    fn count_folded(&mut self, characters: u32) -> Result<()> {
        self.folded = self.folded.saturating_add(characters);
        match self.folded > MAX_FOLDED {
            true => Err(self.fail("too many characters are to be compared without case")),
            false => Ok(()),
        }
    }

    /// The set with the other cases of its letters, if they count.
    pub(super) fn folded(&mut self, mut class: ClassUnicode) -> Result<ClassUnicode> {
        if self.flags.fold {
            let characters = class::count(&class);
            self.count_folded(characters)?;
            self.purse.take_steps(u64::from(characters / FOLDED_PER_STEP))?;
            class.case_fold_simple();
        }
        Ok(class)
    }

    pub(super) fn set(&mut self, class: ClassUnicode, negated: bool) -> Result<Node> {
        let mut class = self.folded(class)?;
        if negated {
            class.negate();
        }
        self.add(&class)
    }

    pub(super) fn add(&mut self, class: &ClassUnicode) -> Result<Node> {
        if let [range] = class.ranges()
            && range.start() == range.end()
        {
            return Ok(Node::Char(range.start()));
        }
        // It is looked for among the others: equal ones are compared to their ends.
        self.purse.take_steps(1 + self.classes.len() as u64 / 8)?;
        self.pay_ranges(4 * class.ranges().len())?;
        let bytes = class_bytes(class.ranges().len());
        self.purse.take_bytes(bytes)?;
        let class = Class::new(class);
        if let Some(known) = self.classes.iter().position(|known| *known == class) {
            self.purse.give_back(bytes);
            return Ok(Node::Class(known));
        }
        self.ranges += class.len();
        if self.ranges > MAX_RANGES {
            return Err(self.fail("there are too many sets of characters"));
        }
        self.classes.push(class);
        Ok(Node::Class(self.classes.len() - 1))
    }

    /// Parses `[…]`, which comes next.
    pub(super) fn class(&mut self) -> Result<Node> {
        let whole = self.rest;
        self.next();
        let negated = self.eat("^");
        let mut class = ClassUnicode::empty();
        let mut is_first = true;
        while is_first || !self.rest.starts_with(']') {
            if self.rest.is_empty() {
                self.rest = whole;
                return Err(self.fail("`[` is not closed"));
            }
            is_first = false;
            match self.named_class()? {
                Some(named) => self.unite(&mut class, &named)?,
                None => {
                    let range = self.range()?;
                    let range = self.folded(class::of(&[range]))?;
                    self.unite(&mut class, &range)?;
                }
            }
        }
        self.next();
        if negated {
            class.negate();
        }
        self.add(&class)
    }

    fn unite(&mut self, class: &mut ClassUnicode, other: &ClassUnicode) -> Result<()> {
        self.pay_ranges(8 + class.ranges().len() + other.ranges().len())?;
        class.union(other);
        Ok(())
    }

    /// Parses a set within a set, if one comes next.
    fn named_class(&mut self) -> Result<Option<ClassUnicode>> {
        if let Some((name, rest)) =
            self.rest.strip_prefix("[:").and_then(|named| named.split_once(":]"))
        {
            let (plain, negated) = name.strip_prefix('^').map_or((name, false), |n| (n, true));
            let class =
                class::posix(plain).ok_or_else(|| self.fail("there is no set of that name"))?;
            let mut class = self.folded(class)?;
            if negated {
                class.negate();
            }
            self.rest = rest;
            return Ok(Some(class));
        }
        if self.rest.starts_with('\\') { self.escaped_class() } else { Ok(None) }
    }

    fn range(&mut self) -> Result<(char, char)> {
        let before = self.rest;
        let start = self.class_char()?;
        let is_range = self.rest.starts_with('-') && !matches!(self.rest.as_bytes(), [_, b']', ..]);
        if !is_range || self.rest.len() < 2 {
            return Ok((start, start));
        }
        self.next();
        let end = self.class_char()?;
        if end < start {
            self.rest = before;
            return Err(self.fail("the range ends before it begins"));
        }
        Ok((start, end))
    }

    fn class_char(&mut self) -> Result<char> {
        if self.rest.starts_with('\\') {
            return self.escape();
        }
        self.next().ok_or_else(|| self.fail("`[` is not closed"))
    }
}
