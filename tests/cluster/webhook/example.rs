//! The example of the README, through the Service of the webhook.

use serde_json::{Value, json};

use crate::harness::namespace::Namespace;
use crate::harness::{on_cluster, spawner};

const URL: &str = "https://github.com/acme/widgets/issues/42";
const LABELS: &str = r#"["priority/critical", "bug"]"#;

/// Creates the Workspace, the TaskSpawner and the Tasks of the example as Kelos v0.24 makes them, and says what
/// becomes of them.
pub(crate) async fn is_labelled(namespace: &Namespace) {
    namespace.creates_workspace("https://github.com/acme/widgets.git").await;
    let worker = spawner("issue-worker")
        .labels(json!({
            "kelos.dev/source-kind": "{{.Kind}}",
            "kelos.dev/priority": "{{index .Labels 0 | trimPrefix \"priority/\"}}",
            "team.example.com/area": "backend",
        }))
        .annotations(json!({
            "kelos.dev/source-url": "{{.URL}}",
            "kelos.dev/source-title": "{{.Title}}",
        }));
    let worker = namespace.creates(worker).await;
    let task = || worker.issue(42).without_owner_reference().version("v1alpha1");
    // The watch on Workspaces may be a moment late; a Task does not wait for it.
    namespace.will_annotate(task(), "kelos.dev/source-url", URL).await;
    let labels = json!({
        "kelos.dev/source-kind": "Issue",
        "kelos.dev/taskspawner": "issue-worker",
        "team.example.com/area": "backend",
    });
    let annotations = json!({
        "kelos.dev/source-kind": "issue",
        "kelos.dev/source-number": "42",
        "kelos.dev/source-title": "Fix the login page",
        "kelos.dev/source-url": URL,
        "metadata.kelos.dev/rendered-from": "issue-worker@HASH",
    });
    let skipped = "label:kelos.dev/priority=missing_variable(.Labels)";
    namespace.accepts_dry_run(task()).await.labels_are(labels.clone()).annotations_are(with(
        &annotations,
        "metadata.kelos.dev/skipped",
        skipped,
    ));
    namespace
        .accepts(task().annotated("kelos.dev/source-labels", LABELS))
        .await
        .labels_are(with(&labels, "kelos.dev/priority", "critical"))
        .annotations_are(with(&annotations, "kelos.dev/source-labels", LABELS));
}

/// The same as Kelos v0.52 makes them: what its own field can give is there already.
pub(crate) async fn is_labelled_beside_kelos(namespace: &Namespace) {
    let worker = spawner("renders-itself")
        .labels(json!({"kelos.dev/priority": "{{index .Labels 0 | trimPrefix \"priority/\"}}"}))
        .kelos_labels(json!({
            "kelos.dev/source-kind": "{{.Kind}}",
            "team.example.com/area": "backend",
        }))
        .kelos_annotations(json!({
            "kelos.dev/source-url": "{{.URL}}",
            "kelos.dev/source-title": "{{.Title}}",
        }));
    let worker = namespace.creates(worker).await;
    let task = worker
        .issue(42)
        .labelled("kelos.dev/source-kind", "Issue")
        .labelled("team.example.com/area", "backend")
        .annotated("kelos.dev/source-url", URL)
        .annotated("kelos.dev/source-title", "Fix the login page");
    let sent: Value = task.clone().into();
    let (labels, annotations) = (&sent["metadata"]["labels"], &sent["metadata"]["annotations"]);
    let annotations = with(annotations, "metadata.kelos.dev/rendered-from", "renders-itself@HASH");
    let skipped = "label:kelos.dev/priority=missing_variable(.Labels)";
    namespace.accepts_dry_run(task.clone()).await.labels_are(labels.clone()).annotations_are(with(
        &annotations,
        "metadata.kelos.dev/skipped",
        skipped,
    ));
    namespace
        .accepts(task.annotated("kelos.dev/source-labels", LABELS))
        .await
        .labels_are(with(labels, "kelos.dev/priority", "critical"))
        .annotations_are(with(&annotations, "kelos.dev/source-labels", LABELS));
}

/// Has a WorkerPool do a Task: its Workspace is the pool's.
pub(crate) async fn is_labelled_in_a_pool(namespace: &Namespace) {
    namespace.creates_worker_pool("agents").await;
    let worker = spawner("pooled")
        .of_pool("agents")
        .annotations(json!({"kelos.dev/source-url": "{{.URL}}"}));
    let worker = namespace.creates(worker).await;
    let task = worker.issue(42).of_pool("agents");
    namespace.will_annotate(task, "kelos.dev/source-url", URL).await;
    let elsewhere = worker.issue(42).of_pool("others");
    let task = namespace.accepts(elsewhere).await;
    assert_eq!(task.annotation("kelos.dev/source-url"), None, "nobody knows that pool");
}

/// The labels or annotations, and one more.
fn with(entries: &Value, key: &str, value: &str) -> Value {
    let mut entries = entries.clone();
    entries[key] = json!(value);
    entries
}

#[test]
fn the_example_is_labelled() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("example").await;
        is_labelled(&namespace).await;
        is_labelled_beside_kelos(&namespace).await;
    });
}

#[test]
fn a_task_of_a_worker_pool_has_the_workspace_of_the_pool() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("pool").await;
        namespace.creates_workspace("https://github.com/acme/widgets.git").await;
        is_labelled_in_a_pool(&namespace).await;
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
