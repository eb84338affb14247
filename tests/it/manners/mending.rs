//! What is said to who writes TaskSpawners and Tasks: the place in the file, once, and what mends it.

use std::fs;

use serde_json::{Value, json};

use super::hints::{SPAWNER, folder, render};
use super::{run, text};

/// A TaskSpawner of this source, whose labels have these templates.
fn of_source(when: Value, labels: &str, template: Value) -> String {
    json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner",
        "metadata": {"name": "w", "annotations": {"metadata.kelos.dev/labels": labels}},
        "spec": {"when": when, "taskTemplate": template},
    })
    .to_string()
}

#[test]
fn a_template_that_kelos_fails_on_is_shown_in_the_file_and_its_row_says_so() {
    let spawner = format!(
        "{SPAWNER}metadata: {{name: w}}\nspec:\n  when: {{githubWebhook: {{events: [issues]}}}}\n  taskTemplate:\n    \
         promptTemplate: |\n      Fix it:\n      {{{{.Titel}}}}\n    metadata:\n      annotations:\n        \
         kelos.dev/source-labels: \"{{{{.Labels}}}}\"\n"
    );
    let folder = folder(&[("a.yaml", &spawner)]);
    let (code, output, error) = render(&folder, &[]);
    assert_eq!((code, &*error), (0, ""));
    for part in [
        "missing_variable (Kelos makes no Task)",
        "error[missing_variable]: promptTemplate: Kelos makes no Task of this template: githubWebhook has no `.Titel`",
        "a.yaml:9:9\n",
        "9 |       {{.Titel}}\n",
        "= help: did you mean `.Title`?",
        "error[missing_variable]: annotation kelos.dev/source-labels: Kelos makes no Task of this template: \
         githubWebhook has no `.Labels` (up to Kelos v0.52)",
        "a.yaml:12:37\n",
        "= help: add to the TaskSpawner: `kelos.dev/source-labels: \"{{range $i, $l := .Payload.Issue.Labels}}",
        "under spec.taskTemplate.metadata.annotations in place of what is there (",
        "a.yaml:12:9)",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
    let (code, output, _) = render(&folder, &["-o", "json", "--strict"]);
    let shown: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(code, 1, "{output}");
    assert_eq!(shown["failing"][0]["template"], "promptTemplate");
    assert_eq!(shown["failing"][0]["place"]["line"], 9);
    let none =
        of_source(json!({"githubWebhook": {}}), "a: x", json!({"promptTemplate": "{{.Title}}"}));
    let (code, output, _) =
        render(&super::hints::folder(&[("a.json", &none)]), &["-o", "json", "--strict"]);
    let shown: Value = serde_json::from_str(&output).unwrap();
    assert!(code == 0 && shown.get("failing").is_none(), "{output}");
}

#[test]
fn strict_says_no_where_a_key_is_not_written() {
    for (labels, code) in [
        ("a: x", 0),
        ("a: {value: '{{ .Title }}', default: x}", 0),
        ("a: '{{ .Title }}'", 1),
        ("a: {value: x, allowed: [y]}", 1),
        ("a: '{{ dropKey }}'", 0),
        ("a: [", 1),
    ] {
        let folder = folder(&[(
            "a.json",
            &of_source(json!({"jira": {}}), labels, json!({"promptTemplate": "x"})),
        )]);
        assert_eq!(render(&folder, &["--strict"]).0, code, "{labels}");
        assert_eq!(render(&folder, &[]).0, 0, "{labels}");
    }
}

#[test]
fn what_is_wrong_beside_a_template_has_the_place_of_its_key() {
    let spawner = format!(
        "{SPAWNER}metadata:\n  name: w\n  annotations:\n    metadata.kelos.dev/labels: |\n      a: {{value: x, allowed: [y, z]}}\n      \
         kelos.dev/taskspawner: x\n      b c: x\n      d: \"not a label\"\n"
    );
    let (_, output, error) = render(&folder(&[("a.yaml", &spawner)]), &[]);
    assert_eq!(error, "");
    for part in [
        "a.yaml:7:7\n",
        "= help: `allowed` has y, z: add the value there",
        "a.yaml:8:7\n",
        "8 |       kelos.dev/taskspawner: x\n  |       ^^^^^^^^^^^^^^^^^^^^^\n",
        "= help: Kelos, Kubernetes or another controller acts on it",
        "docs/rules.md#control-keys",
        "a.yaml:9:7\n",
        "a.yaml:10:7\n",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
}

#[test]
fn a_source_without_labels_gets_a_note_and_a_schedule_names_its_tasks() {
    let labels = "priority: '{{ scoped \"priority\" .Labels }}'\nwhen: '{{ .Time }}'\n";
    let when = json!({"cron": {"schedule": "0 9 * * 1"}});
    let spawner = of_source(when, labels, json!({"promptTemplate": "x"}));
    let (_, output, _) = render(&folder(&[("a.json", &spawner)]), &[]);
    for part in [
        "note: label priority is omitted: `.Labels` is empty for every Task of cron; write a constant in its place",
        "= help: Kelos calls the Tasks of this schedule `w-YYYYMMDD-HHMM`, and this one is called `w-1`; ",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
}

#[test]
fn texts_that_kubectl_takes_for_booleans_are_told_with_their_place() {
    let spawner = |value: &str| {
        format!("{SPAWNER}metadata:\n  name: w\n  annotations:\n    metadata.kelos.dev/infer: {value}\n    team: {{}}\n")
            .replace("    team: {}\n", "    team: nobody\n")
    };
    for value in ["off", "off # why"] {
        let (_, _, error) = render(&folder(&[("a.yaml", &spawner(value))]), &[]);
        let said = "a.yaml:6:31: metadata.annotations[metadata.kelos.dev/infer]: kubectl reads off as a boolean, and a \
                    text is wanted: write \"off\"";
        assert!(error.contains(said), "{error}");
    }
    let (_, _, error) = render(&folder(&[("a.yaml", &spawner("\"off\""))]), &[]);
    assert_eq!(error, "");
}

#[test]
fn a_value_of_the_wrong_type_in_a_task_is_told_as_that_of_a_spawner_is() {
    let task = "apiVersion: kelos.dev/v1alpha2\nkind: Task\nmetadata:\n  name: w-2\n  labels: {kelos.dev/taskspawner: w}\n  annotations:\n    kelos.dev/source-number: 42\n";
    let spawner = of_source(json!({"jira": {}}), "a: x", json!({}));
    let folder = folder(&[("a.json", &spawner), ("b.yaml", task)]);
    let (code, _, error) = render(&folder, &[]);
    let said = "b.yaml:1:1: this is no Task as Kelos has it: metadata.annotations[kelos.dev/source-number] line 7: a number \
                needs quotes";
    assert!(code == 2 && error.contains(said), "{error}");
}

#[test]
fn a_file_that_can_not_be_used_is_told_once() {
    for spawner in [
        format!("{SPAWNER}metadata:\n  name: w\n  annotations: {{team: true}}\n"),
        format!("{SPAWNER}metadata:\n  name: w\n\tannotations: {{}}\n"),
    ] {
        let (code, output, error) = render(&folder(&[("a.yaml", &spawner)]), &[]);
        assert_eq!((code, &*output, error.lines().count()), (2, "", 1), "{error}");
        assert!(
            error.contains("needs quotes") || error.contains("(indent with spaces)"),
            "{error}"
        );
    }
}

#[test]
fn without_a_task_it_is_said_where_one_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let spawners = of_source(json!({"jira": {}}), "a: x", json!({}));
    fs::write(folder.path().join("a.json"), spawners).unwrap();
    let other = "apiVersion: kelos.dev/v1alpha2\nkind: SessionSpawner\nmetadata: {name: s}\n";
    fs::write(folder.path().join("b.yaml"), other).unwrap();
    let (code, _, error) = render(&folder, &[]);
    assert_eq!(code, 2);
    for part in
        ["no Task and no Session", "kubectl get task NAME -o yaml", "examples/priority/task.yaml"]
    {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn review_says_once_that_a_manifest_is_none() {
    let folder = folder(&[]);
    let task = folder.path().join("z-task.yaml");
    let json = folder.path().join("task.json");
    fs::write(&json, r#"{"apiVersion": "kelos.dev/v1alpha2", "kind": "Task"}"#).unwrap();
    let manifests = folder.path().join("none.yaml");
    fs::write(&manifests, "").unwrap();
    for input in [task, json] {
        let input = fs::File::open(input).unwrap();
        let args = ["review", "--manifests", manifests.to_str().unwrap()];
        let output = super::program(&args).stdin(input).output().unwrap();
        let error = text(&output.stderr);
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{error}");
        assert!(error.contains("`kelos-metadata render -f` shows what a Task gets"), "{error}");
    }
}

#[test]
fn a_comma_list_of_labels_is_a_list() {
    for (template, expected) in [
        ("{{ .Labels | scoped \"priority\" }}", "high\n"),
        ("{{ .Labels }}", "bug, priority/high\n"),
        ("{{ labels | last }}", "priority/high\n"),
    ] {
        let output = run(&["eval", "--set", "Labels=bug,priority/high", template]);
        assert_eq!(text(&output.stdout), expected, "{template}");
    }
}

#[test]
fn eval_has_texts_as_they_are_written_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let vars = folder.path().join("vars.yaml");
    let written = "HeadSHA: 1234e10\nTag: 1.10\nID: 007\nBranch: 0x10\nTitle: 1_000\nseverity: 5\nNumber: 42\n";
    fs::write(&vars, written).unwrap();
    let template = "{{ .HeadSHA }} {{ .Tag }} {{ .ID }} {{ .Branch }} {{ .Title }} {{ eq .severity \"5\" }} {{ add .Number 1 }}";
    let output = run(&["eval", "--vars", vars.to_str().unwrap(), template]);
    assert_eq!(text(&output.stdout), "1234e10 1.10 007 0x10 1_000 true 43\n");
    for (set, template, expected) in [
        ("Branch=1.10", "{{ .Branch }}", "1.10\n"),
        ("ID=1e3", "{{ .ID }}", "1e3\n"),
        ("severity=5", "{{ eq .severity \"5\" }}", "true\n"),
        ("URL=https://u:p@example.com/x?token=s#f", "{{ .URL }}", "https://example.com/x#f\n"),
        ("Number=42", "{{ add .Number 1 }}", "43\n"),
    ] {
        let output = run(&["eval", "--set", set, template]);
        assert_eq!(text(&output.stdout), expected, "{set}");
    }
    let output = run(&["eval", "--set", "Number=4.5", "x"]);
    assert!(text(&output.stderr).contains("Number=4.5: it is a whole number"));
}
