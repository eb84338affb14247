//! Exit status, pipes, full disks, and what is one text for a reader.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use super::{program, run, text, world};

/// Commands that print something, and something longer than a pipe holds.
const PRINTING: [&[&str]; 7] = [
    &["render", "-f", "examples/kelos-v0.52"],
    &["render", "-f", "examples/kelos-v0.52", "-o", "wide"],
    &["render", "-f", "examples/kelos-v0.52", "-o", "json"],
    &["render", "-f", "examples/kelos-v0.52", "-o", "yaml"],
    &["eval", "x"],
    &["completions", "bash"],
    &["--help"],
];

#[test]
fn a_full_disk_is_an_error_and_no_panic() {
    for args in PRINTING {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = program(args).stdout(full).output().unwrap();
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert_eq!(
            error.matches("standard output can't be written").count(),
            1,
            "{args:?}: {error}"
        );
        assert!(error.contains("No space left") && !error.contains("panicked"), "{error}");
    }
}

#[test]
fn a_reader_who_has_seen_enough_ends_the_command_quietly() {
    for args in PRINTING {
        let mut child =
            program(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut error = String::new();
        child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        assert_eq!((child.wait().unwrap().code(), &*error), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn nobody_has_to_read_complaints() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let status = program(&["eval", "{{ .Missing }}"]).stderr(full).status().unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn the_exit_status_tells_an_answer_that_is_no_from_a_question_that_was_not_understood() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.yaml");
    fs::write(&broken, "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {}\n")
        .unwrap();
    let broken = broken.to_str().unwrap();
    let (spawner, task) =
        ("examples/kelos-v0.24/taskspawner.yaml", "examples/kelos-v0.24/task.yaml");
    for (args, code) in [
        (&["render", "-f", spawner, "-f", task][..], 0),
        (&["eval", "x"], 0),
        (&["--version"], 0),
        (&["eval", "{{ .Missing }}"], 1),
        (&["eval", "{{"], 1),
        (&["eval", "--vars", "/nonexistent", "x"], 2),
        (&["render", "-f", "/nonexistent"], 2),
        (&["render", "-f", spawner], 2),
        (&["render", "-f", task], 2),
        (&["render", "-f", spawner, "-f", task, "-f", broken], 2),
        (&["render", "--protect", "a b", "-f", "examples/kelos-v0.52"], 2),
        (&["review", "--manifests", "/nonexistent"], 2),
        (&["review", "--manifests", "examples/priority"], 2),
        (&["serve"], 2),
        (&["serv"], 2),
        (&[], 2),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn the_level_of_the_log_is_one_that_there_is() {
    for (level, said) in [
        ("verbose", "`verbose` is no level: there are off, error, warn, info, debug, trace"),
        ("info,kelos_metadata=loud", "`loud` is no level"),
        ("kelos-metadata=debug", "`kelos-metadata` is no module"),
    ] {
        for command in ["serve", "controller"] {
            let output = run(&[command, "--log-level", level]);
            let error = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{error}");
            assert!(error.contains("--log-level") && error.contains(said), "{error}");
        }
    }
    let output = run(&["serve", "--log-level", "warning"]);
    let error = text(&output.stderr);
    assert!(error.contains("--tls-cert-file") && !error.contains("--log-level"), "{error}");
}

#[test]
fn several_tasks_are_one_list_of_json_and_one_is_an_object() {
    let output = run(&["render", "-f", "examples/kelos-v0.52", "-o", "json"]);
    let list: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(list.len() > 1 && list.iter().all(|task| task["keys"].is_array()), "{list:?}");
    let output = run(&["render", "-f", "examples/kelos-v0.52", "-o", "patch"]);
    let patches: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        patches.iter().map(|it| (&it["namespace"], &it["task"])).collect::<Vec<_>>(),
        list.iter().map(|it| (&it["namespace"], &it["task"])).collect::<Vec<_>>()
    );
    assert!(patches.iter().all(|it| it["patch"].is_array()), "{patches:?}");
    let folder = world("a: x", "{{.Title}}", "y");
    let folder = folder.path().to_str().unwrap();
    let output = run(&["render", "-f", folder, "-o", "json"]);
    let one: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(one["task"], "w-1");
    let nobody =
        json!({"apiVersion": "kelos.dev/v1alpha2", "kind": "Task", "metadata": {"name": "n"}});
    fs::write(format!("{folder}/nobody.json"), nobody.to_string()).unwrap();
    let output = run(&["render", "-f", folder, "-o", "json"]);
    let list: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((list.len(), output.status.code()), (1, Some(2)), "a list, whatever fails");
}

#[test]
fn variables_come_from_yaml_with_a_mark_of_windows_and_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let vars = folder.path().join("vars");
    let vars = vars.to_str().unwrap();
    let eval = |set: &[&str], template: &str| {
        let mut args = vec!["eval", "--vars", vars];
        args.extend(set.iter().flat_map(|set| ["--set", set]));
        args.push(template);
        let output = run(&args);
        format!("{}{}", text(&output.stdout), text(&output.stderr))
    };
    fs::write(vars, "\u{feff}Title: Fix it\nNumber: 42\nContext:\n  build: green\n").unwrap();
    assert_eq!(eval(&[], "{{.Title}} {{.Number}} {{.Context.build}}"), "Fix it 42 green\n");
    let set = ["Title=a: b = c", "Context.area=ui", "Number=7", "Labels=[x, y]", "Body="];
    let template =
        "{{.Title}}|{{.Context.build}}|{{.Context.area}}|{{.Number}}|{{len .Labels}}|{{.Body}}";
    assert_eq!(eval(&set, template), "a: b = c|green|ui|7|2|\n");
    fs::write(vars, "\u{feff}{\"Title\": \"json\"}").unwrap();
    assert_eq!(eval(&[], "{{.Title}}"), "json\n");
    for (content, said) in
        [("- a\n", "no mapping"), ("a: [\n", "line 1"), ("a: 1\na: 2\n", "line 2")]
    {
        fs::write(vars, content).unwrap();
        let output = eval(&[], "x");
        assert!(output.contains("--vars") && output.contains(said), "{content:?}: {output}");
    }
    fs::write(vars, "{}").unwrap();
    let output = eval(&["Title=x", "Title.y=z"], "x");
    assert!(output.contains("--set Title.y: `Title` is no mapping"), "{output}");
    let output = run(&["eval", "--set", "Title", "x"]);
    assert!(text(&output.stderr).contains("NAME=VALUE"), "{}", text(&output.stderr));
}

#[test]
fn an_entry_that_is_no_key_is_told_once() {
    let output = run(&["render", "--protect", "a b", "-f", "examples/kelos-v0.52"]);
    let error = text(&output.stderr);
    assert_eq!(error.matches("a b").count(), 1, "{error}");
}

#[test]
fn the_answers_of_review_go_to_a_closed_pipe_quietly_too() {
    let mut child = program(&["review", "--manifests", "examples/priority"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let review = json!({"kind": "AdmissionReview", "request": {"uid": "u", "operation": "DELETE"}});
    // It may have gone before it has read all.
    let _ = writeln!(child.stdin.take().unwrap(), "{review}\n{review}");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}
