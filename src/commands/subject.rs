//! A Task with its rules, and what there is to tell of its keys.

mod explanation;
mod notes;

use serde::Serialize;

use super::read::written::Place;
use crate::engine::kelos::Task;
use crate::engine::rules::{DeclaredIn, Rules};
use crate::engine::variables::VariableReport;
use crate::engine::{KeyDecision, KeyOutcome};

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

impl Subject<'_, '_> {
    /// What becomes of a key, as JSON: the value that it has in the end, and what a stored Task has.
    pub(super) fn shown_key<'k>(
        &'k self,
        key: &'k KeyDecision<'_>,
        value: Option<&'k str>,
        now: Option<&'k str>,
    ) -> ShownKey<'k> {
        let (skip, cause) = match &key.outcome {
            KeyOutcome::Skipped(skip) => (Some(skip), None),
            KeyOutcome::Defaulted(_, cause) => (key.news_default(), Some(cause.as_str())),
            _ => (None, None),
        };
        ShownKey {
            kind: key.kind.as_str(),
            key: key.key,
            value,
            now,
            from: key.declared_in.map(DeclaredIn::as_str),
            outcome: key.outcome.as_str(),
            cause,
            variable: skip.and_then(|skip| skip.variable.as_deref()),
            message: skip.map(|skip| skip.message.as_str()),
            line: skip.and_then(|skip| Some(skip.position?.line)),
            column: skip.and_then(|skip| Some(skip.position?.column)),
            annotation: skip.and_then(|skip| self.annotation_of(key, skip)),
            place: skip.and_then(|skip| self.place(key, skip)),
            hint: skip.and_then(|skip| self.hint(key, skip)),
        }
    }
}
