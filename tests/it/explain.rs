//! `explain` over files: each break of the chain, each reason, and what stands in a terminal and in JSON.
//!
//! `tests/data/explain/NAME.yaml` holds the objects, and in its first line the arguments; `NAME.txt` is what is
//! printed, with the exit status in its last line. `BLESS=1 cargo test --profile checked --test it explain` writes it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kelos_metadata::engine::reason::Reason;
use serde_json::{Value, json};

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder)
}

fn program(folder: &Path, command: &str, args: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"));
    program.arg(command).args(args).current_dir(folder).output().unwrap()
}

/// Status, output and complaints of `explain` in a folder.
fn explain(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = program(folder, "explain", args);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Status and JSON.
fn explained(folder: &Path, args: &[&str]) -> (i32, Value) {
    let (status, output, errors) = explain(folder, &[args, &["-o", "json"]].concat());
    (status, serde_json::from_str(&output).unwrap_or_else(|_| panic!("{args:?}: {output}{errors}")))
}

/// The hash that today's rules have, in place of the word HASH in the objects.
fn with_hash(objects: &str) -> String {
    if !objects.contains("worker@HASH") {
        return objects.to_owned();
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("case.yaml"), objects).unwrap();
    let (_, walk) = explained(folder.path(), &["-f", "case.yaml"]);
    let today = walk["rules"]["today"].as_str().unwrap();
    objects.replace("worker@HASH", today)
}

#[test]
fn each_break_of_the_chain_is_told() {
    let (mut cases, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir(data("explain")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "yaml") {
            continue;
        }
        cases += 1;
        let objects = fs::read_to_string(&path).unwrap();
        let args = objects.lines().next().unwrap().strip_prefix("# explain ").unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("case.yaml"), with_hash(&objects)).unwrap();
        let words: Vec<&str> = args.split(' ').collect();
        let (status, output, errors) =
            explain(folder.path(), &[&["-f", "case.yaml"], words.as_slice()].concat());
        let said = format!("{output}{errors}status {status}\n");
        assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{}", path.display());
        let expected = path.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        let kept = fs::read_to_string(&expected).unwrap_or_default();
        if kept != said {
            wrong.push(format!("{}:\n{said}", path.display()));
        }
    }
    assert!(cases > 20, "{cases}");
    assert!(wrong.is_empty(), "BLESS=1 writes what is printed:\n{}", wrong.join("\n"));
}

/// A Task whose annotations have room for a mark, and none for the annotation that its TaskSpawner asks for.
fn write_crowded(folder: &Path) {
    let spawner = json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner",
        "metadata": {"name": "w", "annotations": {"metadata.kelos.dev/annotations": json!({"long": "x".repeat(900)}).to_string()}},
        "spec": {"when": {"githubIssues": {}}, "taskTemplate": {"promptTemplate": "x"}},
    });
    let task = json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "Task",
        "metadata": {
            "name": "w-1", "labels": {"kelos.dev/taskspawner": "w"},
            "annotations": {"mine": "x".repeat((256 << 10) - 600)},
        },
    });
    fs::write(folder.join("rules.yaml"), spawner.to_string()).unwrap();
    fs::write(folder.join("task.yaml"), task.to_string()).unwrap();
}

