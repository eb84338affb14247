//! A webhook that answers nobody but the API server.

use std::fs;

use serde_json::json;

use crate::harness::ca;
use crate::harness::control_plane::CLIENT_NAME;
use crate::harness::run_folder;
use crate::harness::wait::eventually;
use crate::harness::webhook::Setup;
use crate::harness::{on_cluster, spawner};

/// Asks clients for a certificate of the tests' CA, with this name.
fn asking(setup: Setup) -> Setup {
    let file = run_folder::folder("client-ca").join("ca.crt");
    fs::write(&file, ca::certificate()).unwrap();
    setup.with_flags([
        format!("--client-ca-file={}", file.display()),
        format!("--client-allowed-name={CLIENT_NAME}"),
    ])
}

#[test]
fn an_api_server_that_shows_its_certificate_is_answered() {
    on_cluster(async |cluster| {
        let webhook = asking(cluster.webhook_with_client_certificate("mutual-tls")).start().await;
        let namespace = webhook.namespace("mutual-tls").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        namespace.will_label(worker.issue(1), "area", "backend").await;
        let task = namespace.accepts(worker.issue(1)).await;
        task.labels_are(json!({"area": "backend", "kelos.dev/taskspawner": "worker"}));
        assert_eq!(webhook.log.lines(|line| line["level"] == "WARN"), [] as [serde_json::Value; 0]);
    });
}

#[test]
fn one_that_shows_none_creates_tasks_without_the_webhook() {
    on_cluster(async |cluster| {
        let webhook = asking(cluster.webhook("no-certificate")).launch().await;
        webhook.is_ready().await;
        let namespace = webhook.namespace("no-certificate").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        webhook.register_unasked().await;
        let turned_away = "A client was rejected";
        eventually("the API server calls the webhook", async || {
            namespace.accepts_dry_run(worker.issue(1)).await;
            let rejected = webhook.log.lines(|line| line["message"] == turned_away);
            (!rejected.is_empty()).then_some(())
        })
        .await;
        namespace.accepts(worker.issue(1)).await.is_untouched(worker.issue(1));
        let line = webhook.log.line(turned_away, |line| line["message"] == turned_away).await;
        assert!(line["problem"].as_str().unwrap().contains("no certificate"), "{line}");
        assert_eq!(webhook.metric("kelos_metadata_admissions_total").await, 0.0);
    });
}
