//! What people see: warnings, the marks on a Task, the audit log.

use serde_json::json;

use crate::harness::{on_cluster, spawner};

#[test]
fn a_skipped_key_is_reported_to_the_client_the_team_and_the_auditor() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("feedback").await;
        let worker = spawner("worker")
            .labels(json!({"area": "backend", "kelos.dev/priority": "{{index .Labels 0}}"}));
        let worker = namespace.creates(worker).await;
        namespace
            .accepts(worker.issue(42))
            .await
            .labels_are(json!({"area": "backend", "kelos.dev/taskspawner": "worker"}))
            .annotations_are(json!({
                "kelos.dev/source-kind": "issue",
                "kelos.dev/source-number": "42",
                "metadata.kelos.dev/rendered-from": "worker@HASH",
                "metadata.kelos.dev/skipped": "label:kelos.dev/priority=missing_variable(.Labels)",
            }))
            .warnings_are(&["kelos.dev/priority skipped: `.Labels` is not known (1:9)"]);
        let event = namespace.audit_event("worker-42").await;
        let audited = |key: &str| &event["annotations"][format!("mtask.metadata.kelos.dev/{key}")];
        assert_eq!(audited("spawner"), "worker");
        assert_eq!(audited("applied"), "label:area");
        assert_eq!(audited("skipped"), "label:kelos.dev/priority=missing_variable(.Labels)");
    });
}

#[test]
fn there_is_nothing_to_say_when_all_went_well() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("well").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        namespace.accepts(worker.issue(1)).await.warnings_are(&[]).annotations_are(json!({
            "kelos.dev/source-kind": "issue",
            "kelos.dev/source-number": "1",
            "metadata.kelos.dev/rendered-from": "worker@HASH",
        }));
    });
}
