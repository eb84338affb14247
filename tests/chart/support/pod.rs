//! A Pod of the chart's Deployment, run as a kubelet would run it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::helm::{NAMESPACE, RELEASE};
use crate::harness::Cluster;
use crate::harness::access::Account;
use crate::harness::log::Log;
use crate::harness::patience::eventually;
use crate::harness::process::Process;
use crate::harness::run_folder;
use crate::harness::webhook::get;

/// A running Pod; it is killed when it is dropped.
pub(crate) struct Pod {
    process: Process,
    log: Log,
    readiness: String,
    addresses: Addresses,
}

/// Where its listeners are.
struct Addresses {
    webhook: SocketAddr,
    metrics: SocketAddr,
    health: SocketAddr,
}

impl Pod {
    /// Starts what the Deployment in the cluster says: its container's args and environment. Only listen addresses
    /// and mount paths are others, and a kubeconfig with the token of its ServiceAccount stands for the token that a
    /// kubelet mounts. Then the Service leads to it.
    pub(crate) async fn start(cluster: &Cluster) -> Pod {
        let path = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{RELEASE}");
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
        let args = container["args"].as_array().unwrap().iter().map(|arg| here(arg, &mounts));
        let mut process = Process::start(Path::new(env!("CARGO_BIN_EXE_kelos-metadata")), |run| {
            run.args(args).env_clear().env("KUBECONFIG", &kubeconfig).stderr(Stdio::piped());
            for variable in container["env"].as_array().into_iter().flatten() {
                let (name, value) = (&variable["name"], &variable["value"]);
                run.env(name.as_str().unwrap(), value.as_str().unwrap_or_default());
            }
        });
        let log = Log::follow(process.take_stderr().unwrap(), &folder.join("log.jsonl"));
        let address = async |listener| -> SocketAddr {
            let line = log.line(listener, |line| line["listener"] == listener).await;
            line["address"].as_str().unwrap().parse().unwrap()
        };
        let (webhook, metrics) = (address("webhook").await, address("metrics").await);
        let addresses = Addresses { webhook, metrics, health: address("health").await };
        let readiness = container["readinessProbe"]["httpGet"]["path"].as_str().unwrap().to_owned();
        let pod = Pod { process, log, readiness, addresses };
        pod.is_behind_the_service(cluster).await;
        pod
    }

    /// Leads the Service, as the MutatingWebhookConfiguration names it, to this Pod.
    async fn is_behind_the_service(&self, cluster: &Cluster) {
        let path = format!("{CONFIGURATIONS}/{RELEASE}");
        let configuration = cluster.admin.get(&path).await.ok();
        let service = &configuration["webhooks"][0]["clientConfig"]["service"];
        let (namespace, name) = (&service["namespace"], &service["name"]);
        let (namespace, name) = (namespace.as_str().unwrap(), name.as_str().unwrap());
        let service = format!("{namespace}/{name}:{}", service["port"]);
        cluster.control_plane.set_backends(&service, vec![self.addresses.webhook]);
    }

    /// Waits until its readiness probe succeeds.
    pub(crate) async fn is_ready(&self) {
        eventually("the readiness probe", async || {
            let answer = get(self.addresses.health, &self.readiness).await;
            answer.starts_with("HTTP/1.1 200").then_some(())
        })
        .await;
    }

    /// How often the API server has asked it.
    pub(crate) async fn calls(&self) -> f64 {
        let text = get(self.addresses.metrics, "/metrics").await;
        let samples =
            text.lines().filter(|line| line.starts_with("kelos_metadata_admissions_total"));
        samples.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    /// The log lines that tell of trouble, as of a right that is missing.
    pub(crate) fn troubles(&self) -> Vec<Value> {
        self.log.lines(|line| line["level"] != "INFO")
    }

    /// Stops it as a kubelet does.
    pub(crate) fn stop(self) -> ExitStatus {
        self.process.stop()
    }
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
fn here(arg: &Value, mounts: &[(String, PathBuf)]) -> String {
    let arg = arg.as_str().unwrap();
    if let Some((flag, _)) = arg.split_once('=').filter(|(flag, _)| flag.ends_with("bind-address"))
    {
        return format!("{flag}=127.0.0.1:0");
    }
    mounts
        .iter()
        .fold(arg.to_owned(), |arg, (path, folder)| arg.replace(path, folder.to_str().unwrap()))
}
