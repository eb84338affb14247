//! Parts of the cluster that are away for a while.

use std::time::Duration;

use serde_json::json;

use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::objects::LABELS;
use crate::harness::proxy::{Proxy, Watches};
use crate::harness::{on_cluster, spawner};

#[test]
fn tasks_are_created_without_the_webhook() {
    on_cluster(async |cluster| {
        let mut webhook = cluster.webhook("stopped").start().await;
        let namespace = webhook.namespace("stopped").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        namespace.will_label(worker.issue(1), "area", "backend").await;
        assert!(webhook.stop().success());
        namespace.accepts(worker.issue(1)).await.is_untouched(worker.issue(1));
    });
}

#[test]
fn tasks_are_created_when_the_webhook_was_killed() {
    on_cluster(async |cluster| {
        let mut webhook = cluster.webhook("killed").start().await;
        let namespace = webhook.namespace("killed").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        namespace.will_label(worker.issue(1), "area", "backend").await;
        webhook.kill();
        namespace.accepts(worker.issue(1)).await.is_untouched(worker.issue(1));
    });
}

#[test]
fn the_api_server_and_the_schemas_may_come_later_than_the_webhook() {
    on_own_cluster("late-start", async |cluster| {
        // The ServiceAccount and its token must be there first.
        cluster.account().await;
        cluster.control_plane.kill_api_server();
        let webhook = cluster.webhook("early").launch().await;
        let answer = webhook.readiness().await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        cluster.control_plane.start_api_server().await;
        webhook.is_ready().await;

        cluster.install(Schemas::V1alpha1).await;
        webhook.register().await;
        let namespace = webhook.namespace("early").await;
        let old = namespace.creates(spawner("old").labels(json!({"area": "backend"}))).await;
        assert_eq!(old.api_version, "kelos.dev/v1alpha1");
        namespace.will_label(old.issue(1), "area", "backend").await;

        // Kelos is upgraded. Its own field was not there before, and would be pruned.
        cluster.install(Schemas::V1alpha2).await;
        let new = spawner("new").kelos_labels(json!({"title": "{{.Title}}"}));
        let new = namespace.creates(new).await;
        assert_eq!(new.api_version, "kelos.dev/v1alpha2");
        let bad = new.issue(1).labelled("title", "Fix the login page");
        namespace.accepts(bad).await.labels_are(json!({"kelos.dev/taskspawner": "new"}));
        namespace.will_label(old.issue(2), "area", "backend").await;

        // WorkerPools have come with the new version: they are found without a restart.
        namespace.creates_workspace("https://github.com/acme/widgets.git").await;
        namespace.creates_worker_pool("agents").await;
        let pooled =
            spawner("pooled").of_pool("agents").labels(json!({"owner": "{{.Workspace.Owner}}"}));
        let pooled = namespace.creates(pooled).await;
        namespace.will_label(pooled.issue(1).of_pool("agents"), "owner", "acme").await;
    });
}

#[test]
fn the_api_server_is_killed_and_comes_back_with_another_template() {
    on_own_cluster("restart", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let namespace = cluster.namespace("restart").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"v": "before"}))).await;
        namespace.will_label(worker.issue(1), "v", "before").await;
        cluster.control_plane.kill_api_server();
        cluster.control_plane.start_api_server().await;
        let labels = json!({"v": "after"}).to_string();
        let change = json!({"metadata": {"annotations": {LABELS: labels}}});
        namespace.changes(&worker, change).await;
        namespace.will_label(worker.issue(1), "v", "after").await;
        let ready = cluster.shared_webhook().await.readiness().await;
        assert!(ready.starts_with("HTTP/1.1 200"), "once ready, always ready: {ready}");
    });
}

#[test]
fn a_watch_that_died_silently_is_noticed() {
    on_cluster(async |cluster| {
        let proxy = Proxy::start(cluster.control_plane.address(), Watches::Pass).await;
        let webhook = cluster.webhook("silent").through(proxy.address).start().await;
        let namespace = webhook.namespace("silent").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"v": "before"}))).await;
        namespace.will_label(worker.issue(1), "v", "before").await;
        proxy.set(Watches::Silent);
        let labels = json!({"v": "after"}).to_string();
        let change = json!({"metadata": {"annotations": {LABELS: labels}}});
        namespace.changes(&worker, change).await;
        // It goes on where it was, is silent again, and lists: that has 110 seconds. A machine under load
        // is no broken promise.
        let time = Duration::from_secs(200);
        namespace.will_label_within(time, worker.issue(1), "v", "after").await;
    });
}
