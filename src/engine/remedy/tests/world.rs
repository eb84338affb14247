//! Kelos, as far as it matters here: sources, what their events give, and the Tasks that are made of that.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::apimachinery::{self, Kind};
use crate::engine::kelos::{Task, TaskSpawner};
use crate::engine::remedy::{InsteadOf, Line, Missed, Remedy, remedy};
use crate::engine::rules::{Policy, Rules, Shared};
use crate::engine::variables::Facts;
use crate::engine::{KeyOutcome, Limits, decide};
use crate::templates::budget::Budget;
use crate::templates::value::Map;
use crate::templates::{Syntax, Template};

/// A source, and what one of its events gives.
pub(super) struct World {
    pub(super) when: Json,
    /// The variables that Kelos has.
    pub(super) vars: Json,
    /// What Kelos itself writes on the Task.
    annotations: Json,
    name: &'static str,
}

pub(super) fn polled(when: &str, branch: &str) -> World {
    World {
        when: json!({when: {}}),
        vars: json!({
            "ID": "42", "Number": 42, "Title": "Fix the login page", "Body": "It is broken.\nBadly.",
            "URL": "https://github.com/acme/widgets/issues/42", "Labels": "bug, priority/high",
            "Comments": "Indeed.\n---\nYes.", "Kind": if branch.is_empty() { "Issue" } else { "PR" }, "Branch": branch,
            "ReviewState": if branch.is_empty() { "" } else { "approved" },
            "ReviewComments": if branch.is_empty() { "" } else { "a.rs:1\nno" }, "Time": "", "Schedule": "",
            "Context": {"build": "red"},
        }),
        annotations: json!({
            "kelos.dev/source-kind": if branch.is_empty() { "issue" } else { "pull-request" },
            "kelos.dev/source-number": "42",
        }),
        name: "worker-42",
    }
}

pub(super) fn jira() -> World {
    let mut world = polled("jira", "");
    world.annotations = json!({});
    world.vars["ID"] = json!("ENG-42");
    world.vars["Kind"] = json!("Bug");
    world.vars["Body"] = json!("");
    world.vars["URL"] = json!("https://jira.example.com/browse/ENG-42");
    World { name: "worker-eng-42", ..world }
}

pub(super) fn cron() -> World {
    World {
        when: json!({"cron": {"schedule": "0 9 * * *"}}),
        vars: json!({
            "ID": "20260207-0900", "Number": 0, "Title": "2026-02-07T09:00:00Z", "Body": "", "URL": "",
            "Labels": "", "Comments": "", "Kind": "Issue", "Branch": "", "ReviewState": "", "ReviewComments": "",
            "Time": "2026-02-07T09:00:00Z", "Schedule": "0 9 * * *", "Context": {"build": "red"},
        }),
        annotations: json!({}),
        name: "named-otherwise",
    }
}

/// An event of GitHub: what all have, and what this one has.
pub(super) fn event(events: &[&str], event: &str, own: &Json) -> World {
    let object = if event.starts_with("pull_request") { "PullRequest" } else { "Issue" };
    let mut payload = json!({});
    if matches!(event, "issues" | "issue_comment") || event.starts_with("pull_request") {
        payload[object] = json!({"Labels": [{"Name": "bug"}, {"Name": "priority/high"}]});
        payload[format!("Get{object}")] = json!({
            "GetUser": {"GetLogin": "octocat"}, "GetMilestone": {"GetTitle": "v1.2"}, "GetState": "open",
        });
    }
    let mut vars = json!({
        "Event": event, "Action": "opened", "Sender": "octocat", "Ref": "", "Repository": "acme/widgets",
        "RepositoryOwner": "acme", "RepositoryName": "widgets", "ID": "42", "Title": "Fix the login page",
        "Kind": "webhook", "Payload": payload, "ChangedFiles": [], "Context": {"build": "red"},
    });
    for (name, value) in own.as_object().unwrap() {
        vars[name] = value.clone();
    }
    World {
        when: json!({"githubWebhook": {"events": events}}),
        vars,
        annotations: json!({}),
        name: "worker-0123456789ab",
    }
}

pub(super) fn issue(events: &[&str]) -> World {
    let own = json!({
        "Number": 42, "Body": "It is broken.", "URL": "https://github.com/acme/widgets/issues/42",
    });
    event(events, "issues", &own)
}

