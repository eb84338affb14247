//! Regular expressions with the syntax and the results of Go's `regexp`.
//!
//! Source → tree ([`parser`]) → instructions ([`program`]) → match ([`machine`]). The machine walks
//! all ways through the instructions at once, so its work grows with the length of the text only,
//! and it pays step by step: finding all matches may take the square of that with any engine, and an
//! engine that can't be stopped half-way would have to be paid in advance for the worst.

mod class;
mod example;
mod machine;
mod parser;
mod program;
mod repetition;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

pub(super) use self::class::Class;
pub use self::example::{example, finds};
use self::machine::Machine;
use self::parser::Look;
use self::program::Instruction;
use super::meter::Meter;
use crate::templates::budget::Exhausted;
use crate::templates::purse::{ALLOCATION, Purse, Spent, text_bytes, tree_bytes};
use crate::templates::value::Text;

/// The longest regular expression, in bytes.
pub const MAX_SOURCE: usize = 256;

/// Steps that a regular expression takes to compile whatever it says.
const PARSING_STEPS: u64 = 8;

/// The longest text that one searches, in bytes.
pub(super) const MAX_HAYSTACK: usize = 64 << 10;

/// A compiled regular expression.
#[derive(Debug)]
pub struct Pattern {
    source: Box<str>,
    code: Box<[Instruction]>,
    classes: Box<[Class]>,
    /// The names of the groups; the first is the whole match.
    groups: Box<[Option<Box<str>>]>,
    /// How many characters were looked up for their other cases.
    folded: u32,
    /// What compiling it took.
    spent: Spent,
}

/// Why a regular expression can't be used. The message holds nothing of it but its letters' places.
#[derive(Debug, Error)]
pub enum PatternError {
    /// It is none of Go's, or too long or too large.
    #[error("the regular expression {0}")]
    Wrong(String),
    /// Compiling it costs more than is left.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
}

/// The regular expressions that a template spells out, compiled.
pub type Patterns = BTreeMap<Text, Arc<Pattern>>;

/// The bytes of regular expressions.
pub(super) fn patterns_bytes(patterns: &Patterns) -> usize {
    let each = patterns.iter().map(|(source, pattern)| text_bytes(source) + pattern.bytes());
    tree_bytes(patterns.len(), size_of::<(Text, Arc<Pattern>)>()) + each.sum::<usize>()
}

/// The compiled regular expression; one that somebody has already is shared. What it costs, or would have,
/// is taken off the purse.
pub(super) fn compile_shared(
    source: &str,
    purse: &mut Purse,
) -> Result<Arc<Pattern>, PatternError> {
    let is_same = |part: &(dyn Any + Send + Sync)| {
        part.downcast_ref::<Pattern>().is_some_and(|known| *known.source == *source)
    };
    let hash = purse.parts.hash(source);
    let known = purse.parts.find(hash, is_same);
    if let Some(Ok(known)) = known.map(Arc::downcast::<Pattern>) {
        purse.pay(known.spent)?;
        return Ok(known);
    }
    let pattern = Arc::new(Pattern::compile_within(source, purse)?);
    let part: Arc<dyn Any + Send + Sync> = pattern.clone();
    purse.parts.insert(hash, &part);
    Ok(pattern)
}

/// What a pattern takes whatever it says, while it is parsed; and for each of its bytes.
const PARSING_BYTES: (usize, usize) = (2 << 10, 256);

/// What a set of so many ranges takes.
fn class_bytes(ranges: usize) -> usize {
    size_of::<Class>()
        + size_of::<Box<[(char, char)]>>()
        + 3 * ALLOCATION
        + ranges * size_of::<(char, char)>()
}

/// Where a match and its groups start and end: two places a group, the whole match first.
pub(super) type Places = [Option<usize>];

/// The characters of a category or script of Unicode.
pub(super) fn unicode_class(name: &str) -> Option<Class> {
    class::unicode(name, false).map(|ranges| Class::new(&ranges))
}

impl Pattern {
    /// Compiles a regular expression.
    ///
    /// # Errors
    ///
    /// It is none of Go's, or too long or too large.
    pub fn compile(source: &str) -> Result<Pattern, PatternError> {
        Pattern::compile_within(source, &mut Purse::default())
    }

    fn compile_within(source: &str, purse: &mut Purse) -> Result<Pattern, PatternError> {
        if source.len() > MAX_SOURCE {
            return Err(PatternError::Wrong(format!("is longer than {MAX_SOURCE} bytes")));
        }
        let compile = |purse: &mut Purse| -> Result<Pattern, PatternError> {
            let (base, a_byte) = PARSING_BYTES;
            purse.take_steps(PARSING_STEPS + source.len() as u64)?;
            purse.take_bytes(base + a_byte * source.len())?;
            let parser::Parsed { root, classes, groups, folded } = parser::parse(source, purse)?;
            let code = program::compile(&root, groups.len(), purse)?;
            let (classes, groups) = (classes.into(), groups.into());
            let spent = Spent::default();
            Ok(Pattern { source: source.into(), code, classes, groups, folded, spent })
        };
        let (pattern, spent) = purse.measured(compile, Pattern::bytes)?;
        Ok(Pattern { spent, ..pattern })
    }

    /// The bytes that it takes.
    pub(in crate::templates) fn bytes(&self) -> usize {
        let classes: usize = self.classes.iter().map(|class| class_bytes(class.len())).sum();
        let names: usize = self.groups.iter().flatten().map(|name| name.len() + ALLOCATION).sum();
        size_of::<Pattern>()
            + 6 * ALLOCATION
            + self.source.len()
            + size_of_val(&*self.code)
            + size_of_val(&*self.groups)
            + classes
            + names
    }

    /// What it takes to compile it, in steps.
    pub(super) fn cost(&self) -> u64 {
        let ranges: usize = self.classes.iter().map(Class::len).sum();
        (self.code.len() + 2 * ranges) as u64 + u64::from(self.folded / 64)
    }

    /// The numbers of the groups of that name.
    pub(super) fn groups(&self, name: &str) -> Vec<usize> {
        let named = |number: &usize| self.groups[*number].as_deref() == Some(name);
        (0..self.groups.len()).filter(named).collect()
    }

    /// Shows `visit` the matches that Go would find, from left to right, `limit` at most.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], or what `visit` gives.
    pub(super) fn each_match<E: From<Exhausted>>(
        &self,
        meter: &mut dyn Meter,
        text: &str,
        limit: usize,
        with_groups: bool,
        mut visit: impl FnMut(&mut dyn Meter, &Places) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut machine = Machine::new(self, text, with_groups, meter)?;
        let (mut from, mut last_end, mut found) = (0, None, 0);
        while found < limit && from <= text.len() {
            let Some(places) = machine.search(from, meter)? else { break };
            let (Some(start), Some(end)) = (places[0], places[1]) else { break };
            // Nothing, right behind a match, is no match of its own.
            if start < end || last_end != Some(start) {
                visit(meter, places)?;
                found += 1;
            }
            from = match end > from {
                true => end,
                false => from + text[from..].chars().next().map_or(1, char::len_utf8),
            };
            last_end = Some(end);
        }
        Ok(())
    }
}
