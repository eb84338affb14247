//! `render --item` and `test`.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Exit status, standard output, standard error.
fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"))
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const SPAWNER: &str = r#"# one
apiVersion: kelos.dev/v1alpha2
kind: TaskSpawner
metadata:
  name: worker
  namespace: default
  annotations:
    metadata.kelos.dev/labels: |
      team.example.com/number: n-{{.Number}}
      team.example.com/author: {{.Author}}
spec:
  when:
    githubIssues: {}
  taskTemplate:
    promptTemplate: |
      Fix #{{.Number}}: {{.Title}}
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("spawner.yaml"), SPAWNER).unwrap();
    folder
}

#[test]
fn render_makes_the_task_of_an_item_and_shows_what_it_gets() {
    let folder = folder();
    let folder = folder.path();
    fs::write(folder.join("item.yaml"), "Number: 7\nTitle: 1.10\n").unwrap();
    let args = ["render", "-f", "spawner.yaml", "--item", "item.yaml"];
    let with = |more: &[&str]| run(folder, &[&args, more].concat());
    let (status, shown, _) = with(&[]);
    assert_eq!(status, 0);
    assert!(shown.starts_with("Task default/worker-7 from TaskSpawner worker\n"), "{shown}");
    assert!(shown.contains("\"n-7\""), "{shown}");
    let (_, yaml, _) = with(&["-o", "yaml", "--set", "Number=8"]);
    assert!(yaml.contains("name: worker-8") && yaml.contains("Fix #8: 1.10"), "{yaml}");
    let (_, diff, _) = with(&["-o", "diff"]);
    assert!(
        diff.starts_with("--- a/task/default/worker-7\n+++ b/task/default/worker-7\n"),
        "{diff}"
    );
    assert!(diff.contains("\n+    team.example.com/number: n-7\n"), "{diff}");
    assert_eq!(with(&["--strict"]).0, 1, "the author is not known");
}

#[test]
fn render_says_where_kelos_makes_no_task() {
    let folder = folder();
    let folder = folder.path();
    fs::write(folder.join("bad.yaml"), SPAWNER.replace("{{.Title}}", "{{.Titel}}")).unwrap();
    let (status, shown, error) = run(folder, &["render", "-f", "bad.yaml", "--kelos", "v0.52"]);
    assert_eq!((status, shown.as_str()), (1, ""));
    assert!(
        error.contains("Kelos makes no Task: promptTemplate: githubIssues has no `.Titel`"),
        "{error}"
    );
    assert!(
        error.contains("bad.yaml:16:27") && error.contains("did you mean `.Title`?"),
        "{error}"
    );
    for (args, message) in [
        (["--set", "Titel=x"], "githubIssues has no `Titel`"),
        (["--item", "none.yaml"], "--item none.yaml can't be read"),
        (["--kelos", "v0.30"], "v0.30"),
    ] {
        let (status, _, error) =
            run(folder, &[&["render", "-f", "spawner.yaml"][..], &args].concat());
        assert_eq!(status, 2, "{args:?}");
        assert!(error.contains(message), "{error}");
    }
}

const CASES: &str = "\
spawner: spawner.yaml
cases:
  - name: good
    item: {Number: 7}
    labels: {team.example.com/number: n-7, team.example.com/author: null}
    skipped: [\"label:team.example.com/author=missing_variable\"]
  - name: bad
    set: {Number: 8}
    labels: {team.example.com/number: n-7}
    annotations: {x.example.com/none: y}
    skipped: []
  - name: a Task, where none is expected
    error: something
";

#[test]
fn a_case_that_fails_says_what_it_expected_and_what_came_out() {
    let folder = folder();
    let folder = folder.path();
    fs::write(folder.join("cases.yaml"), CASES).unwrap();
    let (status, shown, error) = run(folder, &["test", "-f", "cases.yaml"]);
    assert_eq!((status, error.as_str()), (1, ""));
    let expected = "ok   good
FAIL bad
     - label team.example.com/number: \"n-7\"
     + label team.example.com/number: \"n-8\" (applied)
     - annotation x.example.com/none: \"y\"
     + annotation x.example.com/none: none (nobody asks for it)
     + skipped label:team.example.com/author=missing_variable
FAIL a Task, where none is expected
     - no Task: something
     + Task worker-42

3 cases: 1 passed, 2 failed
";
    assert_eq!(shown, expected);
    let (status, xml, _) = run(folder, &["test", "-f", "cases.yaml", "-o", "junit"]);
    assert_eq!(status, 1);
    assert!(
        xml.contains("<testsuites name=\"kelos-metadata\" tests=\"3\" failures=\"2\">"),
        "{xml}"
    );
    let good: String = CASES.split("  - name: bad").next().unwrap().to_owned();
    fs::write(folder.join("good.yaml"), good).unwrap();
    assert_eq!(run(folder, &["test", "-f", "good.yaml"]).0, 0);
}

#[test]
fn cases_that_cannot_be_run_are_no_failures() {
    let folder = folder();
    let folder = folder.path();
    for (cases, message) in [
        ("cases: []", "there is no case in it"),
        ("cases:\n- name: x\n  label: {}", "cases.yaml:3"),
        ("cases:\n- name: x", "it names no TaskSpawner"),
        ("spawner: none.yaml\ncases:\n- name: x", "none.yaml"),
        ("spawner: other\nfiles: [spawner.yaml]\ncases:\n- name: x", "no TaskSpawner in `other`"),
        ("spawner: spawner.yaml\ncases:\n- name: x\n  set: {Titel: y}", "has no `Titel`"),
        ("spawner: spawner.yaml\ncases:\n- name: x\n  kelos: v1", "none of"),
    ] {
        fs::write(folder.join("cases.yaml"), cases).unwrap();
        let (status, _, error) = run(folder, &["test", "-f", "cases.yaml"]);
        assert_eq!(status, 2, "{cases}: {error}");
        assert!(error.contains(message) || message == "none of", "{cases}: {error}");
    }
    let by_name = "spawner: worker\nfiles: [spawner.yaml]\ncases:\n- {name: x, item: item.yaml}";
    fs::write(folder.join("cases.yaml"), by_name).unwrap();
    fs::write(folder.join("item.yaml"), "Number: 3\n").unwrap();
    assert_eq!(run(folder, &["test", "-f", "cases.yaml"]).0, 0);
}
