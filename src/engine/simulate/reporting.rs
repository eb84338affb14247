//! The annotations that tell Kelos where to report.

use std::collections::BTreeMap;

use serde_json::Value;

use super::spawner::Spawner;
use super::{KelosVersion, SourceKind};

/// What Kelos reports on.
pub(super) struct Reported<'r> {
    /// `issue` or `pull-request`.
    pub(super) kind: &'static str,
    pub(super) number: i64,
    /// Owner and name of the repository, of an event of GitHub.
    pub(super) repository: Option<(&'r str, &'r str)>,
    /// The commit; empty if it is not known.
    pub(super) commit: &'r str,
}

impl Spawner {
    /// The annotations of a Task whose source is GitHub.
    pub(super) fn reporting(
        &self,
        source: SourceKind,
        reported: &Reported<'_>,
        version: KelosVersion,
    ) -> BTreeMap<String, String> {
        let reporting = self.of_source(source, "reporting").filter(|it| it.is_object());
        let said = |field: &str| reporting.and_then(|it| it.get(field)).filter(|it| !it.is_null());
        let is_newest = version != KelosVersion::V0_24;
        let comments = said("comments").filter(|_| is_newest);
        let reports = said("enabled").and_then(Value::as_bool) == Some(true) || comments.is_some();
        let has_checks =
            matches!(source, SourceKind::GithubPullRequests | SourceKind::GithubWebhook);
        let checks = said("checks").filter(|_| is_newest && has_checks);
        let mut all = BTreeMap::new();
        let mut put = |key: &str, value: &str| {
            all.insert(format!("kelos.dev/{key}"), value.to_owned());
        };
        if source.is_polled() || reports || checks.is_some() {
            put("source-kind", reported.kind);
            put("source-number", &reported.number.to_string());
            if let Some((owner, name)) = reported.repository {
                put("source-owner", owner);
                put("source-repo", name);
            }
        }
        if reports {
            put("github-reporting", "enabled");
            if is_newest {
                let mode = comments.and_then(|it| it.get("mode")?.as_str());
                put("github-comment-mode", mode.filter(|it| !it.is_empty()).unwrap_or("PerTask"));
            }
        }
        // A poller asks for checks even where it knows no commit, the webhook server does not.
        if let Some(checks) = checks.filter(|_| source.is_polled() || !reported.commit.is_empty()) {
            put("github-checks", "enabled");
            if !reported.commit.is_empty() {
                put("source-sha", reported.commit);
            }
            if let Some(name) =
                checks.get("name").and_then(Value::as_str).filter(|it| !it.is_empty())
            {
                put("github-check-name", name);
            }
        }
        all
    }

    /// `spec.upstreamRepo` of a Task, where the template does not say it: the repository that the source names.
    pub(super) fn upstream_repository(&self, version: KelosVersion) -> String {
        let sources = [SourceKind::GithubIssues, SourceKind::GithubPullRequests];
        let named = sources.map(|source| self.text_of_source(source, "repo"));
        let Some(named) = named.into_iter().find(|it| !it.is_empty()) else { return String::new() };
        if version == KelosVersion::V0_24 && is_short(named) {
            named.to_owned()
        } else {
            repository_name(named)
        }
    }
}

/// Whether a repository is written as `owner/name`.
fn is_short(repository: &str) -> bool {
    repository.split_once('/').is_some_and(|(owner, _)| !owner.contains([':', '.']))
}

/// `owner/name` of a repository, however it is written; empty if that can't be told.
pub(super) fn repository_name(repository: &str) -> String {
    let whole = repository.trim_end_matches('\n');
    let whole = whole.strip_suffix('/').unwrap_or(whole);
    let whole = whole.strip_suffix(".git").unwrap_or(whole);
    if is_short(whole) {
        return whole.to_owned();
    }
    // `git@host:owner/name`
    let path = match whole.split_once(':') {
        Some((host, path)) if !host.is_empty() && !whole.starts_with("http") => path,
        _ => whole,
    };
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [.., owner, name] => format!("{owner}/{name}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_a_name_however_it_is_written() {
        for (written, name) in [
            ("acme/widgets", "acme/widgets"),
            ("acme/widgets.git/", "acme/widgets"),
            ("https://github.com/acme/widgets.git", "acme/widgets"),
            ("git@github.com:acme/widgets.git", "acme/widgets"),
            ("https://ghe.example.com/acme/widgets/", "acme/widgets"),
            ("widgets", ""),
            ("", ""),
        ] {
            assert_eq!(repository_name(written), name, "{written}");
        }
    }
}
