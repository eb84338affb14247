//! Equal things once: whoever makes one that somebody has already gets that one.

use std::any::Any;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, Weak};

/// Parts of templates of any kind, whose kinds those who carry them along need not know.
pub(super) type Parts = Interner<dyn Any + Send + Sync>;

/// Things that somebody has, by the hashes of what they were made of. It keeps none alive by itself.
#[derive(Debug)]
pub(crate) struct Interner<T: ?Sized> {
    known: HashMap<u64, Weak<T>>,
    hasher: RandomState,
    /// How many entries make it worth to look for dead ones.
    sweep_at: usize,
}

impl<T: ?Sized> Default for Interner<T> {
    fn default() -> Interner<T> {
        Interner { known: HashMap::new(), hasher: RandomState::new(), sweep_at: 64 }
    }
}

impl<T: ?Sized> Interner<T> {
    /// The hash of what something is made of, by which it is found.
    pub(crate) fn hash(&self, of: &(impl Hash + ?Sized)) -> u64 {
        self.hasher.hash_one(of)
    }

    /// What was made of what has this [hash](Interner::hash), if somebody still has it; `is_same` says whether it was.
    pub(crate) fn find(&self, hash: u64, is_same: impl FnOnce(&T) -> bool) -> Option<Arc<T>> {
        let found = self.known.get(&hash)?.upgrade()?;
        is_same(&found).then_some(found)
    }

    /// Remembers what was made of what has this hash.
    pub(crate) fn insert(&mut self, hash: u64, made: &Arc<T>) {
        self.known.insert(hash, Arc::downgrade(made));
        if self.known.len() > self.sweep_at {
            self.known.retain(|_, made| made.strong_count() > 0);
            self.sweep_at = 2 * self.known.len() + 64;
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }
}
