//! The chart, installed in a cluster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::paths::path;
use super::rendering::Rendering;
use crate::harness::Cluster;
use crate::harness::api::Api;
use crate::harness::ca;
use crate::harness::helm::{Helm, NAMESPACE};
use crate::harness::namespace::Namespace;
use crate::harness::objects::Spawner;
use crate::harness::pod::Pod;
use crate::harness::registration::SERVER_NAME;
use crate::harness::spawner;
use crate::harness::wait::eventually;

/// A helm that administers this cluster.
pub(crate) fn helm(cluster: &Cluster) -> Helm {
    Helm::with_kubeconfig(&cluster.control_plane.admin_kubeconfig())
}

/// Grants the ServiceAccount of `helm test` what Helm would with these values; gives all that Helm would make.
pub(crate) async fn grant_what_tests_take(cluster: &Cluster, values: &Value) -> Rendering {
    let rendering = Rendering::of_tests(values);
    for object in rendering.objects.values().filter(|object| object["kind"] != "Pod") {
        let reply = cluster.admin.apply(&path(object), "", object).await;
        assert!(reply.status.is_success() && reply.warnings.is_empty(), "{reply:#?}");
    }
    rendering
}

/// Writes the Secret that servers take their key from, as this client: its certificate is of the tests' CA.
pub(crate) async fn create_serving_secret(client: &Api) {
    let leaf = ca::issue(&[SERVER_NAME]);
    let secret = json!({
        "metadata": {"name": "kelos-metadata-tls"},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": leaf.certificate, "tls.key": leaf.key},
    });
    client.create(&format!("/api/v1/namespaces/{NAMESPACE}/secrets"), &secret).await.ok();
}

/// Creates the Secret of `certificates.mode=provided`; gives the values that go with it.
pub(crate) async fn provide_certificate(cluster: &Cluster) -> Value {
    create_serving_secret(&cluster.admin).await;
    provided()
}

/// The values of `certificates.mode=provided`.
pub(crate) fn provided() -> Value {
    json!({"certificates": {"mode": "provided", "caBundle": bundle()}})
}

/// The CA of the tests, as a `caBundle` has it.
pub(crate) fn bundle() -> String {
    BASE64.encode(ca::certificate())
}

/// Installs the chart with a certificate of our own, and starts a Pod of it.
pub(crate) async fn install(cluster: &Cluster) -> (Helm, Value, Pod) {
    let helm = helm(cluster);
    let values = provide_certificate(cluster).await;
    helm.install(&values).ok();
    let pod = Pod::start(cluster).await;
    pod.is_ready().await;
    (helm, values, pod)
}

/// Creates a TaskSpawner that asks for `area: backend`.
pub(crate) async fn backend_spawner(namespace: &Namespace) -> Spawner {
    namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await
}

/// Waits until Tasks of this TaskSpawner are labelled. Its issue 0 is never created.
pub(crate) async fn are_labelled(namespace: &Namespace, spawner: &Spawner) {
    namespace.will_label(spawner.issue(0), "area", "backend").await;
}

/// Waits until Tasks of this TaskSpawner are not labelled any more.
pub(crate) async fn are_left_alone(namespace: &Namespace, spawner: &Spawner) {
    eventually("Tasks are left alone", async || {
        let task = namespace.accepts_dry_run(spawner.issue(0)).await;
        task.label("area").is_none().then_some(())
    })
    .await;
}
