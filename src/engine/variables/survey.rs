//! All that is known of a Task, and why the rest is not: for people who write templates.

use std::collections::BTreeSet;
use std::fmt;

use super::{Facts, GROUPS, Inference, NotRead, Origin, Variables, View};
use crate::engine::kelos::{Source, Task, TooLong};
use crate::engine::meter::Meter;
use crate::engine::render::Uses;
use crate::engine::render::budget::Budget;
use crate::engine::render::purse::Purse;
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
    /// Nothing tells it, and a template that may print it is too long to be read back.
    TemplateTooLong {
        /// The field or annotation.
        name: &'static str,
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
    /// Nothing tells it, and reading back takes more to be compiled than a TaskSpawner may cost.
    TooCostlyToRead,
    /// It stands in a rendered field and can't be read there.
    NotRead(NotRead),
    /// It takes more to build than a Task may cost.
    TooLarge,
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
            Missing::TemplateTooLong { name, bytes, most } => write!(
                f,
                "nothing on the Task tells it, and {name} is too long to be read back: it has {bytes} \
                 bytes, more than {most}"
            ),
            Missing::TooCostlyToRead => f.write_str(
                "nothing on the Task tells it, and the rules of this TaskSpawner cost too much for \
                 anything to be read back: make its templates shorter",
            ),
            Missing::TooLarge => f.write_str("it is too large to be a variable"),
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
/// Those that Kelos has for some events only: shown where a template asks for them, or the prompt tells.
const GITHUB_WEBHOOK_MORE: &[&str] =
    &["CheckName", "CheckApp", "CheckRunURL", "Conclusion", "ChangedFiles", "Payload"];
const LINEAR_WEBHOOK: &[&str] =
    &["ID", "Title", "Kind", "Labels", "Type", "Action", "State", "IssueID"];
const GENERIC_WEBHOOK: &[&str] = &["ID", "Title", "Body", "URL", "Kind"];
const SLACK: &[&str] = &["ID", "Title", "Body", "URL", "Kind"];
const MANUAL: &[&str] = &["ID", "Title", "Kind", "TriggerType", "TriggerTime"];
const MANUAL_CRON: &[&str] = &["Time", "Schedule"];
const PAYLOAD: &[&str] = &["Payload"];

/// The variables of a source.
struct OfSource {
    /// The name of the source in `when`.
    name: &'static str,
    /// Those that are always shown.
    shown: Vec<&'static str>,
    /// Those that it has, too.
    more: &'static [&'static str],
    takes: Takes,
}

/// Which other names a source can have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// None but what its `contextSources` are called.
    Context,
    /// None.
    Nothing,
    /// Those that no source of Kelos has: the keys of a `fieldMapping`.
    NewNames,
    /// Any: what a person gives by hand, or too little is known of the source.
    Anything,
}

impl OfSource {
    fn new(source: Source<'_>, is_manual: bool) -> OfSource {
        use Takes::{Anything, Context, NewNames, Nothing};
        type Names = &'static [&'static str];
        let (name, shown, more, takes): (_, &[Names], Names, _) = match source {
            Source::Cron(_) if is_manual => ("a manual run", &[MANUAL, MANUAL_CRON], &[], Anything),
            _ if is_manual => ("a manual run", &[MANUAL], &[], Anything),
            Source::GithubIssues(_) => ("githubIssues", &[POLLED, REPOSITORY], &[], Context),
            Source::GithubPullRequests(_) => {
                ("githubPullRequests", &[POLLED, REPOSITORY, &["HeadSHA"]], &[], Context)
            }
            Source::Jira(_) => ("jira", &[POLLED], &[], Context),
            Source::Cron(_) => ("cron", &[POLLED], &[], Context),
            Source::GithubWebhook(_) => {
                ("githubWebhook", &[GITHUB_WEBHOOK], GITHUB_WEBHOOK_MORE, Context)
            }
            Source::LinearWebhook(_) => ("linearWebhook", &[LINEAR_WEBHOOK], PAYLOAD, Context),
            Source::GenericWebhook(_) => ("webhook", &[GENERIC_WEBHOOK], PAYLOAD, NewNames),
            Source::Slack => ("slack", &[SLACK], &[], Nothing),
            Source::Unknown | Source::Several => ("this source", &[], &[], Anything),
        };
        OfSource { name, shown: shown.concat(), more, takes }
    }

    /// Whether Tasks of the source can have a variable of this name.
    fn has(&self, name: &str) -> bool {
        let every = [POLLED, GITHUB_WEBHOOK, GITHUB_WEBHOOK_MORE, LINEAR_WEBHOOK, MANUAL];
        self.shown.contains(&name)
            || self.more.contains(&name)
            || match self.takes {
                Takes::Context => name == "Context",
                Takes::Nothing => false,
                Takes::NewNames => !every.concat().contains(&name),
                Takes::Anything => true,
            }
    }
}

/// Why nothing tells a variable that the source has.
fn untold(rules: &Rules) -> Missing {
    if rules.infer == Infer::Off {
        return Missing::Untold { is_inferred: false };
    }
    match rules.spawner.templates_too_long().next() {
        _ if rules.is_too_costly_to_read() => Missing::TooCostlyToRead,
        Some((name, TooLong { bytes, .. }, most)) => Missing::TemplateTooLong { name, bytes, most },
        None => Missing::Untold { is_inferred: true },
    }
}

/// Looks at all variables of a Task: those of its source and those that its templates use. What is
/// in a group, such as `.Task`, is shown only if a template uses the group.
pub fn survey(task: &Task<'_>, rules: &Rules, facts: &Facts<'_>, policy: &Policy) -> Survey {
    let uses = Uses { all: true, ..Uses::default() };
    let infer = rules.infer;
    let is_too_costly = rules.is_too_costly_to_read();
    let inference = match infer {
        Infer::On if is_too_costly => Inference::default(),
        Infer::On => {
            Inference::compile(&rules.spawner, &policy.protection, &uses, &mut Purse::default())
        }
        Infer::Off => Inference::default(),
    };
    let view = View { task, rules, facts, uses: &uses, inference: &inference };
    let meter = Meter::new(Budget::variables());
    let Variables { mut root, origins, not_read, too_large } = view.variables(&meter);
    let of_source = OfSource::new(rules.spawner.spec.when.source(), task.is_manual());
    let is_shown = |name: &str| !GROUPS.contains(&name) || rules.uses.names.contains(name);
    let mut names: BTreeSet<Text> = of_source.shown.iter().map(|name| Text::from(*name)).collect();
    names.extend(root.keys().filter(|name| &***name != "Source").cloned());
    names.extend(rules.uses.names.iter().cloned());
    let why = |name: &Text| {
        let read = not_read.iter().find(|(missing, _)| missing == name);
        match read {
            _ if too_large.contains(name) => Missing::TooLarge,
            Some((_, not_read)) => Missing::NotRead(not_read.clone()),
            None if of_source.has(name) => untold(rules),
            None => Missing::NotOfSource(of_source.name),
        }
    };
    let surveyed = names.into_iter().filter(|name| is_shown(name)).map(|name| {
        let origin = origins.iter().find(|(known, _)| *known == name);
        let known = root.remove(&name).zip(origin.map(|(_, origin)| origin.clone()));
        Surveyed { known: known.ok_or_else(|| why(&name)), name }
    });
    Survey(surveyed.collect())
}
