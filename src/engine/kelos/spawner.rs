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

/// `spec.when`: one source, as a rule. Of those that are polled the first counts, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct When {
    /// Polls a repository's issues.
    pub github_issues: Option<GithubIssues>,
    /// Polls a repository's pull requests.
    pub github_pull_requests: Option<GithubPullRequests>,
    /// Polls a Jira project.
    pub jira: Option<Jira>,
    /// Runs on a schedule.
    pub cron: Option<Cron>,
    /// Answers GitHub's webhooks.
    pub github_webhook: Option<GithubWebhook>,
    /// Answers Linear's webhooks.
    pub linear_webhook: Option<LinearWebhook>,
    /// Answers any webhook.
    pub webhook: Option<Unread>,
    /// Answers chat messages.
    pub slack: Option<Unread>,
}

/// `githubIssues`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GithubIssues {
    /// `owner/repo` or a URL, if it is not the Workspace's.
    pub repo: Option<String>,
}

/// `githubPullRequests`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GithubPullRequests {
    /// `owner/repo` or a URL, if it is not the Workspace's.
    pub repo: Option<String>,
    /// The only review state that it takes; `any` or nothing for all.
    pub review_state: Option<String>,
}

/// `jira`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Jira {
    /// Where its pages are.
    pub base_url: String,
}

/// `cron`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Cron {
    /// The cron expression.
    pub schedule: String,
}

/// `githubWebhook`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GithubWebhook {
    /// `owner/repo`, if it is bound to one.
    pub repository: Option<String>,
    /// The events that it takes.
    #[serde(deserialize_with = "null_as_default")]
    pub events: Vec<String>,
    /// If there are any, an event has to match one of them.
    #[serde(deserialize_with = "null_as_default")]
    pub filters: Vec<GithubFilter>,
}

/// A filter of [`GithubWebhook`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GithubFilter {
    /// The event that it is for.
    pub event: String,
    /// The only action that it takes; empty for all.
    pub action: String,
}

/// `linearWebhook`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LinearWebhook {
    /// The types of things that it takes.
    #[serde(deserialize_with = "null_as_default")]
    pub types: Vec<String>,
}

/// A source of which only the kind matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Unread {}

/// The source that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// `githubIssues`
    GithubIssues(&'a GithubIssues),
    /// `githubPullRequests`
    GithubPullRequests(&'a GithubPullRequests),
    /// `jira`
    Jira(&'a Jira),
    /// `cron`
    Cron(&'a Cron),
    /// `githubWebhook`
    GithubWebhook(&'a GithubWebhook),
    /// `linearWebhook`
    LinearWebhook(&'a LinearWebhook),
    /// `webhook`
    GenericWebhook,
    /// `slack`
    Slack,
    /// None of these: a kind that came after v0.52.
    Unknown,
    /// More than one: Kelos serves webhooks beside what it polls, so a Task may come from either.
    Several,
}

impl When {
    /// Whether issues or pull requests of GitHub are what is polled.
    pub fn polls_github(&self) -> bool {
        self.github_issues.is_some() || self.github_pull_requests.is_some()
    }

    /// The source of the Tasks.
    pub fn source(&self) -> Source<'_> {
        let polled = (self.github_issues.as_ref().map(Source::GithubIssues))
            .or_else(|| self.github_pull_requests.as_ref().map(Source::GithubPullRequests))
            .or_else(|| self.jira.as_ref().map(Source::Jira))
            .or_else(|| self.cron.as_ref().map(Source::Cron));
        let mut sources = [
            polled,
            self.github_webhook.as_ref().map(Source::GithubWebhook),
            self.linear_webhook.as_ref().map(Source::LinearWebhook),
            self.webhook.as_ref().map(|_| Source::GenericWebhook),
            self.slack.as_ref().map(|_| Source::Slack),
        ]
        .into_iter()
        .flatten();
        match (sources.next(), sources.next()) {
            (Some(source), None) => source,
            (Some(_), Some(_)) => Source::Several,
            (None, _) => Source::Unknown,
        }
    }
}

/// `spec.taskTemplate`, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskTemplate {
    /// What the agent is asked to do: a Go template; empty for Kelos's own.
    #[serde(deserialize_with = "null_as_default")]
    pub prompt_template: Box<str>,
    /// The branch to work on: a Go template.
    #[serde(deserialize_with = "null_as_default")]
    pub branch: Box<str>,
    /// Replaces the names that Kelos gives its Tasks (v0.49 and later): a Go template.
    #[serde(deserialize_with = "null_as_default")]
    pub name_template: Box<str>,
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
