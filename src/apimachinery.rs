//! Which keys and values the API server takes, and how a text becomes a label value.
//!
//! The rules are apimachinery's (`k8s.io/apimachinery/pkg/util/validation` and
//! `pkg/api/validation/objectmeta.go`), byte for byte: a value that passes here passes there.

use thiserror::Error;

use crate::words::words;

/// The longest label value, and the longest name part of a key, in bytes.
pub const NAME_BYTES: usize = 63;
/// The longest prefix part of a key, in bytes.
pub const PREFIX_BYTES: usize = 253;
/// The most that all annotation keys and values of one object may take together, in bytes.
pub const ANNOTATIONS_BYTES: usize = 256 << 10;

words! {
    /// What a key belongs to. A label and an annotation of one name are two keys. The order is that in
    /// which keys are rendered.
    pub enum Kind {
        /// A label.
        Label = "label",
        /// An annotation.
        Annotation = "annotation",
        /// A label of the Pod.
        PodLabel = "pod_label",
        /// A node selector of the Pod: a label that its node must have.
        NodeSelector = "node_selector",
    }
}

impl Kind {
    /// Those of an object's own metadata.
    pub const OF_METADATA: [Kind; 2] = [Kind::Label, Kind::Annotation];

    /// Whether it is about the Pod of an object.
    pub fn is_of_pod(self) -> bool {
        matches!(self, Kind::PodLabel | Kind::NodeSelector)
    }

    /// The field that holds such keys, wherever it stands.
    pub fn field(self) -> &'static str {
        match self {
            Kind::Label | Kind::PodLabel => "labels",
            Kind::Annotation => "annotations",
            Kind::NodeSelector => "nodeSelector",
        }
    }
}

/// Why a key is no valid label or annotation key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// More than one `/`.
    #[error("a key has at most one `/`, between an optional DNS prefix and a name")]
    TooManyParts,
    /// Nothing in front of the `/`.
    #[error("the prefix in front of `/` is empty")]
    EmptyPrefix,
    /// A prefix over [`PREFIX_BYTES`].
    #[error("the prefix in front of `/` is longer than 253 bytes")]
    LongPrefix,
    /// A prefix that is no DNS subdomain.
    #[error(
        "the prefix in front of `/` is no DNS subdomain (lower-case letters, digits, `-` and `.`)"
    )]
    BadPrefix,
    /// Nothing behind the `/`, or nothing at all.
    #[error("the name is empty")]
    EmptyName,
    /// A name over [`NAME_BYTES`].
    #[error("the name is longer than 63 bytes")]
    LongName,
    /// A name with other characters, or other ends.
    #[error(
        "a name has letters, digits, `-`, `_` and `.`, and begins and ends with a letter or digit"
    )]
    BadName,
}

/// Why a text is no valid label value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    /// Over [`NAME_BYTES`].
    #[error("a label value has at most 63 bytes, this one has {0}")]
    Long(usize),
    /// A character that no label value has.
    #[error("{0:?} has no place in a label value (letters, digits, `-`, `_`, `.`)")]
    BadCharacter(char),
    /// A first or last character that is no letter or digit.
    #[error("a label value begins and ends with a letter or digit")]
    BadEnds,
}

impl ValueError {
    /// What a team can do about it.
    pub fn hint(self) -> &'static str {
        match self {
            // Those that end the scope of a label of GitHub or GitLab.
            ValueError::BadCharacter('/' | ':') => {
                "cut it with a helper such as `stripScope`, or set `onInvalid: sanitize` for the key"
            }
            ValueError::Long(_) | ValueError::BadCharacter(_) | ValueError::BadEnds => {
                "make a value of it with the helper `slug`, or set `onInvalid: sanitize` for the key"
            }
        }
    }
}

