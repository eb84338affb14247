//! The sources of Kelos by their names in `spec.when`.

use crate::engine::sources::Table;
use crate::words::words;

words! {
    /// A source, in the order in which those that are polled count.
    pub enum SourceKind {
        /// Issues of GitHub, polled.
        GithubIssues = "githubIssues",
        /// Pull requests of GitHub, polled.
        GithubPullRequests = "githubPullRequests",
        /// Issues of Jira, polled.
        Jira = "jira",
        /// A schedule.
        Cron = "cron",
        /// Events of GitHub.
        GithubWebhook = "githubWebhook",
        /// Events of Linear.
        LinearWebhook = "linearWebhook",
        /// Any webhook.
        GenericWebhook = "webhook",
        /// Messages of Slack.
        Slack = "slack",
    }
}

impl SourceKind {
    /// Whether the spawner polls it; others are served by servers of Kelos.
    pub fn is_polled(self) -> bool {
        matches!(
            self,
            SourceKind::GithubIssues
                | SourceKind::GithubPullRequests
                | SourceKind::Jira
                | SourceKind::Cron
        )
    }

    /// What an item may say beside the variables: it shapes the Task, and templates can't ask for it.
    pub fn facts(self) -> &'static [&'static str] {
        match self {
            SourceKind::GithubPullRequests => &["HeadSHA"],
            // The HeadSHA of an event is one of its variables.
            SourceKind::GithubWebhook | SourceKind::LinearWebhook | SourceKind::GenericWebhook => {
                &["DeliveryID"]
            }
            SourceKind::Slack => &["ChannelID", "UserID", "ThreadTS"],
            SourceKind::GithubIssues | SourceKind::Jira | SourceKind::Cron => &[],
        }
    }

    /// The names that templates can ask for; of `webhook` those of its `fieldMapping` come to them.
    pub fn variables(self) -> impl Iterator<Item = &'static str> {
        self.table().printed()
    }

    /// What is known of the source.
    pub(super) fn table(self) -> &'static Table {
        Table::named(self.as_str())
    }
}
