//! What is decided for all TaskSpawners, and the words for it.

use std::sync::Arc;

use super::Defaults;
use crate::engine::kelos::{Protection, Shape};
use crate::words::words;

words! {
    /// What happens to a label value that the API server would refuse.
    #[derive(Default)]
    pub enum OnInvalid {
        /// The key is skipped.
        #[default]
        Skip = "skip",
        /// A valid value is made out of the text.
        Sanitize = "sanitize",
    }
}

words! {
    /// Which objects get a default of the cluster.
    pub enum On {
        /// Tasks.
        Tasks = "tasks",
        /// Sessions.
        Sessions = "sessions",
    }
}

impl On {
    /// What has this shape.
    pub(super) fn of(shape: Shape) -> On {
        match shape {
            Shape::Task => On::Tasks,
            Shape::Session => On::Sessions,
        }
    }
}

words! {
    /// Whether variables are read back out of the fields that Kelos rendered.
    #[derive(Default)]
    pub enum Infer {
        /// They are.
        #[default]
        On = "on",
        /// They are not.
        Off = "off",
    }
}

/// What the cluster admin decides for all TaskSpawners.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// What happens to invalid label values where a TaskSpawner does not say.
    pub on_invalid: OnInvalid,
    /// The keys that no template writes.
    pub protection: Arc<Protection>,
    /// Whether variables are read back where a TaskSpawner does not say.
    pub infer: Infer,
    /// What every Task, or Session, gets, whoever made it.
    pub defaults: Arc<Defaults>,
}
