//! What is said of a variable that is missing: where it stands, and what to write.

use std::fs;

use serde_json::{Value, json};

use super::{rendered, run, text};

const SPAWNER: &str = r#"# A comment.
apiVersion: kelos.dev/v1alpha2
kind: TaskSpawner
metadata:
  name: w
  labels: {team: backend}
  annotations:
    metadata.kelos.dev/labels: |
      priority: {{ .Labels | scoped "priority" }}
      area:
        value: |
          {{ .Spawner.Labels.team }}-
          {{ .Repository }}
        default: none
    metadata.kelos.dev/annotations: |
      a: {{ .Namespace.Labels.team }}
      b: {{ .Author }}{{ .Workspace.Repo }}
spec:
  when: {githubIssues: {}}
  taskTemplate: {promptTemplate: x}
"#;

const TASK: &str = "apiVersion: kelos.dev/v1alpha2
kind: Task
metadata:
  name: w-1
  labels: {kelos.dev/taskspawner: w}
  annotations: {kelos.dev/source-author: octocat}
spec: {workspaceRef: {name: my-repo}}
";

/// What `render` prints and complains of with these objects, in a folder of this path.
fn render(spawner: &str, more: &[&str]) -> (String, String, String) {
    render_task(spawner, TASK, more)
}

fn render_task(spawner: &str, task: &str, more: &[&str]) -> (String, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let files = [("a.yaml", spawner), ("b.yaml", task)];
    let (_, output, error) = rendered(folder.path(), &files, more);
    (output, error, folder.path().to_str().unwrap().to_owned())
}

#[test]
fn an_error_in_a_template_is_shown_in_the_file_with_the_line_to_add() {
    let (output, error, path) = render(SPAWNER, &[]);
    assert_eq!(error, "");
    for shown in [
        format!(
            "error[missing_variable]: label priority: `.Labels` is not known\n --> {path}/a.yaml:9:20\n  |\n\
             9 |       priority: {{{{ .Labels | scoped \"priority\" }}}}\n  |                    ^^^^^^^\n  |\n  \
             = help: add to the TaskSpawner: `kelos.dev/source-labels: \"{{{{.Labels}}}}\"` under \
             spec.taskTemplate.metadata.annotations (Kelos v0.25 and later), or a line `Labels: {{{{.Labels}}}}` in \
             spec.taskTemplate.promptTemplate (any Kelos)\n"
        ),
        format!(
            "error[missing_variable]: label area: `.Repository` is not known\n  --> {path}/a.yaml:13:14\n   |\n\
             13 |           {{{{ .Repository }}}}\n   |              ^^^^^^^^^^^\n   |\n   \
             = help: Workspace default/my-repo is not among the files: name its file, too, with -f\n"
        ),
        format!(
            "--> {path}/a.yaml:16:13\n   |\n16 |       a: {{{{ .Namespace.Labels.team }}}}\n   |             \
             ^^^^^^^^^^^^^^^^^^^^^^\n   |\n   = help: Namespace default is not among the files: name its file, \
             too, with -f\n"
        ),
        "help: Workspace default/my-repo is not among the files".to_owned(),
    ] {
        assert!(output.contains(&shown), "{shown} is not in:\n{output}");
    }
    let (output, _, _) = render_task(SPAWNER, &TASK.replace("workspaceRef", "workerPoolRef"), &[]);
    let help = "help: the Workspace of WorkerPool default/my-repo is not among the files";
    assert!(output.contains(help), "{output}");
    // The line is there, and no Task shows it yet.
    let field = "taskTemplate: {metadata: {annotations: {kelos.dev/source-labels: '{{.Labels}}'}}, promptTemplate: x}";
    let (output, _, _) = render(&SPAWNER.replace("taskTemplate: {promptTemplate: x}", field), &[]);
    let help = "help: `kelos.dev/source-labels` under spec.taskTemplate.metadata prints it already";
    assert!(output.contains(help), "{output}");
}

#[test]
fn json_has_the_place_in_the_template_that_in_the_file_and_what_to_write() {
    let (output, _, path) = render(SPAWNER, &["-o", "json"]);
    let shown: Value = serde_json::from_str(&output).unwrap();
    let key = |name: &str| {
        shown["keys"].as_array().unwrap().iter().find(|key| key["key"] == name).unwrap()
    };
    let priority = key("priority");
    assert_eq!((&priority["line"], &priority["column"]), (&json!(1), &json!(4)));
    let file = format!("{path}/a.yaml");
    assert_eq!(priority["place"], json!({"file": file, "line": 9, "column": 20}));
    let hint = priority["hint"].as_str().unwrap();
    assert!(hint.starts_with("add to the TaskSpawner: `kelos.dev/source-labels:"), "{hint}");
    assert_eq!(key("area")["place"]["line"], 13, "of what has its default, too");
    let from = |name: &str| {
        let all = shown["variables"].as_array().unwrap();
        all.iter().find(|it| it["name"] == name).unwrap()["from"].clone()
    };
    assert_eq!((from("Author"), from("Spawner")), (json!("recorded"), json!("cluster")));
    assert_eq!(from("Namespace"), "cluster");
}

