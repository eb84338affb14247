//! The file of `--defaults`, followed by a program that answers all the while.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kelos_metadata::webhook::router::MUTATE_TASK_PATH;
use serde_json::{Value, json};
use testing::review::{self, Answer};

use crate::support::https::Client;
use crate::support::program::{self, Program, get, spawner, task, write};
use crate::support::webhook::JSON;

const INVALID: &str = "The file of defaults is invalid; the last good version stays";

/// A folder as the kubelet makes one of a ConfigMap: links lead to the newest version.
struct ConfigMap {
    folder: PathBuf,
    versions: usize,
}

impl ConfigMap {
    fn new(folder: &Path, text: &str) -> ConfigMap {
        let mut map = ConfigMap { folder: folder.join("defaults"), versions: 0 };
        map.publish(text);
        symlink("..data/defaults.yaml", map.file()).unwrap();
        map
    }

    fn file(&self) -> PathBuf {
        self.folder.join("defaults.yaml")
    }

    /// Swaps one version for another.
    fn publish(&mut self, text: &str) {
        self.versions += 1;
        let version = format!("..{}", self.versions);
        write(&self.folder.join(&version).join("defaults.yaml"), text);
        symlink(&version, self.folder.join("..new")).unwrap();
        fs::rename(self.folder.join("..new"), self.folder.join("..data")).unwrap();
    }
}

/// Defaults with keys of three kinds that say one version.
fn version(number: usize) -> String {
    format!(
        "labels: {{v: \"{number}\", w: \"{number}\"}}\nannotations: {{v: \"{number}\"}}\n\
         podLabels: {{v: \"{number}\"}}\n"
    )
}

/// A program on this folder that follows the defaults in it.
fn start(folder: tempfile::TempDir, file: &Path) -> Program {
    let file = file.to_str().unwrap();
    Program::with(folder, &["--shutdown-delay", "0s", "--defaults", file])
}

/// What becomes of a Task.
async fn created(client: &Client, task: &Value) -> Value {
    let review = review::creation(task);
    let (status, _, body) = client.post(MUTATE_TASK_PATH, JSON, review.to_string()).await.unwrap();
    assert_eq!(status, 200);
    Answer::read(&review, &body).apply(task)
}

/// The version that all keys of the defaults have.
fn version_of(created: &Value) -> usize {
    let text =
        |pointer: &str| created.pointer(pointer).unwrap_or_else(|| panic!("{pointer}: {created}"));
    let found = text("/metadata/labels/v");
    for other in ["/metadata/labels/w", "/metadata/annotations/v", "/spec/podOverrides/labels/v"] {
        assert_eq!(text(other), found, "{other}: half of the old and half of the new: {created}");
    }
    found.as_str().unwrap().parse().unwrap()
}

/// A Task of this TaskSpawner, or of none.
fn task_of(owner: Option<&str>) -> Value {
    let mut task = task();
    task["metadata"]["labels"] = match owner {
        Some(name) => json!({"kelos.dev/taskspawner": name}),
        None => json!({}),
    };
    task
}

fn metric(name: &str, metrics: SocketAddr) -> String {
    let text = get(metrics, "/metrics");
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("{name}: {text}")).to_owned()
}

const VALID: &str = "kelos_metadata_defaults_valid";

