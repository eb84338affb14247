//! A Task with its rules, and what there is to tell of its keys.

mod explanation;
mod notes;

use serde::Serialize;

use super::read::written::Place;
use crate::engine::kelos::Task;
use crate::engine::rules::Rules;
use crate::engine::variables::VariableReport;

/// A Task with its rules, and what is known around it.
pub(super) struct Subject<'s, 't> {
    /// The Task, as when it was new.
    pub(super) task: &'s Task<'t>,
    pub(super) namespace: &'s str,
    pub(super) rules: &'s Rules,
    pub(super) report: VariableReport,
    /// The file and the line of the TaskSpawner, if it comes from one.
    pub(super) written: Option<&'s Place>,
    /// Whether the Workspace of the Task is known.
    pub(super) has_workspace: bool,
    /// Whether its Namespace is.
    pub(super) has_namespace: bool,
    /// Where objects come from.
    pub(super) origin: ObjectOrigin,
}

/// Where the objects come from that templates ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectOrigin {
    /// The files that were named.
    Files,
    /// The cluster.
    Cluster,
}

/// A template that Kelos fails on.
#[derive(Serialize)]
pub(super) struct ShownFailing<'s> {
    /// What it is a template of, `promptTemplate` for one.
    pub(super) template: String,
    pub(super) reason: &'static str,
    pub(super) message: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<usize>,
    /// Where that is in the file of the TaskSpawner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<ShownPlace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
}

/// A place in a file, from 1.
#[derive(Serialize)]
pub(super) struct ShownPlace {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
}