#[test]
fn a_variable_has_an_origin_and_one_that_is_missing_says_why() {
    let (output, _, _) = render(SPAWNER, &[]);
    let line = |name: &str| {
        let mut lines = output.lines().filter(|line| line.starts_with(&format!(" {name} ")));
        lines.next().unwrap_or_else(|| panic!("{name}: {output}")).trim_end().to_owned()
    };
    assert!(line("VARIABLE").ends_with("ORIGIN") && line("KIND").contains("FROM"), "{output}");
    assert!(line("Author").ends_with("recorded"), "{output}");
    assert!(line("Spawner").ends_with("cluster"), "{output}");
    assert!(line("Workspace").ends_with("missing: no Workspace of the Task is known"), "{output}");
    let (output, _, _) = render(&SPAWNER.replace(".Author", ".Severity"), &[]);
    assert!(output.contains("missing: githubIssues has no such variable"), "{output}");
    let help = "= help: githubIssues has no Severity, and Kelos can't be made to print it; a context source can";
    assert!(output.contains(help), "{output}");
}

#[test]
fn a_broken_rules_annotation_is_called_an_annotation() {
    let broken = SPAWNER.replace("priority: {{ .Labels", "priority: [{{ .Labels");
    let (output, error, _) = render(&broken, &[]);
    assert_eq!(error, "", "it is shown with the Task");
    for shown in [
        "\n annotation  metadata.kelos.dev/labels ",
        "error[parse_error]: annotation metadata.kelos.dev/labels: ",
    ] {
        assert!(output.contains(shown), "{shown} is not in:\n{output}");
    }
    let (output, error, _) = render(&broken, &["-o", "yaml"]);
    let told = "TaskSpawner default/w: annotation metadata.kelos.dev/labels: parse_error: ";
    assert!(error.starts_with(told), "{error}");
    let mark = "annotation:metadata.kelos.dev/labels=parse_error";
    assert!(output.contains(mark), "{output}");
}

#[test]
fn eval_says_what_to_write_and_talks_of_no_task() {
    for (template, help) in [
        (
            "{{ .Labels }}",
            "`--set Labels=…` gives it here; add to the TaskSpawner: `kelos.dev/source-labels: \"{{.Labels}}\"` under \
             spec.taskTemplate.metadata.annotations (githubIssues, githubPullRequests, jira, linearWebhook), or \
             a line over the payload (githubWebhook, docs/facts.md)",
        ),
        ("{{ .Nothing }}", "`--set Nothing=…` gives it here"),
        (
            "{{ context.build }}",
            "`--set context=…` gives it here; add to the TaskSpawner: an entry",
        ),
    ] {
        let output = run(&["eval", template]);
        let error = text(&output.stderr);
        assert!(error.contains(&format!("= help: {help}")), "{error}");
        assert!(!error.contains("Task ") && !error.contains("the Task\n"), "{error}");
        let question = json!({"template": template, "vars": {}}).to_string();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lines");
        fs::write(&file, question).unwrap();
        let input = fs::File::open(&file).unwrap();
        let output = super::program(&["eval", "--jsonl"]).stdin(input).output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let hint = answer["hint"].as_str().unwrap();
        assert!(hint.starts_with(help), "{answer}");
    }
}

#[test]
fn a_line_that_the_cluster_keeps_out_is_not_proposed() {
    let (output, _, _) = render(SPAWNER, &["--protect", "kelos.dev/"]);
    let prompt =
        "add to the TaskSpawner: a line `Labels: {{.Labels}}` in spec.taskTemplate.promptTemplate";
    assert!(output.contains(prompt) && !output.contains("kelos.dev/source-labels"), "{output}");
}

#[test]
fn a_webhook_of_any_kind_has_its_own_names_and_no_lists() {
    let spawner = SPAWNER
        .replace("{githubIssues: {}}", "{webhook: {source: a, fieldMapping: {state: $.state}}}")
        .replace("scoped \"priority\"", "join \",\"")
        .replace("{{ .Author }}", "{{ .state }}");
    let (output, _, _) = render(&spawner, &[]);
    assert!(output.contains("`kelos.dev/source-state: \"{{.state}}\"`"), "{output}");
    assert!(!output.contains("did you mean `.State`"), "{output}");
    assert!(output.contains("maps texts, and Kelos prints a list as one"), "{output}");
}
