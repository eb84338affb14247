//! What is read and passed over, how findings are shown, and the exit status.

use std::fs;
use std::path::Path;
use std::process::Command;

use kelos_metadata::engine::lint::Rule;
use serde_json::{Value, json};

use super::{data, lint_file, lint_in, spawner};
use crate::support::oracle;

const OTHER: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";

#[test]
fn what_helm_and_kustomize_print_is_read_and_other_kinds_are_passed_over() {
    let text = format!(
        "---\n# Source: chart/templates/c.yaml\n{OTHER}---\n# Source: chart/templates/w.yaml\n{}",
        spawner("'x-{{.Nope}}'")
    );
    let folder = tempfile::tempdir().unwrap();
    let said = lint_in(folder.path(), &["-f", "-"], &text);
    assert_eq!((said.status, &*said.errors), (1, ""));
    assert!(said.output.starts_with("<stdin>:18:18: error["), "{}", said.output);
    assert!(said.output.ends_with("1 object: 1 error\n"), "{}", said.output);
}

#[test]
fn files_folders_and_arguments_are_read_once_each() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("a")).unwrap();
    fs::write(folder.path().join("a/w.yaml"), spawner("x")).unwrap();
    fs::write(folder.path().join("b.yaml"), spawner("y")).unwrap();
    fs::write(folder.path().join("values.yaml"), "a: {b: c}\n").unwrap();
    let said = lint_in(folder.path(), &["a/w.yaml", "-f", "a", "-f", "b.yaml", "values.yaml"], "");
    assert_eq!((said.status, &*said.output, &*said.errors), (0, "2 objects: nothing found\n", ""));
}

#[test]
fn nothing_to_lint_is_said_and_is_no_error() {
    let said = lint_file("c.yaml", OTHER, &[]);
    assert_eq!((said.status, &*said.output), (0, ""));
    assert!(said.errors.starts_with("there is no TaskSpawner and no SessionSpawner in what -f"));
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_linted() {
    let helm = format!("{}  {{{{- if .Values.x }}}}\n", spawner("x"));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("helm.yaml"), &helm).unwrap();
    fs::write(folder.path().join("w.yaml"), spawner("'{{.Nope}}'")).unwrap();
    let said = lint_in(folder.path(), &["-f", ".", "-f", "gone.yaml"], "");
    assert_eq!(said.status, 2);
    assert!(said.output.contains("./w.yaml:11:16: error["), "{}", said.output);
    assert!(said.errors.contains("helm template … | kelos-metadata lint -f -"), "{}", said.errors);
    assert!(said.errors.contains("gone.yaml: cannot be read: No such file"), "{}", said.errors);
    // Templates of other charts are none of ours.
    let said = lint_file("other.yaml", "a: {{ .Values.x }}\n", &[]);
    assert_eq!(said.status, 0, "{}", said.errors);
    let said = lint_file("w.yaml", &spawner("[x]"), &[]);
    assert_eq!(said.status, 2);
    let start = "w.yaml:1:1: TaskSpawner default/w: the API server would refuse it: ";
    assert!(said.errors.starts_with(start), "{}", said.errors);
}

#[test]
fn the_cluster_is_not_asked_where_files_are_named() {
    for flags in [&["-f", "x", "-A"][..], &["x", "--kubeconfig", "y"], &["-n", "a", "-A"]] {
        let folder = tempfile::tempdir().unwrap();
        let said = lint_in(folder.path(), flags, "");
        assert_eq!(said.status, 2, "{flags:?}");
        assert!(said.errors.contains("cannot be used with"), "{}", said.errors);
    }
}

#[test]
fn severities_decide_what_is_shown_and_the_status() {
    let bad = data(Rule::StrangersText);
    let shown = |flags: &[&str]| lint_in(&bad, &[&["bad.yaml"], flags].concat(), "");
    assert!(shown(&[]).output.contains("info[strangers-text]"));
    let errors = shown(&["--min-severity", "error"]);
    assert!(!errors.output.contains("info[") && !errors.output.contains("warning["));
    let unknown = lint_in(&data(Rule::UnknownSetting), &["bad.yaml", "-o", "json"], "");
    let is_warning = |it: &Value| it["severity"] == "warning";
    assert!(unknown.findings().iter().all(|it| it["severity"] != "error"));
    assert!(unknown.findings().iter().any(is_warning));
    assert_eq!(unknown.status, 0);
    let strict = lint_in(&data(Rule::UnknownSetting), &["bad.yaml", "--strict"], "");
    assert_eq!(strict.status, 1);
}

