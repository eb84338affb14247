//! What is known about the source of a Task: an issue, a pull request, a schedule, a chat message.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{GROUPS, camel_case, text};
use crate::engine::kelos::{
    CREATED_FROM_ANNOTATION, Kind, SOURCE_PREFIX, Source, Task, TaskSpawner, Workspace,
};
use crate::engine::render::Uses;
use crate::engine::render::value::{Map, Value};
use crate::engine::repository::{Repository, without_secrets};

/// In Kelos's own annotations, where a name is not the variable's name in kebab case.
const RENAMED: [(&str, &str); 8] = [
    ("comment-url", "CommentURL"),
    ("check-run-url", "CheckRunURL"),
    ("id", "ID"),
    ("url", "URL"),
    ("issue-id", "IssueID"),
    ("owner", "RepositoryOwner"),
    ("repo", "RepositoryName"),
    ("sha", "HeadSHA"),
];

/// The variables that follow from the repository.
pub(super) const FROM_REPOSITORY: [&str; 4] =
    ["URL", "Repository", "RepositoryOwner", "RepositoryName"];

/// The variables of a cron Task that Kelos leaves empty.
const EMPTY_FOR_CRON: [&str; 6] =
    ["Body", "URL", "Comments", "Branch", "ReviewState", "ReviewComments"];

/// Variables by name, with `.Source` apart; only those that templates use.
pub(super) struct SourceFacts<'t, 'u> {
    uses: &'u Uses,
    /// The `kelos.dev/source-*` annotations by the rest of their name.
    raw: BTreeMap<&'t str, &'t str>,
    known: Map,
}

impl<'t, 'u> SourceFacts<'t, 'u> {
    /// Reads what the annotations say by themselves, as far as templates use it.
    pub(super) fn read(
        annotations: impl Iterator<Item = (&'t str, &'t str)>,
        uses: &'u Uses,
    ) -> SourceFacts<'t, 'u> {
        let mut facts = SourceFacts { uses, raw: BTreeMap::new(), known: Map::new() };
        for (key, value) in annotations {
            if let Some(name) = key.strip_prefix(SOURCE_PREFIX).filter(|name| !name.is_empty()) {
                facts.raw.insert(name, value);
                facts.read_one(name, value);
            }
        }
        facts
    }

    fn read_one(&mut self, name: &str, value: &str) {
        let variable = match name {
            "kind" => return,
            "number" => {
                self.put("ID", || Value::from(value));
                if let Ok(number) = value.parse() {
                    self.put("Number", || Value::Int(number));
                }
                return;
            }
            _ => RENAMED
                .iter()
                .find(|(kebab, _)| *kebab == name)
                .map_or_else(|| camel_case(name, true), |(_, name)| (*name).into()),
        };
        if variable == "Source" || GROUPS.contains(&&*variable) {
            return;
        }
        match &*variable {
            "Labels" => self.put("Labels", || Value::labels(&label_list(value))),
            "URL" => {
                if let Some(url) = without_secrets(value) {
                    self.put("URL", || Value::from(url));
                }
            }
            name => self.put(name, || text(value)),
        }
    }

    /// Adds what follows from the TaskSpawner, the Workspace and the name of the Task.
    pub(super) fn derive(
        &mut self,
        task: &Task<'_>,
        spawner: &TaskSpawner,
        workspace: Option<&Workspace>,
    ) {
        let source = spawner.spec.when.source();
        let is_manual = task.get(Kind::Annotation, CREATED_FROM_ANNOTATION).is_some();
        if let Some(kind) = self.kind(source, is_manual) {
            self.put("Kind", || Value::from(kind));
        }
        if let Source::Cron(schedule) = source {
            if is_manual {
                self.put("Schedule", || Value::from(schedule));
            } else if !self.raw.contains_key("number") {
                // What a schedule makes has no number: another source may stand beside it.
                self.cron(task.name(), spawner, schedule);
                return;
            }
        }
        if FROM_REPOSITORY.iter().any(|name| self.uses.has(name)) {
            self.repository(source, workspace);
        }
    }

    /// What was found, by the names of the variables.
    pub(super) fn into_variables(mut self) -> Map {
        if let Some(key) = self.uses.key("Source") {
            let raw = self.raw.iter();
            let source = raw.map(|(name, value)| (camel_case(name, false).into(), text(value)));
            self.known.insert(key, Value::from(source.collect::<Map>()));
        }
        self.known
    }

    /// Sets a variable that is used and that nothing better has set.
    fn put(&mut self, name: &str, value: impl FnOnce() -> Value) {
        if let Some(key) = self.uses.key(name) {
            self.known.entry(key).or_insert_with(value);
        }
    }

