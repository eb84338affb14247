//! A step of the walk.

use serde::Serialize;

use crate::words::words;

words! {
    /// What a step has found.
    pub(super) enum Sign {
        /// All is as it should be.
        Ok = "ok",
        /// It is worth a look, and no reason by itself.
        Note = "note",
        /// That could not be told.
        Unknown = "unknown",
        /// Here the chain is broken.
        No = "no",
    }
}

/// A step of the walk, in words.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Step {
    pub(super) result: Sign,
    /// What was found, in a clause without a full stop.
    pub(super) text: String,
    /// What there is to say beside that, and what to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) details: Vec<String>,
}

impl Step {
    pub(super) fn new(result: Sign, text: impl Into<String>) -> Step {
        Step { result, text: text.into(), details: Vec::new() }
    }

    /// The same with more to say.
    pub(super) fn with(mut self, details: impl IntoIterator<Item = String>) -> Step {
        self.details.extend(details);
        self
    }
}

impl Serialize for Sign {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
