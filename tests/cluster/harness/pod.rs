//! A Pod of one of the chart's Deployments, run as a kubelet would run it.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::access::Account;
use super::cluster::Cluster;
use super::helm::{NAMESPACE, RELEASE};
use super::log::Log;
use super::patience::eventually;
use super::process::Process;
use super::run_folder;
use super::webhook::get;

/// The Deployment of the controller, and its ServiceAccount, and its Lease.
pub(crate) const CONTROLLER: &str = "kelos-metadata-controller";

/// How long a Pod serves on when it is told to end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Delay {
    /// As long as its Deployment says.
    AsItIs,
    /// Not at all: a kubelet waits for it; most tests need not.
    None,
}

/// A running Pod; it is killed when it is dropped.
pub(crate) struct Pod {
    process: Process,
    log: Log,
    log_file: PathBuf,
    readiness: String,
    /// Where its listeners are, by the names of the container's ports.
    listeners: BTreeMap<String, SocketAddr>,
}

impl Pod {
    /// Starts a Pod that serves. Then the Service leads to it.
    pub(crate) async fn start(cluster: &Cluster) -> Pod {
        let pod = Pod::of(cluster, RELEASE, Delay::None).await;
        pod.is_behind_the_service(cluster).await;
        pod
    }

    /// Starts a Pod that serves as long as it says when it is told to end. The Service is left alone.
    pub(crate) async fn serving(cluster: &Cluster) -> Pod {
        Pod::of(cluster, RELEASE, Delay::AsItIs).await
    }

    /// Starts a Pod of the controller.
    pub(crate) async fn controller(cluster: &Cluster) -> Pod {
        Pod::of(cluster, CONTROLLER, Delay::None).await
    }

    /// Starts what a Deployment in the cluster says: its container's args and environment. Only listen addresses
    /// and mount paths are others, and a kubeconfig with the token of its ServiceAccount stands for the token that a
    /// kubelet mounts.
    async fn of(cluster: &Cluster, name: &str, delay: Delay) -> Pod {
        let path = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}");
        let deployment = cluster.admin.get(&path).await.ok();
        let spec = &deployment["spec"]["template"]["spec"];
        let container = &spec["containers"][0];
        let folder = run_folder::folder("pod");
        let account = spec["serviceAccountName"].as_str().unwrap();
        assert_eq!(spec["automountServiceAccountToken"], true);
        let account = Account::existing(&cluster.admin, account).await;
        let kubeconfig = folder.join("kubeconfig");
        fs::write(&kubeconfig, account.kubeconfig(cluster.control_plane.address())).unwrap();
        let mounts = mounts(cluster, spec, &folder).await;
        let args =
            container["args"].as_array().unwrap().iter().map(|arg| here(arg, &mounts, delay));
        let mut process = Process::start(Path::new(env!("CARGO_BIN_EXE_kelos-metadata")), |run| {
            run.args(args).env_clear().env("KUBECONFIG", &kubeconfig).stderr(Stdio::piped());
            for variable in container["env"].as_array().into_iter().flatten() {
                let (name, value) = (&variable["name"], &variable["value"]);
                run.env(name.as_str().unwrap(), value.as_str().unwrap_or_default());
            }
        });
        let log_file = folder.join("log.jsonl");
        let log = Log::follow(process.take_stderr().unwrap(), &log_file);
        let mut listeners = BTreeMap::new();
        for port in container["ports"].as_array().unwrap() {
            let name = port["name"].as_str().unwrap();
            let line = log.line(name, |line| line["listener"] == name).await;
            listeners.insert(name.to_owned(), line["address"].as_str().unwrap().parse().unwrap());
        }
        let readiness = container["readinessProbe"]["httpGet"]["path"].as_str().unwrap().to_owned();
        Pod { process, log, log_file, readiness, listeners }
    }

    async fn is_behind_the_service(&self, cluster: &Cluster) {
        let service = service(cluster).await;
        cluster.control_plane.set_backends(&service, vec![self.webhook()]);
    }

    /// The file that its log is written to.
    pub(crate) fn log_file(&self) -> &Path {
        &self.log_file
    }

    /// Where it serves the webhook.
    pub(crate) fn webhook(&self) -> SocketAddr {
        self.listeners["webhook"]
    }

    /// Where it serves its health.
    pub(crate) fn health(&self) -> SocketAddr {
        self.listeners["health"]
    }

    /// Waits until its readiness probe succeeds.
    pub(crate) async fn is_ready(&self) {
        eventually("the readiness probe", async || {
            let answer = get(self.health(), &self.readiness).await;
            answer.starts_with("HTTP/1.1 200").then_some(())
        })
        .await;
    }

    /// The text of its metrics.
    pub(crate) async fn metrics(&self) -> String {
        get(self.listeners["metrics"], "/metrics").await
    }

    /// How often the API server has asked it.
    pub(crate) async fn calls(&self) -> f64 {
        let text = self.metrics().await;
        let samples =
            text.lines().filter(|line| line.starts_with("kelos_metadata_admissions_total"));
        samples.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    /// The log lines that tell of trouble, as of a right that is missing.
    pub(crate) fn troubles(&self) -> Vec<Value> {
        self.log.lines(|line| line["level"] != "INFO")
    }

    /// The log lines that tell of a right that is missing.
    pub(crate) fn lacking_rights(&self) -> Vec<Value> {
        self.log.lines(|line| {
            let line = line.to_string().to_lowercase();
            line.contains("forbidden") || line.contains("right is missing")
        })
    }

    /// Stops it as a kubelet does.
    pub(crate) fn stop(self) -> ExitStatus {
        self.process.stop()
    }
}

