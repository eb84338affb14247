//! Another mutating webhook beside ours, with reinvocation.

use serde_json::{Value, json};

use crate::harness::other_webhook;
use crate::harness::{Cluster, on_cluster, spawner};

/// Adds a label, once.
fn mutate(task: &Value) -> Value {
    let labels = &task["metadata"]["labels"];
    if labels.get("other-webhook").is_some() {
        return json!([]);
    }
    json!([{"op": "add", "path": "/metadata/labels/other-webhook", "value": "was-here"}])
}

/// Creates a Task that passes both webhooks; gives the name of each call's webhook, and whether it
/// changed the Task, in order.
async fn calls(cluster: &Cluster, name: &str, ours: &str, theirs: &str) -> Vec<(String, bool)> {
    let webhook = cluster
        .webhook(name)
        .registered(|registration| {
            registration.name = ours.to_owned();
            registration.reinvocation_policy = "IfNeeded";
        })
        .start()
        .await;
    let url = other_webhook::start(mutate).await;
    webhook.register_other(theirs, &url).await;
    let namespace = webhook.namespace(name).await;
    let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
    namespace.will_label(worker.issue(1), "other-webhook", "was-here").await;
    namespace
        .accepts(worker.issue(1))
        .await
        .labels_are(json!({
            "area": "backend", "kelos.dev/taskspawner": "worker", "other-webhook": "was-here",
        }))
        .annotations_are(json!({
            "kelos.dev/source-kind": "issue",
            "kelos.dev/source-number": "1",
            "metadata.kelos.dev/rendered-from": "worker@HASH",
        }));
    let event = namespace.audit_event("worker-1").await;
    // By round and by place in it: webhooks of other tests have places there, too.
    let place = |key: &str| -> Option<(u32, u32)> {
        let key = key.strip_prefix("mutation.webhook.admission.k8s.io/round_")?;
        let (round, index) = key.split_once("_index_")?;
        Some((round.parse().ok()?, index.parse().ok()?))
    };
    let calls = event["annotations"].as_object().unwrap().iter();
    let mut calls: Vec<_> = calls.filter_map(|(key, call)| Some((place(key)?, call))).collect();
    calls.sort_by_key(|(place, _)| *place);
    calls
        .into_iter()
        .map(|(_, call)| {
            let call: Value = serde_json::from_str(call.as_str().unwrap()).unwrap();
            let name = call["configuration"].as_str().unwrap().to_owned();
            (name, call["mutated"].as_bool().unwrap())
        })
        .collect()
}

#[test]
fn called_again_after_another_webhook_we_change_nothing() {
    on_cluster(async |cluster| {
        let found = calls(cluster, "ours-first", "order-1-ours", "order-1-theirs").await;
        let expected = [("order-1-ours", true), ("order-1-theirs", true), ("order-1-ours", false)];
        assert_eq!(found, expected.map(|(name, mutated)| (name.to_owned(), mutated)));
    });
}

#[test]
fn another_webhook_that_came_first_is_called_again() {
    on_cluster(async |cluster| {
        let found = calls(cluster, "ours-last", "order-2-z-ours", "order-2-theirs").await;
        let expected =
            [("order-2-theirs", true), ("order-2-z-ours", true), ("order-2-theirs", false)];
        assert_eq!(found, expected.map(|(name, mutated)| (name.to_owned(), mutated)));
    });
}
