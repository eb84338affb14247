//! Values of another type than Kelos gives them, with their place and what mends them.

use serde_json::Value;

use crate::manifests::{Located, Manifest};

/// The mappings of a TaskSpawner whose values are texts.
const TEXTS: [&[&str]; 4] = [
    &["metadata", "annotations"],
    &["metadata", "labels"],
    &["spec", "taskTemplate", "metadata", "annotations"],
    &["spec", "taskTemplate", "metadata", "labels"],
];

/// The first value that has to be a text and is none, and what to write; nothing if it is something else that is
/// wrong. The value itself is not told, as it may be a credential, but for `true`, `false` and `null`.
pub fn type_slip(manifest: &Manifest) -> Option<String> {
    let object = manifest.object();
    TEXTS.into_iter().find_map(|path| {
        let mapping = path.iter().try_fold(&object, |here, name| here.get(name))?.as_object()?;
        let (key, value) = mapping.iter().find(|(_, value)| !value.is_string())?;
        let all: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
        let located = Located::find(&manifest.path, manifest.line, &all);
        let line = located.map(|located| format!(" line {}", located.line)).unwrap_or_default();
        let mend = match value {
            Value::Bool(_) | Value::Null => format!("`{value}` needs quotes"),
            Value::Number(_) => "a number needs quotes".to_owned(),
            _ => "text wanted; write `|` behind the key".to_owned(),
        };
        Some(format!("{}[{key}]{line}: {mend}", path.join(".")))
    })
}
