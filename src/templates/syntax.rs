//! The template languages, and what a team says about them.

use crate::words::words;

/// A template language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Go's text/template.
    Go,
    /// Jinja.
    Jinja,
}

words! {
    /// What a team says about the language of its templates.
    #[derive(Default)]
    pub enum Syntax {
        /// Look at the template.
        #[default]
        Auto = "auto",
        /// Go's text/template.
        Go = "go",
        /// Jinja.
        Jinja = "jinja",
    }
}
