//! Spawners in small: what each makes of its built-in examples, and of items that slip.

use serde_json::{Value, json};

use super::*;
use crate::engine::kelos::Shape;
use crate::templates::ErrorKind;

mod conversion;
mod payloads;

pub(super) fn spawner(when: Value, template: Value) -> Spawner {
    let spawner = json!({
        "apiVersion": "kelos.dev/v1alpha2",
        "metadata": {"name": "worker", "namespace": "default", "uid": "u"},
        "spec": {"when": when, "taskTemplate": template},
    });
    Spawner::parse(&spawner.to_string()).unwrap()
}

fn first(when: Value, template: Value) -> Spawner {
    let mut spawner = spawner(when, template);
    spawner.api_version = "kelos.dev/v1alpha1".to_owned();
    spawner
}

fn when(source: SourceKind) -> Value {
    json!({source.as_str(): {}})
}

pub(super) fn item(json: Value) -> Item {
    json.as_object().unwrap().clone()
}

pub(super) fn prompt(
    spawner: &Spawner,
    given: Value,
    version: KelosVersion,
) -> Result<String, String> {
    let task = spawner.task(&item(given), version).map_err(|it| it.to_string())?;
    Ok(task["spec"]["prompt"].as_str().unwrap().to_owned())
}

#[test]
fn every_variable_of_a_source_is_in_one_of_its_examples() {
    for source in SourceKind::ALL {
        let spawner = spawner(
            when(source),
            json!({"contextSources": [{"name": "build", "http": {"url": "https://x"}}]}),
        );
        let samples = spawner.samples();
        assert!(!samples.is_empty(), "{source}");
        for name in source.variables().filter(|name| *name != "RefType" || samples.len() > 1) {
            let has = |item: &Item| {
                spawner.variables(item, KelosVersion::V0_52).unwrap().get(name).is_some()
            };
            assert!(samples.iter().any(has), "{source} has no example of {name}");
        }
        for sample in samples {
            spawner.task(&sample, KelosVersion::V0_52).unwrap();
            spawner.task(&Item::new(), KelosVersion::V0_52).unwrap();
        }
    }
}

#[test]
fn v0_24_has_no_session_spawners() {
    for version in ["v1alpha1", "v1alpha2"] {
        let spawner = json!({
            "apiVersion": format!("kelos.dev/{version}"), "spec": {"when": {"githubWebhook": {}}},
        });
        let spawner = Spawner::parse_as(Shape::Session, &spawner.to_string()).unwrap();
        let error = spawner.task(&Item::new(), KelosVersion::V0_24).unwrap_err().error;
        assert_eq!(error.message, "Kelos v0.24 has no SessionSpawners");
        assert_eq!(error.hint.as_deref(), Some("they came with Kelos v0.48"));
    }
}

#[test]
fn a_polled_task_of_v0_24_is_bare_and_one_of_v0_52_has_an_owner() {
    let template = json!({"branch": "fix-{{.Number}}", "metadata": {"labels": {"a": "{{.Kind}}"}}});
    let when = json!({"githubIssues": {"repo": "https://github.com/acme/gears.git"}});
    let old = first(when.clone(), template.clone());
    let old = old.task(&Item::new(), KelosVersion::V0_24).unwrap();
    let metadata = json!({
        "name": "worker-42",
        "namespace": "default",
        "labels": {"kelos.dev/taskspawner": "worker"},
        "annotations": {"kelos.dev/source-kind": "issue", "kelos.dev/source-number": "42"},
    });
    assert_eq!(old["metadata"], metadata);
    let prompt = "Issue #42: Fix the login page\n\nIt is broken.\n\nComments:\nI see it, too.";
    let spec = json!({"prompt": prompt, "branch": "fix-42", "upstreamRepo": "acme/gears"});
    assert_eq!(old["spec"], spec);
    let new = spawner(when, template).task(&Item::new(), KelosVersion::V0_52).unwrap();
    assert_eq!(new["metadata"]["labels"], json!({"a": "Issue", "kelos.dev/taskspawner": "worker"}));
    assert_eq!(new["metadata"]["ownerReferences"][0]["uid"], "u");
    assert_eq!(new["spec"]["prompt"], "Fix the login page");
}

