//! The same on other schemas: an early Kelos's, and those that Kelos ships where they lie beside the project.

use std::io::Write;

use serde_json::{Value, json};

use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::{Cluster, spawner};
use crate::sessions;
use crate::webhook::{example, pods};

/// What every schema must allow, on a cluster of its own.
fn works_on(name: &str, schemas: Schemas) {
    let Some(folder) = schemas.folder() else {
        // Printed past the test's captured output: what was not tested must be seen.
        let _ = writeln!(std::io::stderr(), "{name}: not tested, its schemas are not here");
        return;
    };
    on_own_cluster(name, async |cluster| {
        cluster.install(schemas).await;
        let namespace = cluster.namespace("example").await;
        example::is_labelled(&namespace).await;
        if schemas.has_metadata_field() {
            example::is_labelled_beside_kelos(&namespace).await;
        }
        if schemas.has_worker_pools() {
            example::is_labelled_in_a_pool(&namespace).await;
        }

        let namespace = cluster.namespace("pods").await;
        pods::are_reached(&namespace, schemas).await;
        if schemas.has_worker_pools() {
            pods::are_unsupported_in_a_pool(&namespace).await;
        }

        if schemas.has_sessions() {
            sessions::are_named_and_labelled(&cluster.namespace("sessions").await).await;
        } else {
            sessions_are_missed_once(cluster).await;
        }

        let namespace = cluster.namespace("more").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        let labels = json!({"area": "backend", "kelos.dev/taskspawner": "worker"});
        namespace.accepts_dry_run(worker.issue(1)).await.labels_are(labels.clone());
        assert!(!namespace.has_task("worker-1").await);
        let task = namespace.accepts(worker.issue(2).generate_name("worker-")).await;
        task.labels_are(labels.clone());
        namespace.accepts(worker.issue(3).version("v1alpha1")).await.labels_are(labels);
        if schemas.has_metadata_field() {
            let titled = spawner("titled").kelos_labels(json!({"title": "{{.Title}}"}));
            let titled = namespace.creates(titled).await;
            let bad = titled.issue(1).labelled("title", "Fix the login page");
            namespace.accepts(bad).await.labels_are(json!({"kelos.dev/taskspawner": "titled"}));
        }
        let _ = writeln!(std::io::stderr(), "{name}: tested on {}", folder.display());
    });
}

/// Where there are none, the webhook is ready all the same, and says so once.
async fn sessions_are_missed_once(cluster: &Cluster) {
    let webhook = cluster.shared_webhook().await;
    let about = |line: &Value| line["resource"] == "sessionspawners";
    webhook.log.line("there are no SessionSpawners", about).await;
    let lines = webhook.log.lines(about);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!(lines[0]["message"], "The cluster does not have this kind of object yet");
    assert_eq!(lines[0]["level"], "INFO");
    assert!(webhook.readiness().await.starts_with("HTTP/1.1 200"));
}

#[test]
fn v1alpha1_alone() {
    works_on("v1alpha1", Schemas::V1alpha1);
}

#[test]
fn kelos_v0_24() {
    works_on("kelos-v0.24", Schemas::Kelos024);
}

#[test]
fn kelos_v0_52() {
    works_on("kelos-v0.52", Schemas::Kelos052);
}
