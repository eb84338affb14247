//! `render` of what belongs to the Pod of a Task, and of the defaults of the cluster.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::rendered;

const SPAWNER: &str = r#"apiVersion: kelos.dev/v1alpha2
kind: TaskSpawner
metadata:
  name: w
  annotations:
    metadata.kelos.dev/labels: |
      team: backend
    metadata.kelos.dev/pod-labels: |
      cost: "{{ .Number }}"
      kelos.dev/task: x
    metadata.kelos.dev/node-selector: |
      size: {value: XL, allowed: [XL]}
    metadata.kelos.dev/pod-labels-from-task: team
spec:
  when: {githubIssues: {}}
  taskTemplate: {promptTemplate: x}
"#;

const TASK: &str = "apiVersion: kelos.dev/v1alpha2
kind: Task
metadata:
  name: w-1
  labels: {kelos.dev/taskspawner: w}
  annotations: {kelos.dev/source-kind: issue, kelos.dev/source-number: '7'}
spec:
  prompt: x
";

const DEFAULTS: &str = "labels:\n  env: prod\n  team: platform\npodLabels: {env: prod}\n";

fn render(folder: &Path, task: &str, more: &[&str]) -> (String, String) {
    let (_, output, error) =
        rendered(folder, &[("spawner.yaml", SPAWNER), ("task.yaml", task)], more);
    (output, error)
}

/// The row of a table that has these cells one after the other.
fn has_row(shown: &str, cells: &[&str]) -> bool {
    shown
        .lines()
        .any(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") == cells.join(" "))
}

#[test]
fn the_labels_and_the_nodes_of_the_pod_are_shown_with_those_of_kelos() {
    let folder = tempfile::tempdir().unwrap();
    let (shown, _) = render(folder.path(), TASK, &["-o", "wide"]);
    for row in [
        &["pod_label", "cost", "rules annotation", "applied", "\"7\""][..],
        &["pod_label", "team", "copied from the Task", "applied", "\"backend\""],
        &["pod_label", "kelos.dev/task", "rules annotation", "protected", "-"],
        &["label", "kelos.dev/task", "Kelos", "\"w-1\""],
        &["label", "cost", "rules annotation", "\"7\""],
        &["nodeSelector", "size", "rules annotation", "\"XL\""],
    ] {
        assert!(has_row(&shown, row), "{row:?} is not in:\n{shown}");
    }
    let (json, _) = render(folder.path(), TASK, &["-o", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let expected = json!({
        "labels": {"cost": "7", "team": "backend", "kelos.dev/name": "kelos", "kelos.dev/task": "w-1",
                   "kelos.dev/component": "task", "kelos.dev/managed-by": "kelos-controller"},
        "nodeSelector": {"size": "XL"},
    });
    assert_eq!(json["pod"], expected);
    let pool = TASK.replace("  prompt: x\n", "  prompt: x\n  workerPoolRef: {name: p}\n");
    let (shown, _) = render(folder.path(), &pool, &[]);
    assert!(shown.contains("unsupported") && !shown.contains("OF ITS POD"), "{shown}");
}

#[test]
fn a_task_that_was_answered_is_shown_as_when_nothing_was_said_of_its_pod() {
    let folder = tempfile::tempdir().unwrap();
    for spec in [
        "  prompt: x\n",
        "  prompt: x\n  worker:\n    podOverrides:\n      env: []\n",
        "  prompt: x\n  podOverrides:\n    labels:\n      mine: a\n",
    ] {
        let task = TASK.replace("  prompt: x\n", spec);
        let (stored, _) = render(folder.path(), &task, &["-o", "yaml"]);
        assert!(stored.contains("podOverrides"), "{stored}");
        let (again, _) = render(folder.path(), &stored, &["-o", "yaml"]);
        assert_eq!(again, stored);
        let patch = |task: &str| render(folder.path(), task, &["-o", "patch"]).0;
        assert_eq!(patch(&stored), patch(&task));
    }
}

#[test]
fn defaults_are_for_every_task_and_say_where_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let defaults = folder.path().join("defaults");
    let flags = ["--defaults", defaults.to_str().unwrap(), "-o", "wide"];
    fs::write(&defaults, DEFAULTS).unwrap();
    let (shown, _) = render(folder.path(), TASK, &flags);
    for row in [
        &["label", "env", "defaults", "applied", "\"prod\""][..],
        &["label", "team", "rules annotation", "applied", "\"backend\""],
        &["pod_label", "env", "defaults", "applied", "\"prod\""],
    ] {
        assert!(has_row(&shown, row), "{row:?} is not in:\n{shown}");
    }
    let nobody = TASK.replace("  labels: {kelos.dev/taskspawner: w}\n", "");
    let (shown, _) = render(folder.path(), &nobody, &flags);
    assert!(shown.starts_with("Task default/w-1 without a TaskSpawner\n"), "{shown}");
    assert!(has_row(&shown, &["label", "team", "defaults", "applied", "\"platform\""]), "{shown}");
    let (_, told) = render(folder.path(), &nobody, &[]);
    assert!(told.contains("the Task has no TaskSpawner"), "{told}");

    fs::write(&defaults, "labels:\n  a b: x\n").unwrap();
    let (shown, told) = render(folder.path(), TASK, &flags);
    let expected = format!("{}:2: label a b: a name has letters", defaults.display());
    assert!(shown.is_empty() && told.contains(&expected), "{told}");
    assert!(told.contains("is invalid: none of it counts"), "{told}");
}
