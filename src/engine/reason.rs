//! Why a key was not written: one closed set of words.

use crate::words::words;

words! {
    /// Why a key did not come out as its template said, in the order of the documentation.
    ///
    /// The same word stands in warnings, annotations, logs, metrics and on the command line.
    pub enum Reason {
        /// The rules annotation or the template does not parse.
        ParseError = "parse_error",
        /// The template asks for a variable that is not known.
        MissingVariable = "missing_variable",
        /// The template failed while it ran.
        RenderError = "render_error",
        /// A bound on steps, bytes, keys or sizes was reached.
        LimitExceeded = "limit_exceeded",
        /// The key is no valid label or annotation key.
        InvalidKey = "invalid_key",
        /// The value is no valid label value.
        InvalidValue = "invalid_value",
        /// The value is outside the key's `allowed` list.
        NotAllowed = "not_allowed",
        /// The key belongs to Kelos, to Kubernetes or to the cluster admin.
        Protected = "protected",
        /// The annotations of the Task would exceed their total size.
        TooLarge = "too_large",
        /// The Task already carries the key with another valid value.
        Existing = "existing",
        /// The template dropped the key on purpose.
        Omitted = "omitted",
    }
}

impl Reason {
    /// Whether the team that wrote the template should hear of it.
    ///
    /// A key that was there already, or that the template dropped itself, is no news.
    pub fn is_news(self) -> bool {
        !matches!(self, Reason::Existing | Reason::Omitted)
    }
}
