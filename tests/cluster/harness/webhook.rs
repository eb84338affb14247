//! The program itself, as a cluster runs it: `serve` behind a Service.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::{fs, io};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::access::{Account, SYSTEM};
use super::ca;
use super::cluster::Parts;
use super::log::Log;
use super::namespace::Namespace;
use super::process::Process;
pub(crate) use super::registration::SERVER_NAME;
use super::registration::{Registration, SERVED_BY, SERVICE};
use super::run_folder;
use super::wait::eventually;

/// A webhook to be started.
pub(crate) struct Setup {
    cluster: Arc<Parts>,
    name: String,
    port: u16,
    manifests: bool,
    secret: Option<String>,
    account: Option<Account>,
    api_server: SocketAddr,
    registration: Registration,
    flags: Vec<String>,
    open_files: Option<u32>,
    /// Whether its Service leads to it alone; else somebody else says where the Service leads.
    is_alone: bool,
}

impl Setup {
    /// One that is called through this port of the Service.
    pub(crate) fn new(cluster: Arc<Parts>, name: &str, port: u16) -> Setup {
        let registration = Registration {
            name: name.to_owned(),
            failure_policy: "Ignore",
            reinvocation_policy: "Never",
            selects_namespaces: true,
            is_trusted: true,
            has_sessions: false,
        };
        let api_server = cluster.control_plane.address();
        let name = name.to_owned();
        Setup {
            cluster,
            name,
            port,
            manifests: false,
            secret: None,
            account: None,
            api_server,
            registration,
            flags: Vec::new(),
            open_files: None,
            is_alone: true,
        }
    }

    /// The port of the Service as the control plane knows it.
    pub(crate) fn service(port: u16) -> String {
        format!("{SYSTEM}/{SERVICE}:{port}")
    }

    /// Leaves it to others where the Service leads.
    pub(crate) fn among_others(mut self) -> Setup {
        self.is_alone = false;
        self
    }

    /// Starts it with these flags, too.
    pub(crate) fn with_flags(mut self, flags: impl IntoIterator<Item = String>) -> Setup {
        self.flags.extend(flags);
        self
    }

    /// Lets it answer Sessions, too.
    pub(crate) fn with_sessions(self) -> Setup {
        let setup = self.registered(|registration| registration.has_sessions = true);
        setup.with_flags(["--sessions".to_owned()])
    }

    /// Lets it open no more files than that.
    pub(crate) fn with_open_files(mut self, files: u32) -> Setup {
        self.open_files = Some(files);
        self
    }

    /// Takes its rules from a folder instead of the cluster, see [`Webhook::write_manifest`].
    pub(crate) fn with_manifests(mut self) -> Setup {
        self.manifests = true;
        self
    }

    /// Takes its serving key from a Secret of its own namespace instead of files.
    pub(crate) fn with_secret(mut self, name: &str) -> Setup {
        self.secret = Some(name.to_owned());
        self
    }

    /// Runs it as another ServiceAccount.
    pub(crate) fn with_account(mut self, account: Account) -> Setup {
        self.account = Some(account);
        self
    }

    /// Reaches the API server at another address.
    pub(crate) fn through(mut self, address: SocketAddr) -> Setup {
        self.api_server = address;
        self
    }

    /// Changes what is registered.
    pub(crate) fn registered(mut self, change: impl FnOnce(&mut Registration)) -> Setup {
        change(&mut self.registration);
        self
    }

    /// A namespace that it will serve.
    pub(crate) async fn namespace(&self, name: &str) -> Namespace {
        Namespace::create(Arc::clone(&self.cluster), name, json!({ SERVED_BY: self.name })).await
    }

    /// Starts it, and waits until the API server calls it.
    pub(crate) async fn start(self) -> Webhook {
        let webhook = self.launch().await;
        webhook.is_ready().await;
        webhook.register().await;
        webhook
    }

    /// Starts the program on what is in its folder.
    fn serve(&self, folder: &Path) -> Process {
        let program = Path::new(env!("CARGO_BIN_EXE_kelos-metadata"));
        let limited =
            self.open_files.map(|files| format!("ulimit -n {files} && exec \"$0\" \"$@\""));
        let start = if limited.is_some() { Path::new("/bin/sh") } else { program };
        Process::start(start, |command| {
            if let Some(limited) = limited {
                command.arg("-c").arg(limited).arg(program);
            }
            let rules = if self.manifests { "manifests" } else { "kubeconfig" };
            command.arg("serve").arg(format!("--{rules}")).arg(folder.join(rules));
            match &self.secret {
                Some(name) => {
                    command.arg("--tls-secret").arg(format!("{SYSTEM}/{name}"));
                }
                None => {
                    command.arg("--tls-cert-file").arg(folder.join("tls.crt"));
                    command.arg("--tls-private-key-file").arg(folder.join("tls.key"));
                }
            }
            for listener in ["bind-address", "metrics-bind-address", "health-probe-bind-address"] {
                command.arg(format!("--{listener}=127.0.0.1:0"));
            }
            if !self.flags.iter().any(|flag| flag.starts_with("--shutdown-delay")) {
                command.arg("--shutdown-delay=0s");
            }
            command.args(&self.flags);
            command.args(["--log-format", "json"]).stderr(Stdio::piped());
        })
    }