#[test]
fn what_kelos_fails_on_is_told_with_its_place() {
    let fails = |when: Value, template: &str| {
        let spawner = spawner(when, json!({"promptTemplate": template}));
        let error = spawner.task(&Item::new(), KelosVersion::V0_52).unwrap_err();
        assert_eq!(error.why, Why::Kelos, "{template}");
        error.to_string()
    };
    for (source, template, message) in [
        (SourceKind::GithubIssues, "{{lower .Title}}", "function `lower` is not defined"),
        (
            SourceKind::GithubIssues,
            "x {{.Author}}",
            "githubIssues has no `.Author` (line 1, column 5)",
        ),
        (SourceKind::GithubIssues, "{{range .Labels}}{{.}}{{end}}", "can't range over a text"),
        (SourceKind::GithubWebhook, "{{.Labels}}", "githubWebhook has no `.Labels`"),
        (SourceKind::GithubWebhook, "{{.Branch}}", "this item of githubWebhook has no `.Branch`"),
        (SourceKind::GithubIssues, "{{eq .Number \"42\"}}", "eq"),
    ] {
        let said = fails(when(source), template);
        assert!(said.starts_with("Kelos makes no Task: promptTemplate: "), "{said}");
        assert!(said.contains(message), "{template}: {said}");
    }
}

#[test]
fn nothing_is_printed_as_go_prints_it_and_a_struct_has_no_elements() {
    let template = json!({"promptTemplate": "{{index . \"X\"}} {{html (index . \"X\")}}"});
    let new = spawner(when(SourceKind::Slack), template.clone());
    let printed = prompt(&new, json!({}), KelosVersion::V0_52);
    assert_eq!(printed.as_deref(), Ok("<no value> &lt;no value&gt;"));
    let old = first(when(SourceKind::Cron), template);
    assert!(prompt(&old, json!({}), KelosVersion::V0_24).is_err());
    let whole =
        first(when(SourceKind::Cron), json!({"promptTemplate": "{{.}}{{index .Labels 0}}"}));
    assert!(prompt(&whole, json!({}), KelosVersion::V0_24).is_err(), "no labels, no byte");
    let whole = first(when(SourceKind::Cron), json!({"promptTemplate": "{{.}}"}));
    let time = "2026-02-07T09:00:00Z";
    let printed = prompt(&whole, json!({}), KelosVersion::V0_24);
    assert_eq!(printed, Ok(format!("{{20260207-0900 0 {time}     Issue    {time} 0 9 * * *}}")));
}

