//! The example of the README, through the Service of the webhook.

use serde_json::{Value, json};

use crate::harness::namespace::Namespace;
use crate::harness::{on_cluster, spawner};

/// Creates the Workspace, the TaskSpawner and a Task of the example, and says what becomes of it.
pub(crate) async fn is_labelled(namespace: &Namespace) {
    namespace.creates_workspace("https://github.com/acme/widgets.git").await;
    let worker = spawner("issue-worker")
        .labels(json!({
            "kelos.dev/source-kind": "{{.Kind}}",
            "kelos.dev/priority": "{{index .Labels 0}}",
            "team.example.com/area": "backend",
        }))
        .annotations(json!({
            "kelos.dev/source-url": "{{.URL}}",
            "kelos.dev/source-title": "{{.Title}}",
        }));
    let worker = namespace.creates(worker).await;
    // The watch on Workspaces may be a moment late; a Task does not wait for it.
    let url = "https://github.com/acme/widgets/issues/42";
    namespace.will_annotate(worker.issue(42), "kelos.dev/source-url", url).await;
    namespace
        .accepts(worker.issue(42).annotated("kelos.dev/source-labels", r#"["priority/critical", "bug"]"#))
        .await
        .labels_are(json!({
            "kelos.dev/source-kind": "Issue",
            "kelos.dev/taskspawner": "issue-worker",
            "team.example.com/area": "backend",
        }))
        .annotations_are(json!({
            "kelos.dev/source-kind": "issue",
            "kelos.dev/source-labels": r#"["priority/critical", "bug"]"#,
            "kelos.dev/source-number": "42",
            "kelos.dev/source-url": url,
            "metadata.kelos.dev/rendered-from": "issue-worker@HASH",
            "metadata.kelos.dev/skipped":
                "label:kelos.dev/priority=invalid_value,annotation:kelos.dev/source-title=missing_variable",
        }));
}

#[test]
fn the_example_is_labelled() {
    on_cluster(async |cluster| {
        is_labelled(&cluster.namespace("example").await).await;
    });
}

#[test]
fn rules_may_come_from_a_folder() {
    on_cluster(async |cluster| {
        let webhook = cluster.webhook("from-a-folder").with_manifests().start().await;
        let namespace = webhook.namespace("from-a-folder").await;
        let worker = namespace.creates(spawner("worker")).await;
        let mut manifest: Value = spawner("worker").labels(json!({"area": "backend"})).into();
        manifest["apiVersion"] = json!(worker.api_version);
        manifest["metadata"]["namespace"] = json!("from-a-folder");
        webhook.write_manifest("worker.json", &manifest).await;
        let task = namespace.accepts(worker.issue(42)).await;
        task.labels_are(json!({"area": "backend", "kelos.dev/taskspawner": "worker"}));
    });
}
