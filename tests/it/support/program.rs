//! The program itself, as a process of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use kelos_metadata::webhook::router::MUTATE_TASK_PATH;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::https::Client;
use super::webhook::JSON;
use testing::review::{self, Answer};

/// Far longer than anything here takes.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// A running program; it is killed when it is dropped.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) log: Receiver<Value>,
    pub(crate) folder: TempDir,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    /// Starts `serve` on a folder with one TaskSpawner of these label templates.
    pub(crate) fn start(labels: &str) -> Program {
        Program::on(folder(labels), None)
    }

    /// Starts `serve` on `rules` and `tls` of this folder, with so many open files at most.
    pub(crate) fn on(folder: TempDir, open_files: Option<u32>) -> Program {
        Program::serve(program(open_files), folder, &["--shutdown-delay", "0s"])
    }

    /// Starts `serve` on `rules` and `tls` of this folder, with these flags.
    pub(crate) fn with(folder: TempDir, flags: &[&str]) -> Program {
        Program::serve(program(None), folder, flags)
    }

    /// Starts it with these flags and variables of the environment.
    pub(crate) fn with_env(folder: TempDir, flags: &[&str], env: &[(&str, &str)]) -> Program {
        let mut command = program(None);
        command.envs(env.iter().copied());
        Program::serve(command, folder, flags)
    }

    fn serve(command: Command, folder: TempDir, flags: &[&str]) -> Program {
        Program::run(serve(command, &folder, flags), folder)
    }

    /// Starts a command that becomes the program, and logs as JSON.
    pub(crate) fn run(mut command: Command, folder: TempDir) -> Program {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
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
    pub(crate) fn logs(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + TIMEOUT;
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

    /// The next log lines, up to the first one for which this holds.
    pub(crate) fn lines_until(&self, mut is_it: impl FnMut(&Value) -> bool) -> Vec<Value> {
        let deadline = Instant::now() + TIMEOUT;
        let mut lines = Vec::new();
        while !lines.last().is_some_and(&mut is_it) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.log.recv_timeout(left) {
                Ok(line) => lines.push(line),
                Err(error) => panic!("the log ends without such a line ({error}): {lines:#?}"),
            }
        }
        lines
    }

    pub(crate) fn message(&self, message: &str) -> Value {
        self.logs(message, |line| line["message"] == message)
    }

    pub(crate) fn address(&self, listener: &str) -> SocketAddr {
        let line = self.logs(listener, |line| line["listener"] == listener);
        line["address"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn client(&self, address: SocketAddr) -> Client {
        Client::new(address, &fs::read_to_string(self.folder.path().join("tls/tls.crt")).unwrap())
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }
}

/// `serve` on `rules` and `tls` of a folder, with these flags: it logs as JSON.
pub(crate) fn serve(mut command: Command, folder: &TempDir, flags: &[&str]) -> Command {
    command
        .arg("serve")
        .arg("--manifests")
        .arg(folder.path().join("rules"))
        .arg("--tls-cert-file")
        .arg(folder.path().join("tls/tls.crt"))
        .arg("--tls-private-key-file")
        .arg(folder.path().join("tls/tls.key"))
        .args(["--bind-address", "127.0.0.1:0", "--metrics-bind-address", "127.0.0.1:0"])
        .args(["--health-probe-bind-address", "127.0.0.1:0", "--log-format", "json"])
        .args(flags);
    command
}

/// The program, as a command.
pub(crate) fn program(open_files: Option<u32>) -> Command {
    let path = env!("CARGO_BIN_EXE_kelos-metadata");
    let Some(limit) = open_files else { return Command::new(path) };
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -n {limit}; exec \"$0\" \"$@\"")).arg(path);
    command
}

/// A folder with one TaskSpawner of these label templates, and a serving key.
pub(crate) fn folder(labels: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("rules/spawner.yaml"), &spawner(labels));
    let (cert, key) = certificate();
    write(&folder.path().join("tls/tls.crt"), &cert);
    write(&folder.path().join("tls/tls.key"), &key);
    folder
}

pub(crate) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

pub(crate) fn spawner(labels: &str) -> String {
    json!({
        "apiVersion": "kelos.dev/v1alpha2",
        "kind": "TaskSpawner",
        "metadata": {"name": "worker", "annotations": {"metadata.kelos.dev/labels": labels}},
    })
    .to_string()
}

pub(crate) fn task() -> Value {
    json!({
        "apiVersion": "kelos.dev/v1alpha2",
        "kind": "Task",
        "metadata": {"name": "worker-1", "labels": {"kelos.dev/taskspawner": "worker"}},
        "spec": {},
    })
}

/// The labels that a new Task gets now.
pub(crate) async fn labels(client: &Client) -> Value {
    let review = review::creation(&task());
    let (status, _, body) = client.post(MUTATE_TASK_PATH, JSON, review.to_string()).await.unwrap();
    assert_eq!(status, 200);
    Answer::read(&review, &body).apply(&task())["metadata"]["labels"].take()
}

/// A GET over plain HTTP: its status line and its body.
pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
