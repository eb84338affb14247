//! What the API server and etcd say where somebody goes to the edge of what they take.

use serde_json::{Value, json};

use crate::harness::objects::NewTask;
use crate::harness::{on_cluster, spawner};

/// A Task that etcd takes, though it is larger than we let one grow.
const LARGE_BYTES: usize = 1_445_000;

/// With a prompt of so many bytes.
fn with_prompt(task: NewTask, bytes: usize) -> Value {
    let mut task = Value::from(task);
    task["spec"]["prompt"] = json!("x".repeat(bytes));
    task
}

#[test]
fn a_task_that_etcd_takes_exists_with_the_webhook_as_it_does_without() {
    on_cluster(async |cluster| {
        let webhook = cluster.webhook("large").start().await;
        let namespace = webhook.namespace("large").await;
        // Four annotations of 60 KB, which etcd would refuse together with the rest.
        let large: Value =
            (0..4).map(|n| (format!("large-{n}"), json!("{{printf \"%60000d\" 1}}"))).collect();
        let rules = spawner("worker").labels(json!({"small": "x"})).annotations(large);
        let worker = namespace.creates(rules).await;
        namespace.will_label(worker.issue(1), "small", "x").await;

        let task = with_prompt(worker.issue(2), LARGE_BYTES);
        let created = namespace.accepts(task.clone()).await;
        created.is_untouched(task);
        assert!(created.warnings[0].contains("label small: too_large"), "{:?}", created.warnings);

        // The limit is where we think: what we would have added, somebody else can't add.
        let grown = worker.issue(3).annotated("large", &"x".repeat(160_000));
        let refusal = namespace.post("tasks", "", with_prompt(grown, LARGE_BYTES)).await;
        assert_eq!(refusal.message(), "etcdserver: request is too large");

        // One that may grow does so, up to what etcd takes.
        let created = namespace.accepts(with_prompt(worker.issue(4), 1_400_000)).await;
        assert_eq!(created.label("small"), Some("x"));
        assert!(created.annotation("metadata.kelos.dev/rendered-from").is_some());
        assert_eq!(created.annotation("large-0"), None);
    });
}
