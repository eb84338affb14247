//! `spec.when.webhook`: anything that posts JSON.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::null_as_default;

/// `webhook`
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GenericWebhook {
    /// What its fields are called in templates.
    #[serde(deserialize_with = "null_as_default")]
    pub field_mapping: FieldMapping,
}

/// `fieldMapping` of [`GenericWebhook`], as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldMapping {
    has: [bool; NAMES.len()],
}

/// The names that Kelos gives to fields of its own, and those that it gives them in small letters.
const NAMES: [&str; 9] = ["Kind", "ID", "id", "Title", "title", "Body", "body", "URL", "url"];

impl FieldMapping {
    /// Whether it has a field of this name, letter by letter; of names that are not Kelos's own nobody
    /// knows.
    pub fn has(&self, name: &str) -> bool {
        NAMES.iter().zip(self.has).any(|(known, has)| has && *known == name)
    }
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
                while let Some((name, IgnoredAny)) = map.next_entry::<Cow<'_, str>, _>()? {
                    for (known, has) in NAMES.iter().zip(&mut mapping.has) {
                        *has |= name == **known;
                    }
                }
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
