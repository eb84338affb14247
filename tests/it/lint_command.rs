//! `lint` as whoever calls it sees it: what it reads and shows, where it says that things are, what it writes, and how
//! pre-commit runs it; and `docs/lint.md`.

mod fixing;
mod flags;
mod hook;
mod outputs;
mod page;
mod places;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kelos_metadata::engine::lint::Rule;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");

/// What a run of the program says: status, output and complaints.
struct Said {
    status: i32,
    output: String,
    errors: String,
}

impl Said {
    /// The findings of `-o json`.
    fn findings(&self) -> Vec<Value> {
        let shown: Value = serde_json::from_str(&self.output).unwrap();
        shown["findings"].as_array().unwrap().clone()
    }
}

/// Lints in a folder, with this on standard input.
fn lint_in(folder: &Path, flags: &[&str], input: &str) -> Said {
    let mut child = Command::new(PROGRAM)
        .arg("lint")
        .args(flags)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever reads no input closes it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Said {
        status: output.status.code().unwrap(),
        output: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Lints a file of this name and text.
fn lint_file(name: &str, text: &str, flags: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    lint_in(folder.path(), &[&["-f", name], flags].concat(), "")
}

fn data(rule: Rule) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lint").join(rule.as_str())
}

/// A TaskSpawner that is fine but for its branch, which is spelled so.
fn spawner(branch: &str) -> String {
    format!(
        "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata:\n  name: w\nspec:\n  when:\n    githubIssues: {{}}\n  taskTemplate:\n    type: claude-code\n    promptTemplate: 'Fix {{{{.ID}}}}'\n    branch: {branch}\n"
    )
}
