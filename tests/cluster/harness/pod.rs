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
use super::process::Process;
use super::run_folder;
use super::wait::eventually;
use super::webhook::get;

/// The Deployment of the controller, and its ServiceAccount, and its Lease.
pub(crate) const CONTROLLER: &str = "kelos-metadata-controller";

/// How long a Pod still serves after SIGTERM.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Delay {
    /// As long as its Deployment says.
    AsItIs,
    /// Not at all: a kubelet waits for it; most tests need not.
    None,
}

/// The program that was built for the tests.
const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");

/// A running Pod; it is killed when it is dropped.
pub(crate) struct Pod {
    /// The Deployment that it is of.
    pub(crate) deployment: String,
    process: Process,
    pub(crate) log: Log,
    /// Where its log is, as it wrote it.
    pub(crate) log_file: PathBuf,
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

    /// Starts a Pod that still serves after SIGTERM for as long as it says. The Service is left unchanged.
    pub(crate) async fn serving(cluster: &Cluster) -> Pod {
        Pod::of(cluster, RELEASE, Delay::AsItIs).await
    }

    /// Starts a Pod of the controller.
    pub(crate) async fn controller(cluster: &Cluster) -> Pod {
        Pod::of(cluster, CONTROLLER, Delay::None).await
    }

    /// Starts a Pod of a Deployment with another program than the one that was built for the tests.
    pub(crate) async fn with_program(cluster: &Cluster, name: &str, program: &Path) -> Pod {
        Pod::listening(Pod::launch(cluster, name, program, Delay::None).await).await
    }

    /// Starts a Pod, and waits until it listens.
    async fn of(cluster: &Cluster, name: &str, delay: Delay) -> Pod {
        Pod::listening(Pod::launch(cluster, name, Path::new(PROGRAM), delay).await).await
    }

    /// Waits until it listens on these ports.
    async fn listening((mut pod, ports): (Pod, Vec<String>)) -> Pod {
        for port in ports {
            let line = pod.log.line(&port, |line| line["listener"] == port).await;
            pod.listeners.insert(port, line["address"].as_str().unwrap().parse().unwrap());
        }
        pod
    }

    /// Starts a Pod whose program ends at once; waits for its last word.
    pub(crate) async fn that_can_not_start(cluster: &Cluster, name: &str) -> Pod {
        let (mut pod, _) = Pod::launch(cluster, name, Path::new(PROGRAM), Delay::None).await;
        eventually("the program ends", async || pod.process.ended()).await;
        eventually("its last word", async || pod.log.lines(|_| true).pop()).await;
        pod
    }

    /// Starts what a Deployment in the cluster says: its container's args and environment. Only listen addresses
    /// and mount paths are others, and a kubeconfig with the token of its ServiceAccount stands for the token that a
    /// kubelet mounts. It waits for nothing; gives the names of the ports, too.
    async fn launch(
        cluster: &Cluster,
        name: &str,
        program: &Path,
        delay: Delay,
    ) -> (Pod, Vec<String>) {
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
        let mut process = Process::start(program, |run| {
            run.args(args).env_clear().env("KUBECONFIG", &kubeconfig).stderr(Stdio::piped());
            for variable in container["env"].as_array().into_iter().flatten() {
                let (name, value) = (&variable["name"], &variable["value"]);
                run.env(name.as_str().unwrap(), value.as_str().unwrap_or_default());
            }
        });
        let log_file = folder.join("log.jsonl");
        let log = Log::follow(process.take_stderr().unwrap(), &log_file);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let readiness = text(&container["readinessProbe"]["httpGet"]["path"]);
        let ports = container["ports"].as_array().unwrap();
        let ports = ports.iter().map(|port| text(&port["name"])).collect();
        let (deployment, listeners) = (name.to_owned(), BTreeMap::new());
        (Pod { deployment, process, log, log_file, readiness, listeners }, ports)
    }

    /// Has the Service lead to it.
    pub(crate) async fn is_behind_the_service(&self, cluster: &Cluster) {
        let service = service(cluster).await;
        cluster.control_plane.set_backends(&service, vec![self.webhook()]);
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
        eventually("the readiness probe", async || self.probe().await.then_some(())).await;
    }

    /// Whether its readiness probe succeeds now. One whose program has not come so far can't.
    pub(crate) async fn probe(&self) -> bool {
        let Some(health) = self.listeners.get("health") else { return false };
        get(*health, &self.readiness).await.starts_with("HTTP/1.1 200")
    }

    /// Whether it came so far as to listen.
    pub(crate) fn listens(&self) -> bool {
        !self.listeners.is_empty()
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

    /// The log lines above the level of information, such as a right that is missing.
    pub(crate) fn warnings(&self) -> Vec<Value> {
        self.log.lines(|line| line["level"] != "INFO")
    }

    /// The log lines about a right that is missing.
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

/// Writes the Secrets and ConfigMaps that the container mounts; gives where each path of the container is here.
async fn mounts(cluster: &Cluster, spec: &Value, folder: &Path) -> Vec<(String, PathBuf)> {
    let mut mounts = Vec::new();
    for mount in spec["containers"][0]["volumeMounts"].as_array().into_iter().flatten() {
        let volumes = spec["volumes"].as_array().unwrap();
        let volume = volumes.iter().find(|volume| volume["name"] == mount["name"]).unwrap();
        let (collection, name) = match volume["configMap"]["name"].as_str() {
            Some(name) => ("configmaps", name),
            None => ("secrets", volume["secret"]["secretName"].as_str().unwrap()),
        };
        let path = format!("/api/v1/namespaces/{NAMESPACE}/{collection}/{name}");
        let object = cluster.admin.get(&path).await.ok();
        let folder = folder.join(mount["name"].as_str().unwrap());
        fs::create_dir(&folder).unwrap();
        for (file, content) in object["data"].as_object().unwrap() {
            let content = content.as_str().unwrap();
            let content = match collection {
                "secrets" => BASE64.decode(content).unwrap(),
                _ => content.into(),
            };
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
