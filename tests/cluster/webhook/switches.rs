//! Namespaces and Tasks that are switched off, or only looked at.

use serde_json::{Value, json};

use crate::harness::{on_cluster, spawner};

const SWITCH: &str = "metadata.kelos.dev/injection";

/// The label that switches a namespace.
fn switched(to: &str) -> Value {
    json!({ SWITCH: to })
}

#[test]
fn a_namespace_is_switched_off() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace_with("off", switched("disabled")).await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        namespace.accepts(worker.issue(1)).await.is_untouched(worker.issue(1));
    });
}

#[test]
fn the_webhook_knows_by_itself_which_namespaces_are_off() {
    on_cluster(async |cluster| {
        let webhook = cluster
            .webhook("loose")
            .registered(|registration| registration.selects_namespaces = false)
            .start()
            .await;
        let namespace = webhook.namespace_with("loose-off", switched("disabled")).await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        let before = webhook.metric("kelos_metadata_admissions_total").await;
        namespace.accepts(worker.issue(1)).await.is_untouched(worker.issue(1));
        let after = webhook.metric("kelos_metadata_admissions_total").await;
        assert!(after > before, "the API server asked, and was told to change nothing");

        let change = json!({"metadata": {"labels": switched("enabled")}});
        cluster.admin.merge("/api/v1/namespaces/loose-off", &change).await.ok();
        namespace.will_label(worker.issue(2), "area", "backend").await;
    });
}

#[test]
fn a_namespace_is_only_audited() {
    on_cluster(async |cluster| {
        let webhook = cluster.webhook("audited").start().await;
        let namespace = webhook.namespace_with("audited", switched("audit")).await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        let applied =
            "kelos_metadata_keys_total{resource=\"task\",kind=\"label\",outcome=\"applied\"}";
        assert_eq!(webhook.metric(applied).await, 0.0);
        namespace.accepts(worker.issue(1)).await.is_untouched(worker.issue(1));
        assert_eq!(webhook.metric(applied).await, 1.0);
        let event = namespace.audit_event("worker-1").await;
        assert_eq!(event["annotations"]["mtask.metadata.kelos.dev/applied"], "label:area");
        assert_eq!(event["annotations"]["mtask.metadata.kelos.dev/spawner"], "worker");
    });
}

#[test]
fn a_task_is_exempt() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("exempt").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        let exempt = worker.issue(1).labelled(SWITCH, "disabled");
        namespace.accepts(exempt.clone()).await.is_untouched(exempt);
    });
}
