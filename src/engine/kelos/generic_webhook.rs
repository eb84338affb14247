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
    /// Whether it has a field `Kind`, letter by letter: its value is what Kelos prints then.
    pub has_kind: bool,
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
                    mapping.has_kind |= name == "Kind";
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
    fn only_a_field_of_that_very_name_is_kind() {
        for (json, has_kind) in [
            (r#"{"fieldMapping": {"id": "$.id", "Kind": "$.kind"}}"#, true),
            (r#"{"fieldMapping": {"id": "$.id", "kind": "$.kind"}}"#, false),
            (r#"{"fieldMapping": {}}"#, false),
            (r#"{"fieldMapping": null}"#, false),
            (r#"{"source": "Kind"}"#, false),
        ] {
            let source: GenericWebhook = serde_json::from_str(json).unwrap();
            assert_eq!(source.field_mapping.has_kind, has_kind, "{json}");
        }
    }
}
