//! What Kelos would make of a TaskSpawner and an item of its source: the Task, or the error that it meets.
//!
//! [`Spawner`] and [`Item`] → [`Variables`] as Kelos gives them to its templates → [Task](Spawner::task), before any
//! webhook has seen it. Read from Kelos v0.24 and v0.52. Where it can't be told what Kelos does, it says so:
//! nothing is guessed.

mod field_mapping;
mod filters;
mod github_event;
mod json_path;
mod no_task;
mod payload;
mod payload_sample;
mod reporting;
mod samples;
mod session;
mod source_kind;
mod spawner;
mod task;
mod task_name;
mod template;
#[cfg(test)]
mod tests;
mod variables;

pub(in crate::engine) use self::filters::{NotGlob, of_name};
pub use self::github_event::EVENTS;
pub(in crate::engine) use self::json_path::is_refused;
pub use self::no_task::{NoTask, Why};
pub(in crate::engine) use self::payload::{
    Basic, PayloadPart, payload_fields, payload_getters, payload_part,
};
pub use self::source_kind::SourceKind;
pub use self::spawner::Spawner;
pub use self::template::render_as_kelos;
pub use self::variables::Variables;

use crate::words::words;

words! {
    /// The version of Kelos whose spawner is simulated.
    #[derive(Default)]
    pub enum KelosVersion {
        /// The first that kelos-metadata works with: v1alpha1, polled sources, no Kelos field.
        V0_24 = "v0.24",
        /// The newest that is known.
        #[default]
        V0_52 = "v0.52",
    }
}

/// What a source tells of one thing: values by the names of the source's variables, and a few facts beside them that
/// shape the Task ([`SourceKind::facts`]).
pub type Item = serde_json::Map<String, serde_json::Value>;
