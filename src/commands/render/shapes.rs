//! What `render` shows, as JSON.

use json_patch::Patch;
use serde::Serialize;

use super::pod::ShownPod;
use crate::commands::shown_variable::ShownVariable;
use crate::commands::subject::{ShownFailing, ShownKey};

/// The patch of one of several Tasks or Sessions.
#[derive(Serialize)]
pub(super) struct ShownPatch<'s> {
    pub(super) namespace: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) task: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<&'s str>,
    pub(super) patch: &'s Patch,
}

/// What a Task or Session gets.
#[derive(Serialize)]
pub(super) struct ShownTask<'s> {
    pub(super) namespace: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) task: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<&'s str>,
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
