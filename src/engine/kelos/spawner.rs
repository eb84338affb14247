//! A TaskSpawner, as far as its Tasks' metadata depends on it; and a SessionSpawner likewise.

use serde::Deserialize;

use super::entries::FieldMap;
use super::source::Source;
use super::{
    Bounded, GenericWebhook, KeyList, List, MAP_BYTES, NAME_TEMPLATE_ANNOTATION,
    NAME_TEMPLATE_BYTES, ObjectMeta, POD_LABELS_FROM_TASK_SETTING, SessionSpawner, Shape,
    StringMap, TooLong, URL_BYTES, null_as_default, rules_annotation,
};
use crate::apimachinery::Kind;

/// The longest text in `spec.when` that something is derived from, a URL left out: an event, an action,
/// a schedule. The longest names of events have 40 bytes.
const WORD_BYTES: usize = 256;

/// The longest prompt template that is read back, in bytes; a Task's prompt may have more.
pub(super) const PROMPT_BYTES: usize = MAP_BYTES;

/// The longest branch template; branches have 250 bytes at most.
pub(super) const BRANCH_BYTES: usize = 4 << 10;

/// A TaskSpawner, v1alpha1 or v1alpha2; or a [`SessionSpawner`](super::SessionSpawner), of which the same is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct TaskSpawner {
    /// What it makes.
    #[serde(skip)]
    pub makes: Shape,
    /// Name, namespace, uid, labels and annotations.
    pub metadata: ObjectMeta,
    /// Where its Tasks come from and what they look like.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: TaskSpawnerSpec,
}

/// The part of a TaskSpawner's spec that templates depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskSpawnerSpec {
    /// The source.
    #[serde(deserialize_with = "null_as_default")]
    pub when: When,
    /// The shape of the Tasks.
    #[serde(deserialize_with = "null_as_default")]
    pub task_template: TaskTemplate,
}

/// `spec.when`: one source, as a rule. Of those that are polled the first counts, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct When {
    /// Polls a repository's issues.
    pub github_issues: Option<Box<GithubIssues>>,
    /// Polls a repository's pull requests.
    pub github_pull_requests: Option<Box<GithubPullRequests>>,
    /// Polls a Jira project.
    pub jira: Option<Box<Jira>>,
    /// Runs on a schedule.
    pub cron: Option<Box<Cron>>,
    /// Answers GitHub's webhooks.
    pub github_webhook: Option<Box<GithubWebhook>>,
    /// Answers Linear's webhooks.
    pub linear_webhook: Option<Box<LinearWebhook>>,
    /// Answers any webhook.
    pub webhook: Option<Box<GenericWebhook>>,
    /// Answers chat messages.
    pub slack: Option<Unread>,
}

/// `githubIssues`
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct GithubIssues {
    /// `owner/repo` or a URL, if it is not the Workspace's.
    pub repo: Option<Bounded<URL_BYTES>>,
    /// The labels that all of them have.
    #[serde(deserialize_with = "null_as_default")]
    pub labels: List<Bounded<WORD_BYTES>>,
}

/// `githubPullRequests`
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GithubPullRequests {
    /// `owner/repo` or a URL, if it is not the Workspace's.
    pub repo: Option<Bounded<URL_BYTES>>,
    /// The labels that all of them have.
    #[serde(deserialize_with = "null_as_default")]
    pub labels: List<Bounded<WORD_BYTES>>,
    /// The only review state that it takes; `any` or nothing for all.
    pub review_state: Option<Bounded<WORD_BYTES>>,
}

/// `jira`
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Jira {
    /// Where its pages are.
    pub base_url: Bounded<URL_BYTES>,
}

/// `cron`
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Cron {
    /// The cron expression.
    pub schedule: Bounded<WORD_BYTES>,
}

/// `githubWebhook`
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct GithubWebhook {
    /// What is made of its events.
    #[serde(skip)]
    pub makes: Shape,
    /// `owner/repo`, if it is bound to one.
    pub repository: Option<Bounded<URL_BYTES>>,
    /// The events that it takes.
    #[serde(deserialize_with = "null_as_default")]
    pub events: List<Bounded<WORD_BYTES>>,
    /// If there are any, an event has to match one of them.
    #[serde(deserialize_with = "null_as_default")]
    pub filters: List<GithubFilter>,
}