/// Of every golden case: the Task as it would be stored is as today's rules give it, and what is missing has its
/// reason.
#[test]
fn a_task_that_has_just_been_answered_is_explained_as_such() {
    let mut reasons = BTreeSet::new();
    let mut explained_tasks = 0;
    let crowded = tempfile::tempdir().unwrap();
    write_crowded(crowded.path());
    let cases = fs::read_dir(data("cases")).unwrap().map(|entry| entry.unwrap().path());
    for case in cases.chain([crowded.path().to_owned()]) {
        // Others are no ordinary creations.
        if case.join("request.yaml").exists() || !case.join("task.yaml").exists() {
            continue;
        }
        let mut flags = vec!["-f", "rules.yaml", "-f", "task.yaml"];
        if case.join("defaults.yaml").exists() {
            flags.extend(["--defaults", "defaults.yaml"]);
        }
        let rendered = program(&case, "render", &[&flags[..], &["-o", "yaml"]].concat());
        if !rendered.status.success() || rendered.stdout.is_empty() {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("task.yaml"), &rendered.stdout).unwrap();
        for file in ["rules.yaml", "defaults.yaml"] {
            let _ = fs::copy(case.join(file), folder.path().join(file));
        }
        let (status, walk) = explained(folder.path(), &flags);
        let name = case.display();
        explained_tasks += 1;
        let switches = walk["switches"]["switches"].as_array().unwrap();
        let is_on =
            switches.iter().all(|it| matches!(it["means"].as_str(), None | Some("enabled")));
        if !is_on {
            continue;
        }
        let keys = walk["keys"].as_array().unwrap();
        for key in keys {
            let word = key["outcome"].as_str().unwrap();
            let reason = word.parse::<Reason>();
            reasons.extend(reason.clone().ok());
            let is_news = reason.is_ok_and(Reason::is_news);
            if is_news {
                assert!(key["message"].is_string(), "{name}: {key}");
            }
            assert!(key["result"] == "ok" || is_news || key["change"] != "same", "{name}: {key}");
        }
        let is_fine =
            walk["spawner"]["result"] != "no" && keys.iter().all(|key| key["result"] == "ok");
        assert_eq!(status, i32::from(!is_fine), "{name}: {walk}");
        let verdict = walk["verdict"].as_str().unwrap();
        assert!(verdict.ends_with(['.', '?']) && !verdict.contains('\n'), "{name}: {verdict}");
        if walk["rules"]["isAnswered"] == true {
            assert_eq!(walk["rules"]["mark"], walk["rules"]["today"], "{name}");
        }
    }
    assert!(explained_tasks > 100, "{explained_tasks}");
    let missing: Vec<_> = Reason::ALL.into_iter().filter(|it| !reasons.contains(it)).collect();
    // What a Task has is seen as what it has: `existing` and `omitted` need no word of their own.
    assert!(missing.iter().all(|it| !it.is_news()), "no case shows {missing:?}");
}

#[test]
fn json_has_a_stable_shape() {
    let folder = tempfile::tempdir().unwrap();
    let objects = fs::read_to_string(data("explain/missing-variable.yaml")).unwrap();
    fs::write(folder.path().join("case.yaml"), with_hash(&objects)).unwrap();
    let (status, walk) = explained(folder.path(), &["-f", "case.yaml"]);
    assert_eq!(status, 1);
    assert_eq!(
        (&walk["namespace"], &walk["task"], &walk["phase"]),
        (&json!("team"), &json!("worker-42"), &json!("Succeeded"))
    );
    assert_eq!(walk["spawner"]["name"], "worker");
    assert_eq!(walk["spawner"]["foundBy"], "the controller owner reference");
    assert_eq!(
        walk["switches"]["switches"][0],
        json!({"on": "Namespace team", "value": null, "means": null})
    );
    assert_eq!(walk["registration"], Value::Null, "files have none");
    let key = &walk["keys"][1];
    assert_eq!((&key["kind"], &key["key"]), (&json!("label"), &json!("kelos.dev/priority")));
    assert_eq!(
        (&key["from"], &key["outcome"]),
        (&json!("rules annotation"), &json!("missing_variable"))
    );
    assert_eq!((&key["result"], &key["change"]), (&json!("no"), &json!("same")));
    assert_eq!((&key["value"], &key["variable"]), (&Value::Null, &json!(".Labels")));
    assert_eq!((&key["line"], &key["column"]), (&json!(1), &json!(9)), "in the template");
    let declared = json!({"in": "metadata.kelos.dev/labels", "line": 2, "column": 1, "file": {"file": "case.yaml", "line": 11, "column": 7}});
    assert_eq!(key["declared"], declared);
    assert_eq!(
        key["mark"],
        json!({"told": "skipped", "reason": "missing_variable", "variable": ".Labels"})
    );
    assert_eq!(key["template"], "{{index .Labels 0}}");
    assert!(key["hint"].as_str().unwrap().contains("kelos.dev/source-labels"), "{key}");
    assert_eq!(key["variables"][0]["name"], "Labels");
}

