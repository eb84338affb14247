//! The program itself, as a cluster runs it: `controller`.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use super::access::{Account, SYSTEM};
use super::log::Log;
use super::process::Process;
use super::run_folder;
use super::webhook::get;

/// A running controller; it is killed when it is dropped.
pub(crate) struct Controller {
    process: Option<Process>,
    metrics: SocketAddr,
    health: SocketAddr,
    pub(crate) log: Log,
}

impl Controller {
    /// Starts one that keeps the objects of this name, with these flags besides.
    pub(crate) async fn start(
        name: &str,
        account: &Account,
        api_server: SocketAddr,
        flags: &[&str],
    ) -> Controller {
        let folder = run_folder::folder(&format!("controller-{name}"));
        fs::write(folder.join("kubeconfig"), account.kubeconfig(api_server)).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_kelos-metadata"));
        let mut process = Process::start(program, |command| {
            command.arg("controller").arg("--kubeconfig").arg(folder.join("kubeconfig"));
            command.args(["--namespace", SYSTEM, "--tls-secret", name, "--lease", name]);
            command.args(["--webhook-configuration", name]);
            command.args(["--metrics-bind-address=127.0.0.1:0"]);
            command.args(["--health-probe-bind-address=127.0.0.1:0"]);
            command.args(["--log-format", "json"]).args(flags).stderr(Stdio::piped());
        });
        let log = Log::follow(process.take_stderr().unwrap(), &folder.join("log.jsonl"));
        let address = async |listener| -> SocketAddr {
            let line = log.line(listener, |line| line["listener"] == listener).await;
            line["address"].as_str().unwrap().parse().unwrap()
        };
        let (metrics, health) = (address("metrics").await, address("health").await);
        Controller { process: Some(process), metrics, health, log }
    }

    /// What it says of its readiness now.
    pub(crate) async fn readiness(&self) -> String {
        get(self.health, "/readyz").await
    }

    /// The sum of its samples whose line starts so.
    pub(crate) async fn metric(&self, start: &str) -> f64 {
        let text = get(self.metrics, "/metrics").await;
        let samples = text.lines().filter(|line| line.starts_with(start));
        samples.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    /// Whether it leads.
    pub(crate) async fn leads(&self) -> bool {
        self.metric("kelos_metadata_controller_leader ").await > 0.0
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        self.process.as_ref().unwrap().signal(name);
    }

    /// Stops it with SIGTERM.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.process.take().unwrap().stop()
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.process.take().unwrap().kill();
    }
}
