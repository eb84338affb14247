//! Each line is written into the TaskSpawner, Kelos makes a Task of it, and then the variable is known.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::*;
use crate::apimachinery::{self, Kind};
use crate::engine::kelos::{Task, TaskSpawner};
use crate::engine::rules::Policy;
use crate::engine::variables::Facts;
use crate::engine::{KeyOutcome, Limits, decide};
use crate::templates::budget::Budget;
use crate::templates::value::Map;
use crate::templates::{Syntax, Template, Templates};

/// A source, and what one of its events gives.
struct World {
    when: Json,
    /// The variables that Kelos has.
    vars: Json,
    /// What Kelos itself writes on the Task.
    annotations: Json,
    name: &'static str,
}

fn polled(when: &str, branch: &str) -> World {
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

fn jira() -> World {
    let mut world = polled("jira", "");
    world.annotations = json!({});
    world.vars["ID"] = json!("ENG-42");
    world.vars["Kind"] = json!("Bug");
    world.vars["Body"] = json!("");
    world.vars["URL"] = json!("https://jira.example.com/browse/ENG-42");
    World { name: "worker-eng-42", ..world }
}

fn cron() -> World {
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
fn event(events: &[&str], event: &str, own: &Json) -> World {
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

fn issue(events: &[&str]) -> World {
    let own = json!({
        "Number": 42, "Body": "It is broken.", "URL": "https://github.com/acme/widgets/issues/42",
    });
    event(events, "issues", &own)
}

fn pull(events: &[&str]) -> World {
    let own = json!({
        "Number": 7, "ID": "7", "Body": "It is better.", "URL": "https://github.com/acme/widgets/pull/7",
        "Branch": "feature/login", "HeadSHA": "0a1b2c",
    });
    event(events, "pull_request", &own)
}

fn push(events: &[&str]) -> World {
    let own = json!({
        "ID": "0a1b2c", "Ref": "refs/heads/main", "Branch": "main", "Title": "Push to main", "HeadSHA": "0a1b2c",
        "Action": "",
    });
    event(events, "push", &own)
}

fn linear() -> World {
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

fn generic() -> World {
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

fn slack() -> World {
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
enum Kelos {
    V024,
    Newer,
}

impl World {
    /// A TaskSpawner whose template asks for a variable, and that has this beside.
    fn spawner(&self, variable: &str, more: &Json) -> Json {
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
    fn task(&self, spawner: &Json, kelos: Kelos) -> Result<Json, String> {
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
            template.render(&root, &mut Budget::task()).map_err(|it| format!("no Task: {it}"))
        };
        let template = &spawner["spec"]["taskTemplate"];
        let first = match (template["promptTemplate"].as_str().unwrap_or_default(), kelos) {
            ("", Kelos::Newer) => "{{.Title}}",
            ("", Kelos::V024) => "{{.Kind}} #{{.Number}}: {{.Title}}\n\n{{.Body}}",
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
    fn known(&self, variable: &str, spawner: &Json, kelos: Kelos) -> Result<String, Remedy> {
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
            KeyOutcome::Applied(value) => Ok(value.clone()),
            KeyOutcome::Skipped(skip) => Err(skip.variable.clone().expect(&skip.message)),
            other => panic!("{other:?}"),
        };
        value.map_err(|variable| {
            remedy(&Missed {
                rules: &rules,
                variable: &variable,
                is_manual: false,
                has_workspace: false,
                has_field: kelos == Kelos::Newer,
            })
        })
    }
}

fn plain(variable: &str) -> String {
    format!("{{{{.{variable}}}}}")
}

fn rules(spawner: &Json) -> Rules {
    let spawner: TaskSpawner = serde_json::from_value(spawner.clone()).unwrap();
    Rules::compile(spawner, &Policy::default(), &mut Templates::default())
}

/// Writes the lines into a TaskSpawner.
fn write(spawner: &Json, lines: &[Line]) -> Json {
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
            Line::Prompt { line, is_first } => {
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

/// Takes each way of the remedy, in the order in which they are named; gives how many it were.
fn takes_every_way(world: &World, variable: &str, more: &Json, kelos: Kelos, value: &str) -> usize {
    let spawner = world.spawner(variable, more);
    let remedy = match world.known(variable, &spawner, kelos) {
        Ok(known) => {
            assert_eq!(known, value, "{variable} was known");
            return 0;
        }
        Err(remedy) => remedy,
    };
    assert!(!remedy.ways.is_empty(), "{variable}: {remedy}");
    let mut worked = 0;
    for way in &remedy.ways {
        let better = write(&spawner, &way.lines);
        if kelos == Kelos::V024 && way.versions.contains("v0.25") {
            continue;
        }
        let known = world.known(variable, &better, kelos);
        assert_eq!(known.as_deref().ok(), Some(value), "{variable}: {way}\n{known:?}\n{better:#}");
        worked += 1;
    }
    assert!(worked > 0, "{variable}: {remedy}");
    worked
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The variables that are texts or numbers, and that these vars have.
fn printed(vars: &Json) -> Vec<(String, String)> {
    let is_text = |value: &Json| value.is_string() || value.is_number();
    let vars = vars.as_object().unwrap().iter().filter(|(_, value)| is_text(value));
    vars.map(|(name, value)| (name.clone(), text(value))).collect()
}

fn worlds() -> Vec<World> {
    let mixed = &["issues", "pull_request", "push"];
    vec![
        polled("githubIssues", ""),
        polled("githubPullRequests", "feature/login"),
        jira(),
        cron(),
        issue(&["issues"]),
        pull(&["pull_request"]),
        push(&["push"]),
        issue(mixed),
        pull(mixed),
        push(mixed),
        linear(),
        generic(),
        slack(),
    ]
}

#[test]
fn a_variable_of_the_source_is_known_once_the_line_is_there() {
    let mut taken = 0;
    for world in worlds() {
        for (name, value) in printed(&world.vars) {
            let empty = json!({"spec": {"taskTemplate": {"promptTemplate": null}}});
            let off = json!({"metadata": {"annotations": {"metadata.kelos.dev/infer": "off"}}});
            for more in [json!({}), empty, off] {
                taken += takes_every_way(&world, &name, &more, Kelos::Newer, &value);
            }
        }
    }
    assert!(taken >= 150, "{taken} lines were tried");
}

#[test]
fn kelos_0_24_is_told_a_line_of_the_prompt() {
    for world in [polled("githubIssues", ""), polled("githubPullRequests", "feature/login"), jira()]
    {
        for (name, value) in printed(&world.vars) {
            takes_every_way(&world, &name, &json!({}), Kelos::V024, &value);
        }
    }
}

/// The remedy for a variable, as a template spells it, of a TaskSpawner with this source.
fn said(when: &Json, variable: &str) -> Remedy {
    let spawner = json!({"metadata": {"name": "worker"}, "spec": {"when": when, "taskTemplate": {"promptTemplate": "x"}}});
    said_of(&spawner, variable)
}

fn said_of(spawner: &Json, variable: &str) -> Remedy {
    let rules = rules(spawner);
    let (is_manual, has_workspace, has_field) = (false, false, true);
    remedy(&Missed { rules: &rules, variable, is_manual, has_workspace, has_field })
}

#[test]
fn what_a_payload_has_is_known_under_every_event_that_the_source_takes() {
    let (issues, pulls): (&[&str], &[&str]) =
        (&["issues", "issue_comment"], &["pull_request", "pull_request_review"]);
    let mixed = &["issues", "pull_request", "push"];
    let worlds = [issue(issues), pull(pulls), issue(mixed), pull(mixed)];
    for world in &worlds {
        for (name, value) in [
            ("Labels", "bug, priority/high"),
            ("Author", "octocat"),
            ("Milestone", "v1.2"),
            ("State", "open"),
        ] {
            let off = json!({"metadata": {"annotations": {"metadata.kelos.dev/infer": "off"}}});
            for more in [json!({}), off] {
                assert!(takes_every_way(world, name, &more, Kelos::Newer, value) > 0);
            }
            // Under another event Kelos still makes its Task.
            let world = push(mixed);
            let spawner = world.spawner(name, &json!({}));
            let better = write(&spawner, &said_of(&spawner, &format!(".{name}")).ways[0].lines);
            assert_eq!(world.known(name, &better, Kelos::Newer).as_deref(), Ok(""), "{name}");
        }
    }
    let none = said(&json!({"githubWebhook": {"events": ["push", "release"]}}), ".Author");
    assert_eq!(
        none.to_string(),
        "githubWebhook has no Author, and Kelos can't be made to print it; the nearest is `.Sender`; a context \
         source can fetch it, as `.Context.NAME` (docs/facts.md)"
    );
}

#[test]
fn a_key_that_a_rules_annotation_declares_moves_to_the_field() {
    let world = issue(&["issues"]);
    let rules = json!({"asked": "{{.Author}}", "kelos.dev/source-author": "by {{.Author}}"});
    let more =
        json!({"metadata": {"annotations": {"metadata.kelos.dev/annotations": rules.to_string()}}});
    assert!(takes_every_way(&world, "Author", &more, Kelos::Newer, "octocat") > 0);
    let field = json!({"kelos.dev/source-author": "{{.Sender}}!"});
    let more = json!({"spec": {"taskTemplate": {"metadata": {"annotations": field}}}});
    let spawner = world.spawner("Author", &more);
    assert_eq!(world.known("Author", &spawner, Kelos::Newer).as_deref(), Ok("octocat!"));
    // What is read back takes any key that is free.
    let rules = json!({"asked": "{{.Labels}}", "kelos.dev/source-labels": "{{.Labels | lower}}"});
    let more =
        json!({"metadata": {"annotations": {"metadata.kelos.dev/annotations": rules.to_string()}}});
    assert!(
        takes_every_way(
            &polled("githubIssues", ""),
            "Labels",
            &more,
            Kelos::Newer,
            "bug, priority/high"
        ) > 0
    );
}

#[test]
fn a_field_of_any_webhook_is_mapped_and_printed() {
    for (variable, value) in
        [("severity", "mapped severity"), ("Author", "mapped Author"), ("Labels", "mapped labels")]
    {
        assert!(takes_every_way(&generic(), variable, &json!({}), Kelos::Newer, value) > 0);
    }
    let number = said(&json!({"webhook": {}}), ".Number");
    assert!(number.ways.is_empty() && number.note.contains("the nearest is `.ID`"), "{number}");
}

#[test]
fn what_a_context_source_gives_is_printed_in_the_prompt() {
    for world in [polled("githubIssues", ""), issue(&["issues"]), linear(), generic()] {
        assert!(takes_every_way(&world, "Context.build", &json!({}), Kelos::Newer, "red") > 0);
    }
    let slack = said(&json!({"slack": {}}), ".Context.build");
    assert_eq!(slack.to_string(), "Kelos asks no context sources for slack");
}

#[test]
fn an_annotation_that_is_named_after_a_variable_holds_it() {
    for (world, variable, value) in [
        (polled("githubIssues", ""), "Source.title", "Fix the login page"),
        (pull(&["pull_request"]), "Source.branch", "feature/login"),
        (issue(&["issues"]), "Source.author", "octocat"),
    ] {
        assert!(takes_every_way(&world, variable, &json!({}), Kelos::Newer, value) > 0);
    }
    let page = "https://linear.app/acme/issue/ENG-42";
    assert!(takes_every_way(&linear(), "URL", &json!({}), Kelos::Newer, page) > 0);
    let other = said(&json!({"slack": {}}), ".Source.team");
    assert!(
        other.ways.is_empty() && other.note.contains("annotation kelos.dev/source-team"),
        "{other}"
    );
}

#[test]
fn the_repository_of_what_is_polled_follows_from_its_page() {
    for (variable, value) in
        [("Repository", "acme/widgets"), ("RepositoryOwner", "acme"), ("RepositoryName", "widgets")]
    {
        assert!(
            takes_every_way(&polled("githubIssues", ""), variable, &json!({}), Kelos::Newer, value)
                > 0
        );
    }
    let spawner = |repo: &str| rules(&json!({"spec": {"when": {"githubIssues": {"repo": repo}}}}));
    assert!(follows_from_workspace(&spawner(""), ".Repository"));
    assert!(follows_from_workspace(&spawner(""), "repository_owner"), "as Jinja spells it");
    assert!(!follows_from_workspace(&spawner("acme/widgets"), ".Repository"));
    assert!(!follows_from_workspace(&spawner(""), ".Title"));
}

#[test]
fn of_several_sources_a_line_asks_whether_the_variable_is_there() {
    let mut world = issue(&["issues"]);
    world.when["slack"] = json!({});
    for variable in ["Title", "Body", "Branch"] {
        let spawner = world.spawner(variable, &json!({}));
        let better = write(&spawner, &said_of(&spawner, &format!(".{variable}")).ways[0].lines);
        assert!(world.task(&better, Kelos::Newer).is_ok(), "{variable}");
    }
    assert!(takes_every_way(&world, "Body", &json!({}), Kelos::Newer, "It is broken.") > 0);
}

#[test]
fn what_is_there_already_is_not_asked_for_again() {
    let field = json!({"annotations": {"x/labels": "{{.Labels}}"}});
    let mut spawner = json!({"metadata": {"annotations": {}}, "spec": {
        "when": {"githubIssues": {}}, "taskTemplate": {"metadata": field},
    }});
    assert_eq!(
        said_of(&spawner, ".Labels").to_string(),
        "`x/labels` under spec.taskTemplate.metadata prints it already: this Task was made before that, or by Kelos \
         v0.24, which has no such field"
    );
    spawner["metadata"]["annotations"]["metadata.kelos.dev/infer"] = json!("off");
    assert_eq!(
        said_of(&spawner, "labels").to_string(),
        "nothing is read back here, since `infer` is off; add to the TaskSpawner: `metadata.kelos.dev/infer: \"on\"` \
         under metadata.annotations"
    );
}

#[test]
fn a_remedy_names_the_line_and_where_it_goes() {
    let polled = json!({"githubIssues": {}});
    for (when, variable, text) in [
        (
            &polled,
            ".Labels",
            "add to the TaskSpawner: `kelos.dev/source-labels: \"{{.Labels}}\"` under \
             spec.taskTemplate.metadata.annotations",
        ),
        (
            &polled,
            ".Comments",
            "add to the TaskSpawner: a line `Comments: {{.Comments}}` in spec.taskTemplate.promptTemplate",
        ),
        (
            &json!({"githubWebhook": {"events": ["issues"]}}),
            ".Branch",
            "add to the TaskSpawner: `kelos.dev/source-branch: '{{with index . \"Branch\"}}{{.}}{{end}}'` under \
             spec.taskTemplate.metadata.annotations",
        ),
        (
            &json!({"webhook": {}}),
            "severity",
            "add to the TaskSpawner: `severity: \"$.severity\"`, or where else it stands in the JSON, under \
             spec.when.webhook.fieldMapping, if it is not there, and `kelos.dev/source-severity: \
             \"{{.severity}}\"` under spec.taskTemplate.metadata.annotations",
        ),
        (
            &polled,
            ".Author",
            "githubIssues has no Author, and Kelos can't be made to print it; a context source can fetch it, as \
             `.Context.NAME` (docs/facts.md)",
        ),
        (
            &json!({"slack": {}}),
            ".Channel",
            "slack has no Channel, and Kelos can't be made to print it; the nearest is `{{ index .Annotations \
             \"kelos.dev/slack-channel\" }}`",
        ),
        (
            &json!({"githubPullRequests": {}}),
            ".HeadSHA",
            "Kelos has no HeadSHA to print: it writes the commit on the Task where \
             `spec.when.githubPullRequests.reporting.checks` is set, which makes check runs on GitHub",
        ),
        (
            &polled,
            ".Workspace.Host",
            "it takes a Workspace: `workspaceRef` under spec.taskTemplate names one",
        ),
        (&polled, ".Spawner.Labels.team", "add to the TaskSpawner: `team` under metadata.labels"),
        (&polled, ".User.Name", "only a request has a user: `review` answers one"),
    ] {
        assert_eq!(said(when, variable).to_string(), text, "{variable}");
    }
    let rules = rules(&json!({"spec": {"when": polled, "taskTemplate": {"promptTemplate": "x"}}}));
    let missed = Missed {
        rules: &rules,
        variable: ".Labels",
        is_manual: false,
        has_workspace: true,
        has_field: false,
    };
    assert_eq!(
        remedy(&missed).to_string(),
        "add to the TaskSpawner: `kelos.dev/source-labels: \"{{.Labels}}\"` under \
         spec.taskTemplate.metadata.annotations (Kelos v0.25 and later), or a line `Labels: {{.Labels}}` in \
         spec.taskTemplate.promptTemplate (any Kelos)"
    );
    let by_hand = remedy(&Missed { is_manual: true, ..missed }).to_string();
    assert!(
        by_hand.starts_with(
            "a Task that was started by hand has what the file of `kelos run --values` gives: \
         name `Labels` there, and print it; add to the TaskSpawner: "
        ),
        "{by_hand}"
    );
}

#[test]
fn without_a_source_the_lines_are_named_with_the_sources_that_they_are_for() {
    for (variable, text) in [
        (
            ".Labels",
            Some(
                "add to the TaskSpawner: `kelos.dev/source-labels: \"{{.Labels}}\"` under \
                 spec.taskTemplate.metadata.annotations (githubIssues, githubPullRequests, jira, cron, \
                 linearWebhook), or a line over the payload (githubWebhook, docs/facts.md)",
            ),
        ),
        (
            "author",
            Some("add to the TaskSpawner: a line over the payload (githubWebhook, docs/facts.md)"),
        ),
        (
            ".Context.build",
            Some(
                "add to the TaskSpawner: an entry `name: build` in spec.taskTemplate.contextSources, and a line \
                 `build: {{.Context.build}}` in spec.taskTemplate.promptTemplate",
            ),
        ),
        (".Nothing", None),
    ] {
        assert_eq!(without_source(variable).as_deref(), text, "{variable}");
    }
}
