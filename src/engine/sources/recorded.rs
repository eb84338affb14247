//! What is recorded on the Task about its source: the annotations `kelos.dev/source-*`.
//!
//! Five of them are Kelos's own. They say what Kelos printed, letter by letter, where Kelos has set
//! them, and that depends on the source. What others record comes last.

use std::borrow::Cow;

use super::catalog::is_group;
use super::inference::SEPARATOR;
use super::text::{ENTRY_BYTES, ENTRY_STEPS, clean_labels, text};
use super::variable::Table;
use super::variable_set::{Letters, Origin, VariableSet};
use crate::apimachinery::Kind;
use crate::engine::kelos::{SOURCE_PREFIX, Shape, Source, Task, TaskSpawner, When};
use crate::engine::meter::Meter;
use crate::templates::budget::Exhausted;
use crate::templates::camel_case;
use crate::templates::value::{Map, Value};

/// In these a name is not the variable's name in kebab case.
const RENAMED: [(&str, &str); 3] =
    [("owner", "RepositoryOwner"), ("repo", "RepositoryName"), ("sha", "HeadSHA")];

/// Who says what an annotation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Author {
    /// Kelos itself, about the source.
    Kelos,
    /// The template of the TaskSpawner for a name of Kelos's own, which Kelos may have left there: it says
    /// nothing for certain.
    Template,
    /// The template of the TaskSpawner, for another name: Kelos has rendered it.
    Rendered,
    /// Somebody else.
    Other,
}

/// Whether Kelos itself sets an annotation on Tasks of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sets {
    Always,
    Sometimes,
    Never,
}

impl Sets {
    /// Polled issues and pull requests get kind and number since v0.20, over what the field says; the
    /// commit where checks are reported (v0.32). GitHub's webhooks get all five, where reporting is
    /// configured and the event has a number (v0.32). A source that came later may do as it likes.
    fn of(name: &str, source: Source<'_>, when: &When) -> Sets {
        use Sets::{Always, Never, Sometimes};
        match (source, name) {
            (Source::GithubIssues(_) | Source::GithubPullRequests(_), "kind" | "number") => Always,
            (Source::GithubPullRequests(_), "sha") => Sometimes,
            (
                Source::GithubWebhook(_) | Source::Unknown,
                "kind" | "number" | "owner" | "repo" | "sha",
            ) => Sometimes,
            (Source::Several, _) => match name {
                "kind" | "number" if when.polls_github() => Sometimes,
                "sha" if when.github_pull_requests.is_some() => Sometimes,
                "kind" | "number" | "owner" | "repo" | "sha" if when.github_webhook.is_some() => {
                    Sometimes
                }
                _ => Never,
            },
            (
                Source::GithubIssues(_)
                | Source::GithubPullRequests(_)
                | Source::Jira(_)
                | Source::Cron(_)
                | Source::GithubWebhook(_)
                | Source::LinearWebhook(_)
                | Source::GenericWebhook(_)
                | Source::Slack
                | Source::Unknown,
                _,
            ) => Never,
        }
    }
}

/// The names of Kelos's own.
const OWN: [&str; 5] = ["kind", "number", "owner", "repo", "sha"];

/// Whether Kelos itself may write this annotation.
pub(in crate::engine) fn is_own_record(key: &str) -> bool {
    key.strip_prefix(SOURCE_PREFIX).is_some_and(|name| OWN.contains(&name))
}

/// The `kelos.dev/source-*` annotations, in the order of their names.
pub(super) struct Recorded<'t> {
    shape: Shape,
    annotations: Vec<Annotation<'t>>,
    number: Option<i64>,
}

struct Annotation<'t> {
    /// What stands behind the prefix.
    name: &'t str,
    value: &'t str,
    author: Author,
}

