//! Sources: what a Kelos source, and the fields that Kelos rendered for it, tell of a Task.
//!
//! One file a source, each with its [`Table`] and what follows from Task, TaskSpawner and Workspace.
//! CONTRIBUTING lists all that a new source needs.
//!
//! Names, shapes and constants are those of Kelos v0.24 to v0.52. Each value is exact, which is what
//! Kelos's own templates had letter by letter, or it only says the same: [`Letters`]. Beside each stands
//! why.

mod catalog;
mod cron;
mod event_name;
mod generic_webhook;
mod github;
mod github_issues;
mod github_pull_requests;
mod github_webhook;
mod given;
mod inference;
mod jira;
mod linear_webhook;
mod manual;
mod presence;
mod recorded;
mod slack;
pub(super) mod text;
mod variable;
mod variable_set;
mod work_item;

pub(super) use self::catalog::{is_group, is_long, name_hint, sources_with};
pub(super) use self::github_webhook::is_of_issue;
pub use self::given::given;
pub use self::inference::{Inference, NotRead};
pub(super) use self::presence::{Presence, may_be_nothing, presence};
use self::recorded::Recorded;
pub(super) use self::recorded::is_own_record;
use self::text::text;
pub(super) use self::variable::{Class, Table};
use self::variable_set::Letters;
pub(super) use self::variable_set::{Known, VariableSet};
pub use self::variable_set::{Origin, Rendered};
use crate::engine::kelos::{NAME_TEMPLATE_ANNOTATION, Source, Task, TaskSpawner, Workspace};
use crate::templates::value::{Text, Value};

/// The variables that follow from the repository.
pub(super) const FROM_REPOSITORY: [&str; 4] =
    ["URL", "Repository", "RepositoryOwner", "RepositoryName"];

/// What is asked about the source of a Task.
pub(super) struct Question<'q, 't> {
    pub(super) task: &'q Task<'t>,
    pub(super) spawner: &'q TaskSpawner,
    pub(super) workspace: Option<&'q Workspace>,
    /// Whether an annotation with this value says something: not if our rules write it.
    pub(super) is_input: &'q dyn Fn(&str, &str) -> bool,
    pub(super) inference: &'q Inference,
    /// Whether labels and annotations are as Kelos rendered them.
    pub(super) reads_metadata: bool,
}

impl Question<'_, '_> {
    /// Answers in this order: on the Task by Kelos itself → derived → read back → what stands in for that
    /// → recorded by others. Gives why those that stand in a rendered field were not read there.
    pub(super) fn answer(&self, known: &mut VariableSet<'_>) -> Vec<(Text, NotRead)> {
        let source = self.spawner.spec.when.source();
        let recorded = Recorded::read(self.task, self.spawner, source, self.is_input, known);
        let evidence = Evidence {
            task: self.task,
            spawner: self.spawner,
            workspace: self.workspace,
            recorded: &recorded,
            source,
        };
        derive(&evidence, known);
        if self.inference.asks_for("Title", self.task, self.reads_metadata) {
            title_of_an_empty_prompt(&evidence, known);
        }
        let number = page_number(&evidence);
        let not_read = self.inference.read(self.task, self.reads_metadata, number, known);
        derive_more(&evidence, known);
        known.let_stand_in();
        recorded.tell_by_name(Table::of(source), known);
        not_read
    }
}

/// What the variables of one Task follow from.
#[derive(Clone, Copy)]
struct Evidence<'e, 't> {
    task: &'e Task<'t>,
    spawner: &'e TaskSpawner,
    workspace: Option<&'e Workspace>,
    recorded: &'e Recorded<'e>,
    source: Source<'e>,
}

impl<'e> Evidence<'e, '_> {
    /// What Kelos put behind `<spawner>-` when it named the Task; nothing if a template made the name.
    fn name_suffix(&self) -> Option<&'e str> {
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
fn derive(evidence: &Evidence<'_, '_>, known: &mut VariableSet<'_>) {
    own(evidence, known);
    if evidence.task.is_manual() {
        manual::derive(evidence, known);
    } else {
        match evidence.source {
            Source::GithubIssues(source) => github_issues::derive(source, evidence, known),
            Source::GithubPullRequests(source) => {
                github_pull_requests::derive(source, evidence, known);
            }
            Source::Jira(source) => jira::derive(source, evidence, known),
            Source::Cron(source) => cron::derive(source, evidence, known),
            Source::GithubWebhook(source) => github_webhook::derive(source, evidence, known),
            Source::LinearWebhook(source) => linear_webhook::derive(source, evidence, known),
            Source::GenericWebhook(source) => generic_webhook::derive(source, known),
            Source::Slack => slack::derive(known),
            Source::Unknown => github::unknown(evidence, known),
            Source::Several => github::recorded_repository(evidence, known),
        }
    }
}