    /// Starts it, and waits for nothing but its listeners.
    pub(crate) async fn launch(self) -> Webhook {
        let account = match &self.account {
            Some(account) => account.clone(),
            None => self.cluster.account().await,
        };
        let folder = run_folder::folder(&format!("webhook-{}", self.name));
        fs::create_dir(folder.join("manifests")).unwrap();
        let leaf = ca::issue(&[SERVER_NAME]);
        fs::write(folder.join("tls.crt"), leaf.certificate).unwrap();
        fs::write(folder.join("tls.key"), leaf.key).unwrap();
        fs::write(folder.join("kubeconfig"), account.kubeconfig(self.api_server)).unwrap();
        let mut process = self.serve(&folder);
        let log = Log::follow(process.take_stderr().unwrap(), &folder.join("log.jsonl"));
        let address = async |listener| -> SocketAddr {
            let line = log.line(listener, |line| line["listener"] == listener).await;
            line["address"].as_str().unwrap().parse().unwrap()
        };
        let addresses =
            (address("webhook").await, address("metrics").await, address("health").await);
        if self.is_alone {
            let service = Setup::service(self.port);
            self.cluster.control_plane.set_backends(&service, vec![addresses.0]);
        }
        Webhook {
            cluster: self.cluster,
            name: self.name,
            port: self.port,
            registration: self.registration,
            folder,
            process: Some(process),
            address: addresses.0,
            metrics: addresses.1,
            health: addresses.2,
            log,
        }
    }
}

/// A running webhook; it is killed when it is dropped.
pub(crate) struct Webhook {
    cluster: Arc<Parts>,
    name: String,
    port: u16,
    registration: Registration,
    folder: PathBuf,
    process: Option<Process>,
    pub(crate) address: SocketAddr,
    metrics: SocketAddr,
    health: SocketAddr,
    pub(crate) log: Log,
}

impl Webhook {
    /// Waits until it says that it is ready.
    pub(crate) async fn is_ready(&self) {
        eventually("/readyz", async || {
            get(self.health, "/readyz").await.starts_with("HTTP/1.1 200").then_some(())
        })
        .await;
    }

    /// Whether it says so now.
    pub(crate) async fn readiness(&self) -> String {
        get(self.health, "/readyz").await
    }

    /// Registers it, and waits until the API server calls it.
    pub(crate) async fn register(&self) {
        Webhook::register_all(&[self]).await;
    }

    /// Registers webhooks that share a Service, and waits until the API server calls one of them.
    pub(crate) async fn register_all(all: &[&Webhook]) {
        all[0].register_and_probe(all).await;
    }

    async fn register_and_probe(&self, all: &[&Webhook]) {
        let admissions = async || {
            let mut sum = 0.0;
            for webhook in all {
                sum += webhook.metric("kelos_metadata_admissions_total").await;
            }
            sum
        };
        self.register_unasked().await;
        let namespace = self.namespace(&format!("{}-probe", self.name)).await;
        let probe = json!({
            "kind": "Task",
            "metadata": {"name": "probe", "labels": {"kelos.dev/taskspawner": "probe"}},
            "spec": {"type": "claude-code", "prompt": "probe", "credentials": {"type": "none"}},
        });
        let before = admissions().await;
        eventually("the API server calls the webhook", async || {
            namespace.accepts_dry_run(probe.clone()).await;
            (admissions().await > before).then_some(())
        })
        .await;
    }

    /// Registers it, and waits for nothing.
    pub(crate) async fn register_unasked(&self) {
        self.registration.create(&self.cluster.admin, &self.name, self.port).await;
    }

    /// Registers another webhook for the same namespaces.
    pub(crate) async fn register_other(&self, name: &str, url: &str) {
        let other = Registration { name: name.to_owned(), ..self.registration.clone() };
        other.create_other(&self.cluster.admin, &self.name, url).await;
    }

    /// A namespace for one test, which this webhook serves.
    pub(crate) async fn namespace(&self, name: &str) -> Namespace {
        self.namespace_with(name, json!({})).await
    }

    /// The same, with labels.
    pub(crate) async fn namespace_with(&self, name: &str, mut labels: Value) -> Namespace {
        labels[SERVED_BY] = json!(self.name);
        Namespace::create(Arc::clone(&self.cluster), name, labels).await
    }

    /// Writes one of the manifests that it takes its rules from.
    pub(crate) async fn write_manifest(&self, name: &str, object: &Value) {
        let is_load = |line: &Value| line["message"] == "Loaded manifests";
        let loads = self.log.lines(is_load).len();
        fs::write(self.folder.join("manifests").join(name), object.to_string()).unwrap();
        eventually("manifests are loaded", async || {
            (self.log.lines(is_load).len() > loads).then_some(())
        })
        .await;
    }

    /// The text of its metrics.
    pub(crate) async fn metrics(&self) -> String {
        get(self.metrics, "/metrics").await
    }

    /// The sum of its samples whose line starts so.
    pub(crate) async fn metric(&self, start: &str) -> f64 {
        let text = self.metrics().await;
        let samples = text.lines().filter(|line| line.starts_with(start));
        samples.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    /// Where it reports its health.
    pub(crate) fn health(&self) -> SocketAddr {
        self.health
    }

    /// Where it reports what it has counted.
    pub(crate) fn metrics_address(&self) -> SocketAddr {
        self.metrics
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().pid()
    }

    /// Stops it with SIGTERM.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.process.take().unwrap().stop()
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        self.process.take().unwrap().kill();
    }
}

/// A GET over plain HTTP: the answer as it came.
pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    try_get(address, path).await.unwrap()
}

/// The same, of somebody who may be gone at any moment.
pub(crate) async fn try_get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