/// A filter of [`GithubWebhook`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GithubFilter {
    /// The event that it is for.
    pub event: Bounded<WORD_BYTES>,
    /// The only action that it takes; empty for all.
    pub action: Bounded<WORD_BYTES>,
    /// The only conclusion of a check run that it takes; empty for all.
    #[serde(deserialize_with = "null_as_default")]
    pub conclusion: Bounded<WORD_BYTES>,
    /// The name of the check run that it takes, or a pattern of it; empty for all.
    #[serde(deserialize_with = "null_as_default")]
    pub check_name: Bounded<WORD_BYTES>,
}

/// `linearWebhook`
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct LinearWebhook {
    /// The types of things that it takes.
    #[serde(deserialize_with = "null_as_default")]
    pub types: List<Bounded<WORD_BYTES>>,
    /// If there are any, what happens has to match one of them.
    #[serde(deserialize_with = "null_as_default")]
    pub filters: List<LinearFilter>,
}

/// A filter of [`LinearWebhook`]. Kelos compares all of it without regard to letter case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct LinearFilter {
    /// The type of things that it is for; empty for all.
    #[serde(rename = "type", deserialize_with = "null_as_default")]
    pub of: Bounded<WORD_BYTES>,
    /// The only action that it takes; empty for all.
    #[serde(deserialize_with = "null_as_default")]
    pub action: Bounded<WORD_BYTES>,
}

/// A source of which only the kind matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub struct Unread {}

impl TaskSpawner {
    /// Reads a spawner of what has this shape.
    ///
    /// # Errors
    ///
    /// JSON that is no such object.
    pub fn parse_as(makes: Shape, json: &str) -> Result<TaskSpawner, serde_json::Error> {
        match makes {
            Shape::Task => serde_json::from_str(json),
            Shape::Session => serde_json::from_str::<SessionSpawner>(json).map(TaskSpawner::from),
        }
    }

    /// The templates that are too long to be read back: the field or annotation, what is known of it, and
    /// the most bytes that it may have.
    pub fn templates_too_long(&self) -> impl Iterator<Item = (&'static str, TooLong, usize)> {
        fn of<const MOST: usize>(text: &Bounded<MOST>) -> Option<(TooLong, usize)> {
            text.too_long().map(|too_long| (too_long, MOST))
        }
        let template = &self.spec.task_template;
        let kept = self.metadata.too_long(NAME_TEMPLATE_ANNOTATION);
        let all = [
            (self.makes.prompt_field(), of(&template.prompt_template)),
            (self.makes.branch_field(), of(&template.branch)),
            ("spec.taskTemplate.nameTemplate", of(&template.name_template)),
            (NAME_TEMPLATE_ANNOTATION, kept.map(|too_long| (too_long, NAME_TEMPLATE_BYTES))),
        ];
        all.into_iter().filter_map(|(name, it)| it.map(|(too_long, most)| (name, too_long, most)))
    }

    /// Whether it has anything that rules are made of.
    pub fn asks_for_something(&self) -> bool {
        let has = |name| {
            self.metadata.annotations.contains_key(name) || self.metadata.too_long(name).is_some()
        };
        Kind::ALL.into_iter().any(|kind| has(rules_annotation(kind)))
            || has(POD_LABELS_FROM_TASK_SETTING)
            || self.spec.task_template.metadata.as_ref().is_some_and(|field| {
                !field.labels.is_empty()
                    || !field.annotations.is_empty()
                    || !field.beyond.labels.is_empty()
                    || !field.beyond.annotations.is_empty()
            })
    }
}

impl When {
    /// Whether issues or pull requests of GitHub are what is polled.
    pub fn polls_github(&self) -> bool {
        self.github_issues.is_some() || self.github_pull_requests.is_some()
    }

    /// Whether a text or a list of the source that counts is longer than is read.
    pub fn is_cut(&self) -> bool {
        self.counting().is_some_and(|source| !source.is_whole())
    }

