//! Texts that kubectl reads as booleans: it takes YAML 1.1, and the API server then refuses the object.

use crate::commands::stdio::complain;
use crate::engine::kelos::{GROUP, group_of};
use crate::manifests::{Located, Manifest};
use crate::templates::Position;

/// The words that are booleans in YAML 1.1 and texts in YAML 1.2, in lower case.
const WORDS: [&str; 6] = ["on", "off", "yes", "no", "y", "n"];

/// The mappings whose values are texts.
const TEXTS: [&[&str]; 4] = [
    &["metadata", "annotations"],
    &["metadata", "labels"],
    &["spec", "taskTemplate", "metadata", "annotations"],
    &["spec", "taskTemplate", "metadata", "labels"],
];

/// Tells of values without quotes that kubectl takes for booleans.
pub(super) fn tell(manifest: &Manifest) {
    if group_of(&manifest.api_version) != GROUP {
        return;
    }
    let object = manifest.object();
    for path in TEXTS {
        let mapping = path.iter().try_fold(&object, |here, name| here.get(name));
        for (key, value) in mapping.and_then(|it| it.as_object()).into_iter().flatten() {
            let word = value.as_str().filter(|word| is_boolean(word));
            if let Some((word, at)) =
                word.and_then(|word| Some((word, place(manifest, path, key, word)?)))
            {
                complain(format_args!(
                    "{}:{}:{}: {}[{key}]: kubectl reads {word} as a boolean, and a text is wanted: write \"{word}\"",
                    manifest.path.display(),
                    at.line,
                    at.column,
                    path.join(".")
                ));
            }
        }
    }
}

fn is_boolean(word: &str) -> bool {
    let is_cased = |lower: &str| {
        let mut title = lower.to_owned();
        title[..1].make_ascii_uppercase();
        word == lower || word == title || word == lower.to_ascii_uppercase()
    };
    WORDS.into_iter().any(is_cased)
}

/// Where the word stands without quotes behind its key, if it does.
fn place(manifest: &Manifest, path: &[&str], key: &str, word: &str) -> Option<Position> {
    let path: Vec<&str> = path.iter().copied().chain([key]).collect();
    let located = Located::find(&manifest.path, manifest.line, &path)?;
    let offset = located.offset_of_key(key, false)? + key.len();
    let behind = located.text.get(offset..)?.lines().next()?;
    let value = behind.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?.trim_start();
    let rest = value.strip_prefix(word)?;
    let is_whole = rest.is_empty() || rest.starts_with([' ', '\t', ',', '}']);
    is_whole.then(|| Position::of(&located.text, offset + behind.len() - value.len()))
}

#[cfg(test)]
mod tests {
    use super::is_boolean;

    #[test]
    fn the_booleans_of_kubectl_are_told_from_texts() {
        for word in ["on", "Off", "YES", "n", "Y"] {
            assert!(is_boolean(word), "{word}");
        }
        for text in ["oN", "true", "none", "", "1"] {
            assert!(!is_boolean(text), "{text}");
        }
    }
}
