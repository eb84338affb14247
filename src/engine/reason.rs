//! Why a key was not written: one closed set of words.

use std::fmt;

/// Why a key did not come out as its template said.
///
/// The same word stands in warnings, annotations, logs, metrics and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The rules annotation or the template does not parse.
    ParseError,
    /// The template asks for a variable that is not known for this Task.
    MissingVariable,
    /// The template failed while it ran.
    RenderError,
    /// A bound on steps, bytes, keys or sizes was reached.
    LimitExceeded,
    /// The key is no valid label or annotation key.
    InvalidKey,
    /// The value is no valid label value.
    InvalidValue,
    /// The value is outside the key's `allowed` list.
    NotAllowed,
    /// The key belongs to Kelos, to Kubernetes or to the cluster admin.
    Protected,
    /// The annotations of the Task would exceed their total size.
    TooLarge,
    /// The Task already carries the key with another valid value.
    Existing,
    /// The template dropped the key on purpose.
    Omitted,
}

impl Reason {
    /// Every reason, in the order of the documentation.
    pub const ALL: [Reason; 11] = [
        Reason::ParseError,
        Reason::MissingVariable,
        Reason::RenderError,
        Reason::LimitExceeded,
        Reason::InvalidKey,
        Reason::InvalidValue,
        Reason::NotAllowed,
        Reason::Protected,
        Reason::TooLarge,
        Reason::Existing,
        Reason::Omitted,
    ];

    /// The word for this reason, as users read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::ParseError => "parse_error",
            Reason::MissingVariable => "missing_variable",
            Reason::RenderError => "render_error",
            Reason::LimitExceeded => "limit_exceeded",
            Reason::InvalidKey => "invalid_key",
            Reason::InvalidValue => "invalid_value",
            Reason::NotAllowed => "not_allowed",
            Reason::Protected => "protected",
            Reason::TooLarge => "too_large",
            Reason::Existing => "existing",
            Reason::Omitted => "omitted",
        }
    }

    /// Whether the team that wrote the template should hear of it.
    ///
    /// A key that was there already, or that the template dropped itself, is no news.
    pub fn is_news(self) -> bool {
        !matches!(self, Reason::Existing | Reason::Omitted)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
