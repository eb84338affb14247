//! What follows from Task, TaskSpawner and Workspace, whatever the templates say.
//!
//! Names, shapes and constants are those of Kelos v0.24 to v0.52. Each value is exact, which is what
//! Kelos's own templates had letter by letter, or it only says the same: [`Letters`]. Beside each stands
//! why.

pub(super) mod cron;
mod github;
pub(super) mod jira;
mod webhook;

use std::collections::BTreeSet;

use super::build::text;
use super::known::{Known, Letters, Origin};
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

/// Those of them that the page of an issue tells.
const REPOSITORY: &[&str] = &["Repository", "RepositoryOwner", "RepositoryName"];

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
    own(sight, known);
    if sight.task.is_manual() {
        manual(sight, known);
    } else {
        match sight.source() {
            Source::GithubIssues(_) => github::issues(sight, known),
            Source::GithubPullRequests(source) => github::pull_requests(source, sight, known),
            Source::Jira(source) => jira::derive(source, sight, known),
            Source::Cron(source) => cron::derive(source, sight, known),
            Source::GithubWebhook(source) => webhook::github(source, sight, known),
            Source::LinearWebhook(source) => webhook::linear(source, sight, known),
            // A constant of Kelos, unless the request itself has a field of this name.
            Source::GenericWebhook(source) if !source.field_mapping.has_kind => {
                known.derive(Letters::Exact, "Kind", "GenericWebhook");
            }
            Source::GenericWebhook(_) => {}
            // A constant of Kelos.
            Source::Slack => known.derive(Letters::Exact, "Kind", "SlackMessage"),
            Source::Unknown => github::unknown(sight, known),
            Source::Several => github::recorded_repository(sight, known),
        }
    }
    title_of_an_empty_prompt(sight, known);
}

/// Adds what follows from what was read back out of rendered fields, and what holds where none tells it.
pub(super) fn derive_more(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    if sight.task.is_manual() {
        return;
    }
    match sight.source() {
        Source::GithubIssues(source) => {
            github::polled_repository(source.repo.as_deref(), sight, known);
        }
        Source::GithubPullRequests(source) => {
            github::polled_repository(source.repo.as_deref(), sight, known);
        }
        Source::Jira(source) => jira::derive_more(source, known),
        Source::Cron(_) => cron::derive_more(known),
        Source::GithubWebhook(source) => webhook::github_repository(source, sight, known),
        _ => {}
    }
}

/// The variables that [`derive_more`] needs to make those that the templates use.
pub(super) fn prerequisites(source: Source<'_>, uses: &Uses) -> BTreeSet<Text> {
    let (made, needed): (&[&str], &[&str]) = match source {
        Source::Jira(_) => (&["Number", "URL"], &["ID"]),
        Source::Cron(_) => (&["ID", "Time", "Title"], &["ID", "Time"]),
        Source::GithubIssues(_) | Source::GithubPullRequests(_) => (REPOSITORY, &["URL"]),
        Source::GithubWebhook(_) => (&FROM_REPOSITORY, &["Event", "Number", "URL", "Repository"]),
        _ => (&[], &[]),
    };
    let is_used = made.iter().any(|name| uses.has(name));
    needed.iter().filter(|_| is_used).map(|name| Text::from(*name)).collect()
}

/// The number of the issue or pull request whose page `.URL` is, if Kelos itself has recorded it.
pub(super) fn page_number(sight: &Sight<'_, '_>) -> Option<i64> {
    sight.recorded.number().filter(|_| is_about_an_issue(sight))
}

/// Whether `.ID` and `.URL` are those of the issue or pull request that Kelos has recorded the number of.
fn is_about_an_issue(sight: &Sight<'_, '_>) -> bool {
    match sight.source() {
        Source::GithubIssues(_) | Source::GithubPullRequests(_) => true,
        Source::GithubWebhook(source) => webhook::is_about_an_issue(source, sight),
        // Only these two record a number.
        Source::Several => {
            let webhook = sight.spawner.spec.when.github_webhook.as_ref();
            webhook.is_none_or(|source| webhook::is_about_an_issue(source, sight))
        }
        _ => false,
    }
}

