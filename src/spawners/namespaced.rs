//! Objects by namespace and name.

use rpds::HashTrieMapSync;

use crate::templates::value::Text;

/// Values by namespace and name, looked up without building a key.
///
/// A clone shares everything. Changing one value then copies what lies on the way to it, which is the same
/// however many values there are.
#[derive(Debug)]
pub(super) struct Namespaced<T>(HashTrieMapSync<Text, Names<T>>);

type Names<T> = HashTrieMapSync<Text, T>;

impl<T> Default for Namespaced<T> {
    fn default() -> Namespaced<T> {
        Namespaced(HashTrieMapSync::new_sync())
    }
}

impl<T> Clone for Namespaced<T> {
    fn clone(&self) -> Namespaced<T> {
        Namespaced(self.0.clone())
    }
}

impl<T: Clone> Namespaced<T> {
    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<&T> {
        self.0.get(namespace)?.get(name)
    }

    pub(super) fn insert(&mut self, namespace: &str, name: &str, value: T) {
        if let Some(names) = self.0.get_mut(namespace) {
            return names.insert_mut(name.into(), value);
        }
        let mut names = Names::new_sync();
        names.insert_mut(name.into(), value);
        self.0.insert_mut(namespace.into(), names);
    }

    pub(super) fn remove(&mut self, namespace: &str, name: &str) {
        if self.get(namespace, name).is_none() {
            return;
        }
        if let Some(names) = self.0.get_mut(namespace) {
            names.remove_mut(name);
            if names.is_empty() {
                self.0.remove_mut(namespace);
            }
        }
    }

    /// Each value with its namespace, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0
            .iter()
            .flat_map(|(namespace, names)| names.values().map(|value| (&**namespace, value)))
    }

    /// Whether nothing was changed in one of them since it was cloned from the other.
    pub(super) fn is_same(&self, other: &Namespaced<T>) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_does_not_see_what_comes_later() {
        let mut now = Namespaced::default();
        now.insert("a", "x", 1);
        let before = now.clone();
        now.insert("a", "y", 2);
        now.insert("b", "x", 3);
        now.remove("a", "x");
        now.remove("a", "never there");
        assert_eq!((before.iter().count(), now.iter().count()), (1, 2));
        assert_eq!(before.get("a", "x"), Some(&1));
        assert!(now.get("a", "x").is_none() && before.get("b", "x").is_none());
        now.remove("b", "x");
        assert_eq!(now.iter().collect::<Vec<_>>(), [("a", &2)], "an empty namespace goes");
    }
    #[test]
    fn it_is_the_same_until_something_changes() {
        let mut now = Namespaced::default();
        now.insert("a", "x", 1);
        let before = now.clone();
        now.remove("a", "never there");
        now.remove("never there", "x");
        assert!(now.is_same(&before));
        now.insert("a", "x", 1);
        assert!(!now.is_same(&before));
    }

    #[test]
    fn a_change_allocates_the_same_however_many_values_there_are() {
        let allocated = |count: usize| {
            let mut now = Namespaced::default();
            (0..count).for_each(|n| now.insert("a", &format!("object-{n:05}"), n));
            let _before = now.clone();
            allocation_counter::measure(|| now.insert("a", "object-00000", 0)).bytes_total
        };
        // A node has sixteen places; the way to one of 10,000 values leads through four.
        let (few, many) = (allocated(100), allocated(10_000));
        assert!(many <= few + 1_024 && many <= 4_096, "{few} and {many} bytes");
    }
}