    /// The text of `Kind`, which is not the text of the annotation.
    fn kind(&self, source: Source<'_>, is_manual: bool) -> Option<&'static str> {
        if is_manual {
            return Some("Manual");
        }
        match (source, self.raw.get("kind").copied()) {
            (Source::GithubWebhook(_), _) => Some("webhook"),
            (Source::LinearWebhook, _) => Some("LinearWebhook"),
            (Source::GenericWebhook, _) => Some("GenericWebhook"),
            (Source::Slack, _) => Some("SlackMessage"),
            (Source::GithubPullRequests(_), _)
            | (Source::GithubIssues(_) | Source::Cron(_) | Source::Unknown, Some("pull-request")) => {
                Some("PR")
            }
            (Source::Cron(_), _) | (Source::GithubIssues(_) | Source::Unknown, Some("issue")) => {
                Some("Issue")
            }
            _ => None,
        }
    }

    /// `<spawner>-YYYYMMDD-HHMM`: the name of a cron Task says its time, unless a template made it.
    fn cron(&mut self, name: &str, spawner: &TaskSpawner, schedule: &str) {
        self.put("Schedule", || Value::from(schedule));
        self.put("Number", || Value::Int(0));
        self.put("Labels", || Value::labels::<&str>(&[]));
        for name in EMPTY_FOR_CRON {
            self.put(name, || Value::from(""));
        }
        let is_named_by_template = spawner.spec.task_template.name_template.is_some()
            || spawner.metadata.annotations.contains_key("kelos.dev/v1alpha2-name-template");
        let id = name
            .strip_prefix(spawner.metadata.name.as_str())
            .and_then(|rest| rest.strip_prefix('-'));
        if let (false, Some(id)) = (is_named_by_template, id)
            && let Some(time) = cron_time(id)
        {
            self.put("ID", || Value::from(id));
            self.put("Time", || Value::from(&*time));
            self.put("Title", || Value::from(&*time));
        }
    }

    /// The repository, and the page of the issue or pull request in it.
    fn repository(&mut self, source: Source<'_>, workspace: Option<&Workspace>) -> Option<()> {
        let of_workspace = || workspace.and_then(Workspace::repository);
        let repository = self.find_repository(source, workspace)?;
        let Repository { site, owner, name } = &*repository;
        self.put("RepositoryOwner", || Value::from(&**owner));
        self.put("RepositoryName", || Value::from(&**name));
        self.put("Repository", || Value::from([&**owner, name].join("/")));
        let site = site.as_ref().or_else(|| of_workspace()?.site.as_ref())?;
        let page = match *self.raw.get("kind")? {
            "issue" => "issues",
            "pull-request" => "pull",
            _ => return None,
        };
        let number: u64 = self.raw.get("number")?.parse().ok()?;
        self.put("URL", || Value::from([site, owner, name, page, &number.to_string()].join("/")));
        Some(())
    }

    /// The Task's own repository, else the one its source is bound to, else the Workspace's.
    fn find_repository<'w>(
        &self,
        source: Source<'_>,
        workspace: Option<&'w Workspace>,
    ) -> Option<Cow<'w, Repository>> {
        if let (Some(owner), Some(name)) = (self.raw.get("owner"), self.raw.get("repo")) {
            return Repository::named(None, owner, name).map(Cow::Owned);
        }
        match source {
            Source::GithubIssues(Some(repo))
            | Source::GithubPullRequests(Some(repo))
            | Source::GithubWebhook(Some(repo))
                if !repo.is_empty() =>
            {
                Repository::parse(repo).map(Cow::Owned)
            }
            Source::GithubIssues(_) | Source::GithubPullRequests(_) => {
                workspace.and_then(Workspace::repository).map(Cow::Borrowed)
            }
            // A webhook source without a repository takes the events of many.
            _ => None,
        }
    }
}

/// The names in `source-labels`: a JSON list or a comma list.
fn label_list(text: &str) -> Vec<String> {
    if let Ok(names) = serde_json::from_str::<Vec<String>>(text) {
        return names;
    }
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// `20260207-0900` as RFC 3339 in UTC, if it is a date and a time.
fn cron_time(id: &str) -> Option<String> {
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = id.get(range)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let (year, month, day) = (digits(0..4)?, digits(4..6)?, digits(6..8)?);
    let (hour, minute) = (digits(9..11)?, digits(11..13)?);
    let is_time = id.len() == 13
        && id.as_bytes()[8] == b'-'
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60;
    is_time.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cron_name_says_its_time() {
        assert_eq!(cron_time("20260207-0900").as_deref(), Some("2026-02-07T09:00:00Z"));
        for bad in
            ["", "20260207", "20261307-0900", "20260207-2400", "20260207-09000", "2026+207-0900"]
        {
            assert_eq!(cron_time(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn labels_come_as_a_json_list_or_a_comma_list() {
        assert_eq!(label_list(r#"["a, b", "c"]"#), ["a, b", "c"]);
        assert_eq!(label_list("priority/critical, bug,,"), ["priority/critical", "bug"]);
        assert_eq!(label_list(""), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_annotation_becomes_a_variable() {
        let all = Uses { all: true, ..Uses::default() };
        let facts = SourceFacts::read(
            [
                ("kelos.dev/source-author", "octocat"),
                ("kelos.dev/source-review-state", "approved"),
                ("team", "x"),
            ]
            .into_iter(),
            &all,
        );
        let root = facts.into_variables();
        assert_eq!(root["Author"], Value::from("octocat"));
        assert_eq!(root["ReviewState"], Value::from("approved"));
        assert_eq!(root["Source"].as_map().unwrap()["reviewState"], Value::from("approved"));
        assert_eq!(root.len(), 3);
    }
}