#[test]
fn json_has_one_shape() {
    let said = lint_file("w.yaml", &spawner("'x-{{.Nope}}'"), &["-o", "json"]);
    let shown: Value = serde_json::from_str(&said.output).unwrap();
    assert_eq!((&shown["objects"], &shown["errors"]), (&json!(1), &json!(1)));
    let finding = &shown["findings"][0];
    assert_eq!(finding["kind"], "TaskSpawner");
    assert_eq!((&finding["namespace"], &finding["name"]), (&json!("default"), &json!("w")));
    assert_eq!(finding["field"], "spec.taskTemplate.branch");
    assert_eq!(finding["position"], json!({"line": 1, "column": 5}));
    let place =
        json!({"file": "w.yaml", "line": 11, "column": 18, "end_line": 11, "end_column": 23});
    assert_eq!(finding["place"], place);
}

#[test]
fn github_is_given_one_command_a_finding() {
    let said = lint_file("a,b:c.yaml", &spawner("'x-{{.Nope}}'"), &["-o", "github"]);
    let start = "::error file=a%2Cb%3Ac.yaml,line=11,col=18,endColumn=23,title=";
    assert!(said.output.starts_with(start), "{}", said.output);
    assert_eq!(said.output.lines().count(), 1, "a line break would end the command");
}

/// The schema of SARIF 2.1.0, out of the source of a Go module that has it: it is not ours to copy.
fn sarif_schema() -> String {
    let output = Command::new("go")
        .args(["list", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/go/oracles"))
        .output()
        .unwrap();
    let folder = String::from_utf8(output.stdout).unwrap();
    let source = fs::read_to_string(Path::new(folder.trim()).join("schema.go")).unwrap();
    let schema = source.split('`').nth(1).unwrap();
    assert!(schema.contains("Version 2.1.0 JSON Schema"), "{schema:.300}");
    schema.to_owned()
}

/// All findings that there are, in one log each, as the schema has it.
#[test]
fn sarif_passes_its_schema() {
    let mut logs: Vec<Value> = Rule::ALL
        .into_iter()
        .map(|rule| {
            let said = lint_in(&data(rule), &["bad.yaml", "-o", "sarif"], "");
            serde_json::from_str(&said.output).unwrap()
        })
        .collect();
    let fixed = |log: &Value| log["runs"][0]["results"].to_string().contains("artifactChanges");
    assert!(logs.iter().any(fixed), "replacements are in it, too");
    let count = logs.len();
    let spoiled = |change: fn(&mut Value)| {
        let mut log = logs[0].clone();
        change(&mut log["runs"][0]);
        log
    };
    let spoiled = [
        spoiled(|run| run["results"][0]["level"] = json!("fatal")),
        spoiled(|run| run["results"][0]["place"] = json!("here")),
        spoiled(|run| drop(run["tool"].as_object_mut().unwrap().remove("driver"))),
    ];
    logs.extend(spoiled);
    let schema = sarif_schema();
    let questions = logs.iter().map(|log| json!({"schema": schema, "log": log}));
    let errors: Vec<Vec<String>> = oracle::ask("sarif", questions);
    for (log, errors) in logs.iter().zip(&errors).take(count) {
        assert_eq!(*errors, [""; 0], "{log:#}");
    }
    assert!(errors[count..].iter().all(|errors| !errors.is_empty()), "{errors:?}");
    let result = &logs[0]["runs"][0]["results"][0];
    let rules = logs[0]["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let index = result["ruleIndex"].as_u64().unwrap() as usize;
    assert_eq!(rules[index]["id"], result["ruleId"]);
    let help = rules[index]["help"]["markdown"].as_str().unwrap();
    assert!(help.contains("\nBad:\n"), "code scanning shows the entry of the page: {help}");
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "bad.yaml");
}

#[test]
fn budgets_among_the_files_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(data(Rule::BudgetKey).join("bad.yaml")).unwrap();
    let documents: Vec<&str> = text.split("---\n").collect();
    let (budgets, spawners): (Vec<&str>, Vec<&str>) =
        documents.iter().partition(|it| it.contains("kind: TaskBudget"));
    fs::write(folder.path().join("a.yaml"), spawners.join("---\n")).unwrap();
    let has_it = |said: super::Said| said.output.contains("[budget-key]");
    assert!(!has_it(lint_in(folder.path(), &["-f", "."], "")));
    fs::write(folder.path().join("b.yaml"), budgets.join("---\n")).unwrap();
    assert!(has_it(lint_in(folder.path(), &["-f", "."], "")));
}
