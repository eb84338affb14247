//! The source of a TaskSpawner.

use super::{
    Bounded, Cron, GenericWebhook, GithubFilter, GithubIssues, GithubPullRequests, GithubWebhook,
    Jira, LinearWebhook,
};

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
    GenericWebhook(&'a GenericWebhook),
    /// `slack`
    Slack,
    /// None of these: a kind that came after v0.52; or one that says more than is read.
    Unknown,
    /// More than one: Kelos serves webhooks beside what it polls, so a Task may come from either.
    Several,
}

impl Source<'_> {
    /// Whether all that it says is known: no text and no list was longer than is read.
    pub fn is_whole(&self) -> bool {
        fn all<const MOST: usize>(texts: &[Bounded<MOST>]) -> bool {
            texts.iter().all(Bounded::is_whole)
        }
        match self {
            Source::GithubIssues(source) => {
                all(source.repo.as_slice()) && source.labels.is_whole() && all(&source.labels)
            }
            Source::GithubPullRequests(source) => {
                all(source.repo.as_slice())
                    && all(source.review_state.as_slice())
                    && source.labels.is_whole()
                    && all(&source.labels)
            }
            Source::Jira(source) => source.base_url.is_whole(),
            Source::Cron(source) => source.schedule.is_whole(),
            Source::GithubWebhook(source) => {
                let is_whole = |it: &GithubFilter| {
                    [&it.event, &it.action, &it.conclusion, &it.check_name]
                        .into_iter()
                        .all(Bounded::is_whole)
                };
                all(source.repository.as_slice())
                    && source.events.is_whole()
                    && all(&source.events)
                    && source.filters.is_whole()
                    && source.filters.iter().all(is_whole)
            }
            Source::LinearWebhook(source) => {
                source.types.is_whole()
                    && all(&source.types)
                    && source.filters.is_whole()
                    && source.filters.iter().all(|it| it.of.is_whole() && it.action.is_whole())
            }
            Source::GenericWebhook(_) | Source::Slack | Source::Unknown | Source::Several => true,
        }
    }
}