/// What Kelos itself has written on the Task.
fn own(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    // Of a source that came later nobody knows what its templates print.
    let is_known = sight.source() != Source::Unknown;
    let exact = if is_known { Letters::Exact } else { Letters::Alike };
    if let Some(number) = sight.recorded.number() {
        known.put(Origin::Task, exact, "Number", |_| Ok(Value::Int(number)));
        // Of other events the identifier is another one: of a check run its own.
        if is_about_an_issue(sight) {
            let id = number.to_string();
            known.put(Origin::Task, exact, "ID", |_| Ok(Value::from(id)));
        }
    }
    for (name, variable) in
        [("owner", "RepositoryOwner"), ("repo", "RepositoryName"), ("sha", "HeadSHA")]
    {
        if let Some(value) = sight.recorded.own(name) {
            put_text(Origin::Task, exact, variable, value, known);
        }
    }
}

/// Sets a variable to a text that may hold a URL; it is as exact as `letters` if that is left as it is.
fn put_text(origin: Origin, letters: Letters, name: &str, value: &str, known: &mut Known<'_>) {
    let Ok(clean) = text(value, known.meter) else { return };
    let letters = if letters == Letters::Exact { Letters::of(value, &clean) } else { letters };
    known.put(origin, letters, name, |_| Ok(clean));
}

/// A run that a person started with the Kelos CLI (v0.45 and later). Who starts it may give values of
/// these names, which are then what Kelos prints; of a schedule Kelos's own time and schedule hold.
fn manual(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    known.derive(Letters::Alike, "Kind", "Manual");
    if let Some(id) = sight.name_suffix().filter(|id| is_manual_id(id)) {
        // The name may be given, too.
        known.derive(Letters::Alike, "ID", id);
    }
    let mut recorded = |letters: Letters, name: &str, key: &str| {
        if let Some(value) = sight.task.get(Kind::Annotation, key) {
            known.put(Origin::Task, letters, name, |meter| {
                meter.take_bytes(value.len())?;
                Ok(Value::from(value))
            });
        }
    };
    recorded(Letters::Alike, "TriggerType", TRIGGER_TYPE_ANNOTATION);
    recorded(Letters::Alike, "TriggerTime", TRIGGER_TIME_ANNOTATION);
    if let Source::Cron(source) = sight.source() {
        recorded(Letters::Exact, "Time", TRIGGER_TIME_ANNOTATION);
        known.derive(Letters::Exact, "Schedule", &source.schedule);
    }
}

/// Whether the CLI made this: who starts a run may also choose its name.
fn is_manual_id(id: &str) -> bool {
    let random = id.strip_prefix("manual-").unwrap_or_default();
    random.len() == 5 && random.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Without a template of the team's, the prompt is the title: since v0.26, which is also when owner
/// references came; in runs by hand always. It is what Kelos printed, unless a credential is taken out.
fn title_of_an_empty_prompt(sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    let is_title = sight.task.has_controller() || sight.task.is_manual();
    if known.wants("Title")
        && known.get("Title").is_none()
        && is_title
        && sight.spawner.spec.task_template.prompt_template.is_empty()
        && sight.source() != Source::Unknown
        && let Some(spec) = sight.task.spec()
        && super::infer::pay_for_a_prompt(spec, known.meter).is_ok()
        && let Some(prompt) = spec.prompt()
    {
        put_text(Origin::Derived, Letters::Exact, "Title", &prompt, known);
    }
}

/// Constants of a source.
fn constants(names: &[&str], known: &mut Known<'_>) {
    for name in names {
        known.derive(Letters::Exact, name, "");
    }
}
