//! The program itself: `serve`, from its start to its end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use common::https::Client;
use common::review::{self, Answer};
use common::webhook::JSON;
use kelos_metadata::webhook::router::MUTATE_TASK_PATH;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program; it is killed when it is dropped.
struct Program {
    child: Child,
    log: Receiver<Value>,
    folder: TempDir,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    /// Starts `serve` on a folder with one TaskSpawner of these label templates.
    fn start(labels: &str) -> Program {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("rules/spawner.yaml"), &spawner(labels));
        let (cert, key) = certificate();
        write(&folder.path().join("tls/tls.crt"), &cert);
        write(&folder.path().join("tls/tls.key"), &key);
        let mut child = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"))
            .arg("serve")
            .arg("--manifests")
            .arg(folder.path().join("rules"))
            .arg("--tls-cert-file")
            .arg(folder.path().join("tls/tls.crt"))
            .arg("--tls-private-key-file")
            .arg(folder.path().join("tls/tls.key"))
            .args(["--bind-address", "127.0.0.1:0", "--metrics-bind-address", "127.0.0.1:0"])
            .args(["--health-probe-bind-address", "127.0.0.1:0", "--log-format", "json"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (lines, log) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(json!({"not JSON": line}));
                if lines.send(line).is_err() {
                    break;
                }
            }
        });
        Program { child, log, folder }
    }

    /// The next log line for which this holds.
    fn logs(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        let mut others = Vec::new();
        while let Ok(line) =
            self.log.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            if is_it(&line) {
                return line;
            }
            others.push(line);
        }
        panic!("the log has no line about {what}: {others:#?}");
    }

    fn message(&self, message: &str) -> Value {
        self.logs(message, |line| line["message"] == message)
    }

    fn address(&self, listener: &str) -> SocketAddr {
        let line = self.logs(listener, |line| line["listener"] == listener);
        line["address"].as_str().unwrap().parse().unwrap()
    }

    fn client(&self, address: SocketAddr) -> Client {
        Client::new(address, &fs::read_to_string(self.folder.path().join("tls/tls.crt")).unwrap())
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn spawner(labels: &str) -> String {
    json!({
        "apiVersion": "kelos.dev/v1alpha2",
        "kind": "TaskSpawner",
        "metadata": {"name": "worker", "annotations": {"metadata.kelos.dev/labels": labels}},
    })
    .to_string()
}

fn task() -> Value {
    json!({
        "apiVersion": "kelos.dev/v1alpha2",
        "kind": "Task",
        "metadata": {"name": "worker-1", "labels": {"kelos.dev/taskspawner": "worker"}},
        "spec": {},
    })
}

/// The labels that a new Task gets now.
async fn labels(client: &Client) -> Value {
    let review = review::creation(&task());
    let (status, _, body) = client.post(MUTATE_TASK_PATH, JSON, review.to_string()).await.unwrap();
    assert_eq!(status, 200);
    Answer::read(&review, &body).apply(&task())["metadata"]["labels"].take()
}

/// A GET over plain HTTP: its status line and its body.
fn get(address: SocketAddr, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn rules_follow_their_files_and_the_last_good_ones_stay() {
    let program = Program::start("v: one");
    let client = program.client(program.address("webhook"));
    assert_eq!(labels(&client).await["v"], "one");
    let file = program.folder.path().join("rules/spawner.yaml");

    write(&file, &spawner("v: two\nbad: '{{ .Kind'"));
    let problem = program.message("A TaskSpawner needs mending");
    assert_eq!((&problem["spawner"], &problem["key"]), (&json!("worker"), &json!("bad")));
    assert_eq!(problem["reason"], "parse_error");
    assert!(problem["problem"].as_str().unwrap().contains("line 1, column"), "{problem}");
    program.message("Loaded manifests");
    let found = labels(&client).await;
    assert_eq!((&found["v"], found.get("bad")), (&json!("two"), None));

    write(&file, "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: [\n");
    let broken = program.message("A manifest needs mending; if it was good before, that stays");
    assert!(broken["problem"].as_str().unwrap().contains("spawner.yaml:"), "{broken}");
    program.message("Loaded manifests");
    assert_eq!(labels(&client).await["v"], "two");

    // Unchanged rules are not compiled again, so their problems are not told again.
    write(
        &program.folder.path().join("rules/other.yaml"),
        &spawner("a: b").replace("worker", "other"),
    );
    write(&file, &spawner("v: two\nbad: '{{ .Kind'"));
    let next = program.logs("the next load", |line| {
        line["message"] == "A TaskSpawner needs mending" || line["spawners"] == 2
    });
    assert_eq!(next["message"], "Loaded manifests", "{next}");

    fs::remove_file(&file).unwrap();
    program.logs("one TaskSpawner less", |line| line["spawners"] == 1);
    assert_eq!(labels(&client).await.get("v"), None);
}

#[tokio::test]
async fn health_and_metrics_have_ports_of_their_own_and_sigterm_ends_it() {
    let mut program = Program::start("v: one");
    let (webhook, metrics, health) =
        (program.address("webhook"), program.address("metrics"), program.address("health"));
    assert!(get(health, "/healthz").starts_with("HTTP/1.1 200"));
    program.message("Ready");
    assert!(get(health, "/readyz").starts_with("HTTP/1.1 200"));
    let client = program.client(webhook);
    labels(&client).await;
    let text = get(metrics, "/metrics");
    for line in
        ["kelos_metadata_spawners 1", "kelos_metadata_admissions_total{outcome=\"patched\"} 1"]
    {
        assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
    }
    program.signal("TERM");
    program.message("Stopped");
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn what_keeps_it_from_starting_is_said_with_the_flag() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (cert, key) = certificate();
    write(&folder.path().join("tls.crt"), &cert);
    write(&folder.path().join("tls.key"), &key);
    write(&folder.path().join("other.key"), &certificate().1);
    let (rules, missing) = (path("."), path("missing"));
    let (crt, tls_key, other) = (path("tls.crt"), path("tls.key"), path("other.key"));
    for (flags, said) in [
        (vec!["--manifests", &missing], vec!["--manifests", "missing"]),
        (
            vec!["--manifests", &rules, "--tls-cert-file", &crt],
            vec!["--tls-cert-file", "--tls-private-key-file"],
        ),
        (
            vec![
                "--manifests",
                &rules,
                "--tls-cert-file",
                &missing,
                "--tls-private-key-file",
                &tls_key,
            ],
            vec!["--tls-cert-file", "missing"],
        ),
        (
            vec!["--manifests", &rules, "--tls-cert-file", &crt, "--tls-private-key-file", &other],
            vec!["--tls-cert-file", "--tls-private-key-file"],
        ),
        (
            vec!["--manifests", &rules, "--bind-address", "nowhere"],
            vec!["--bind-address", "HOST:PORT"],
        ),
        (vec!["--manifests", &rules, "--protect", "a b"], vec!["--protect", "`a b`"]),
        (vec!["--manifests", &rules, "--log-level", "=="], vec!["--log-level"]),
        (vec!["--manifests", &rules, "--on-invalid", "drop"], vec!["--on-invalid", "sanitize"]),
        (vec![], vec!["--manifests"]),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"))
            .arg("serve")
            .args(&flags)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{flags:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(said.iter().all(|word| text.contains(word)), "{flags:?}: {text}");
    }
}
