//! What the rules of several TaskSpawners have in common, once.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::KeyRule;
use super::output_key::OutputKey;
use crate::apimachinery::Kind;
use crate::templates::{Interner, Templates};

/// Compiled templates, keys, and the rules of all keys of a TaskSpawner: teams copy them from each other. It keeps alive what
/// somebody has, and nothing else but where that was.
#[derive(Debug, Default)]
pub struct Shared {
    pub(super) templates: Templates,
    /// A box, so that what nobody has any more takes no more than that until it is forgotten.
    keys: Interner<Box<[Arc<KeyRule>]>>,
    output_keys: Interner<OutputKey>,
}

impl Shared {
    /// These rules, or those of another TaskSpawner that are the same.
    pub(super) fn keys(&mut self, keys: Vec<Arc<KeyRule>>) -> Arc<Box<[Arc<KeyRule>]>> {
        let of: Vec<_> = keys.iter().map(|rule| Said(rule)).collect();
        let hash = self.keys.hash(&of);
        let known = self.keys.find(hash, |known| {
            known.len() == keys.len() && known.iter().zip(&keys).all(|(a, b)| a.is_same(b))
        });
        if let Some(known) = known {
            return known;
        }
        let made = Arc::new(Box::from(&*keys));
        self.keys.insert(hash, &made);
        made
    }

    /// This key, as all rules have it that are about it.
    pub(super) fn output_key(&mut self, kind: Kind, key: Box<str>) -> Arc<OutputKey> {
        let hash = self.output_keys.hash(&(kind, &*key));
        let is_same = |known: &OutputKey| known.place().kind == kind && known.key() == &*key;
        if let Some(known) = self.output_keys.find(hash, is_same) {
            return known;
        }
        let made = Arc::new(OutputKey::new(kind, key));
        self.output_keys.insert(hash, &made);
        made
    }
}

/// What a TaskSpawner says of a key.
struct Said<'r>(&'r KeyRule);

impl Hash for Said<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let KeyRule { kind, guards, on_invalid, .. } = self.0;
        (kind, self.0.key(), self.0.source(), self.0.declared_in).hash(hasher);
        (guards, on_invalid).hash(hasher);
    }
}

impl KeyRule {
    /// Whether another rule does the same with the same key, at the same place.
    fn is_same(&self, other: &KeyRule) -> bool {
        let KeyRule {
            kind,
            output,
            declared_in,
            plan,
            guards,
            on_invalid,
            is_shown_line,
            in_field,
            in_annotation,
        } = self;
        let is_same_plan = match (plan, &other.plan) {
            (Ok(one), Ok(other)) => Arc::ptr_eq(one, other),
            (Err(one), Err(other)) => one == other,
            _ => false,
        };
        let is_same_key = (*kind, output.key()) == (other.kind, other.key());
        let are_same_guards = (guards, on_invalid) == (&other.guards, &other.on_invalid);
        let is_same_place = (*declared_in, *in_field, *in_annotation)
            == (other.declared_in, other.in_field, other.in_annotation);
        let is_same_line = *is_shown_line == other.is_shown_line;
        is_same_key && is_same_plan && are_same_guards && is_same_place && is_same_line
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Policy, Rules};
    use super::*;
    use crate::engine::kelos::{LABELS_RULES, TaskSpawner};

    fn spawner(name: &str, labels: &serde_json::Value) -> TaskSpawner {
        let annotations = json!({ LABELS_RULES: labels.to_string() });
        let json = json!({"metadata": {"name": name, "annotations": annotations}});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn those_that_say_the_same_have_the_same_rules_and_no_others() {
        let mut shared = Shared::default();
        let mut compile = |name: &str, labels: serde_json::Value| {
            Rules::compile(spawner(name, &labels), &Policy::default(), &mut shared)
        };
        let first = compile("a", json!({"k": "{{ .Number }}", "l": {"value": "x"}}));
        let same = compile("b", json!({"l": "x", "k": "{{ .Number }}"}));
        assert!(Arc::ptr_eq(&first.keys, &same.keys));
        for labels in [
            json!({"k": "{{ .Number }}"}),
            json!({"k": "{{ .Number}}", "l": "x"}),
            json!({"k": "{{ .Number }}", "l": {"value": "x", "default": "y"}}),
            json!({"k": "{{ .Number }}", "l": {"value": "x", "allowed": ["x"]}}),
            json!({"k": "{{ .Number }}", "l": {"value": "x", "onInvalid": "sanitize"}}),
            json!({"k": "{{ .Number }}", "m": "x"}),
        ] {
            let other = compile("c", labels.clone());
            assert!(!Arc::ptr_eq(&first.keys, &other.keys), "{labels}");
        }
        // Nor do those that differ in a guard push each other out.
        let all = ["x", "y"].map(|only| json!({"k": {"value": "x", "allowed": [only]}}));
        let [one, other] = all.clone().map(|labels| compile("d", labels));
        let [one_again, other_again] = all.map(|labels| compile("e", labels));
        assert!(Arc::ptr_eq(&one.keys, &one_again.keys));
        assert!(Arc::ptr_eq(&other.keys, &other_again.keys));
        drop((first, same));
        let later = compile("a", json!({"k": "{{ .Number }}", "l": "x"}));
        assert_eq!(Arc::strong_count(&later.keys), 1, "nobody keeps what is gone");
    }
}
