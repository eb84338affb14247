//! What follows from Task, TaskSpawner and Workspace, whatever the templates say.
//!
//! Names, shapes and constants are those of Kelos v0.24 to v0.52.

pub(super) mod cron;
mod github;
pub(super) mod jira;
mod webhook;

use std::collections::BTreeSet;

use super::known::{Known, Origin};
use super::recorded::Recorded;
use crate::engine::kelos::{
    Kind, NAME_TEMPLATE_ANNOTATION, Source, TRIGGER_TIME_ANNOTATION, TRIGGER_TYPE_ANNOTATION, Task,
    TaskSpawner, Workspace,
};
use crate::engine::render::Uses;
use crate::engine::render::value::{Text, Value};

/// The variables that follow from the repository.
pub(super) const FROM_REPOSITORY: [&str; 4] =
    ["URL", "Repository", "RepositoryOwner", "RepositoryName"];

/// What the variables of one Task follow from.
#[derive(Clone, Copy)]
pub(super) struct Sight<'s, 't> {
    pub(super) task: &'s Task<'t>,
    pub(super) spawner: &'s TaskSpawner,
    pub(super) workspace: Option<&'s Workspace>,
    pub(super) recorded: &'s Recorded<'s>,
}

impl<'s> Sight<'s, '_> {
    pub(super) fn source(&self) -> Source<'s> {
        self.spawner.spec.when.source()
    }

    /// What Kelos put behind `<spawner>-` when it named the Task; nothing if a template made the name.
    fn name_suffix(&self) -> Option<&'s str> {
        let is_ours = has_name_template(self.spawner) && !self.task.is_manual();
        let suffix = self.task.name().strip_prefix(self.spawner.metadata.name.as_str())?;
        suffix.strip_prefix('-').filter(|_| !is_ours)
    }
}

/// Whether a template of the TaskSpawner names its Tasks.
fn has_name_template(spawner: &TaskSpawner) -> bool {
    !spawner.spec.task_template.name_template.is_empty()
        || spawner.metadata.annotations.contains_key(NAME_TEMPLATE_ANNOTATION)
}

/// Adds what follows from Task, TaskSpawner and Workspace alone.
pub(super) fn derive(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    if sight.task.is_manual() {
        manual(sight, known);
    } else {
        match sight.source() {
            Source::GithubIssues(source) => github::issues(source, sight, known),
            Source::GithubPullRequests(source) => github::pull_requests(source, sight, known),
            Source::Jira(source) => jira::derive(source, sight, known),
            Source::Cron(source) => cron::derive(source, sight, known),
            Source::GithubWebhook(source) => webhook::github(source, sight, known),
            Source::LinearWebhook(source) => webhook::linear(source, sight, known),
            Source::GenericWebhook => known.derive("Kind", "GenericWebhook"),
            Source::Slack => known.derive("Kind", "SlackMessage"),
            Source::Unknown => github::unknown(sight, known),
            Source::Several => github::recorded_repository(sight, known),
        }
    }
    title_of_an_empty_prompt(sight, known);
}

/// Adds what follows from what was read back out of rendered fields.
pub(super) fn derive_more(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    if sight.task.is_manual() {
        return;
    }
    match sight.source() {
        Source::Jira(source) => jira::derive_more(source, known),
        Source::Cron(_) => cron::derive_more(known),
        Source::GithubWebhook(source) => webhook::github_page(source, sight, known),
        _ => {}
    }
}

/// The variables that [`derive_more`] needs to make those that the templates use.
pub(super) fn prerequisites(source: Source<'_>, uses: &Uses) -> BTreeSet<Text> {
    let (made, needed): (&[&str], &[&str]) = match source {
        Source::Jira(_) => (&["Number", "URL"], &["ID"]),
        Source::Cron(_) => (&["ID", "Time", "Title"], &["ID", "Time"]),
        Source::GithubWebhook(_) => (&["URL"], &["Event", "Number"]),
        _ => (&[], &[]),
    };
    let is_used = made.iter().any(|name| uses.has(name));
    needed.iter().filter(|_| is_used).map(|name| Text::from(*name)).collect()
}

/// A run that a person started with the Kelos CLI (v0.45 and later).
fn manual(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    known.derive("Kind", "Manual");
    if let Some(id) = sight.name_suffix().filter(|id| is_manual_id(id)) {
        known.derive("ID", id);
    }
    let mut recorded = |name: &str, key: &str| {
        if let Some(text) = sight.task.get(Kind::Annotation, key) {
            known.put(Origin::Task, name, || Value::from(text));
        }
    };
    recorded("TriggerType", TRIGGER_TYPE_ANNOTATION);
    recorded("TriggerTime", TRIGGER_TIME_ANNOTATION);
    if let Source::Cron(source) = sight.source() {
        recorded("Time", TRIGGER_TIME_ANNOTATION);
        known.derive("Schedule", &source.schedule);
    }
}

/// Whether the CLI made this: who starts a run may also choose its name.
fn is_manual_id(id: &str) -> bool {
    let random = id.strip_prefix("manual-").unwrap_or_default();
    random.len() == 5 && random.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Without a template of the team's, the prompt is the title: since v0.26, which is also when owner
/// references came; in runs by hand always.
fn title_of_an_empty_prompt(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    let is_title = sight.task.has_controller() || sight.task.is_manual();
    if known.wants("Title")
        && is_title
        && sight.spawner.spec.task_template.prompt_template.is_empty()
        && sight.source() != Source::Unknown
        && let Some(prompt) = sight.task.spec().and_then(|spec| spec.prompt())
    {
        known.put(Origin::Derived, "Title", || super::text(&prompt));
    }
}

/// Constants of a source.
fn constants(names: &[&str], known: &mut Known<'_>) {
    for name in names {
        known.derive(name, "");
    }
}