/// Adds what follows from what was read back out of rendered fields, and what holds where none tells it.
fn derive_more(evidence: &Evidence<'_, '_>, known: &mut VariableSet<'_>) {
    if evidence.task.is_manual() {
        return;
    }
    match evidence.source {
        Source::GithubIssues(source) => github_issues::derive_more(source, evidence, known),
        Source::GithubPullRequests(source) => {
            github_pull_requests::derive_more(source, evidence, known);
        }
        Source::Jira(source) => jira::derive_more(source, known),
        Source::Cron(_) => cron::derive_more(known),
        Source::GithubWebhook(source) => github_webhook::derive_more(source, evidence, known),
        Source::GenericWebhook(source) => generic_webhook::derive_more(source, known),
        Source::LinearWebhook(_) | Source::Slack | Source::Unknown | Source::Several => {}
    }
}

/// Whether `.Labels` of this Task is a text in Kelos, whatever it says: the source has labels, and nobody
/// gives others by hand.
pub(super) fn has_labels_as_text(task: &Task<'_>, spawner: &TaskSpawner) -> bool {
    let table = Table::of_task(spawner.spec.when.source(), task.is_manual());
    table.find("Labels").is_some()
}

/// The number of the issue or pull request whose page `.URL` is, if Kelos itself has recorded it.
fn page_number(evidence: &Evidence<'_, '_>) -> Option<i64> {
    evidence.recorded.number().filter(|_| is_about_an_issue(evidence))
}

/// Whether `.ID` and `.URL` are those of the issue or pull request that Kelos has recorded the number of.
fn is_about_an_issue(evidence: &Evidence<'_, '_>) -> bool {
    match evidence.source {
        Source::GithubIssues(_) | Source::GithubPullRequests(_) => true,
        Source::GithubWebhook(source) => github_webhook::is_about_an_issue(source, evidence),
        // Only these two record a number.
        Source::Several => {
            let webhook = evidence.spawner.spec.when.github_webhook.as_ref();
            webhook.is_none_or(|source| github_webhook::is_about_an_issue(source, evidence))
        }
        Source::Jira(_)
        | Source::Cron(_)
        | Source::LinearWebhook(_)
        | Source::GenericWebhook(_)
        | Source::Slack
        | Source::Unknown => false,
    }
}

/// What Kelos itself has written on the Task.
fn own(evidence: &Evidence<'_, '_>, known: &mut VariableSet<'_>) {
    // Of a source that came later nobody knows what its templates print.
    let is_known = evidence.source != Source::Unknown;
    let exact = if is_known { Letters::Exact } else { Letters::Alike };
    if let Some(number) = evidence.recorded.number() {
        known.put(Origin::Task, exact, "Number", |_| Ok(Value::Int(number)));
        // Of other events the identifier is another one: of a check run its own.
        if is_about_an_issue(evidence) {
            known.put(Origin::Task, exact, "ID", |_| {
                Ok(Value::from(itoa::Buffer::new().format(number)))
            });
        }
    }
    for (name, variable) in
        [("owner", "RepositoryOwner"), ("repo", "RepositoryName"), ("sha", "HeadSHA")]
    {
        if let Some(value) = evidence.recorded.own(name) {
            put_text(Origin::Task, exact, variable, value, known);
        }
    }
}

/// Sets a variable to a text that may hold a URL; it is as exact as `letters` if that is left as it is.
fn put_text(
    origin: Origin,
    letters: Letters,
    name: &str,
    value: &str,
    known: &mut VariableSet<'_>,
) {
    let Ok(clean) = text(value, known.meter) else { return };
    let letters = if letters == Letters::Exact { Letters::of(value, &clean) } else { letters };
    known.put(origin, letters, name, |_| Ok(clean));
}

/// Without a template of the team's, the prompt is the title: since v0.26, which is also when owner
/// references came; in runs by hand always. It is what Kelos printed, unless a credential is taken out.
fn title_of_an_empty_prompt(evidence: &Evidence<'_, '_>, known: &mut VariableSet<'_>) {
    let is_title = evidence.task.has_controller() || evidence.task.is_manual();
    if evidence.task.shape().has_own_prompt()
        && known.wants("Title")
        && known.get("Title").is_none()
        && is_title
        && evidence.spawner.spec.task_template.prompt_template.is_empty()
        && evidence.source != Source::Unknown
        && let Some(spec) = evidence.task.spec()
        && inference::pay_for_a_prompt(spec, known.meter).is_ok()
        && let Some(prompt) = spec.prompt()
        && !(evidence.task.is_manual() && inference::may_be_no_text(&prompt))
    {
        put_text(Origin::Derived, Letters::Exact, "Title", &prompt, known);
    }
}

/// Constants of a source.
fn constants(names: &[&str], known: &mut VariableSet<'_>) {
    for name in names {
        known.derive(Letters::Exact, name, "");
    }
}
