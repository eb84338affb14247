//! Sets of characters: `[…]`, `\d`, `\pL`.

use regex_syntax::hir::ClassUnicode;

use super::{Node, Parser, Result};
use crate::engine::render::helpers::pattern::class::{self, Class, MAX_FOLDED};

/// The most ranges of characters that one regular expression may have: 128 KiB of them.
const MAX_RANGES: usize = 16 << 10;

impl<'s> Parser<'s> {
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
        let mut class = self.unicode(name)?;
        self.rest = rest;
        if negated {
            class.negate();
        }
        Ok(Some(class))
    }

    fn unicode(&mut self, name: &'s str) -> Result<ClassUnicode> {
        let fold = self.flags.fold;
        let known = self.named.iter().find(|(known, folded, _)| *known == name && *folded == fold);
        if let Some((_, _, class)) = known {
            return Ok(class.clone());
        }
        let class = class::unicode(name)
            .ok_or_else(|| self.fail("there is no category or script of that name"))?;
        let class = self.folded(class)?;
        self.named.push((name, fold, class.clone()));
        Ok(class)
    }

    /// The set with the other cases of its letters, if they count.
    pub(super) fn folded(&mut self, mut class: ClassUnicode) -> Result<ClassUnicode> {
        if self.flags.fold {
            self.folded = self.folded.saturating_add(class::count(&class));
            if self.folded > MAX_FOLDED {
                return Err(self.fail("too many characters are to be compared without case"));
            }
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
        let class = Class::new(class);
        if let Some(known) = self.classes.iter().position(|known| *known == class) {
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
                Some(named) => class.union(&named),
                None => {
                    let range = self.range()?;
                    let range = self.folded(class::of(&[range]))?;
                    class.union(&range);
                }
            }
        }
        self.next();
        if negated {
            class.negate();
        }
        self.add(&class)
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