impl<'t> Recorded<'t> {
    /// Reads those that are inputs, and makes them the variable `.Source`.
    pub(super) fn read(
        task: &'t Task<'_>,
        spawner: &TaskSpawner,
        source: Source<'_>,
        is_input: &dyn Fn(&str, &str) -> bool,
        known: &mut VariableSet<'_>,
    ) -> Recorded<'t> {
        let mut recorded = Recorded { shape: task.shape(), annotations: Vec::new(), number: None };
        let annotations = task.entries(Kind::Annotation);
        let of_sources = annotations.into_iter().flat_map(|it| it.beginning_with(SOURCE_PREFIX));
        for (key, value) in of_sources {
            let name = key.strip_prefix(SOURCE_PREFIX).unwrap_or_default();
            if name.is_empty() || !is_input(key, value) {
                continue;
            }
            let meter = known.meter;
            let paid = meter.take_steps(ENTRY_STEPS).and_then(|()| meter.take_bytes(ENTRY_BYTES));
            if paid.is_err() {
                break;
            }
            let author = author(name, key, source, task, spawner);
            recorded.annotations.push(Annotation { name, value, author });
        }
        known.put(Origin::Task, Letters::Alike, "Source", |meter| recorded.group(meter));
        recorded.number = recorded.own("number").and_then(printed_number);
        recorded
    }

    /// The value of one that Kelos itself has set, as in `number`.
    pub(super) fn own(&self, name: &str) -> Option<&'t str> {
        self.get(name, Author::Kelos)
    }

    /// The value of one that somebody else has set.
    pub(super) fn of_others(&self, name: &str) -> Option<&'t str> {
        self.get(name, Author::Other)
    }

    fn get(&self, name: &str, author: Author) -> Option<&'t str> {
        let found = self.annotations.binary_search_by(|candidate| candidate.name.cmp(name)).ok()?;
        self.annotations.get(found).filter(|found| found.author == author).map(|found| found.value)
    }

    /// The number of an issue or pull request that Kelos itself has recorded: it writes it as it prints it.
    pub(super) fn number(&self) -> Option<i64> {
        self.number
    }

    /// Sets what others have recorded, by their names. What the Kelos field renders counts only under a name
    /// that the source has no variable for: `source-title: "Fix: {{.Title}}"` is no title.
    pub(super) fn tell_by_name(&self, table: &Table, known: &mut VariableSet<'_>) {
        for Annotation { name, value, author } in &self.annotations {
            let is_rendered = *author == Author::Rendered;
            if !is_rendered && *author != Author::Other {
                continue;
            }
            let variable = variable(name);
            if !is_rendered || !table.has(&variable) {
                tell_one(self.shape, &variable, value, is_rendered, known);
            }
        }
    }

    fn group(&self, meter: &Meter) -> Result<Value, Exhausted> {
        let mut map = Map::new();
        for Annotation { name, value, .. } in &self.annotations {
            meter.take_steps(ENTRY_STEPS)?;
            meter.take_bytes(name.len() + ENTRY_BYTES)?;
            // Of names that differ in their dashes only, the first one counts, as it does elsewhere.
            map.entry(camel_case::field(name).into()).or_insert(text(value, meter)?);
        }
        Ok(Value::from(map))
    }
}

fn author(
    name: &str,
    key: &str,
    source: Source<'_>,
    task: &Task<'_>,
    spawner: &TaskSpawner,
) -> Author {
    let spawner = &spawner.spec;
    let is_declared = || {
        let field = spawner.task_template.metadata.as_ref();
        field.is_some_and(|field| field.annotations.contains_key(key))
    };
    if !OWN.contains(&name) {
        return if is_declared() { Author::Rendered } else { Author::Other };
    }
    // By hand Kelos records nothing of a source, nor on a Session.
    let records = task.shape().has_source_annotations() && !task.is_manual();
    let sets = if records { Sets::of(name, source, &spawner.when) } else { Sets::Never };
    match sets {
        Sets::Always => Author::Kelos,
        _ if is_declared() => Author::Template,
        Sets::Sometimes => Author::Kelos,
        Sets::Never => Author::Other,
    }
}

/// The number that a text is, as Go prints it.
fn printed_number(text: &str) -> Option<i64> {
    let is_as_printed = text == "0" || text.starts_with(|first| matches!(first, '1'..='9'));
    text.parse().ok().filter(|_| is_as_printed)
}

/// The variable that an annotation is named after.
fn variable(name: &str) -> Cow<'static, str> {
    let renamed = RENAMED.iter().find(|(kebab, _)| *kebab == name);
    renamed.map_or_else(|| camel_case::variable(name).into(), |(_, name)| (*name).into())
}

