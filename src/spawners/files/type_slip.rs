//! Values of another type than Kelos gives them, with their place and what mends them.

use std::path::Path;

use serde_json::Value;

use crate::manifests::{Located, Manifest};

/// The mappings of a TaskSpawner whose values are texts.
const TEXTS: [&[&str]; 4] = [
    &["metadata", "annotations"],
    &["metadata", "labels"],
    &["spec", "taskTemplate", "metadata", "annotations"],
    &["spec", "taskTemplate", "metadata", "labels"],
];

/// A value that has to be a text and is none.
pub struct TextSlip {
    /// The way to it.
    pub path: Vec<String>,
    /// What to write, in a clause. The value itself is not told, as it may be a credential, but for `true`, `false`
    /// and `null`.
    pub mend: String,
}

/// The first value that has to be a text and is none; nothing if it is something else that is wrong.
pub fn text_slip(object: &Value) -> Option<TextSlip> {
    TEXTS.into_iter().find_map(|path| {
        let mapping = path.iter().try_fold(object, |here, name| here.get(name))?.as_object()?;
        let (key, value) = mapping.iter().find(|(_, value)| !value.is_string())?;
        let mend = match value {
            Value::Bool(_) | Value::Null => format!("`{value}` needs quotes"),
            Value::Number(_) => "a number needs quotes".to_owned(),
            _ => "text wanted; write `|` after the colon".to_owned(),
        };
        let path = path.iter().copied().chain([key.as_str()]).map(str::to_owned);
        Some(TextSlip { path: path.collect(), mend })
    })
}

/// The same in words, with its line.
pub fn type_slip(manifest: &Manifest) -> Option<String> {
    slip_at(&manifest.path, manifest.line, &manifest.object())
}

/// The same of an object that was just read.
pub(super) fn slip_at(file: &Path, line: usize, object: &Value) -> Option<String> {
    let TextSlip { path, mend } = text_slip(object)?;
    let way: Vec<&str> = path.iter().map(String::as_str).collect();
    let located = Located::find(file, line, &way);
    let line = located.map(|located| format!(" line {}", located.line)).unwrap_or_default();
    let (key, above) = way.split_last()?;
    Some(format!("{}[{key}]{line}: {mend}", above.join(".")))
}
