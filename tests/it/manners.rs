//! How the commands behave towards shells, pipes and terminals.

mod completions;
mod harmless;
mod hints;
mod mending;
mod pods;
mod remedies;
mod stored;
mod streams;
mod tables;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");

/// The program with these arguments, in the folder of the project.
fn program(args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    program(args).output().unwrap()
}

/// Status, output and complaints of `render` on a folder, into which these files are written first.
fn rendered(folder: &Path, files: &[(&str, &str)], flags: &[&str]) -> (i32, String, String) {
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
    let output = run(&[&["render", "-f", folder.to_str().unwrap()], flags].concat());
    let text = |bytes| text(bytes).to_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// A TaskSpawner `w` with these templates of labels and this prompt, and its Task.
fn world(labels: &str, prompt_template: &str, prompt: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let spawner = serde_json::json!({
        "apiVersion": "kelos.dev/v1alpha2",
        "kind": "TaskSpawner",
        "metadata": {"name": "w", "annotations": {"metadata.kelos.dev/labels": labels}},
        "spec": {
            "when": {"githubIssues": {}},
            "taskTemplate": {"promptTemplate": prompt_template},
        },
    });
    let task = serde_json::json!({
        "apiVersion": "kelos.dev/v1alpha2",
        "kind": "Task",
        "metadata": {"name": "w-1", "labels": {"kelos.dev/taskspawner": "w"}},
        "spec": {"prompt": prompt},
    });
    fs::write(folder.path().join("spawner.json"), spawner.to_string()).unwrap();
    fs::write(folder.path().join("task.json"), task.to_string()).unwrap();
    folder
}
