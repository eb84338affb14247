//! What `render` shows, as JSON.

use json_patch::Patch;
use serde::Serialize;

use super::pod::ShownPod;
use super::variables::ShownVariable;
use crate::commands::subject::{ShownFailing, ShownPlace};

/// The patch of one of several Tasks.
#[derive(Serialize)]
pub(super) struct ShownPatch<'s> {
    pub(super) namespace: &'s str,
    pub(super) task: &'s str,
    pub(super) patch: &'s Patch,
}

/// What a Task gets.
#[derive(Serialize)]
pub(super) struct ShownTask<'s> {
    pub(super) namespace: &'s str,
    pub(super) task: &'s str,
    /// Nothing if it has none.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) spawner: &'s str,
    pub(super) keys: Vec<ShownKey<'s>>,
    /// The templates of the TaskSpawner that Kelos fails on, so that it makes no Task.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failing: Vec<ShownFailing<'s>>,
    pub(super) variables: Vec<ShownVariable<'s>>,
    /// What its Pod will carry, if the rules say something of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pod: Option<ShownPod<'s>>,
}

/// What becomes of a key.
#[derive(Serialize)]
pub(super) struct ShownKey<'s> {
    pub(super) kind: &'static str,
    pub(super) key: &'s str,
    pub(super) value: Option<&'s str>,
    /// What a Task has that was answered before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) now: Option<&'s str>,
    /// `defaults`, `rules annotation`, `Kelos field` or `copied from the Task`; nothing for a rules
    /// annotation itself.
    pub(super) from: Option<&'static str>,
    /// `kept`, `applied`, `repaired`, `defaulted` or the reason for skipping it.
    pub(super) outcome: &'static str,
    /// Why the default stands in: `empty`, or the reason for which the key would have been skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<&'static str>,
    /// The variable that is missing, as the template spells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) variable: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<usize>,
    /// The annotation of the TaskSpawner that line and column are in, if it is not the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) annotation: Option<&'s str>,
    /// Where that is in the file of the TaskSpawner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<ShownPlace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
}
