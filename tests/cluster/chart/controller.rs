//! The whole story of `certificates.mode=selfManaged`: both programs, started as their Deployments say.

use serde_json::{Value, json};

use crate::chart::renderings::values;
use crate::chart::support::installation::{are_labelled, backend_spawner, helm};
use crate::harness::Cluster;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::helm::{NAMESPACE, RELEASE};
use crate::harness::namespace::Namespace;
use crate::harness::objects::Spawner;
use crate::harness::pod::{CONFIGURATIONS, CONTROLLER, Pod};
use crate::harness::wait::eventually;

/// Creates a Task for this issue: it has the label at once.
async fn is_labelled(team: &Namespace, worker: &Spawner, number: u32) {
    let task = team.accepts(worker.issue(number)).await;
    assert_eq!(task.label("area"), Some("backend"), "{}", task.name());
}

/// Waits until an object is there, and has this field.
async fn has(cluster: &Cluster, path: &str, field: &str) -> Value {
    eventually(&format!("{field} of {path}"), async || {
        cluster.admin.get(path).await.body.pointer(field).cloned()
    })
    .await
}

#[test]
fn it_makes_what_is_needed_and_tasks_are_labelled_through_upgrades() {
    on_own_cluster("self-managed", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let (helm, values) = (helm(cluster), values("default"));
        helm.install(&values).ok();
        let controller = Pod::controller(cluster).await;
        let serving = Pod::start(cluster).await;
        controller.is_ready().await;
        serving.is_ready().await;

        let lease =
            format!("/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{CONTROLLER}");
        has(cluster, &lease, "/spec/holderIdentity").await;
        let secret = format!("/api/v1/namespaces/{NAMESPACE}/secrets/kelos-metadata-tls");
        let certificate = has(cluster, &secret, "/data/tls.crt").await;
        let configuration = format!("{CONFIGURATIONS}/{RELEASE}");
        let bundle = has(cluster, &configuration, "/webhooks/0/clientConfig/caBundle").await;

        let validating = configuration.replace("mutating", "validating");
        let of_sessions = "/webhooks/1/clientConfig/caBundle";
        for (of, field) in
            [(&configuration, of_sessions), (&validating, "/webhooks/0/clientConfig/caBundle")]
        {
            assert_eq!(has(cluster, of, field).await, bundle);
        }

        // As it is rendered: a call that failed would show as a Task without its label.
        let policy = has(cluster, &configuration, "/webhooks/0/failurePolicy").await;
        assert_eq!(policy, "Ignore");
        let team = cluster.bare_namespace("team", json!({})).await;
        let worker = backend_spawner(&team).await;
        are_labelled(&team, &worker).await;
        is_labelled(&team, &worker, 1).await;

        let mut others = values.clone();
        others["excludeNamespaces"] = json!(["sandbox"]);
        for (number, values) in [(2, &values), (3, &others)] {
            helm.upgrade(values).ok();
            is_labelled(&team, &worker, number).await;
        }
        helm.rollback("1").ok();
        is_labelled(&team, &worker, 4).await;

        // The next version of both programs takes over. A Deployment stops old Pods when new ones are ready.
        let next_controller = Pod::controller(cluster).await;
        next_controller.is_ready().await;
        assert!(controller.stop().success());
        let next_serving = Pod::start(cluster).await;
        next_serving.is_ready().await;
        assert!(serving.stop().success());
        are_labelled(&team, &worker).await;
        is_labelled(&team, &worker, 5).await;
        assert_eq!(has(cluster, &secret, "/data/tls.crt").await, certificate);
        let after = has(cluster, &configuration, "/webhooks/0/clientConfig/caBundle").await;
        assert_eq!(after, bundle);
        for pod in [next_controller, next_serving] {
            assert_eq!(pod.lacking_rights(), Vec::<Value>::new());
            assert!(pod.metrics().await.contains("kelos_metadata_"));
            assert!(pod.stop().success());
        }
    });
}

#[test]
fn a_bundle_that_is_wiped_is_written_again() {
    on_own_cluster("wiped", async |cluster| {
        helm(cluster).install(&values("default")).ok();
        let controller = Pod::controller(cluster).await;
        let configuration = format!("{CONFIGURATIONS}/{RELEASE}");
        let fields = [0, 1].map(|webhook| format!("/webhooks/{webhook}/clientConfig/caBundle"));
        let bundle = has(cluster, &configuration, &fields[0]).await;
        // As `helm upgrade --force` and `kubectl replace` do, of all webhooks or of one.
        for wiped_fields in [&fields[..], &fields[1..]] {
            let mut wiped = cluster.admin.get(&configuration).await.ok();
            for field in wiped_fields {
                wiped.pointer_mut(field).unwrap().take();
            }
            cluster.admin.replace(&configuration, &wiped).await.ok();
            for field in &fields {
                assert_eq!(has(cluster, &configuration, field).await, bundle, "{field}");
            }
        }
        assert!(controller.stop().success());
    });
}