pub(super) fn pull(events: &[&str]) -> World {
    let own = json!({
        "Number": 7, "ID": "7", "Body": "It is better.", "URL": "https://github.com/acme/widgets/pull/7",
        "Branch": "feature/login", "HeadSHA": "0a1b2c",
    });
    event(events, "pull_request", &own)
}

pub(super) fn push(events: &[&str]) -> World {
    let own = json!({
        "ID": "0a1b2c", "Ref": "refs/heads/main", "Branch": "main", "Title": "Push to main", "HeadSHA": "0a1b2c",
        "Action": "",
    });
    event(events, "push", &own)
}

pub(super) fn linear() -> World {
    World {
        when: json!({"linearWebhook": {"types": ["Issue", "Comment"]}}),
        vars: json!({
            "ID": "0a1b", "Title": "Fix the login page", "Kind": "LinearWebhook", "Type": "Issue",
            "Action": "create", "State": "Todo", "Labels": "bug, priority/high", "IssueID": "",
            "Payload": {"url": "https://linear.app/acme/issue/ENG-42"}, "Context": {"build": "red"},
        }),
        annotations: json!({}),
        name: "worker-x-0123456789ab",
    }
}

pub(super) fn generic() -> World {
    World {
        when: json!({"webhook": {"source": "sentry", "fieldMapping": {"id": "$.id", "title": "$.title", "Kind": "$.k"}}}),
        vars: json!({
            "ID": "7", "id": "7", "Title": "It failed", "title": "It failed", "Body": "", "URL": "",
            "Kind": "error", "Payload": {}, "Context": {"build": "red"},
        }),
        annotations: json!({}),
        name: "worker-sentry-0123456789ab",
    }
}

pub(super) fn slack() -> World {
    World {
        when: json!({"slack": {}}),
        vars: json!({
            "ID": "1715.0001", "Title": "Fix the login page", "Body": "Fix the login page\nnow",
            "URL": "https://acme.slack.com/archives/C1/p1715", "Kind": "SlackMessage",
        }),
        annotations: json!({}),
        name: "worker-slack-0123456789ab",
    }
}

/// Which Kelos makes the Task.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kelos {
    V024,
    Newer,
}

impl World {
    /// A TaskSpawner whose template asks for a variable, and that has this beside.
    pub(super) fn spawner(&self, variable: &str, more: &Json) -> Json {
        let mut spawner = json!({
            "metadata": {"name": "worker", "annotations": {
                "metadata.kelos.dev/annotations": json!({"asked": plain(variable)}).to_string(),
            }},
            "spec": {"when": self.when, "taskTemplate": {"promptTemplate": "Do it: {{.Title}}"}},
        });
        json_patch::merge(&mut spawner, more);
        spawner
    }

    /// The Task as this Kelos makes it.
    pub(super) fn task(&self, spawner: &Json, kelos: Kelos) -> Result<Json, String> {
        let mut vars = self.vars.clone();
        for name in
            spawner["spec"]["when"]["webhook"]["fieldMapping"].as_object().into_iter().flatten()
        {
            let has_it = vars.get(name.0).is_some();
            if !has_it {
                vars[name.0] = json!(format!("mapped {}", name.0));
            }
        }
        let vars = vars.as_object().unwrap().iter();
        let root: Map = vars.map(|(name, json)| ((&**name).into(), json.clone().into())).collect();
        let root = Arc::new(root);
        let render = |template: &str| {
            let template = Template::compile(template, Syntax::Go).map_err(|it| it.to_string())?;
            let rendered = template.render(&root, &mut Budget::task()).map(String::from);
            rendered.map_err(|it| format!("no Task: {it}"))
        };
        let template = &spawner["spec"]["taskTemplate"];
        let first = match (template["promptTemplate"].as_str().unwrap_or_default(), kelos) {
            ("", Kelos::Newer) => "{{.Title}}",
            ("", Kelos::V024) => {
                "{{.Kind}} #{{.Number}}: {{.Title}}\n\n{{.Body}}\n{{- if .Comments}}\n\nComments:\n\
                 {{.Comments}}\n{{- end}}"
            }
            (text, _) => text,
        };
        let mut annotations = json!({});
        let field = template["metadata"]["annotations"].as_object().into_iter().flatten();
        for (key, template) in field.filter(|_| kelos == Kelos::Newer) {
            annotations[key] = json!(render(template.as_str().unwrap())?);
        }
        json_patch::merge(&mut annotations, &self.annotations);
        let owner = json!([{
            "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner", "name": "worker", "uid": "u",
            "controller": true,
        }]);
        Ok(json!({
            "metadata": {
                "name": self.name, "labels": {"kelos.dev/taskspawner": "worker"}, "annotations": annotations,
                "ownerReferences": if kelos == Kelos::Newer { owner } else { json!([]) },
            },
            "spec": {"prompt": render(first)?},
        }))
    }