/// Checks a key as the API server does.
///
/// # Errors
///
/// The first rule that the key breaks.
pub fn key(kind: Kind, key: &str) -> Result<(), KeyError> {
    match kind {
        Kind::Label | Kind::PodLabel | Kind::NodeSelector => qualified_name(key),
        Kind::Annotation if key.bytes().any(|b| !b.is_ascii() || b.is_ascii_uppercase()) => {
            qualified_name(&key.chars().map(go_lower).collect::<String>())
        }
        Kind::Annotation => qualified_name(key),
    }
}

/// Checks a value as the API server does: any text is a valid annotation value by itself.
///
/// # Errors
///
/// The rule of label values that it breaks.
pub fn value(kind: Kind, value: &str) -> Result<(), ValueError> {
    match kind {
        Kind::Label | Kind::PodLabel | Kind::NodeSelector => label_value(value),
        Kind::Annotation => Ok(()),
    }
}

/// Whether an object of Kelos, a Namespace or a Secret can have this name: a DNS subdomain
/// (RFC 1123) of at most 253 bytes.
pub fn is_object_name(name: &str) -> bool {
    name.len() <= PREFIX_BYTES && is_dns_subdomain(name)
}

fn label_value(value: &str) -> Result<(), ValueError> {
    if value.len() > NAME_BYTES {
        return Err(ValueError::Long(value.len()));
    }
    if let Some(c) = value.chars().find(|c| !is_name_byte(*c)) {
        return Err(ValueError::BadCharacter(c));
    }
    if value.is_empty() || has_alphanumeric_ends(value) { Ok(()) } else { Err(ValueError::BadEnds) }
}

fn qualified_name(key: &str) -> Result<(), KeyError> {
    let name = match key.split_once('/') {
        None => key,
        Some((_, name)) if name.contains('/') => return Err(KeyError::TooManyParts),
        Some(("", _)) => return Err(KeyError::EmptyPrefix),
        Some((prefix, _)) if prefix.len() > PREFIX_BYTES => return Err(KeyError::LongPrefix),
        Some((prefix, _)) if !is_dns_subdomain(prefix) => return Err(KeyError::BadPrefix),
        Some((_, name)) => name,
    };
    if name.is_empty() {
        Err(KeyError::EmptyName)
    } else if name.len() > NAME_BYTES {
        Err(KeyError::LongName)
    } else if name.chars().all(is_name_byte) && has_alphanumeric_ends(name) {
        Ok(())
    } else {
        Err(KeyError::BadName)
    }
}

/// RFC 1123 as apimachinery reads it: a label of a subdomain has no length of its own.
fn is_dns_subdomain(prefix: &str) -> bool {
    prefix.split('.').all(|label| {
        label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && has_alphanumeric_ends(label)
    })
}

fn has_alphanumeric_ends(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!((bytes.first(), bytes.last()), (Some(a), Some(z))
        if a.is_ascii_alphanumeric() && z.is_ascii_alphanumeric())
}

