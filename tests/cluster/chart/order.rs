//! Things done twice, too early, or in the wrong order: the Tasks keep flowing.

use serde_json::{Value, json};

use crate::chart::support::installation::{
    are_labelled, backend_spawner, helm, install, provide_certificate, provided,
};
use crate::chart::support::paths::path;
use crate::chart::support::rendering::Rendering;
use crate::harness::Cluster;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::helm::{Helm, NAMESPACE, RELEASE, chart};
use crate::harness::namespace::Namespace;
use crate::harness::objects::Spawner;
use crate::harness::pod::{CONFIGURATIONS, Pod};
use crate::harness::spawner;

/// Another name, in another namespace.
fn second_install(cluster: &Cluster, name: &str, namespace: &str, values: &Value) -> String {
    let chart = chart();
    let chart = chart.to_str().unwrap();
    let image = "image.repository=kelos-metadata";
    let args = ["install", name, chart, "--namespace", namespace, "--set", image, "-f", "-"];
    helm(cluster).run(&args, values).refusal()
}

#[test]
fn a_second_installation_is_refused_and_the_first_one_serves_on() {
    on_own_cluster("twice", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let (_helm, values, _pod) = install(cluster).await;
        let team = cluster.bare_namespace("team", json!({})).await;
        let worker = backend_spawner(&team).await;
        are_labelled(&team, &worker).await;
        cluster.bare_namespace("elsewhere", json!({})).await;

        let output = second_install(cluster, "kelos-metadata", NAMESPACE, &values);
        assert!(output.contains("cannot re-use a name that is still in use"), "{output}");
        for (name, namespace) in [("second", NAMESPACE), ("kelos-metadata", "elsewhere")] {
            let output = second_install(cluster, name, namespace, &values);
            assert!(output.contains("cannot be imported into the current release"), "{output}");
            assert!(output.contains("kelos-metadata"), "{output}");
        }
        let path = "/apis/apps/v1/namespaces/elsewhere/deployments";
        assert_eq!(cluster.admin.get(path).await.ok()["items"], json!([]));
        let task = team.accepts(worker.issue(2)).await;
        task.labels_are(json!({"area": "backend", "kelos.dev/taskspawner": "worker"}));
    });
}

#[test]
fn it_may_come_before_kelos_and_kelos_may_be_upgraded_under_it() {
    on_own_cluster("before-kelos", async |cluster| {
        let (helm, values, pod) = install(cluster).await;
        cluster.install(Schemas::V1alpha1).await;
        let team = cluster.bare_namespace("team", json!({})).await;
        let old = backend_spawner(&team).await;
        assert_eq!(old.api_version, "kelos.dev/v1alpha1");
        are_labelled(&team, &old).await;

        cluster.install(Schemas::V1alpha2).await;
        let new = spawner("new").kelos_labels(json!({"title": "{{.Title}}"}));
        let new = team.creates(new).await;
        assert_eq!(new.api_version, "kelos.dev/v1alpha2");
        let bad = new.issue(1).labelled("title", "Fix the login page");
        team.accepts(bad).await.labels_are(json!({"kelos.dev/taskspawner": "new"}));
        for version in ["v1alpha1", "v1alpha2"] {
            let task = old.issue(2).version(version).generate_name(version);
            assert_eq!(team.accepts(task).await.label("area"), Some("backend"), "{version}");
        }

        // And so may it itself.
        helm.upgrade(&values).ok();
        drop(pod);
        let pod = Pod::start(cluster).await;
        pod.is_ready().await;
        are_labelled(&team, &old).await;
        let task = team.accepts(old.issue(3)).await;
        task.labels_are(json!({"area": "backend", "kelos.dev/taskspawner": "worker"}));
    });
}

#[test]
fn uninstalled_it_leaves_tasks_as_they_are() {
    on_own_cluster("uninstalled", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let (helm, _, pod) = install(cluster).await;
        let team = cluster.bare_namespace("team", json!({})).await;
        let worker = backend_spawner(&team).await;
        are_labelled(&team, &worker).await;
        team.accepts(worker.issue(1)).await;
        helm.uninstall().ok();
        assert!(pod.stop().success());
        team.accepts(worker.issue(2)).await.is_untouched(worker.issue(2));
        let path = "/apis/kelos.dev/v1alpha2/namespaces/team/tasks/worker-1";
        let old = cluster.admin.get(path).await.ok();
        assert_eq!(old["metadata"]["labels"]["area"], "backend", "what was written stays");
    });
}

#[test]
fn the_namespace_may_be_deleted_first() {
    on_own_cluster("namespace-first", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let (helm, _, pod) = install(cluster).await;
        let team = cluster.bare_namespace("team", json!({})).await;
        let worker = backend_spawner(&team).await;
        are_labelled(&team, &worker).await;

        delete_namespace(cluster).await;
        assert!(pod.stop().success());
        let configuration = format!("{CONFIGURATIONS}/{RELEASE}");
        assert_eq!(cluster.admin.get(&configuration).await.status, 200, "it is left behind");
        team.accepts(worker.issue(1)).await.is_untouched(worker.issue(1));
        let output = helm.uninstall().refusal();
        assert!(output.contains("release: not found"), "{output}");

        is_installed_over_what_is_left(cluster, &helm, &team, &worker).await;
        delete_namespace(cluster).await;
        for object in Rendering::of(&provided()).objects.values() {
            if object["metadata"]["namespace"].is_null() {
                cluster.admin.delete(&path(object)).await.ok();
            }
        }
        team.accepts(worker.issue(2)).await.is_untouched(worker.issue(2));
    });
}

/// Installs it under the same name in the same namespace, made anew.
async fn is_installed_over_what_is_left(
    cluster: &Cluster,
    helm: &Helm,
    team: &Namespace,
    worker: &Spawner,
) {
    let namespace = json!({"metadata": {"name": NAMESPACE}});
    cluster.admin.create("/api/v1/namespaces", &namespace).await.ok();
    helm.install(&provide_certificate(cluster).await).ok();
    let pod = Pod::start(cluster).await;
    pod.is_ready().await;
    are_labelled(team, worker).await;
}

/// Deletes the namespace of the release, and what is in it: nothing here runs the controller that does so.
async fn delete_namespace(cluster: &Cluster) {
    let path = format!("/api/v1/namespaces/{NAMESPACE}");
    cluster.admin.delete(&path).await.ok();
    for collection in [
        "/api/v1/namespaces/kelos-system/secrets",
        "/api/v1/namespaces/kelos-system/serviceaccounts",
        "/api/v1/namespaces/kelos-system/services",
        "/apis/apps/v1/namespaces/kelos-system/deployments",
        "/apis/policy/v1/namespaces/kelos-system/poddisruptionbudgets",
    ] {
        cluster.admin.delete(collection).await.ok();
    }
    let mut namespace = cluster.admin.get(&path).await.ok();
    namespace["spec"]["finalizers"] = json!([]);
    cluster.admin.replace(&format!("{path}/finalize"), &namespace).await.ok();
    assert_eq!(cluster.admin.get(&path).await.status, 404);
}