    /// What is known of a variable of the Task that this TaskSpawner makes: as text, and the remedy if it is
    /// not known.
    pub(super) fn known(
        &self,
        variable: &str,
        spawner: &Json,
        kelos: Kelos,
    ) -> Result<String, Remedy> {
        let task = self
            .task(spawner, kelos)
            .unwrap_or_else(|error| panic!("{variable}: {error}\n{spawner:#}"));
        let task = task.to_string();
        let task = Task::parse(&task).unwrap();
        let rules = rules(spawner);
        let facts = Facts { task_bytes: 1 << 10, ..Facts::default() };
        let decision = decide(&task, &rules, &facts, &Limits::default());
        let key = decision.keys.iter().find(|it| it.key == "asked").unwrap();
        let value = match &key.outcome {
            KeyOutcome::Applied(value) => Ok(value.to_string()),
            KeyOutcome::Skipped(skip) => Err(skip.variable.clone().expect(&skip.message)),
            other => panic!("{other:?}"),
        };
        value.map_err(|variable| {
            remedy(&Missed {
                rules: &rules,
                variable: &variable,
                is_manual: false,
                has_workspace: false,
                blank: &[],
                has_field: kelos == Kelos::Newer,
            })
        })
    }
}

pub(super) fn plain(variable: &str) -> String {
    format!("{{{{.{variable}}}}}")
}

pub(super) fn rules(spawner: &Json) -> Rules {
    let spawner: TaskSpawner = serde_json::from_value(spawner.clone()).unwrap();
    Rules::compile(spawner, &Policy::default(), &mut Shared::default())
}

/// Writes the lines into a TaskSpawner.
pub(super) fn write(spawner: &Json, lines: &[Line]) -> Json {
    let mut spawner = spawner.clone();
    for line in lines {
        match line {
            Line::Setting(key, value) => spawner["metadata"]["annotations"][key] = json!(value),
            Line::KelosField { key, template, instead_of } => {
                if *instead_of == Some(InsteadOf::RulesAnnotation) {
                    let own = &mut spawner["metadata"]["annotations"];
                    let text = own["metadata.kelos.dev/annotations"].as_str().unwrap().to_owned();
                    let mut rules: Json = serde_json::from_str(&text).unwrap();
                    rules.as_object_mut().unwrap().remove(key).unwrap();
                    own["metadata.kelos.dev/annotations"] = json!(rules.to_string());
                }
                let is_protected = Policy::default().protection.covers(Kind::Annotation, key);
                assert!(!is_protected && apimachinery::key(Kind::Annotation, key).is_ok(), "{key}");
                let field = &mut spawner["spec"]["taskTemplate"]["metadata"]["annotations"];
                assert_eq!(
                    field.get(key).is_some(),
                    *instead_of == Some(InsteadOf::Field),
                    "{key}"
                );
                field[key] = json!(template);
            }
            Line::Prompt { line, is_first, .. } => {
                let prompt = &mut spawner["spec"]["taskTemplate"]["promptTemplate"];
                let text = prompt.as_str().unwrap_or_default().to_owned();
                assert_eq!(text.is_empty(), *is_first);
                *prompt =
                    json!(if text.is_empty() { line.clone() } else { format!("{text}\n{line}\n") });
            }
            Line::FieldMapping(name) => {
                spawner["spec"]["when"]["webhook"]["fieldMapping"][name] =
                    json!(format!("$.{name}"));
            }
            Line::ContextSource(name) => {
                spawner["spec"]["taskTemplate"]["contextSources"] = json!([{"name": name}]);
            }
        }
    }
    spawner
}