/// The port of the Service, as the MutatingWebhookConfiguration of the release names it.
pub(crate) async fn service(cluster: &Cluster) -> String {
    let path = format!("{CONFIGURATIONS}/{RELEASE}");
    let configuration = cluster.admin.get(&path).await.ok();
    let service = &configuration["webhooks"][0]["clientConfig"]["service"];
    let (namespace, name) = (&service["namespace"], &service["name"]);
    let (namespace, name) = (namespace.as_str().unwrap(), name.as_str().unwrap());
    format!("{namespace}/{name}:{}", service["port"])
}

/// The path of all configurations.
pub(crate) const CONFIGURATIONS: &str =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/// Writes the Secrets that the container mounts; gives where each path of the container is here.
async fn mounts(cluster: &Cluster, spec: &Value, folder: &Path) -> Vec<(String, PathBuf)> {
    let mut mounts = Vec::new();
    for mount in spec["containers"][0]["volumeMounts"].as_array().into_iter().flatten() {
        let volumes = spec["volumes"].as_array().unwrap();
        let volume = volumes.iter().find(|volume| volume["name"] == mount["name"]).unwrap();
        let secret = volume["secret"]["secretName"].as_str().unwrap();
        let path = format!("/api/v1/namespaces/{NAMESPACE}/secrets/{secret}");
        let secret = cluster.admin.get(&path).await.ok();
        let folder = folder.join(mount["name"].as_str().unwrap());
        fs::create_dir(&folder).unwrap();
        for (file, content) in secret["data"].as_object().unwrap() {
            let content = BASE64.decode(content.as_str().unwrap()).unwrap();
            fs::write(folder.join(file), content).unwrap();
        }
        mounts.push((mount["mountPath"].as_str().unwrap().to_owned(), folder));
    }
    mounts
}

/// An argument, with paths and listen addresses of this machine.
fn here(arg: &Value, mounts: &[(String, PathBuf)], delay: Delay) -> String {
    let arg = arg.as_str().unwrap();
    if let Some((flag, _)) = arg.split_once('=').filter(|(flag, _)| flag.ends_with("bind-address"))
    {
        return format!("{flag}=127.0.0.1:0");
    }
    if delay == Delay::None && arg.starts_with("--shutdown-delay=") {
        return "--shutdown-delay=0s".to_owned();
    }
    mounts
        .iter()
        .fold(arg.to_owned(), |arg, (path, folder)| arg.replace(path, folder.to_str().unwrap()))
}
