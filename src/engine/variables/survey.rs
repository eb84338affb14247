//! All that is known of a Task, and why the rest is not: for people who write templates.

use std::collections::BTreeSet;
use std::fmt;

use super::{Facts, GROUPS, Inference, NotRead, Origin, Variables, View};
use crate::engine::kelos::{Source, Task};
use crate::engine::render::Uses;
use crate::engine::render::value::{Text, Value};
use crate::engine::rules::{Infer, Policy, Rules};

/// What is known of a Task.
pub struct Survey(pub Vec<Surveyed>);

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Surveyed {
    /// Its name.
    pub name: Text,
    /// Its value and who says so, or why it is missing.
    pub known: Result<(Value, Origin), Missing>,
}

/// Why a variable is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The source has no such variable.
    NotOfSource(&'static str),
    /// Nothing tells it.
    Untold {
        /// Whether rendered fields were looked at.
        is_inferred: bool,
    },
    /// It stands in a rendered field and can't be read there.
    NotRead(NotRead),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::NotOfSource(source) => write!(f, "{source} has no such variable"),
            Missing::Untold { is_inferred: false } => {
                f.write_str("nothing on the Task tells it, and `infer` is off")
            }
            Missing::Untold { is_inferred: true } => f.write_str(
                "nothing on the Task tells it, and no rendered field prints it by itself",
            ),
            Missing::NotRead(NotRead::NotUnique(rendered)) => {
                write!(f, "what {rendered} gave can be read in more than one way")
            }
            Missing::NotRead(NotRead::NoRendering(rendered)) => {
                write!(f, "what the Task has is not what {rendered} gives; was it changed?")
            }
            Missing::NotRead(NotRead::TooCostly(rendered)) => {
                write!(f, "what {rendered} gave is too long to be read back")
            }
            Missing::NotRead(NotRead::Disagree(one, other)) => {
                write!(f, "{one} and {other} do not agree")
            }
        }
    }
}

/// The variables of what Kelos polls.
const POLLED: &[&str] = &[
    "ID",
    "Number",
    "Title",
    "Body",
    "URL",
    "Labels",
    "Comments",
    "Kind",
    "Branch",
    "ReviewState",
    "ReviewComments",
    "Time",
    "Schedule",
];
/// Those that Kelos does not have there, and that follow all the same.
const REPOSITORY: &[&str] = &["Repository", "RepositoryOwner", "RepositoryName"];
const GITHUB_WEBHOOK: &[&str] = &[
    "ID",
    "Number",
    "Title",
    "Body",
    "URL",
    "Kind",
    "Branch",
    "Event",
    "Action",
    "Sender",
    "Ref",
    "Repository",
    "RepositoryOwner",
    "RepositoryName",
    "CommentBody",
    "CommentURL",
    "HeadSHA",
    "Tag",
    "RefType",
];
const LINEAR_WEBHOOK: &[&str] =
    &["ID", "Title", "Kind", "Labels", "Type", "Action", "State", "IssueID"];
const GENERIC_WEBHOOK: &[&str] = &["ID", "Title", "Body", "URL", "Kind"];
const SLACK: &[&str] = &["ID", "Title", "Body", "URL", "Kind"];
const MANUAL: &[&str] = &["ID", "Title", "Kind", "TriggerType", "TriggerTime"];
const MANUAL_CRON: &[&str] = &["Time", "Schedule"];

/// The name of a source in `when`, and its variables.
fn of_source(source: Source<'_>, is_manual: bool) -> (&'static str, Vec<&'static str>) {
    let (name, lists): (_, &[&[&str]]) = match source {
        Source::Cron(_) if is_manual => ("a manual run", &[MANUAL, MANUAL_CRON]),
        _ if is_manual => ("a manual run", &[MANUAL]),
        Source::GithubIssues(_) => ("githubIssues", &[POLLED, REPOSITORY]),
        Source::GithubPullRequests(_) => {
            ("githubPullRequests", &[POLLED, REPOSITORY, &["HeadSHA"]])
        }
        Source::Jira(_) => ("jira", &[POLLED]),
        Source::Cron(_) => ("cron", &[POLLED]),
        Source::GithubWebhook(_) => ("githubWebhook", &[GITHUB_WEBHOOK]),
        Source::LinearWebhook(_) => ("linearWebhook", &[LINEAR_WEBHOOK]),
        Source::GenericWebhook => ("webhook", &[GENERIC_WEBHOOK]),
        Source::Slack => ("slack", &[SLACK]),
        Source::Unknown | Source::Several => ("this source", &[]),
    };
    (name, lists.concat())
}

/// Looks at all variables of a Task: those of its source and those that its templates use. What is
/// in a group, such as `.Task`, is shown only if a template uses the group.
pub fn survey(task: &Task<'_>, rules: &Rules, facts: &Facts<'_>, policy: &Policy) -> Survey {
    let uses = Uses { all: true, ..Uses::default() };
    let infer = rules.infer;
    let inference = match infer {
        Infer::On => Inference::compile(&rules.spawner, &policy.protection, &uses),
        Infer::Off => Inference::default(),
    };
    let view = View { task, rules, facts, uses: &uses, inference: &inference };
    let Variables { mut root, origins, not_read } = view.variables();
    let (source, of_source) = of_source(rules.spawner.spec.when.source(), task.is_manual());
    let is_shown = |name: &str| !GROUPS.contains(&name) || rules.uses.names.contains(name);
    let mut names: BTreeSet<Text> = of_source.iter().map(|name| Text::from(*name)).collect();
    names.extend(root.keys().filter(|name| &***name != "Source").cloned());
    names.extend(rules.uses.names.iter().cloned());
    let why = |name: &Text| {
        let read = not_read.iter().find(|(missing, _)| missing == name);
        match read {
            Some((_, not_read)) => Missing::NotRead(not_read.clone()),
            None if of_source.contains(&&**name) || of_source.is_empty() => {
                Missing::Untold { is_inferred: infer == Infer::On }
            }
            None => Missing::NotOfSource(source),
        }
    };
    let surveyed = names.into_iter().filter(|name| is_shown(name)).map(|name| {
        let origin = origins.iter().find(|(known, _)| *known == name);
        let known = root.remove(&name).zip(origin.map(|(_, origin)| origin.clone()));
        Surveyed { known: known.ok_or_else(|| why(&name)), name }
    });
    Survey(surveyed.collect())
}
