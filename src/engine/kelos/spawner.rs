//! A TaskSpawner, as far as its Tasks' metadata depends on it.

use serde::Deserialize;

use super::{ObjectMeta, StringMap, null_as_default};

/// A TaskSpawner, v1alpha1 or v1alpha2.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TaskSpawner {
    /// Name, namespace, uid, labels and annotations.
    pub metadata: ObjectMeta,
    /// Where its Tasks come from and what they look like.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: TaskSpawnerSpec,
}

/// The part of a TaskSpawner's spec that templates depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskSpawnerSpec {
    /// The source.
    #[serde(deserialize_with = "null_as_default")]
    pub when: When,
    /// The shape of the Tasks.
    #[serde(deserialize_with = "null_as_default")]
    pub task_template: TaskTemplate,
}

/// `spec.when`: one source out of several; the first that is set counts, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct When {
    /// Polls a repository's issues.
    pub github_issues: Option<RepositorySource>,
    /// Polls a repository's pull requests.
    pub github_pull_requests: Option<RepositorySource>,
    /// Polls a Jira project.
    pub jira: Option<EmptySource>,
    /// Runs on a schedule.
    pub cron: Option<CronSource>,
    /// Answers GitHub's webhooks.
    pub github_webhook: Option<WebhookSource>,
    /// Answers Linear's webhooks.
    pub linear_webhook: Option<EmptySource>,
    /// Answers any webhook.
    pub webhook: Option<EmptySource>,
    /// Answers chat messages.
    pub slack: Option<EmptySource>,
}

/// A polled source with a repository of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RepositorySource {
    /// `owner/repo` or a URL, if it is not the Workspace's.
    pub repo: Option<String>,
}

/// A cron source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CronSource {
    /// The cron expression.
    pub schedule: String,
}

/// A GitHub webhook source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct WebhookSource {
    /// `owner/repo`, if the source is bound to one.
    pub repository: Option<String>,
}

/// A source of which only the kind matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct EmptySource {}

/// The kind of a TaskSpawner's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// `githubIssues`, with its own repository if it has one.
    GithubIssues(Option<&'a str>),
    /// `githubPullRequests`, with its own repository if it has one.
    GithubPullRequests(Option<&'a str>),
    /// `jira`.
    Jira,
    /// `cron`, with its schedule.
    Cron(&'a str),
    /// `githubWebhook`, with its repository if it is bound to one.
    GithubWebhook(Option<&'a str>),
    /// `linearWebhook`.
    LinearWebhook,
    /// `webhook`.
    GenericWebhook,
    /// `slack`.
    Slack,
    /// None of these: a kind that came after v0.52.
    Unknown,
}

impl When {
    /// The source that counts.
    pub fn source(&self) -> Source<'_> {
        if let Some(source) = &self.github_issues {
            Source::GithubIssues(source.repo.as_deref())
        } else if let Some(source) = &self.github_pull_requests {
            Source::GithubPullRequests(source.repo.as_deref())
        } else if self.jira.is_some() {
            Source::Jira
        } else if let Some(source) = &self.cron {
            Source::Cron(&source.schedule)
        } else if let Some(source) = &self.github_webhook {
            Source::GithubWebhook(source.repository.as_deref())
        } else if self.linear_webhook.is_some() {
            Source::LinearWebhook
        } else if self.webhook.is_some() {
            Source::GenericWebhook
        } else if self.slack.is_some() {
            Source::Slack
        } else {
            Source::Unknown
        }
    }
}

/// `spec.taskTemplate`, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskTemplate {
    /// Replaces the names that Kelos gives its Tasks (v0.49 and later).
    pub name_template: Option<String>,
    /// Kelos's own field for labels and annotations (v0.25 and later).
    pub metadata: Option<TemplateMetadata>,
}

/// `spec.taskTemplate.metadata`: Go templates by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TemplateMetadata {
    /// Label templates.
    #[serde(deserialize_with = "null_as_default")]
    pub labels: StringMap,
    /// Annotation templates.
    #[serde(deserialize_with = "null_as_default")]
    pub annotations: StringMap,
}
