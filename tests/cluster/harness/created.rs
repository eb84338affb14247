//! A Task as the API server keeps it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

const RENDERED_FROM: &str = "metadata.kelos.dev/rendered-from";

/// A Task that was created, and the warnings of its client.
#[derive(Debug)]
pub(crate) struct Created {
    pub(crate) object: Value,
    pub(crate) warnings: Vec<String>,
}

impl Created {
    /// It has these labels and no others.
    #[track_caller]
    pub(crate) fn labels_are(&self, expected: Value) -> &Created {
        assert_eq!(self.entries("labels"), read(&expected), "labels of {}", self.name());
        self
    }

    /// It has these annotations and no others. `HASH` stands for any hash of the rules.
    #[track_caller]
    pub(crate) fn annotations_are(&self, expected: Value) -> &Created {
        let mut found = self.entries("annotations");
        if let Some((spawner, hash)) =
            found.get(RENDERED_FROM).and_then(|mark| mark.rsplit_once('@'))
        {
            assert!(hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
            let mark = format!("{spawner}@HASH");
            found.insert(RENDERED_FROM.to_owned(), mark);
        }
        assert_eq!(found, read(&expected), "annotations of {}", self.name());
        self
    }

    /// It has the labels and annotations that its client gave it, and no others.
    #[track_caller]
    pub(crate) fn is_untouched(&self, sent: impl Into<Value>) -> &Created {
        let sent = sent.into();
        for kind in ["labels", "annotations"] {
            let expected = read(&sent["metadata"][kind]);
            assert_eq!(self.entries(kind), expected, "{kind} of {}", self.name());
        }
        self
    }

    /// Its client got these warnings and no others.
    #[track_caller]
    pub(crate) fn warnings_are(&self, expected: &[&str]) -> &Created {
        assert_eq!(self.warnings, expected, "warnings about {}", self.name());
        self
    }

    /// A label's value.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.object["metadata"]["labels"][key].as_str()
    }

    /// An annotation's value.
    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.object["metadata"]["annotations"][key].as_str()
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap_or_default()
    }

    fn entries(&self, kind: &str) -> BTreeMap<String, String> {
        read(&self.object["metadata"][kind])
    }
}

fn read(map: &Value) -> BTreeMap<String, String> {
    let map = if map.is_null() { json!({}) } else { map.clone() };
    serde_json::from_value(map).unwrap()
}
