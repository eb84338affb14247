//! What is no error and yet not what was meant.

use super::Subject;
use crate::engine::kelos::Source;
use crate::engine::reason::Reason;
use crate::engine::variables::ReportedVariable;
use crate::engine::{Cause, KeyDecision, KeyOutcome, Origin};

impl Subject<'_, '_> {
    /// That a template gave nothing because what it reads is empty for every Task of the source.
    pub(in crate::commands) fn note(&self, key: &KeyDecision<'_>) -> Option<String> {
        let is_without_text = match &key.outcome {
            KeyOutcome::Skipped(skip) => skip.reason == Reason::Omitted,
            KeyOutcome::Defaulted(_, cause) => *cause == Cause::Empty,
            _ => false,
        };
        let template = self.rules.rule(key.kind, key.key)?.plan.as_ref().ok()?;
        let uses = template.uses().filter(|_| is_without_text)?;
        let source = self.source_with_constants()?;
        let is_it = |it: &&ReportedVariable| uses.names_it(&it.name) && is_constant(it, source);
        let variable = &self.report.0.iter().find(is_it)?.name;
        Some(format!(
            "note: {} {} is {}: `.{variable}` is empty for every Task of {source}; write a constant in its place",
            key.kind,
            key.key,
            key.outcome.as_str()
        ))
    }

    /// The source, if what is derived as empty of one of its Tasks is so of all.
    fn source_with_constants(&self) -> Option<&'static str> {
        match self.rules.spawner.spec.when.source() {
            _ if self.task.is_manual() => None,
            Source::GithubIssues(_) => Some("githubIssues"),
            Source::GithubPullRequests(_) => Some(PULL_REQUESTS),
            Source::Jira(_) => Some("jira"),
            Source::Cron(_) => Some("cron"),
            _ => None,
        }
    }
}

const PULL_REQUESTS: &str = "githubPullRequests";

/// Whether a variable is derived and empty, and not only of this Task.
fn is_constant(reported: &ReportedVariable, source: &str) -> bool {
    let Ok((value, Origin::Derived)) = &reported.known else { return false };
    let is_of_task = source == PULL_REQUESTS && &*reported.name == "Branch";
    value.as_text().is_some_and(|text| text.is_empty()) && !is_of_task
}
