//! `render` of a Task that was answered before.

use std::path::Path;

use super::rendered;

const SPAWNER: &str = r#"apiVersion: kelos.dev/v1alpha2
kind: TaskSpawner
metadata:
  name: w
  annotations:
    metadata.kelos.dev/labels: |
      priority: {{ scoped "priority" .Labels }}
      author: {{ .Author }}
      team: backend
spec:
  when: {githubIssues: {}}
  taskTemplate:
    promptTemplate: x
    metadata: {annotations: {kelos.dev/source-labels: "{{.Labels}}"}}
"#;

const TASK: &str = "apiVersion: kelos.dev/v1alpha2
kind: Task
metadata:
  name: w-1
  labels: {kelos.dev/taskspawner: w}
  annotations: {kelos.dev/source-labels: 'bug, priority/high'}
";

/// What `render` prints of a Task with these settings.
fn render(folder: &Path, task: &str, more: &[&str]) -> String {
    rendered(folder, &[("spawner.yaml", SPAWNER), ("task.yaml", task)], more).1
}

#[test]
fn a_task_that_was_answered_is_shown_as_when_it_was_new() {
    let folder = tempfile::tempdir().unwrap();
    let new = render(folder.path(), TASK, &[]);
    assert!(!new.contains("answered before") && !new.contains("ON THE TASK"), "{new}");
    let stored = render(folder.path(), TASK, &["-o", "yaml"]);
    assert!(stored.contains("metadata.kelos.dev/rendered-from"), "{stored}");

    let again = render(folder.path(), &stored, &[]);
    assert!(again.contains("answered before") && again.contains("taken for ours"), "{again}");
    assert!(again.contains("ON THE TASK") && !again.contains("existing"), "{again}");
    for shown in ["\"high\"", "applied", "missing_variable", "`.Author` is not known"] {
        assert!(new.contains(shown) && again.contains(shown), "{shown}: {again}");
    }
    assert_eq!(render(folder.path(), &stored, &["-o", "yaml"]), stored);

    // What somebody else has written stays, and is shown.
    let manager = "  managedFields:\n  - fieldsV1: {f:metadata: {f:labels: {f:team: {}}}}\n";
    let managed = stored.replacen("metadata:\n", &format!("metadata:\n{manager}"), 1);
    let managed = managed.replace("team: backend", "team: payments");
    let shown = render(folder.path(), &managed, &[]);
    assert!(!shown.contains("taken for ours"), "{shown}");
    let team = shown.lines().find(|line| line.contains(" team ")).unwrap();
    assert!(team.contains("\"payments\"") && team.contains("existing"), "{team}");
}
