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
        xml.contains(
            "<testsuites name=\"kelos-metadata\" tests=\"3\" failures=\"2\" errors=\"0\">"
        ),
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
        ("cases:\n- name: x\n  lables: {}", "cases.yaml:3:3: "),
        ("cases:\n- name: x\n  lables: {}", "(did you mean `labels`?)"),
        ("cases:\n- {name: x, skipped: []}", "it names no TaskSpawner"),
        ("spawner: none.yaml\ncases:\n- {name: x, skipped: []}", "none.yaml"),
        (
            "spawner: other\nfiles: [spawner.yaml]\ncases:\n- {name: x, skipped: []}",
            "no TaskSpawner in `other`, and none of that name in `files`: worker",
        ),
        (
            "spawner: spawner.yaml\ncases:\n- name: x\n  skipped: []\n  set: {Titel: y}",
            "cases.yaml:5:9: x: the item does not fit: githubIssues has no `Titel` (did you mean `Title`?)",
        ),
        (
            "spawner: spawner.yaml\ncases:\n- name: x\n  skipped: []\n  item:\n    Number: 1\n    Titel: y",
            "cases.yaml:7:5: x: ",
        ),
        ("spawner: spawner.yaml\ncases:\n- name: x\n  kelos: v1", "v0.24"),
        (
            "spawner: spawner.yaml\ncases:\n- name: x\n  item: {}",
            "cases.yaml:3:3: x: it expects nothing",
        ),
        (
            "spawner: spawner.yaml\ncases:\n- {name: x, skipped: [team.example.com/author]}",
            "`team.example.com/author` is none of KIND:KEY=REASON",
        ),
        (
            "spawner: spawner.yaml\ncases:\n- {name: x, skipped: [\"label:a=missing\"]}",
            "`label:a=missing` is none of KIND:KEY=REASON",
        ),
    ] {
        fs::write(folder.join("cases.yaml"), cases).unwrap();
        let (status, _, error) = run(folder, &["test", "-f", "cases.yaml"]);
        assert_eq!(status, 2, "{cases}: {error}");
        assert!(error.contains(message), "{cases}: {error}");
    }
    let by_name = "spawner: worker\nfiles: [spawner.yaml]\ncases:\n- {name: x, item: item.yaml, labels: {team.example.com/number: n-3}}";
    fs::write(folder.join("cases.yaml"), by_name).unwrap();
    fs::write(folder.join("item.yaml"), "Number: 3\n").unwrap();
    assert_eq!(run(folder, &["test", "-f", "cases.yaml"]).0, 0);
}

#[test]
fn what_could_not_be_asked_is_counted_as_an_error() {
    let folder = folder();
    let folder = folder.path();
    let cases = "spawner: spawner.yaml\ncases:\n- {name: good, skipped: [\"label:team.example.com/author=missing_variable\"]}\n- {name: none, spawner: gone.yaml, skipped: []}\n- {name: bad, skipped: []}\n";
    fs::write(folder.join("cases.yaml"), cases).unwrap();
    let args = ["test", "cases.yaml", "-f", "gone.yaml"];
    let (status, shown, error) = run(folder, &args);
    assert_eq!(status, 2);
    assert!(shown.starts_with("ok   good\nERR  none\nFAIL bad\n"), "{shown}");
    assert!(
        shown.ends_with("ERR  gone.yaml\n\n4 cases: 1 passed, 1 failed, 2 errors\n"),
        "{shown}"
    );
    assert!(error.contains("cases.yaml:4:4: none: gone.yaml: cannot be read"), "{error}");
    assert!(error.contains("gone.yaml can't be read"), "{error}");
    let (status, xml, _) = run(folder, &[&args[..], &["-o", "junit"]].concat());
    assert_eq!(status, 2);
    for part in [
        "<testsuites name=\"kelos-metadata\" tests=\"4\" failures=\"1\" errors=\"2\">",
        "<testsuite name=\"cases.yaml\" tests=\"3\" failures=\"1\" errors=\"1\">",
        "<testsuite name=\"gone.yaml\" tests=\"1\" failures=\"0\" errors=\"1\">",
        "<error message=\"it could not be asked\">cases.yaml:4:4: none: ",
    ] {
        assert!(xml.contains(part), "{part}: {xml}");
    }
}