#[test]
fn what_several_keys_lack_alike_is_told_in_full_with_each_to_programs() {
    let folder = tempfile::tempdir().unwrap();
    let objects = fs::read_to_string(data("explain/same-missing.yaml")).unwrap();
    fs::write(folder.path().join("case.yaml"), with_hash(&objects)).unwrap();
    let (_, walk) = explained(folder.path(), &["-f", "case.yaml"]);
    let keys = walk["keys"].as_array().unwrap();
    let of = |name: &str| keys.iter().find(|key| key["key"] == name).unwrap();
    let line = "add to the TaskSpawner: `kelos.dev/source-labels";
    for name in ["first", "second"] {
        let hint = of(name)["hint"].as_str().unwrap();
        assert!(hint.starts_with(line), "{hint}");
        assert_eq!(of(name)["variables"][0]["missing"], of("facts")["variables"][1]["missing"]);
    }
    assert_eq!(of("facts")["variables"][1]["hint"], of("second")["hint"]);
    // The one key that is asked for has all of it.
    let (_, said, _) = explain(folder.path(), &["-f", "case.yaml", "worker-42", "second"]);
    assert!(said.contains(line) && !said.contains("as for"), "{said}");
}

#[test]
fn the_moment_is_that_of_the_creation() {
    let folder = tempfile::tempdir().unwrap();
    let objects = fs::read_to_string(data("explain/known-at-creation.yaml")).unwrap();
    let dated = objects
        .replace("      user: ", "      made: '{{now | date \"2006-01-02\"}}'\n      user: ")
        .replace("    user: ann\n", "    user: ann\n    made: \"2026-05-04\"\n")
        .replace(
            "  uid: 99999999",
            "  creationTimestamp: \"2026-05-04T09:30:00Z\"\n  uid: 99999999",
        );
    fs::write(folder.path().join("case.yaml"), with_hash(&dated)).unwrap();
    let (status, walk) = explained(folder.path(), &["-f", "case.yaml", "task/worker-42", "made"]);
    let key = &walk["keys"][0];
    assert_eq!((status, &key["value"], &key["change"]), (0, &json!("2026-05-04"), &json!("same")));
    let (status, walk) = explained(folder.path(), &["-f", "case.yaml", "task/worker-42"]);
    assert_eq!((status, walk["keys"].as_array().unwrap().len()), (0, 2), "{walk}");
}

#[test]
fn a_task_that_is_not_there_is_no_answer() {
    let case = data("explain");
    let said = |args: &[&str]| {
        let (status, output, errors) = explain(&case, args);
        assert_eq!((status, &*output), (2, ""), "{args:?}");
        errors
    };
    let errors = said(&["-f", "all-well.yaml", "worker-24"]);
    assert!(
        errors
            .contains("there is no Task worker-24 in what -f names: did you mean task/worker-42?"),
        "{errors}"
    );
    assert!(said(&["-f", "all-well.yaml", "session/x"]).contains("no Session x in what -f names"));
    assert!(
        said(&["-f", "all-well.yaml", "pod/x"])
            .contains("names no Task and no Session: write task/")
    );
    let of_session = said(&["-f", "session-of-a-person.yaml", "task/mine"]);
    assert!(of_session.contains("did you mean session/mine?"), "{of_session}");
    assert!(said(&["-f", "all-well.yaml", "-f", "pod-label.yaml"]).contains("so say which"));
    assert!(said(&[]).contains("task/NAME"));
    assert!(said(&["-f", "gone.yaml"]).contains("gone.yaml"));
}
