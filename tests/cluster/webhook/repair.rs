//! What Kelos rendered badly itself.

use serde_json::json;

use crate::harness::{on_cluster, spawner};

#[test]
fn a_bad_label_is_repaired_and_costs_the_task_without_us() {
    on_cluster(async |cluster| {
        let mut webhook = cluster.webhook("repair").start().await;
        let namespace = webhook.namespace("repair").await;
        let worker = spawner("worker")
            .kelos_labels(json!({"title": "{{.Title}}", "area": "backend"}))
            .annotated("metadata.kelos.dev/on-invalid", "sanitize");
        let worker = namespace.creates(worker).await;
        let bad = |number| {
            worker.issue(number).labelled("title", "Fix the login page").labelled("area", "backend")
        };
        namespace.accepts(bad(1)).await.labels_are(json!({
            "area": "backend",
            "kelos.dev/taskspawner": "worker",
            "title": "Fix-the-login-page",
        }));
        assert!(webhook.stop().success());
        let refusal = namespace.refuses(bad(2)).await;
        assert!(refusal.contains("Fix the login page"), "{refusal}");
        assert!(!namespace.has_task("worker-2").await);
    });
}

#[test]
fn the_number_of_a_byte_is_replaced_and_where_the_labels_are_not_known_removed() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("byte-number").await;
        let worker = spawner("worker").kelos_labels(json!({"first": "{{index .Labels 0}}"}));
        let worker = namespace.creates(worker).await;
        let unknown = namespace.accepts(worker.issue(1).labelled("first", "98")).await;
        unknown.labels_are(json!({"kelos.dev/taskspawner": "worker"}));
        let known = worker
            .issue(2)
            .labelled("first", "98")
            .annotated("kelos.dev/source-labels", "bug, priority/high");
        let known = namespace.accepts(known).await;
        known.labels_are(json!({"first": "bug", "kelos.dev/taskspawner": "worker"}));
    });
}
