//! The real `kelos-metadata serve`, as a child of this process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::SERVER_NAME;

/// Far longer than a start or a stop takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    log: Receiver<String>,
    /// Where its webhook listens.
    pub(crate) address: SocketAddr,
    /// What a client has to trust.
    pub(crate) certificate_pem: String,
    _key: TempDir,
}

impl Server {
    /// Starts a server on a folder of manifests, with a certificate made for it, on a port that the
    /// system picks.
    pub(crate) fn start(manifests: &Path, defaults: Option<&Path>) -> anyhow::Result<Server> {
        let folder = TempDir::with_prefix("kelos-metadata-demo")?;
        let made = rcgen::generate_simple_self_signed([SERVER_NAME.to_owned()])?;
        let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
        let certificate_pem = made.cert.pem();
        std::fs::write(&certificate, &certificate_pem)?;
        std::fs::write(&key, made.signing_key.serialize_pem())?;
        let program = program()?;
        let mut command = Command::new(&program);
        command.arg("serve").arg("--manifests").arg(manifests).args(["--log-format", "json"]);
        command.args(["--sessions", "--shutdown-delay", "0s"]);
        if let Some(defaults) = defaults {
            command.arg("--defaults").arg(defaults);
        }
        for flag in ["--bind-address", "--metrics-bind-address", "--health-probe-bind-address"] {
            command.args([flag, "127.0.0.1:0"]);
        }
        command.arg("--tls-cert-file").arg(&certificate).arg("--tls-private-key-file").arg(&key);
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let log = child.stderr.take().map(follow).context("the server has no log")?;
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Server { child, log, address, certificate_pem, _key: folder };
        server.address = server.webhook_address()?;
        Ok(server)
    }

    /// Reads the log until the webhook listens.
    fn webhook_address(&self) -> anyhow::Result<SocketAddr> {
        let start = Instant::now();
        let mut seen = String::new();
        while let Ok(line) = self.log.recv_timeout(PATIENCE.saturating_sub(start.elapsed())) {
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            if event["message"] == "Listening" && event["listener"] == "webhook" {
                let address = event["address"].as_str().context("the log line has no address")?;
                return Ok(address.parse()?);
            }
            seen.push_str(&line);
            seen.push('\n');
        }
        bail!("the server never says where it listens; it said:\n{seen}")
    }

    /// Sends SIGTERM, and waits for the end; gives what the server said meanwhile.
    pub(crate) fn stop(mut self) -> anyhow::Result<Vec<String>> {
        // The standard library sends no signals; every shell does.
        let pid = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &pid]).status()?;
        ensure!(sent.success(), "SIGTERM can't be sent");
        let start = Instant::now();
        let mut messages = Vec::new();
        let status = loop {
            match self.log.recv_timeout(PATIENCE.saturating_sub(start.elapsed())) {
                Ok(line) => {
                    let event: Value = serde_json::from_str(&line).unwrap_or_default();
                    messages.extend(event["message"].as_str().map(str::to_owned));
                }
                // It closes its log when it ends.
                Err(RecvTimeoutError::Disconnected) => break self.child.wait()?,
                Err(RecvTimeoutError::Timeout) => bail!("the server does not stop"),
            }
        };
        ensure!(status.success(), "the server ends with {status}");
        ensure!(
            messages.iter().any(|message| message == "Stopped"),
            "the server does not drain; it said {messages:?}"
        );
        Ok(messages.into_iter().skip_while(|message| !message.starts_with("Draining")).collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program beside this one: `target/<profile>/kelos-metadata`.
fn program() -> anyhow::Result<PathBuf> {
    let demo = std::env::current_exe()?;
    let folder = demo.parent().context("this program is in no folder")?;
    let program = folder.join("kelos-metadata");
    ensure!(program.exists(), "{} is not there: build it first, or `make demo`", program.display());
    Ok(program)
}

/// Sends the lines of a log to a channel, so that waiting for one can end.
fn follow(log: ChildStderr) -> Receiver<String> {
    let (lines, received) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                break;
            }
        }
    });
    received
}
