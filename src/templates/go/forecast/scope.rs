//! What is known at a place of a template, and only up to the end of the block around it.
//!
//! A block ends often, and what it has changed is little: so that is noted and undone, and nothing is copied.

use std::collections::BTreeSet;

use super::item::Item;
use crate::templates::go::tree::{ROOT, VariableId};
use crate::templates::value::Text;

/// What is known at a place.
pub(super) struct Scope {
    /// Whether the place is reached in any case.
    pub(super) is_certain: bool,
    /// What variables hold, by their numbers.
    variables: Vec<Held>,
    /// What those that were set held before, the last one last.
    replaced: Vec<(VariableId, Held)>,
    /// The variables that conditions around the place are about: what those have found out of them is not known.
    asked_about: BTreeSet<Text>,
    /// The same, the last one last.
    asked: Vec<Text>,
    /// The call of a template that is under way, and how many there were: each has variables of its own.
    call: usize,
    calls: usize,
}

/// What a variable holds.
struct Held {
    item: Item,
    /// The call that it is of.
    call: usize,
}

/// A place to go back to.
pub(super) struct Mark {
    is_certain: bool,
    replaced: usize,
    asked: usize,
    call: usize,
}

impl Scope {
    /// Where a template begins that has so many variables; `root` is what `$` is.
    pub(super) fn new(count: usize, root: Option<Item>) -> Scope {
        let held = || Held { item: Item::unknown(), call: 0 };
        let mut scope = Scope {
            is_certain: true,
            variables: std::iter::repeat_with(held).take(count).collect(),
            replaced: Vec::new(),
            asked_about: BTreeSet::new(),
            asked: Vec::new(),
            call: 0,
            calls: 0,
        };
        root.into_iter().for_each(|root| scope.set(ROOT, root));
        scope
    }

    pub(super) fn mark(&self) -> Mark {
        let (replaced, asked) = (self.replaced.len(), self.asked.len());
        Mark { is_certain: self.is_certain, replaced, asked, call: self.call }
    }

    /// Forgets all that has become known since.
    pub(super) fn back_to(&mut self, mark: &Mark) {
        (self.is_certain, self.call) = (mark.is_certain, mark.call);
        while self.replaced.len() > mark.replaced
            && let Some((id, before)) = self.replaced.pop()
        {
            if let Some(variable) = self.variables.get_mut(id) {
                *variable = before;
            }
        }
        for name in self.asked.drain(mark.asked.min(self.asked.len())..) {
            self.asked_about.remove(&name);
        }
    }

    /// Goes into a template that is called.
    pub(super) fn call(&mut self) {
        self.calls += 1;
        self.call = self.calls;
    }

    /// What a variable holds.
    pub(super) fn get(&self, id: VariableId) -> Option<&Item> {
        self.variables.get(id).filter(|it| it.call == self.call).map(|it| &it.item)
    }

    pub(super) fn set(&mut self, id: VariableId, item: Item) {
        if let Some(variable) = self.variables.get_mut(id) {
            let before = std::mem::replace(variable, Held { item, call: self.call });
            self.replaced.push((id, before));
        }
    }

    /// Notes that a condition is about these.
    pub(super) fn ask_about(&mut self, names: &[Text]) {
        for name in names {
            if self.asked_about.insert(Text::clone(name)) {
                self.asked.push(Text::clone(name));
            }
        }
    }

    /// Whether a condition around the place is about a variable.
    pub(super) fn is_asked_about(&self, name: &Text) -> bool {
        self.asked_about.contains(name)
    }
}
