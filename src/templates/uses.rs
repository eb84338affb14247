//! What a template reads.

use std::collections::BTreeSet;

use super::purse::names_bytes;
use super::value::Text;

/// Which top-level variables a template may read, so that only those are built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// It may read any of them: it takes the whole root, as in `{{ . }}`.
    pub all: bool,
    /// The names it reads, as the template wrote them.
    pub names: BTreeSet<Text>,
}

impl Uses {
    /// Whether the variable `name` may be read.
    pub fn has(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }

    /// The variable's name as the key of its value, if it may be read.
    pub fn key(&self, name: &str) -> Option<Text> {
        match self.names.get(name) {
            Some(shared) => Some(Text::clone(shared)),
            None => self.all.then(|| name.into()),
        }
    }

    /// What its names take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        names_bytes(self.names.iter())
    }

    /// Adds what another template reads.
    pub fn extend(&mut self, other: &Uses) {
        self.all |= other.all;
        self.names.extend(other.names.iter().cloned());
    }
}