#[test]
fn a_folder_stands_for_its_files_of_cases_and_what_else_lies_there_is_passed_over() {
    let folder = folder();
    let folder = folder.path();
    for name in ["tests", "deploy"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    fs::write(folder.join("deploy/spawner.yaml"), SPAWNER).unwrap();
    fs::write(folder.join("deploy/kustomization.yaml"), "resources: [spawner.yaml]\n").unwrap();
    fs::write(folder.join("deploy/values.json"), "[1]").unwrap();
    fs::write(folder.join("deploy/chart.yaml"), "a: {{ .Values.a }}\n").unwrap();
    let cases = "files: [../deploy]\ncases:\n- {name: x, spawner: worker, labels: {team.example.com/number: n-42}}\n- {name: y, spawner: worker, labels: {team.example.com/number: n-1}}\n- {name: z, spawner: ../deploy/spawner.yaml, error: x}\n";
    fs::write(folder.join("tests/a.yaml"), cases).unwrap();
    fs::write(folder.join("tests/item.yaml"), "Number: 1\n").unwrap();
    let (status, shown, error) = run(folder, &["test", "-f", "tests"]);
    assert_eq!((status, error.as_str()), (1, ""), "{shown}");
    assert!(shown.starts_with("ok   x\nFAIL y\n"), "{shown}");
    assert!(shown.ends_with("3 cases: 1 passed, 2 failed\n"), "{shown}");
    let (status, shown, error) =
        run(folder, &["render", "-f", "deploy", "--kelos", "v0.52", "-o", "json"]);
    assert_eq!((status, error.as_str()), (0, ""), "{shown}");
    let (status, _, error) = run(folder, &["render", "-f", "deploy/kustomization.yaml"]);
    assert_eq!(status, 2);
    assert!(error.contains("deploy/kustomization.yaml:1:1: a manifest is a mapping"), "{error}");
    fs::write(
        folder.join("tests/a.yaml"),
        "cases:\n- {name: x, spawner: ../deploy/gone.yaml, error: x}\n",
    )
    .unwrap();
    let (_, _, error) = run(folder, &["test", "tests"]);
    assert!(error.contains(" deploy/gone.yaml: cannot be read"), "no steps back: {error}");
    let (status, _, error) = run(folder, &["test", "deploy"]);
    assert_eq!(status, 2);
    assert!(error.contains("deploy: no file in it has `cases`"), "{error}");
}

#[test]
fn one_of_several_spawners_is_chosen_by_its_name() {
    let folder = folder();
    let folder = folder.path();
    let other = SPAWNER.replace("name: worker", "name: other");
    let same = SPAWNER.replace("namespace: default", "namespace: team-a");
    fs::write(folder.join("all.yaml"), format!("{SPAWNER}---\n{other}---\n{same}")).unwrap();
    let args = ["render", "-f", "all.yaml", "--set", "Number=1", "--spawner"];
    let with = |name: &str| run(folder, &[&args[..], &[name]].concat());
    let (status, shown, _) = with("other");
    assert_eq!(status, 0);
    assert!(shown.starts_with("Task default/other-1 "), "{shown}");
    assert_eq!(shown.matches("\nTask ").count(), 0, "{shown}");
    assert!(with("team-a/worker").1.starts_with("Task team-a/worker-1 "));
    let (status, _, error) = with("worker");
    assert_eq!(status, 2);
    let several = "--spawner default/worker or --spawner team-a/worker";
    assert!(error.contains(several), "{error}");
    let (status, _, error) = with("none");
    assert_eq!(status, 2);
    assert!(error.contains("default/worker, default/other, team-a/worker"), "{error}");
    let (status, _, error) = run(folder, &["render", "-f", "all.yaml", "-o", "item"]);
    assert_eq!(status, 2);
    assert!(error.contains("--spawner says which TaskSpawner is meant: worker, other"), "{error}");
}

#[test]
fn the_item_that_is_shown_makes_the_same_task() {
    let folder = folder();
    let folder = folder.path();
    let (status, item, _) =
        run(folder, &["render", "-f", "spawner.yaml", "--set", "Number=7", "-o", "item"]);
    assert_eq!(status, 0);
    assert!(item.contains("Number: 7\n") && item.contains("Title: Fix the login page\n"), "{item}");
    fs::write(folder.join("item.yaml"), item).unwrap();
    let made = |args: &[&str]| {
        run(folder, &[&["render", "-f", "spawner.yaml", "-o", "yaml"], args].concat()).1
    };
    assert_eq!(made(&["--item", "item.yaml"]), made(&["--set", "Number=7"]));
}

#[test]
fn an_item_that_no_filter_lets_pass_is_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let filters = "{events: [issues], filters: [{event: issues, action: opened}]}";
    let text = SPAWNER.replace("githubIssues: {}", &format!("githubWebhook: {filters}"));
    fs::write(folder.join("spawner.yaml"), text).unwrap();
    let why = "Kelos makes no Task of it: no filter of `issues` lets action `edited` pass";
    let (status, _, error) =
        run(folder, &["render", "-f", "spawner.yaml", "--set", "Action=edited"]);
    assert_eq!(status, 1);
    assert!(error.contains(why), "{error}");
    let cases = "spawner: spawner.yaml\ncases:\n- {name: x, item: {Action: edited}, error: no filter of `issues`}\n";
    fs::write(folder.join("cases.yaml"), cases).unwrap();
    assert_eq!(run(folder, &["test", "cases.yaml"]).0, 0);
}
