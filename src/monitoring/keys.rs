//! The keys that Tasks are shown by, and their names in Prometheus.

use thiserror::Error;

/// The most keys: each makes series of every Task longer, and has rules of its own.
const MOST: usize = 50;
/// The most bytes that they have together: rules name them often, and the Prometheus operator takes 512 KiB of rules.
const MOST_BYTES: usize = 4096;

/// A label key, and its name in Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitoredKey {
    /// The key.
    pub key: String,
    /// Its name.
    pub label: String,
}

/// Keys of which no two have one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(Vec<MonitoredKey>);

/// Why Tasks can't be shown by a key, too.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// Another key has its name.
    #[error(
        "in Prometheus it is `{label}`, as `{other}` is: choose one of them, or rename one so that they differ in \
         letters or digits"
    )]
    Collision {
        /// The name.
        label: String,
        /// The other key.
        other: String,
    },
    /// There are enough.
    #[error(
        "there are others, and no more than {MOST} keys, of {MOST_BYTES} bytes together, are taken"
    )]
    TooMany,
}

impl Keys {
    /// Takes one more; one that is there already is no other.
    ///
    /// # Errors
    ///
    /// When it can't stand beside the others.
    pub fn add(&mut self, key: &str) -> Result<(), Refused> {
        let label = label_name(key);
        match self.0.iter().find(|it| it.label == label) {
            Some(same) if same.key == key => Ok(()),
            Some(other) => Err(Refused::Collision { label, other: other.key.clone() }),
            None if self.0.len() == MOST || self.bytes() + key.len() > MOST_BYTES => {
                Err(Refused::TooMany)
            }
            None => {
                self.0.push(MonitoredKey { key: key.to_owned(), label });
                Ok(())
            }
        }
    }

    /// All of them, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &MonitoredKey> {
        self.0.iter()
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|it| it.key.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The name of a label key in Prometheus, as kube-state-metrics (v2.15) makes it for `kube_pod_labels`, so that the two can
/// be joined: `kelos.dev/costCenter` is `label_kelos_dev_cost_center`.
pub fn label_name(key: &str) -> String {
    let mut name = "label_".to_owned();
    let mut is_small = false;
    for c in key.chars() {
        if is_small && c.is_ascii_uppercase() {
            name.push('_');
        }
        is_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        name.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kube_state_metrics() {
        for (key, name) in [
            ("team", "label_team"),
            ("kelos.dev/priority", "label_kelos_dev_priority"),
            ("costCenter", "label_cost_center"),
            ("a2B-c.D", "label_a2_b_c_d"),
            ("HTTPPort", "label_httpport"),
            ("example.com/a_b", "label_example_com_a_b"),
        ] {
            assert_eq!(label_name(key), name, "{key}");
        }
    }

    #[test]
    fn of_two_keys_with_one_name_the_second_is_refused() {
        let mut keys = Keys::default();
        for key in ["a-b", "team", "a-b"] {
            keys.add(key).unwrap();
        }
        let refused = keys.add("a.B").unwrap_err();
        let other = Refused::Collision { label: "label_a_b".to_owned(), other: "a-b".to_owned() };
        assert_eq!(refused, other);
        assert_eq!(keys.iter().map(|it| &*it.key).collect::<Vec<_>>(), ["a-b", "team"]);
    }

    #[test]
    fn keys_are_bounded() {
        let mut keys = Keys::default();
        (0..MOST).for_each(|number| keys.add(&format!("k{number}")).unwrap());
        assert_eq!(keys.add("one-more"), Err(Refused::TooMany));
        assert_eq!(keys.add("k0"), Ok(()));
        let mut long = Keys::default();
        let key = |number| format!("{}/k{number}", "e".repeat(253));
        (0..15).for_each(|number| long.add(&key(number)).unwrap());
        assert_eq!(long.add(&key(15)), Err(Refused::TooMany));
    }
}
