//! Objects by namespace and name.

use std::collections::HashMap;
use std::sync::Arc;

/// Values by namespace and name, looked up without building a key.
///
/// A clone shares everything; changing one value then copies the names of its namespace.
#[derive(Debug)]
pub(super) struct Namespaced<T>(Arc<HashMap<Arc<str>, Arc<Names<T>>>>);

type Names<T> = HashMap<Arc<str>, T>;

impl<T> Default for Namespaced<T> {
    fn default() -> Namespaced<T> {
        Namespaced(Arc::default())
    }
}

impl<T> Clone for Namespaced<T> {
    fn clone(&self) -> Namespaced<T> {
        Namespaced(Arc::clone(&self.0))
    }
}

impl<T: Clone> Namespaced<T> {
    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<&T> {
        self.0.get(namespace)?.get(name)
    }

    pub(super) fn insert(&mut self, namespace: &str, name: &str, value: T) {
        let all = Arc::make_mut(&mut self.0);
        if !all.contains_key(namespace) {
            all.insert(namespace.into(), Arc::default());
        }
        if let Some(names) = all.get_mut(namespace) {
            Arc::make_mut(names).insert(name.into(), value);
        }
    }

    pub(super) fn remove(&mut self, namespace: &str, name: &str) {
        if self.get(namespace, name).is_none() {
            return;
        }
        let all = Arc::make_mut(&mut self.0);
        if let Some(names) = all.get_mut(namespace) {
            let names = Arc::make_mut(names);
            names.remove(name);
            if names.is_empty() {
                all.remove(namespace);
            }
        }
    }

    /// Each value with its namespace, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0
            .iter()
            .flat_map(|(namespace, names)| names.values().map(|value| (&**namespace, value)))
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
}
