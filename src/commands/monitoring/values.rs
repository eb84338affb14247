//! How many values keys have among the Tasks of each namespace, as far as it matters.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use super::declared::Found;

/// The values of keys by namespace, up to one more than may be.
pub(super) struct Values<'k> {
    keys: &'k BTreeMap<String, Found>,
    seen: BTreeMap<(String, String), HashSet<Box<str>>>,
    most: usize,
}

#[derive(Deserialize)]
struct Labelled<'j> {
    #[serde(borrow)]
    metadata: Metadata<'j>,
}

#[derive(Deserialize)]
struct Metadata<'j> {
    #[serde(borrow, default)]
    namespace: Cow<'j, str>,
    #[serde(borrow, default)]
    labels: Option<HashMap<Cow<'j, str>, Cow<'j, str>>>,
}

impl<'k> Values<'k> {
    /// None yet, of these keys where they are declared.
    pub(super) fn of(keys: &'k BTreeMap<String, Found>, most: usize) -> Values<'k> {
        Values { keys, seen: BTreeMap::new(), most }
    }

    /// Takes those of a Task or TaskRecord; what is none has no labels.
    pub(super) fn add(&mut self, json: &str) {
        let Ok(Labelled { metadata: Metadata { namespace, labels } }) = serde_json::from_str(json)
        else {
            return;
        };
        for (key, value) in labels.unwrap_or_default() {
            if self.keys.get(&*key).is_some_and(|it| it.is_asked_in(&namespace)) {
                let of_namespace = (key.into_owned(), namespace.clone().into_owned());
                let values = self.seen.entry(of_namespace).or_default();
                if values.len() <= self.most && !values.contains(&*value) {
                    values.insert(value.into());
                }
            }
        }
    }

    /// The keys that have more, and where.
    pub(super) fn too_many(self) -> Vec<(String, String)> {
        let most = self.most;
        let too_many = self.seen.into_iter().filter(|(_, values)| values.len() > most);
        too_many.map(|(of_namespace, _)| of_namespace).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_more_values_is_told_and_others_are_kept_no_longer_than_that() {
        let keys = ["many", "few"].map(|key| (key.to_owned(), Found::declared_in("one"))).into();
        let mut values = Values::of(&keys, 3);
        for number in 0..100 {
            let few = number % 3;
            let labels =
                format!(r#"{{"many": "v{number}", "few": "v{few}", "other": "v{number}"}}"#);
            for namespace in ["one", "two"] {
                let metadata = format!(r#"{{"namespace": "{namespace}", "labels": {labels}}}"#);
                values.add(&format!(r#"{{"metadata": {metadata}}}"#));
            }
        }
        values.add(r#"{"metadata": {"labels": null}}"#);
        values.add("{}");
        assert_eq!(values.seen.values().map(HashSet::len).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(values.too_many(), [("many".to_owned(), "one".to_owned())]);
    }
}
