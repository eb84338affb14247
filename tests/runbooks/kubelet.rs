//! What `kubectl logs` needs of a node: a Node and Pods that are bound to it, and a server that the API server asks
//! for the log of a container, as it asks a kubelet. A kubelet itself needs a container runtime.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::harness::api::Api;
use crate::harness::authority;
use crate::harness::helm::NAMESPACE;

/// The name of the node.
const NODE: &str = "node";

/// The file of each container's log, by `/containerLogs/NAMESPACE/POD/CONTAINER`.
type Logs = Arc<Mutex<BTreeMap<String, PathBuf>>>;

/// The node of a cluster.
pub(crate) struct Kubelet {
    admin: Api,
    logs: Logs,
}

impl Kubelet {
    /// Registers the node, and listens.
    pub(crate) async fn start(admin: &Api) -> Kubelet {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let logs = Logs::default();
        tokio::spawn(serve(listener, Arc::clone(&logs)));
        let mut node = json!({"metadata": {"name": NODE}});
        node = admin.create("/api/v1/nodes", &node).await.ok();
        node["status"] = json!({
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        });
        admin.replace(&format!("/api/v1/nodes/{NODE}/status"), &node).await.ok();
        Kubelet { admin: admin.clone(), logs }
    }

    /// Creates a Pod of a Deployment, whose log is this file.
    pub(crate) async fn runs(&self, deployment: &str, log: &Path) {
        let path = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{deployment}");
        let template = self.admin.get(&path).await.ok()["spec"]["template"].clone();
        let name = format!("{deployment}-{}", self.logs.lock().unwrap().len());
        let container = template["spec"]["containers"][0]["name"].as_str().unwrap();
        let asked = format!("/containerLogs/{NAMESPACE}/{name}/{container}");
        self.logs.lock().unwrap().insert(asked, log.to_owned());
        let mut pod = template.clone();
        pod["metadata"]["name"] = json!(name);
        pod["spec"]["nodeName"] = json!(NODE);
        self.admin.create(&format!("/api/v1/namespaces/{NAMESPACE}/pods"), &pod).await.ok();
    }
}

/// Answers each request with the log that it asks for.
async fn serve(listener: TcpListener, logs: Logs) {
    let acceptor = TlsAcceptor::from(authority::server(&["127.0.0.1"]));
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, logs) = (acceptor.clone(), Arc::clone(&logs));
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let answer = service_fn(async |request: Request<_>| {
                Ok::<_, Infallible>(answer(&request, &logs))
            });
            let server = hyper::server::conn::http1::Builder::new();
            let _ = server.serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

fn answer(request: &Request<hyper::body::Incoming>, logs: &Logs) -> Response<Full<Bytes>> {
    let file = logs.lock().unwrap().get(request.uri().path()).cloned();
    let log = file.and_then(|file| std::fs::read(file).ok());
    let mut response = Response::new(Full::from(log.clone().unwrap_or_default()));
    if log.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}
