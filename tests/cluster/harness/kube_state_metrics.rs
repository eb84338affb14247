//! The real kube-state-metrics, which makes series of the objects of a cluster.

use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;

use hyper::StatusCode;
use serde_json::Value;

use super::access::Account;
use super::binaries;
use super::cluster::Cluster;
use super::http::fetch;
use super::log::Log;
use super::process::Process;
use super::run_folder;
use super::wait::eventually;

/// A running kube-state-metrics; it is killed when it is dropped.
pub(crate) struct KubeStateMetrics {
    address: SocketAddr,
    log: Log,
    _process: Process,
}

impl KubeStateMetrics {
    /// Starts it with this CustomResourceState configuration, as an account that has this ClusterRole and no other
    /// right.
    pub(crate) async fn start(
        cluster: &Cluster,
        config: &str,
        cluster_role: &Value,
    ) -> KubeStateMetrics {
        let api_server = cluster.control_plane.address();
        let account = Account::with_cluster_role(&cluster.admin, api_server, cluster_role).await;
        let folder = run_folder::folder("kube-state-metrics");
        let (kubeconfig, file) = (folder.join("kubeconfig"), folder.join("config.yaml"));
        fs::write(&kubeconfig, account.kubeconfig(api_server)).unwrap();
        fs::write(&file, config).unwrap();
        let mut process = Process::start(&binaries::kube_state_metrics(), |run| {
            run.arg("--kubeconfig").arg(kubeconfig).env_clear();
            run.arg("--custom-resource-state-config-file").arg(file);
            run.arg("--custom-resource-state-only");
            run.args(["--host=127.0.0.1", "--port=0"]);
            run.args(["--telemetry-host=127.0.0.1", "--telemetry-port=0"]);
            run.stderr(Stdio::piped());
        });
        let log = Log::follow(process.take_stderr().unwrap(), &folder.join("log.txt"));
        let address = eventually("kube-state-metrics listens", async || {
            assert!(process.ended().is_none(), "kube-state-metrics: see {}", folder.display());
            for address in listeners(&log) {
                // Its own metrics are behind another listener, which has no such page.
                let healthy = fetch(address, "/healthz").await;
                if healthy.is_some_and(|(status, _)| status == StatusCode::OK) {
                    return Some(address);
                }
            }
            None
        })
        .await;
        KubeStateMetrics { address, log, _process: process }
    }

    /// Where the series are.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its series now, as text.
    pub(crate) async fn page(&self) -> String {
        fetch(self.address, "/metrics").await.unwrap().1
    }

    /// Waits until a series of this metric has this label.
    pub(crate) async fn has(&self, metric: &str, label: &str, value: &str) {
        let (start, label) = (format!("{metric}{{"), format!("{label}={value:?}"));
        eventually(&format!("{metric} with {label}"), async || {
            let page = self.page().await;
            let mut lines = page.lines();
            lines.any(|line| line.starts_with(&start) && line.contains(&label)).then_some(())
        })
        .await;
    }

    /// Waits until it has so many series of this metric: it begins with a list of all objects, which it takes in one by
    /// one.
    pub(crate) async fn has_so_many(&self, metric: &str, number: usize) {
        let start = format!("{metric}{{");
        eventually(&format!("{number} series of {metric}"), async || {
            let page = self.page().await;
            let lines = page.lines().filter(|line| line.starts_with(&start));
            (lines.count() == number).then_some(())
        })
        .await;
    }

    /// What it complained about.
    pub(crate) fn complaints(&self) -> Vec<Value> {
        let level = |line: &Value| line["message"].as_str().and_then(|text| text.chars().next());
        self.log.lines(|line| matches!(level(line), Some('E' | 'W')))
    }
}

/// Where it says that it listens.
fn listeners(log: &Log) -> Vec<SocketAddr> {
    let lines = log.lines(|_| true);
    let texts = lines.iter().filter_map(|line| line["message"].as_str());
    let listening = texts.filter(|text| text.contains("\"Listening on\""));
    let addresses = listening.filter_map(|text| text.split("address=\"").nth(1)?.split('"').next());
    addresses.map(|address| address.parse().unwrap()).collect()
}
