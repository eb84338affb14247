//! What `kubectl logs` and `kubectl get pods` need of a kubelet, which can't run here.
//!
//! It stands for three things. The Deployment controller's: a Pod object with the Deployment's labels and container.
//! The kubelet's report: one Node, and the status of these Pods as their real probes have it. And the kubelet's logs:
//! `GET /containerLogs/NAMESPACE/POD/CONTAINER` gives what the Pod's process has written. kubectl, the API server and
//! its way to the node are real. Flags of `kubectl logs` that choose lines are refused.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::api::Api;
use super::ca;
use super::cluster::Cluster;
use super::helm::NAMESPACE;
use super::pod::Pod;

const NODE: &str = "node-1";

/// Which files each path of the kubelet gives: of the container that was started last, and of those before.
type Logs = Arc<Mutex<BTreeMap<String, Vec<PathBuf>>>>;

/// A node with Pods on it.
pub(crate) struct Kubelet {
    admin: Api,
    logs: Logs,
}

impl Kubelet {
    /// Registers the node.
    pub(crate) async fn start(cluster: &Cluster) -> Kubelet {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let kubelet = Kubelet { admin: cluster.admin.clone(), logs: Logs::default() };
        tokio::spawn(serve(listener, Arc::clone(&kubelet.logs)));
        let node = json!({"metadata": {"name": NODE}});
        kubelet.admin.create("/api/v1/nodes", &node).await.ok();
        // An API server without a CA for its kubelets takes any certificate.
        let status = json!({"status": {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }});
        kubelet.admin.merge(&format!("/api/v1/nodes/{NODE}/status"), &status).await.ok();
        kubelet
    }

    /// Has the API server know of a Pod; gives its name.
    pub(crate) async fn runs(&self, pod: &Pod) -> String {
        let apps = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments");
        let deployment = self.admin.get(&format!("{apps}/{}", pod.deployment)).await.ok();
        let mut object = deployment["spec"]["template"].clone();
        object["metadata"]["generateName"] = json!(format!("{}-", pod.deployment));
        object["spec"]["nodeName"] = json!(NODE);
        let made = self.admin.create(&pods(""), &object).await.ok();
        let name = made["metadata"]["name"].as_str().unwrap().to_owned();
        self.starts(&name, pod).await;
        name
    }

    /// Starts a Pod's container, or starts it again.
    pub(crate) async fn starts(&self, name: &str, pod: &Pod) {
        let container = container(&self.admin.get(&pods(name)).await.ok());
        let path = format!("/containerLogs/{NAMESPACE}/{name}/{container}");
        self.logs.lock().unwrap().entry(path).or_default().push(pod.log_file.clone());
        self.reports(name, pod).await;
    }

    /// Reports what has become of a Pod.
    pub(crate) async fn reports(&self, name: &str, pod: &Pod) {
        let object = self.admin.get(&pods(name)).await.ok();
        let is_ready = pod.probe().await;
        let state = if pod.listens() {
            json!({"running": {}})
        } else {
            json!({"waiting": {"reason": "CrashLoopBackOff"}})
        };
        let condition =
            |kind: &str| json!({"type": kind, "status": if is_ready { "True" } else { "False" }});
        let status = json!({"status": {
            "phase": "Running",
            "conditions": [condition("Ready"), condition("ContainersReady")],
            "containerStatuses": [{
                "name": container(&object), "image": object["spec"]["containers"][0]["image"], "imageID": "",
                "ready": is_ready, "restartCount": 0, "state": state,
            }],
        }});
        self.admin.merge(&format!("{}/status", pods(name)), &status).await.ok();
    }

    /// Has the API server forget a Pod.
    pub(crate) async fn forgets(&self, name: &str) {
        self.admin.delete(&format!("{}?gracePeriodSeconds=0", pods(name))).await.ok();
    }
}

/// The path of a Pod, or of all.
fn pods(name: &str) -> String {
    let all = format!("/api/v1/namespaces/{NAMESPACE}/pods");
    if name.is_empty() { all } else { format!("{all}/{name}") }
}

fn container(pod: &Value) -> String {
    pod["spec"]["containers"][0]["name"].as_str().unwrap().to_owned()
}

async fn serve(listener: TcpListener, logs: Logs) {
    let acceptor = TlsAcceptor::from(ca::server(&["127.0.0.1"]));
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, logs) = (acceptor.clone(), Arc::clone(&logs));
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let answer = service_fn(async |request| Ok::<_, Infallible>(answer(&request, &logs)));
            let server = hyper::server::conn::http1::Builder::new();
            let _ = server.serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

fn answer(request: &Request<Incoming>, logs: &Logs) -> Response<Full<Bytes>> {
    // The API server always says that it wants both streams; what else it may say chooses lines.
    let query = request.uri().query().unwrap_or_default();
    let mut words: Vec<&str> = query.split('&').filter(|word| *word != "stream=All").collect();
    let before = words.iter().position(|word| *word == "previous=true");
    before.map(|at| words.remove(at));
    let logs = logs.lock().unwrap();
    let files = logs.get(request.uri().path()).map(|files| files.iter().rev());
    let file = files.and_then(|mut files| files.nth(usize::from(before.is_some())));
    let (status, body) = match file {
        _ if words.iter().any(|word| !word.is_empty()) => {
            (StatusCode::NOT_IMPLEMENTED, format!("{query} is not built").into_bytes())
        }
        Some(file) => (StatusCode::OK, fs::read(file).unwrap()),
        None => (StatusCode::NOT_FOUND, b"there is no such container".to_vec()),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response
}
