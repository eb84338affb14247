//! What GitHub runs: workflows that actionlint takes, whose steps are targets of make, with the least rights.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::go;

/// The workflow that publishes, and its job that does.
const PUBLISHES: (&str, &str) = ("release.yaml", "publish");

/// What a step does besides, which is none of make's business: the machine's, or handing on what make has said.
const BESIDE_MAKE: [&str; 3] = [
    "sudo apt-get update",
    "sudo sysctl --write kernel.apparmor_restrict_unprivileged_userns=0",
    "cat target/publish/image >> \"$GITHUB_OUTPUT\"",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The workflows, by the names of their files.
fn workflows() -> BTreeMap<String, String> {
    let files = fs::read_dir(root().join(".github/workflows")).unwrap().map(|file| file.unwrap());
    files
        .map(|file| {
            let text = fs::read_to_string(file.path()).unwrap();
            (file.file_name().into_string().unwrap(), text)
        })
        .collect()
}

/// The jobs of a workflow, by their names.
fn jobs(workflow: &str) -> BTreeMap<String, Value> {
    let read: Value = serde_saphyr::from_str(workflow).unwrap();
    serde_json::from_value(read["jobs"].clone()).unwrap()
}

fn steps(job: &Value) -> impl Iterator<Item = &Value> {
    job["steps"].as_array().into_iter().flatten()
}

/// What actionlint, built from its source, says of a workflow. Of shellcheck, which may be here or not, it is not told.
fn actionlint(workflow: &str) -> Output {
    let folder = go::built("actionlint", "github.com/rhysd/actionlint/cmd/actionlint");
    let mut command = Command::new(folder.join("actionlint"));
    command.args(["-shellcheck=", "-pyflakes=", "-no-color", "-"]).current_dir(root());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(workflow.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn actionlint_takes_the_workflows() {
    let workflows = workflows();
    assert!(workflows.len() >= 2, "{:?}", workflows.keys());
    for (name, text) in &workflows {
        let output = actionlint(text);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
    }
    // It can fail: a job that waits for none of them, and a context that is not there.
    let release = &workflows[PUBLISHES.0];
    for (good, bad) in
        [("needs: [test, build]", "needs: [tests]"), ("steps.image.", "steps.images.")]
    {
        assert!(release.contains(good), "{good}");
        let output = actionlint(&release.replace(good, bad));
        assert_eq!(output.status.code(), Some(1), "{bad}: {output:?}");
    }
}

/// The targets of the Makefile and of what it includes.
fn targets() -> BTreeSet<String> {
    let texts = ["Makefile", "release.mk", "publish.mk"]
        .map(|file| fs::read_to_string(root().join(file)).unwrap());
    let lines = texts.iter().flat_map(|text| text.lines());
    let phony = lines.filter_map(|line| line.strip_prefix(".PHONY: "));
    phony.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

#[test]
fn every_step_is_a_target_of_make() {
    let targets = targets();
    let mut made = BTreeSet::new();
    for (name, text) in workflows() {
        for (job, steps_of) in jobs(&text) {
            for run in steps(&steps_of).filter_map(|step| step["run"].as_str()) {
                for command in
                    run.split(" && ").map(str::trim).filter(|it| !BESIDE_MAKE.contains(it))
                {
                    let mut words = command.split_whitespace();
                    assert_eq!(words.next(), Some("make"), "{name}: {job}: {command}");
                    let target = words.next().unwrap();
                    assert!(targets.contains(target), "{name}: {job}: no target {target}");
                    assert!(words.all(|word| word.contains("=\"$")), "{name}: {job}: {command}");
                    made.insert(target.to_owned());
                }
            }
        }
    }
    for needed in ["test", "advisories", "release-check", "release-in-container", "release-common"]
    {
        assert!(made.contains(needed), "no workflow runs {needed}");
    }
    let unused = targets.iter().filter(|it| it.starts_with("publish-") && !made.contains(*it));
    assert_eq!(unused.collect::<Vec<_>>(), Vec::<&String>::new(), "nothing else publishes");
}

#[test]
fn every_action_is_pinned_to_a_commit() {
    let mut pins: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in workflows() {
        for line in text.lines() {
            let Some((_, used)) = line.split_once("uses: ") else { continue };
            if let Some(path) = used.strip_prefix("./") {
                assert!(root().join(path).exists(), "{name}: {path}");
                continue;
            }
            let (action, pin) = used.split_once('@').unwrap();
            let (commit, version) =
                pin.split_once(" # v").unwrap_or_else(|| panic!("{name}: {line}: no version"));
            assert!(
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{name}: {line}"
            );
            assert_eq!(version.split('.').count(), 3, "{name}: {line}");
            pins.entry(action.to_owned()).or_default().insert(pin.to_owned());
        }
    }
    assert!(pins.len() > 3, "{pins:?}");
    let twice: Vec<_> = pins.iter().filter(|(_, pins)| pins.len() > 1).collect();
    assert!(twice.is_empty(), "one action, one commit: {twice:?}");
}

#[test]
fn a_job_has_no_more_rights_than_it_needs_and_an_end() {
    for (name, text) in workflows() {
        assert!(!text.contains("secrets."), "{name}: the run's own token and identity are enough");
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read["permissions"], json!({}), "{name}: each job says what it may");
        assert!(read["concurrency"]["group"].is_string(), "{name}");
        for (job, it) in jobs(&text) {
            let rights = it["permissions"].as_object().unwrap_or_else(|| panic!("{name}: {job}"));
            if (&*name, &*job) == PUBLISHES {
                assert_eq!(it["environment"], "release", "{name}: somebody is asked before");
            } else {
                assert_eq!(json!(rights), json!({"contents": "read"}), "{name}: {job}");
            }
            assert!(
                it["uses"].is_string() || it["timeout-minutes"].is_u64(),
                "{name}: {job}: no end"
            );
            for step in
                steps(&it).filter(|step| step["uses"].to_string().contains("actions/checkout@"))
            {
                assert_eq!(step["with"]["persist-credentials"], false, "{name}: {job}");
            }
            for step in steps(&it) {
                let run = step["run"].as_str().unwrap_or_default();
                assert!(
                    !run.contains("${{"),
                    "{name}: {job}: a shell gets variables, not texts: {run}"
                );
            }
        }
    }
}
