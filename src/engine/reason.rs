//! Why a key was not written: one closed set of words.
//!
//! | reason | where it is decided |
//! | --- | --- |
//! | [`ParseError`](Reason::ParseError) | `rules/annotation.rs` (YAML), `rules/settings.rs`, `rules/compile.rs` (`default`, helpers in the Kelos field), `rules.rs` (a bug), templates |
//! | [`MissingVariable`](Reason::MissingVariable) | templates, `merge.rs` (`<no value>` that Kelos wrote) |
//! | [`RenderError`](Reason::RenderError) | templates |
//! | [`LimitExceeded`](Reason::LimitExceeded) | `rules/declared.rs` and `rules/compile.rs` (keys, bytes, steps), `rules/settings.rs` (what is not read back), `rules.rs` and `spawners/intake.rs` (no room), `candidate.rs` (what a Task may cost), templates |
//! | [`InvalidKey`](Reason::InvalidKey) | `rules/compile.rs`, `merge/beyond.rs` |
//! | [`InvalidValue`](Reason::InvalidValue) | `candidate.rs`, `merge.rs` (white space alone), `merge/beyond.rs` |
//! | [`NotAllowed`](Reason::NotAllowed) | `candidate.rs` |
//! | [`Protected`](Reason::Protected) | `rules/compile.rs`, `merge/beyond.rs` |
//! | [`TooLarge`](Reason::TooLarge) | `merge.rs` |
//! | [`Existing`](Reason::Existing) | `merge.rs`, `candidate.rs` (a Task that was answered before) |
//! | [`Unsupported`](Reason::Unsupported) | `merge.rs`, `merge/copies.rs` (a Task that says nothing of its Pod) |
//! | [`Omitted`](Reason::Omitted) | templates (`dropKey`), `candidate.rs` (an empty text of a label), `merge/copies.rs` (no label to be copied) |
//!
//! What a template says of itself is an `ErrorKind` of `templates/error.rs`; `skip.rs` gives it its reason.
//! `has_stand_in` in `candidate.rs` says which of them a `default` replaces.

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
        /// The Task has no Pod of its own that could have it.
        Unsupported = "unsupported",
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