fn is_name_byte(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Go's `unicode.ToLower`, which the API server applies to annotation keys: one character for one.
///
/// Rust lowers `İ` to two characters, Go to `i`; all other characters agree.
fn go_lower(c: char) -> char {
    if c == 'İ' { 'i' } else { c.to_lowercase().next().unwrap_or(c) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_judged_as_by_apimachinery() {
        let long = "a".repeat(64);
        for (text, expected) in [
            ("simple", Ok(())),
            ("now-with-dashes", Ok(())),
            ("1-starts-with-num", Ok(())),
            ("1234", Ok(())),
            ("simple/simple", Ok(())),
            ("now-with-dashes/simple", Ok(())),
            ("now-with-dashes/now-with-dashes", Ok(())),
            ("now.with.dots/simple", Ok(())),
            ("1-num.2-num/3-num", Ok(())),
            ("1234/5678", Ok(())),
            ("1.2.3.4/5678", Ok(())),
            ("Uppercase_Is_OK_123", Ok(())),
            ("example.com/Uppercase_Is_OK_123", Ok(())),
            ("requests.storage-foo", Ok(())),
            (&long[..63], Ok(())),
            ("nospecialchars%^=@", Err(KeyError::BadName)),
            ("cantendwithadash-", Err(KeyError::BadName)),
            ("-cantstartwithadash-", Err(KeyError::BadName)),
            ("only/one/slash", Err(KeyError::TooManyParts)),
            ("Example.com/abc", Err(KeyError::BadPrefix)),
            ("example_com/abc", Err(KeyError::BadPrefix)),
            ("example.com/", Err(KeyError::EmptyName)),
            ("/simple", Err(KeyError::EmptyPrefix)),
            ("", Err(KeyError::EmptyName)),
            ("a..b/c", Err(KeyError::BadPrefix)),
            ("a b", Err(KeyError::BadName)),
            ("ключ", Err(KeyError::BadName)),
            (&long, Err(KeyError::LongName)),
        ] {
            assert_eq!(key(Kind::Label, text), expected, "{text:?}");
        }
        let prefix = format!("{}a/b", "a.".repeat(126));
        assert_eq!(key(Kind::Label, &prefix), Ok(()), "253 bytes of prefix");
        assert_eq!(key(Kind::Label, &format!("aa{prefix}")), Err(KeyError::LongPrefix));
    }

    #[test]
    fn a_name_leads_to_no_other_path() {
        for (text, expected) in [
            ("issue-worker", true),
            ("a.b-c.1", true),
            ("", false),
            ("..", false),
            ("a/../../secrets/b", false),
            ("a?b", false),
            ("a%2fb", false),
            ("A", false),
            ("-a", false),
            ("a.", false),
        ] {
            assert_eq!(is_object_name(text), expected, "{text:?}");
        }
        assert!(!is_object_name(&"a".repeat(254)));
    }

    #[test]
    fn annotation_keys_are_judged_in_lower_case() {
        assert_eq!(key(Kind::Annotation, "Example.COM/Owner"), Ok(()));
        assert_eq!(key(Kind::Annotation, "\u{212A}"), Ok(()), "the Kelvin sign lowers to k");
        assert_eq!(key(Kind::Annotation, "İ"), Ok(()), "lowers to i in Go");
        assert_eq!(key(Kind::Annotation, "É"), Err(KeyError::BadName));
        assert_eq!(key(Kind::Annotation, "a/b/c"), Err(KeyError::TooManyParts));
    }

    #[test]
    fn label_values_are_judged_as_by_apimachinery() {
        let long = "a".repeat(64);
        for (text, expected) in [
            ("", Ok(())),
            ("simple", Ok(())),
            ("now-with-dashes", Ok(())),
            ("1-starts-with-num", Ok(())),
            ("end-with-num-1", Ok(())),
            ("1234", Ok(())),
            ("Uppercase_Is_OK_123", Ok(())),
            (&long[..63], Ok(())),
            ("nospecialchars%^=@", Err(ValueError::BadCharacter('%'))),
            ("Tama-nui-te-rā.is.Māori.sun", Err(ValueError::BadCharacter('ā'))),
            ("\\backslashes\\are\\bad", Err(ValueError::BadCharacter('\\'))),
            ("priority/critical", Err(ValueError::BadCharacter('/'))),
            (" ", Err(ValueError::BadCharacter(' '))),
            ("-starts-with-dash", Err(ValueError::BadEnds)),
            ("ends-with-dash-", Err(ValueError::BadEnds)),
            (".starts.with.dot", Err(ValueError::BadEnds)),
            ("ends.with.dot.", Err(ValueError::BadEnds)),
            ("_", Err(ValueError::BadEnds)),
            (&long, Err(ValueError::Long(64))),
        ] {
            assert_eq!(value(Kind::Label, text), expected, "{text:?}");
            assert_eq!(value(Kind::Annotation, text), Ok(()));
        }
    }
}
