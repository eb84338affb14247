//! `spec.when.webhook`: anything that posts JSON.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::null_as_default;
use crate::templates::camel_case;

/// `webhook`
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GenericWebhook {
    /// What its fields are called in templates.
    #[serde(deserialize_with = "null_as_default")]
    pub field_mapping: FieldMapping,
}

/// `fieldMapping` of [`GenericWebhook`], as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldMapping {
    has: [bool; NAMES.len()],
    /// What names hash to that have a twin.
    twins: [u64; MOST_TWINS],
    /// How many there are, those that found no room included.
    twin_count: usize,
}

/// How many names with a twin are told from others. Nobody maps two of them on purpose.
const MOST_TWINS: usize = 4;

/// The names that Kelos gives to fields of its own, and those that it gives them in small letters.
const NAMES: [&str; 9] = ["Kind", "ID", "id", "Title", "title", "Body", "body", "URL", "url"];

impl FieldMapping {
    /// Whether it has a field of this name, letter by letter; of names that are not Kelos's own nobody
    /// knows.
    pub fn has(&self, name: &str) -> bool {
        NAMES.iter().zip(self.has).any(|(known, has)| has && *known == name)
    }

    /// Whether it has a field of this name, such as `level`, and another one of the same name in CamelCase.
    pub fn has_twin(&self, name: &str) -> bool {
        self.twin_count > MOST_TWINS
            || self.twins.iter().take(self.twin_count).any(|twin| *twin == hash(name))
    }

    fn add_twins(&mut self, names: &BTreeSet<Cow<'_, str>>) {
        let has_twin = |name: &&str| {
            let other = camel_case::variable(name);
            other != *name && names.contains(&*other)
        };
        for name in names.iter().map(|name| &**name).filter(has_twin) {
            if let Some(free) = self.twins.get_mut(self.twin_count) {
                *free = hash(name);
            }
            self.twin_count += 1;
        }
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

impl<'de> Deserialize<'de> for FieldMapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FieldMapping, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = FieldMapping;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldMapping, A::Error> {
                let mut mapping = FieldMapping::default();
                let mut names = BTreeSet::new();
                while let Some((name, IgnoredAny)) = map.next_entry::<Cow<'_, str>, _>()? {
                    for (known, has) in NAMES.iter().zip(&mut mapping.has) {
                        *has |= name == **known;
                    }
                    names.insert(name);
                }
                mapping.add_twins(&names);
                Ok(mapping)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_in_their_case() {
        let source = r#"{"fieldMapping": {"id": "$.id", "URL": "$.url"}}"#;
        let source: GenericWebhook = serde_json::from_str(source).unwrap();
        let has = |name| source.field_mapping.has(name);
        assert!(has("id") && has("URL") && !has("ID") && !has("url") && !has("title"));
    }

    #[test]
    fn a_name_has_a_twin_in_camel_case() {
        let mapping = |names: &[&str]| -> FieldMapping {
            let map: std::collections::BTreeMap<_, _> =
                names.iter().map(|it| (it, "$.x")).collect();
            serde_json::from_str(&serde_json::to_string(&map).unwrap()).unwrap()
        };
        let some = mapping(&["level", "Level", "severity", "Team", "build_id", "BuildID"]);
        assert!(some.has_twin("level") && some.has_twin("build_id"));
        for name in ["Level", "severity", "team", "Team", "BuildID", ""] {
            assert!(!some.has_twin(name), "{name}");
        }
        let many = ["a", "A", "b", "B", "c", "C", "d", "D", "e", "E"];
        assert!(mapping(&many).has_twin("x"), "of too many any may be one");
    }

    #[test]
    fn only_a_field_of_that_very_name_is_kind() {
        for (json, has_kind) in [
            (r#"{"fieldMapping": {"id": "$.id", "Kind": "$.kind"}}"#, true),
            (r#"{"fieldMapping": {"id": "$.id", "kind": "$.kind"}}"#, false),
            (r#"{"fieldMapping": {}}"#, false),
            (r#"{"fieldMapping": null}"#, false),
            (r#"{"source": "Kind"}"#, false),
        ] {
            let source: GenericWebhook = serde_json::from_str(json).unwrap();
            assert_eq!(source.field_mapping.has("Kind"), has_kind, "{json}");
        }
    }
}
