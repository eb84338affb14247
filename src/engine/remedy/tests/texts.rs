//! What a remedy says.

use serde_json::json;

use super::{rules, said};
use crate::engine::remedy::{Missed, remedy, without_source};

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
}

#[test]
fn of_an_unknown_kelos_both_ways_are_named_and_of_a_run_by_hand_the_file_of_values() {
    let polled = json!({"githubIssues": {}});
    let rules = rules(&json!({"spec": {"when": polled, "taskTemplate": {"promptTemplate": "x"}}}));
    let missed = Missed {
        rules: &rules,
        variable: ".Labels",
        is_manual: false,
        has_workspace: true,
        blank: &[],
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
                 spec.taskTemplate.metadata.annotations (githubIssues, githubPullRequests, jira, \
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
