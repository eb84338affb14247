//! The variables of a template, by name.

use std::collections::BTreeMap;

use crate::boxed::exact;
use crate::templates::go::tree::{ROOT, VariableId};
use crate::templates::value::Text;

/// The name of [`ROOT`].
const ROOT_NAME: &str = "$";

/// Which number the name of a variable stands for; `$` takes no memory.
#[derive(Default)]
pub(super) struct Variables<'s>(BTreeMap<&'s str, VariableId>);

impl<'s> Variables<'s> {
    /// The number of a variable, which is a new one for a new name.
    pub(super) fn number(&mut self, name: &'s str) -> VariableId {
        let next = ROOT + 1 + self.0.len();
        if name == ROOT_NAME { ROOT } else { *self.0.entry(name).or_insert(next) }
    }

    /// The number of a variable, if its name has one.
    pub(super) fn find(&self, name: &str) -> Option<VariableId> {
        if name == ROOT_NAME { Some(ROOT) } else { self.0.get(name).copied() }
    }

    /// All names but `$`, by number.
    pub(super) fn into_names(self) -> Box<[Text]> {
        let mut all: Vec<_> = self.0.into_iter().collect();
        all.sort_unstable_by_key(|&(_, number)| number);
        exact(all.into_iter().map(|(name, _)| name.into()))
    }
}
