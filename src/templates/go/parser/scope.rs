//! What is in sight while a template is parsed.

use std::collections::BTreeMap;

use crate::templates::go::tree::{ROOT, VariableId};

/// The variables and ranges around the place that is being parsed.
pub(super) struct Scope {
    /// All but `$`, which is always there.
    declared: Vec<VariableId>,
    /// How often each variable is in `declared`.
    counts: BTreeMap<VariableId, usize>,
    /// How many ranges are open.
    pub(super) ranges: usize,
    /// Whether `.` is the map of all variables.
    pub(super) dot_is_root: bool,
    /// Whether `$` is the map of all variables.
    pub(super) dollar_is_root: bool,
}

impl Scope {
    /// The scope of the source as a whole.
    pub(super) fn main() -> Scope {
        Scope { dot_is_root: true, dollar_is_root: true, ..Scope::template() }
    }

    /// The scope of a defined template: it sees nothing of its caller.
    pub(super) fn template() -> Scope {
        Scope {
            declared: Vec::new(),
            counts: BTreeMap::new(),
            ranges: 0,
            dot_is_root: false,
            dollar_is_root: false,
        }
    }

    /// Where the variables of a block begin.
    pub(super) fn mark(&self) -> usize {
        self.declared.len()
    }

    /// Forgets the variables behind `mark`.
    pub(super) fn close(&mut self, mark: usize) {
        for variable in self.declared.drain(mark..) {
            self.counts.entry(variable).and_modify(|count| *count -= 1);
        }
    }

    /// Declares a variable up to the end of its block.
    pub(super) fn declare(&mut self, variable: VariableId) {
        self.declared.push(variable);
        *self.counts.entry(variable).or_default() += 1;
    }

    /// Whether a variable is declared.
    pub(super) fn sees(&self, variable: VariableId) -> bool {
        variable == ROOT || self.counts.get(&variable).is_some_and(|&count| count > 0)
    }
}