/// So many TaskSpawners that compiling them takes several turns.
const SPAWNERS: usize = 600;
/// How often the defaults change.
const VERSIONS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn defaults_that_change_under_load_are_followed_and_every_answer_is_of_one_version() {
    let folder = program::folder("area: backend");
    let others = (0..SPAWNERS).fold(String::new(), |mut all, n| {
        let one = spawner("area: backend").replace("worker", &format!("w{n}"));
        writeln!(all, "{one}\n---").unwrap();
        all
    });
    write(&folder.path().join("rules/others.yaml"), &others);
    let mut map = ConfigMap::new(folder.path(), &version(1));
    let program = start(folder, &map.file());
    let (webhook, metrics) = (program.address("webhook"), program.address("metrics"));

    let published = Arc::new(AtomicUsize::new(1));
    let owners = ["worker", "w0", "w299", "w599"].map(Some).into_iter().chain([None]);
    let clients = owners.map(|owner| {
        let (client, published) = (program.client(webhook), Arc::clone(&published));
        tokio::spawn(async move {
            let (mut answers, mut last) = (0_usize, 1);
            while last < VERSIONS {
                let created = created(&client, &task_of(owner)).await;
                let found = version_of(&created);
                let area = created["metadata"]["labels"]["area"].as_str();
                assert_eq!(area, owner.map(|_| "backend"));
                assert!(last <= found, "{found} came after {last}");
                assert!(found <= published.load(Ordering::SeqCst), "{found} is not there yet");
                (last, answers) = (found, answers + 1);
                assert!(answers < 1_000_000, "{last} is still the newest version");
            }
            answers
        })
    });
    let clients: Vec<_> = clients.collect();
    let program = tokio::task::spawn_blocking(move || {
        for number in 2..=VERSIONS {
            published.store(number, Ordering::SeqCst);
            map.publish(&version(number));
            program.message("Loaded defaults");
        }
        program
    });
    let _running = program.await.unwrap();
    let mut answers = 0;
    for client in clients {
        answers += client.await.unwrap();
    }
    let patched =
        metric("kelos_metadata_admissions_total{resource=\"task\",outcome=\"patched\"}", metrics);
    assert_eq!(patched, answers.to_string(), "every Task was answered with a patch");
    assert_eq!(metric(VALID, metrics), "1");
}

#[tokio::test]
async fn a_mistake_in_the_defaults_changes_nothing_and_mended_they_hold() {
    let folder = program::folder("area: backend");
    let mut map = ConfigMap::new(folder.path(), &version(1));
    let program = start(folder, &map.file());
    let (webhook, metrics, health) =
        (program.address("webhook"), program.address("metrics"), program.address("health"));
    let client = program.client(webhook);
    assert_eq!(version_of(&created(&client, &task_of(None)).await), 1);

    map.publish(&version(2).replace("\"2\"}\npod", "'{{ .Number'}\npod"));
    let told = program.message(INVALID);
    assert_eq!((&told["level"], &told["line"]), (&json!("ERROR"), &json!(2)));
    assert!(told["problem"].as_str().unwrap().starts_with("annotation v: "), "{told}");
    assert_eq!(metric(VALID, metrics), "0");
    for owner in [None, Some("worker")] {
        assert_eq!(version_of(&created(&client, &task_of(owner)).await), 1);
    }
    assert!(get(health, "/readyz").starts_with("HTTP/1.1 200"), "it serves on");

    map.publish(&version(3));
    program.message("Loaded defaults");
    // What is loaded is taken in by the thread that keeps the rules.
    for attempt in 0.. {
        let found = version_of(&created(&client, &task_of(None)).await);
        assert!(found == 1 && attempt < 10_000 || found == 3, "{found}");
        if found == 3 {
            break;
        }
    }
    assert_eq!(metric(VALID, metrics), "1");
}

#[tokio::test]
async fn a_program_that_starts_with_a_mistake_serves_without_defaults_until_it_is_mended() {
    let folder = program::folder("area: backend");
    let mut map = ConfigMap::new(folder.path(), "label: {v: x}");
    let program = start(folder, &map.file());
    let told = program.logs("a mistake", |line| line["level"] == "ERROR");
    let message = "The file of defaults is invalid; there are no defaults until it is mended";
    assert_eq!((&told["message"], &told["line"]), (&json!(message), &json!(1)));
    let (webhook, metrics) = (program.address("webhook"), program.address("metrics"));
    let client = program.client(webhook);
    let labels = created(&client, &task_of(Some("worker"))).await["metadata"]["labels"].take();
    assert_eq!(labels, json!({"kelos.dev/taskspawner": "worker", "area": "backend"}));
    assert_eq!(created(&client, &task_of(None)).await, task_of(None));
    assert_eq!(metric(VALID, metrics), "0");

    map.publish(&version(1));
    program.message("Loaded defaults");
    for attempt in 0.. {
        let created = created(&client, &task_of(None)).await;
        if created != task_of(None) {
            assert_eq!(version_of(&created), 1);
            break;
        }
        assert!(attempt < 10_000);
    }
    assert_eq!(metric(VALID, metrics), "1");
}

#[test]
fn a_file_of_defaults_that_is_not_there_keeps_it_from_starting() {
    let folder = program::folder("area: backend");
    let mut command =
        program::serve(program::program(None), &folder, &["--defaults", "missing.yaml"]);
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("--defaults missing.yaml can't be read"), "{text}");
}