#[test]
fn an_item_that_does_not_fit_says_why() {
    let events = spawner(json!({"githubWebhook": {"events": ["issues"]}}), json!({}));
    for (spawner, given, message) in [
        (&spawner(when(SourceKind::Jira), json!({})), json!({"Titel": "x"}), "jira has no `Titel`"),
        (&events, json!({"Branch": "x"}), "the event `issues` has no `Branch`"),
        (&events, json!({"Number": "x"}), "`Number` is a whole number"),
        (&events, json!({"Title": ["x"]}), "`Title` is a text"),
        (&events, json!({"Context": {"x": "y"}}), "contextSources has no `x`"),
    ] {
        let error = spawner.task(&item(given), KelosVersion::V0_52).unwrap_err();
        assert_eq!(error.why, Why::Item, "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn what_the_payload_says_is_not_guessed() {
    for (source, template) in [
        (SourceKind::GenericWebhook, "{{.Payload.x}}"),
        (SourceKind::GithubWebhook, "{{.Payload.Issue.CreatedAt}}"),
        (SourceKind::GithubWebhook, "{{.Payload.GetIssue.GetNodeID}}"),
        (SourceKind::GithubWebhook, "{{.Payload.Issue}}"),
        (SourceKind::GithubWebhook, "{{printf \"%s\" .Payload.Action}}"),
        (SourceKind::GithubWebhook, "{{eq .Payload.Issue.Assignees nil}}"),
    ] {
        let spawner = spawner(when(source), json!({"promptTemplate": template}));
        let error = spawner.task(&Item::new(), KelosVersion::V0_52).unwrap_err();
        assert_eq!(error.why, Why::NotSimulated, "{error}");
    }
    let variables = spawner(when(SourceKind::GenericWebhook), json!({}))
        .variables(&item(json!({"Payload": {"n": 1_234_567, "x": null}})), KelosVersion::V0_52)
        .unwrap();
    let render = |template| render_as_kelos(template, &variables);
    assert_eq!(render("{{.Payload.n}} {{.Payload.x}}").as_deref(), Ok("1.234567e+06 <no value>"));
    assert_eq!(render("{{.Payload.y}}").unwrap_err().kind, ErrorKind::Missing);
}

#[test]
fn a_field_mapping_is_read_as_far_as_it_can_be() {
    let mapping =
        json!({"id": "$.id", "level": "$.a[\"b\"][0]", "n": "$.n", "gone": "$.x.y", "odd": "$..x"});
    let spawner = spawner(
        json!({"webhook": {"source": "alerts", "fieldMapping": mapping}}),
        json!({"promptTemplate": "{{.ID}} {{.level}} {{.n}} [{{.gone}}] {{.odd}} {{.Title}}|"}),
    );
    let payload = json!({"id": "7", "a": {"b": ["high"]}, "n": 12_345_678});
    let given = json!({"Payload": payload, "odd": "said"});
    let printed = prompt(&spawner, given, KelosVersion::V0_52);
    assert_eq!(printed.as_deref(), Ok("7 high 1.2345678e+07 [] said |"));
    let error = prompt(&spawner, json!({"Payload": payload}), KelosVersion::V0_52);
    assert!(error.unwrap_err().contains("the JSONPath of `odd`"));
    let task = spawner.task(&item(json!({"id": "7"})), KelosVersion::V0_52).unwrap();
    assert!(task["metadata"]["name"].as_str().unwrap().starts_with("worker-alerts-"));
}

#[test]
fn a_name_template_may_not_see_context_and_gives_a_name() {
    let name = |template: &str| {
        let template = json!({"nameTemplate": template, "contextSources": [{"name": "x"}]});
        let task = spawner(when(SourceKind::GithubIssues), template)
            .task(&Item::new(), KelosVersion::V0_52);
        task.map(|task| task["metadata"]["name"].as_str().unwrap().to_owned())
            .map_err(|it| it.to_string())
    };
    assert_eq!(name("Fix {{.Number}}/{{.Kind}}").as_deref(), Ok("fix-42-issue"));
    for (template, message) in [
        ("{{.Context.x}}", "`Context` is refused"),
        ("{{if index . \"Context\"}}a{{end}}", "`Context` is refused"),
        ("{{index . \"X\"}}", "`<no value>`"),
        ("{{.Author}}", "has no `.Author`"),
        ("--", "no letter and no digit"),
    ] {
        assert!(name(template).unwrap_err().contains(message), "{template}");
    }
}

#[test]
fn what_the_api_server_refuses_is_told() {
    let mut long = spawner(when(SourceKind::Cron), json!({}));
    long.name = "x".repeat(64);
    let error = long.task(&Item::new(), KelosVersion::V0_52).unwrap_err();
    assert_eq!(error.why, Why::Refused, "{error}");
    let jira = first(when(SourceKind::Jira), json!({}));
    let error = jira.task(&Item::new(), KelosVersion::V0_24).unwrap_err();
    assert!(error.to_string().contains("`worker-ENG-42`"), "{error}");
    let new = spawner(when(SourceKind::Jira), json!({}));
    let task = new.task(&Item::new(), KelosVersion::V0_52).unwrap();
    assert_eq!(task["metadata"]["name"], "worker-eng-42");
}

#[test]
fn reporting_and_chats_leave_their_annotations() {
    let annotations = |when: Value, given: Value| {
        let task = spawner(when, json!({})).task(&item(given), KelosVersion::V0_52).unwrap();
        task["metadata"]["annotations"].clone()
    };
    let reporting = json!({"comments": {"mode": "Sticky"}, "checks": {"name": "kelos"}});
    let polled = annotations(json!({"githubPullRequests": {"reporting": reporting}}), json!({}));
    assert_eq!(polled["kelos.dev/github-comment-mode"], "Sticky");
    assert_eq!(polled["kelos.dev/github-check-name"], "kelos");
    assert_eq!(polled["kelos.dev/source-sha"], "6dcb09b5b57875f334f61aebed695e2e4193db5e");
    let event = json!({"githubWebhook": {"reporting": {"enabled": true}}});
    let comment = annotations(event.clone(), json!({"Event": "issue_comment", "Branch": "x"}));
    assert_eq!(comment["kelos.dev/source-kind"], "pull-request");
    assert_eq!(comment["kelos.dev/source-owner"], "acme");
    let push = annotations(event, json!({"Event": "push"}));
    assert_eq!(push, Value::Null, "a push has no number");
    let reply = annotations(json!({"slack": {}}), json!({"ThreadTS": "1.2"}));
    assert_eq!(reply["kelos.dev/slack-thread-ts"], "1.2");
    let command = annotations(json!({"slack": {}}), json!({"ID": "C1:/fix:3"}));
    assert_eq!(command.get("kelos.dev/slack-thread-ts"), None);
}

#[test]
fn the_payload_of_an_event_is_about_the_item_and_the_other_way_round() {
    let template = "{{.Title}}|{{.Number}}|{{.Payload.Issue.Title}}|{{.Payload.GetIssue.GetMilestone.GetTitle}}|{{range .Payload.Issue.Labels}}{{.Name}},{{end}}";
    let spawner = spawner(when(SourceKind::GithubWebhook), json!({"promptTemplate": template}));
    let printed = |given| prompt(&spawner, given, KelosVersion::V0_52);
    let title = "Fix the login page";
    assert_eq!(printed(json!({})), Ok(format!("{title}|42|{title}||bug,priority/high,")));
    assert_eq!(printed(json!({"Title": "x"})).as_deref(), Ok("x|42|x||bug,priority/high,"));
    let issue = json!({"number": 7, "title": "y", "labels": [], "milestone": {"title": "v2"}});
    let given = json!({"Payload": {"issue": issue}});
    assert_eq!(printed(given).as_deref(), Ok("y|7|y|v2|"));
    let wrong = printed(json!({"Payload": {"issue": {"labels": ["x"]}}}));
    assert!(wrong.unwrap_err().contains("`Payload.issue.labels` is no github.Label"));
}

#[test]
fn a_pointer_is_compared_with_nothing_and_a_nil_one_has_no_fields() {
    for (template, message) in [
        ("{{if eq .Payload.Action \"opened\"}}x{{end}}", "eq"),
        ("{{.Payload.Issue.Milestone.Title}}", "`.Payload.Issue.Milestone` is nothing here"),
        ("{{.Payload.PullRequest}}", "github.IssuesEvent has no `PullRequest`"),
    ] {
        let spawner = spawner(when(SourceKind::GithubWebhook), json!({"promptTemplate": template}));
        let error = spawner.task(&Item::new(), KelosVersion::V0_52).unwrap_err();
        assert_eq!(error.why, Why::Kelos, "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn what_a_context_source_is_asked_with_is_rendered_without_the_others() {
    let made = |url: &str, policy: &str| {
        let source = json!({"name": "x", "failurePolicy": policy, "http": {"url": url, "headers": {"n": "{{.Number}}"}}});
        let template = json!({"contextSources": [source], "promptTemplate": "{{.Context.x}}"});
        let task = spawner(when(SourceKind::GithubIssues), template)
            .task(&Item::new(), KelosVersion::V0_52);
        task.map(|task| task["spec"]["prompt"].clone()).map_err(|it| it.to_string())
    };
    assert_eq!(made("https://x/{{.Number}}", "Fail"), Ok(json!("what x says")));
    let error = made("https://x/{{.number}}", "Fail").unwrap_err();
    let start = "Kelos makes no Task: spec.taskTemplate.contextSources[0].http.url: githubIssues has no `.number`";
    assert!(error.starts_with(start), "{error}");
    assert!(made("https://x/{{.Context.x}}", "Fail").is_err());
    assert!(made("https://x/{{.number}}", "Ignore").is_ok());
}

#[test]
fn filters_of_any_number_cost_no_more_than_a_bound() {
    let pattern = |n: usize| format!("(?i)a{{1,200}}[b-z]{{2,100}}{n}");
    let filter = |n: usize| json!({"event": "issues", "bodyPattern": pattern(n), "excludeBodyPatterns": [pattern(n + 1)]});
    let filters: Vec<Value> = (0..60).map(filter).collect();
    let many = json!({"githubWebhook": {"events": ["issues"], "filters": filters}});
    let given = || item(json!({"Action": "opened", "Body": "a".repeat(60_000)}));
    let judged = |when: Value| {
        let error = spawner(when, json!({})).task(&given(), KelosVersion::V0_52).unwrap_err();
        assert_eq!(error.why, Why::NotSimulated, "{error}");
        error.to_string()
    };
    assert!(judged(many).contains("more than can be judged here"), "the purse is empty");
    let filters: Vec<Value> =
        (0..100).map(|_| json!({"event": "issues", "action": "closed"})).collect();
    let more = json!({"githubWebhook": {"events": ["issues"], "filters": filters}});
    assert!(judged(more).contains("more than can be judged here"));
    let filter = json!({"event": "issues", "labels": vec!["a"; 257]});
    let long = json!({"githubWebhook": {"events": ["issues"], "filters": [filter]}});
    assert!(judged(long).contains("more than can be judged here"));
}