    /// The source of the Tasks.
    pub fn source(&self) -> Source<'_> {
        match self.counting() {
            // Of one that is not known to its end nothing can be told.
            Some(source) if source.is_whole() => source,
            _ => Source::Unknown,
        }
    }

    fn counting(&self) -> Option<Source<'_>> {
        // All fields by name: the compiler tells of one that has no place below.
        let When {
            github_issues,
            github_pull_requests,
            jira,
            cron,
            github_webhook,
            linear_webhook,
            webhook,
            slack,
        } = self;
        let polled = (github_issues.as_deref().map(Source::GithubIssues))
            .or_else(|| github_pull_requests.as_deref().map(Source::GithubPullRequests))
            .or_else(|| jira.as_deref().map(Source::Jira))
            .or_else(|| cron.as_deref().map(Source::Cron));
        let mut sources = [
            polled,
            github_webhook.as_deref().map(Source::GithubWebhook),
            linear_webhook.as_deref().map(Source::LinearWebhook),
            webhook.as_deref().map(Source::GenericWebhook),
            slack.as_ref().map(|_| Source::Slack),
        ]
        .into_iter()
        .flatten();
        let first = sources.next();
        if sources.next().is_some() { Some(Source::Several) } else { first }
    }
}

/// `spec.taskTemplate`, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskTemplate {
    /// What the agent is asked to do: a Go template; empty for Kelos's own.
    #[serde(deserialize_with = "null_as_default")]
    pub prompt_template: Bounded<PROMPT_BYTES>,
    /// The branch to work on: a Go template.
    #[serde(deserialize_with = "null_as_default")]
    pub branch: Bounded<BRANCH_BYTES>,
    /// Replaces the names that Kelos gives its Tasks (v0.49 and later): a Go template.
    #[serde(deserialize_with = "null_as_default")]
    pub name_template: Bounded<NAME_TEMPLATE_BYTES>,
    /// The Kelos field: labels and annotations (v0.25 and later).
    pub metadata: Option<Box<TemplateMetadata>>,
}

/// `spec.taskTemplate.metadata`: Go templates by key, as far as the limits of [`MOST_KEYS`] and
/// [`MAP_BYTES`] go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "ReadMetadata")]
pub struct TemplateMetadata {
    /// Label templates.
    pub labels: StringMap,
    /// Annotation templates.
    pub annotations: StringMap,
    /// The keys behind those.
    pub beyond: Beyond,
}

/// The keys of the Kelos field that are behind its limits, in key order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Beyond {
    /// Those of labels.
    pub labels: KeyList,
    /// Those of annotations.
    pub annotations: KeyList,
    /// Whether there are more labels behind those, of which nothing is known.
    pub labels_are_cut: bool,
    /// Whether there are more annotations behind those.
    pub annotations_are_cut: bool,
}

impl Beyond {
    /// The keys of a kind, if the Kelos field has such.
    pub fn of(&self, kind: Kind) -> Option<&KeyList> {
        match kind {
            Kind::Label => Some(&self.labels),
            Kind::Annotation => Some(&self.annotations),
            Kind::PodLabel | Kind::NodeSelector => None,
        }
    }

    /// Whether there are more keys of a kind than are known.
    pub fn is_cut(&self, kind: Kind) -> bool {
        match kind {
            Kind::Label => self.labels_are_cut,
            Kind::Annotation => self.annotations_are_cut,
            Kind::PodLabel | Kind::NodeSelector => false,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReadMetadata {
    #[serde(deserialize_with = "null_as_default")]
    labels: FieldMap,
    #[serde(deserialize_with = "null_as_default")]
    annotations: FieldMap,
}

impl From<ReadMetadata> for TemplateMetadata {
    fn from(read: ReadMetadata) -> TemplateMetadata {
        let ReadMetadata { labels, annotations } = read;
        TemplateMetadata {
            labels: labels.templates,
            annotations: annotations.templates,
            beyond: Beyond {
                labels: labels.beyond,
                annotations: annotations.beyond,
                labels_are_cut: labels.is_cut,
                annotations_are_cut: annotations.is_cut,
            },
        }
    }
}
