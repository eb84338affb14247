//! `helm test` with the real helm: what it leaves in the cluster, and the command that takes it away. There is no kubelet,
//! so the test says itself how the Pod ends.

use serde_json::{Value, json};

use crate::chart::support::files::{beside, text};
use crate::chart::support::installation::helm;
use crate::chart::support::paths::path;
use crate::chart::support::rendering::Rendering;
use crate::harness::Cluster;
use crate::harness::cluster::on_own_cluster;
use crate::harness::command_output::CommandOutput;
use crate::harness::crds::Schemas;
use crate::harness::helm::{NAMESPACE, RELEASE};
use crate::harness::kubectl::Kubectl;
use crate::harness::wait::eventually;

/// Runs `helm test`, whose Pod ends in this phase.
async fn tests(cluster: &Cluster, phase: &str) -> CommandOutput {
    let helm = helm(cluster);
    let testing = tokio::task::spawn_blocking(move || {
        let args = ["test", RELEASE, "--namespace", NAMESPACE, "--timeout", "60s"];
        helm.run(&args, &Value::Null)
    });
    let pod = format!("/api/v1/namespaces/{NAMESPACE}/pods/kelos-metadata-test");
    let ended = json!({"status": {"phase": phase}});
    eventually("helm makes the Pod", async || {
        // One of the test before is deleted first.
        let is_new = cluster.admin.get(&pod).await.body["status"]["phase"] == "Pending";
        let status = format!("{pod}/status");
        (is_new && cluster.admin.merge(&status, &ended).await.status.is_success()).then_some(())
    })
    .await;
    testing.await.unwrap()
}

/// The kinds of the test's objects that are there.
async fn left(cluster: &Cluster, made: &Rendering) -> Vec<String> {
    let mut kinds = Vec::new();
    for object in made.objects.values() {
        if cluster.admin.get(&path(object)).await.status.is_success() {
            kinds.push(object["kind"].as_str().unwrap().to_owned());
        }
    }
    kinds
}

/// The command that takes away what is left, as a page has it.
fn command(page: &str) -> String {
    let text = text(&beside(&format!("../../../{page}"))).replace("\\\n", "");
    let line = text.lines().find(|line| line.ends_with("app.kubernetes.io/component=test"));
    line.unwrap_or_else(|| panic!("{page} does not say how")).trim().to_owned()
}

#[test]
fn a_test_leaves_the_pod_that_failed_and_nothing_else() {
    on_own_cluster("helm-test", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        cluster.bare_namespace("team", json!({})).await;
        let values = json!({"test": {"namespace": "team"}});
        helm(cluster).install(&values).ok();
        let made = Rendering::of_tests(&values);
        assert_eq!(left(cluster, &made).await, [] as [&str; 0], "helm install makes none of it");
        let why = tests(cluster, "Failed").await.refusal();
        assert!(why.contains("kelos-metadata-test failed"), "{why}");
        assert_eq!(left(cluster, &made).await, ["Pod"], "for its log");
        // The Pod before is no trouble.
        tests(cluster, "Succeeded").await.ok();
        assert_eq!(left(cluster, &made).await, [] as [&str; 0]);
    });
}

#[test]
fn what_an_interrupted_test_leaves_is_deleted_as_the_pages_say() {
    on_own_cluster("helm-test-left", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        cluster.bare_namespace("team", json!({})).await;
        let values = json!({"test": {"namespace": "team"}});
        helm(cluster).install(&values).ok();
        let made = Rendering::of_tests(&values);
        let kubectl = Kubectl::new(&cluster.control_plane.admin_kubeconfig());
        for page in ["charts/kelos-metadata/README.md", "docs/install.md"] {
            for object in made.objects.values() {
                cluster.admin.apply(&path(object), "", object).await.ok();
            }
            let command = command(page);
            let args: Vec<&str> = command.split_whitespace().skip(1).collect();
            kubectl.run(&args, "").ok();
            assert_eq!(left(cluster, &made).await, [] as [&str; 0], "{page}: {command}");
        }
        let account = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/kelos-metadata");
        cluster.admin.get(&account).await.ok();
    });
}
