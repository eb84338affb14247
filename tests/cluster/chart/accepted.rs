//! The API server takes every object that the chart renders, and its Pods are as restricted as can be.

use serde_json::{Value, json};

use crate::chart::renderings::{KEPT, monitored, values};
use crate::chart::support::paths::path;
use crate::chart::support::rendering::Rendering;
use crate::harness::Cluster;
use crate::harness::api::Reply;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::install_other_crds;

#[test]
fn every_object_is_accepted_and_every_pod_is_restricted() {
    on_own_cluster("accepted", async |cluster| {
        install_other_crds(&cluster.admin, "cert-manager").await;
        install_other_crds(&cluster.admin, "prometheus-operator").await;
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        cluster.bare_namespace("restricted", labels).await;
        // Where kube-state-metrics is.
        cluster.bare_namespace("monitoring", json!({})).await;
        for values in KEPT.map(values).into_iter().chain([monitored()]) {
            let rendering = Rendering::of(&values);
            are_applied(cluster, &rendering).await;
            for deployment in rendering.deployments() {
                its_pod_is_restricted(cluster, deployment).await;
            }
        }
    });
}

/// Applies all objects server-side: first as a trial, then for good, then once more, which changes nothing.
async fn are_applied(cluster: &Cluster, rendering: &Rendering) {
    for query in ["&dryRun=All", ""] {
        for (name, object) in &rendering.objects {
            let reply = cluster.admin.apply(&path(object), query, object).await;
            assert!(reply.status.is_success(), "{name}: {reply:#?}");
            assert!(reply.warnings.is_empty(), "{name}: {:?}", reply.warnings);
        }
    }
    for (name, object) in &rendering.objects {
        let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
        let before = version(&cluster.admin.get(&path(object)).await.ok());
        let after = version(&cluster.admin.apply(&path(object), "", object).await.ok());
        assert_eq!(before, after, "{name} changes each time that it is applied");
    }
}

/// A Pod of a Deployment.
pub(crate) fn pod_of(deployment: &Value) -> Value {
    let template = &deployment["spec"]["template"];
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": template["spec"]});
    pod["metadata"] = template["metadata"].clone();
    pod["metadata"]["name"] = json!("tried");
    pod
}

/// Creates a Pod in a namespace, as a trial.
pub(crate) async fn try_pod(cluster: &Cluster, namespace: &str, pod: &Value) -> Reply {
    let pods = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All&fieldValidation=Strict");
    cluster.admin.create(&pods, pod).await
}

/// Creates a Pod, as a trial, where only restricted ones may be; and others that lack one of its restrictions.
pub(crate) async fn its_pod_is_restricted(cluster: &Cluster, deployment: &Value) {
    let pod = pod_of(deployment);
    let create = async |pod: &Value| try_pod(cluster, "restricted", pod).await;
    let reply = create(&pod).await;
    assert!(reply.status.is_success(), "{reply:#?}");
    assert!(reply.warnings.is_empty(), "{:?}", reply.warnings);
    for restriction in [
        "/spec/securityContext/runAsNonRoot",
        "/spec/securityContext/seccompProfile",
        "/spec/containers/0/securityContext/allowPrivilegeEscalation",
        "/spec/containers/0/securityContext/capabilities",
    ] {
        let mut loose = pod.clone();
        let (parent, key) = restriction.rsplit_once('/').unwrap();
        let parent = loose.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        assert!(parent.remove(key).is_some(), "{restriction}");
        let reply = create(&loose).await;
        assert!(reply.message().contains("violates PodSecurity \"restricted"), "{reply:#?}");
    }
    let container = &pod["spec"]["containers"][0]["securityContext"];
    assert_eq!(container["readOnlyRootFilesystem"], true);
}
