//! Objects by namespace and name.

use std::collections::HashMap;
use std::sync::Arc;

/// Objects by namespace and name, looked up without building a key.
///
/// A clone shares everything; changing one object then copies the names of its namespace, and no
/// object.
#[derive(Debug)]
pub(super) struct Namespaced<T>(Arc<HashMap<Arc<str>, Arc<Names<T>>>>);

type Names<T> = HashMap<Arc<str>, Arc<T>>;

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

impl<T> Namespaced<T> {
    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<&Arc<T>> {
        self.0.get(namespace)?.get(name)
    }

    pub(super) fn insert(&mut self, namespace: &str, name: &str, object: Arc<T>) {
        let all = Arc::make_mut(&mut self.0);
        if !all.contains_key(namespace) {
            all.insert(namespace.into(), Arc::default());
        }
        if let Some(names) = all.get_mut(namespace) {
            Arc::make_mut(names).insert(name.into(), object);
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

    /// Each object with its namespace, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().flat_map(|(namespace, names)| {
            names.values().map(|object| (&**namespace, object.as_ref()))
        })
    }

    pub(super) fn len(&self) -> usize {
        self.0.values().map(|names| names.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_does_not_see_what_comes_later() {
        let mut now = Namespaced::default();
        now.insert("a", "x", Arc::new(1));
        let before = now.clone();
        now.insert("a", "y", Arc::new(2));
        now.insert("b", "x", Arc::new(3));
        now.remove("a", "x");
        now.remove("a", "never there");
        assert_eq!((before.len(), now.len()), (1, 2));
        assert_eq!(before.get("a", "x").map(|found| **found), Some(1));
        assert!(now.get("a", "x").is_none() && before.get("b", "x").is_none());
        now.remove("b", "x");
        assert_eq!(now.iter().collect::<Vec<_>>(), [("a", &2)], "an empty namespace goes");
    }
}