fn tell_one(
    shape: Shape,
    variable: &str,
    value: &str,
    is_rendered: bool,
    known: &mut VariableSet<'_>,
) {
    let mut put = |name: &str, build: &dyn Fn(&Meter) -> Result<Value, Exhausted>| {
        known.put(Origin::Recorded, Letters::Alike, name, build);
    };
    match variable {
        // The text of `Kind` is another one, and a text is no mapping.
        "Kind" | "Source" | "Context" | "Payload" => {}
        group if is_group(shape, group) => {}
        "Number" => {
            if let Some(number) = printed_number(value) {
                put("Number", &|_| Ok(Value::Int(number)));
            }
        }
        "Labels" => put("Labels", &|meter| labels(value, is_rendered, meter)),
        name => put(name, &|meter| text(value, meter)),
    }
}

/// What a label costs to be taken out of a list, and what it takes beside its text.
const LABEL_BYTES: usize = 64;

fn labels(text: &str, is_rendered: bool, meter: &Meter) -> Result<Value, Exhausted> {
    // At the most there is one for each comma, and each is there twice.
    let most = memchr::memchr_iter(b',', text.as_bytes()).count() + 1;
    meter.take_steps(most.saturating_mul(ENTRY_STEPS))?;
    meter.take_bytes(text.len().saturating_mul(4) + most.saturating_mul(LABEL_BYTES))?;
    let names = if is_rendered { rendered_labels(text) } else { label_list(text) };
    clean_labels(&names, meter)
}

/// The names that a template put together as Kelos does: `a, b`.
fn rendered_labels(text: &str) -> Vec<String> {
    text.split(SEPARATOR).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The names in `source-labels`: a JSON list or a comma list.
fn label_list(text: &str) -> Vec<String> {
    if let Ok(names) = serde_json::from_str::<Vec<String>>(text) {
        return names;
    }
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::Uses;
    use crate::templates::budget::Budget;

    #[test]
    fn labels_come_as_a_json_list_or_a_comma_list() {
        assert_eq!(label_list(r#"["a, b", "c"]"#), ["a, b", "c"]);
        assert_eq!(label_list("priority/critical, bug,,"), ["priority/critical", "bug"]);
        assert_eq!(label_list(""), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_annotation_becomes_a_variable() {
        let all = Uses::everything();
        let meter = Meter::new(Budget::task());
        let mut known = VariableSet::new(&all, &meter);
        let task = r#"{"metadata": {"annotations": {"kelos.dev/source-author": "octocat",
            "kelos.dev/source-review-state": "approved",
            "kelos.dev/source-thread-id": "T1", "kelos.dev/source-": "x", "team": "x"}}}"#;
        let task = Task::parse(task).unwrap();
        let spawner = serde_json::from_str::<TaskSpawner>("{}").unwrap();
        Recorded::read(&task, &spawner, spawner.spec.when.source(), &|_, _| true, &mut known)
            .tell_by_name(Table::of(spawner.spec.when.source()), &mut known);
        let root = known.into_root();
        assert_eq!(root["Author"], Value::from("octocat"));
        assert_eq!(root["ReviewState"], Value::from("approved"));
        assert_eq!(root["Source"].as_map().unwrap()["reviewState"], Value::from("approved"));
        assert_eq!(root["ThreadID"], Value::from("T1"));
        assert_eq!(root.len(), 4);
    }

    #[test]
    fn kelos_sets_some_annotations_itself_on_some_sources() {
        let sets = |when: &str| -> Vec<Sets> {
            let when: When = serde_json::from_str(when).unwrap();
            OWN.iter().map(|name| Sets::of(name, when.source(), &when)).collect()
        };
        use Sets::{Always, Never, Sometimes};
        assert_eq!(sets(r#"{"githubIssues": {}}"#), [Always, Always, Never, Never, Never]);
        let pulls = [Always, Always, Never, Never, Sometimes];
        assert_eq!(sets(r#"{"githubPullRequests": {}}"#), pulls);
        assert_eq!(sets(r#"{"githubWebhook": {}}"#), [Sometimes; 5]);
        assert_eq!(sets(r#"{"githubWebhook": {}, "cron": {}}"#), [Sometimes; 5]);
        assert_eq!(
            sets(r#"{"githubIssues": {}, "slack": {}}"#)[..3],
            [Sometimes, Sometimes, Never]
        );
        for other in ["jira", "cron", "linearWebhook", "webhook", "slack"] {
            assert_eq!(sets(&format!(r#"{{"{other}": {{}}}}"#)), [Never; 5], "{other}");
        }
        assert_eq!(sets(r#"{"cron": {}, "slack": {}}"#), [Never; 5]);
    }
}
