//! What the API server and etcd say where somebody goes to the edge of what they take.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::objects::{LABELS, NewTask};
use crate::harness::{on_cluster, spawner};
use testing::hostile::spawners::{ALL, Hostile};
use testing::memory::{memory_limit, peak_memory};

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
        assert!(
            created.warnings[0].contains("small skipped: the Task would grow too large"),
            "{:?}",
            created.warnings
        );

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

/// Ten times the second within which a change of a good namespace is followed.
const SOON: Duration = Duration::from_secs(10);

/// A large TaskSpawner of its kind, with what the schema asks for besides.
fn hostile(number: usize, kind: &Hostile) -> Value {
    let made: Value = serde_json::from_str(&kind.json(kind.most_bytes / 5 * 4)).unwrap();
    let mut object = Value::from(spawner(&format!("hostile-{number}")));
    object["metadata"]["annotations"] = made["metadata"]["annotations"].clone();
    object["metadata"]["labels"] = made["metadata"]["labels"].clone();
    if let Some(when) = made["spec"].get("when") {
        object["spec"]["when"] = when.clone();
    }
    for (field, value) in made["spec"]["taskTemplate"].as_object().into_iter().flatten() {
        object["spec"]["taskTemplate"][field] = value.clone();
    }
    object
}

#[test]
fn a_hostile_namespace_takes_nothing_from_a_good_one() {
    on_cluster(async |cluster| {
        let webhook = cluster.webhook("fair").start().await;
        let (bad, good) =
            (webhook.namespace("fair-bad").await, webhook.namespace("fair-good").await);
        let worker = good.creates(spawner("worker").labels(json!({"area": "first"}))).await;
        good.will_label(worker.issue(1), "area", "first").await;
        let mut made = 0;
        for (number, kind) in ALL.iter().enumerate() {
            let reply = bad.post("taskspawners", "", hostile(number, kind)).await;
            made += usize::from(reply.status.is_success());
            if !reply.status.is_success() {
                eprintln!("{} is refused: {:.150}", kind.name, reply.message());
            }
            if number % 8 == 7 {
                let area = format!("area-{number}");
                let labels = json!({ "area": area }).to_string();
                let change = json!({"metadata": {"annotations": {LABELS: labels}}});
                good.changes(&worker, change).await;
                good.will_label_within(SOON, worker.issue(1), "area", &area).await;
            }
        }
        assert!(
            made >= ALL.len() / 4 * 3,
            "{made} of {} hostile TaskSpawners are there",
            ALL.len()
        );
        let area = format!("area-{}", ALL.len() / 8 * 8 - 1);
        good.accepts(worker.issue(2)).await.labels_are(json!({
            "area": area, "kelos.dev/taskspawner": "worker",
        }));
        assert!(webhook.readiness().await.starts_with("HTTP/1.1 200"));
        let (peak, limit) = (peak_memory(webhook.pid()), memory_limit());
        assert!(peak < limit, "{peak} bytes at the peak, of {limit}");
    });
}
