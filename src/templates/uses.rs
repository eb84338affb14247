//! What a template reads.

use std::collections::BTreeSet;

use super::purse::names_bytes;
use super::value::Text;

/// Which top-level variables a template may read, so that only those are built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// It may read any of them: it takes the whole root, as in `{{ . }}`.
    pub all: bool,
    names: BTreeSet<Text>,
    /// As a template wrote names that have another spelling among the names: it means a variable of the
    /// written name first.
    spellings: BTreeSet<Text>,
    /// A bit for the length and the ends that a name has. Most names that are asked for are not there, which a bit
    /// says faster than a tree.
    bits: u64,
}

impl Uses {
    /// Those that have these names, as the template wrote them.
    pub fn of(names: impl IntoIterator<Item = Text>) -> Uses {
        let mut uses = Uses::default();
        uses.add(names);
        uses
    }

    /// The same, with names as the template wrote them.
    #[must_use]
    pub(super) fn written_as(mut self, spellings: BTreeSet<Text>) -> Uses {
        spellings.iter().for_each(|name| self.bits |= bit_of(name));
        self.spellings = spellings;
        self
    }

    /// All of them.
    pub fn everything() -> Uses {
        Uses { all: true, ..Uses::default() }
    }

    /// The names it reads, as Kelos spells them, in order.
    pub fn names(&self) -> &BTreeSet<Text> {
        &self.names
    }

    /// The names as the template wrote them, where [`names`](Uses::names) has another spelling.
    pub fn spellings(&self) -> impl ExactSizeIterator<Item = &Text> {
        self.spellings.iter()
    }

    /// Whether the variable `name` is read by its name.
    pub fn names_it(&self, name: &str) -> bool {
        self.bits & bit_of(name) != 0 && self.shared(name).is_some()
    }

    fn shared(&self, name: &str) -> Option<&Text> {
        self.names.get(name).or_else(|| self.spellings.get(name))
    }

    /// Whether the variable `name` may be read.
    pub fn has(&self, name: &str) -> bool {
        self.all || self.names_it(name)
    }

    /// The variable's name as the key of its value, if it may be read.
    pub fn key(&self, name: &str) -> Option<Text> {
        if self.bits & bit_of(name) != 0
            && let Some(shared) = self.shared(name)
        {
            return Some(Text::clone(shared));
        }
        self.all.then(|| name.into())
    }

    /// What its names take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        names_bytes(self.names.iter()) + names_bytes(self.spellings.iter())
    }

    /// Adds names.
    pub fn add(&mut self, names: impl IntoIterator<Item = Text>) {
        for name in names {
            self.bits |= bit_of(&name);
            self.names.insert(name);
        }
    }

    /// Adds what another template reads.
    pub fn extend(&mut self, other: &Uses) {
        self.all |= other.all;
        self.bits |= other.bits;
        self.names.extend(other.names.iter().cloned());
        self.spellings.extend(other.spellings.iter().cloned());
    }
}

fn bit_of(name: &str) -> u64 {
    let ends = [name.as_bytes().first(), name.as_bytes().last()];
    let [first, last] = ends.map(|byte| byte.copied().map_or(0, u32::from));
    1_u64.rotate_left(name.len() as u32 + 5 * first + 11 * last)
}
