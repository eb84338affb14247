//! A ServiceAccount that may not do all it needs to.

use serde_json::json;

use crate::harness::access::Account;
use crate::harness::wait::eventually;
use crate::harness::{Cluster, on_cluster, spawner};

/// What becomes of Tasks, and of the log, when the rights for one resource are missing.
async fn is_named_once(cluster: &Cluster, resource: &str) {
    let address = cluster.control_plane.address();
    let account = Account::without(&cluster.admin, address, resource).await;
    let name = format!("without-{resource}");
    let webhook = cluster.webhook(&name).with_account(account).start().await;
    let namespace = webhook.namespace(&name).await;
    namespace.creates_workspace("https://github.com/acme/widgets.git").await;
    namespace.creates_worker_pool("agents").await;
    let worker = spawner("worker")
        .of_pool("agents")
        .labels(json!({"area": "backend", "repo": "{{.Workspace.RepoName}}"}));
    let worker = namespace.creates(worker).await;
    let task = namespace.accepts(worker.issue(1).of_pool("agents")).await;
    task.labels_are(json!({"area": "backend", "kelos.dev/taskspawner": "worker"}));

    let who = format!("system:serviceaccount:kelos-system:kelos-metadata-without-{resource}");
    eventually("it tries again", async || {
        let events = cluster.control_plane.audit_events(&who);
        let refused = events.iter().filter(|event| {
            event["objectRef"]["resource"] == resource && event["responseStatus"]["code"] == 403
        });
        (refused.count() >= 3).then_some(())
    })
    .await;
    let lines = webhook.log.lines(|line| {
        let line = line.to_string();
        line.contains(&who) && line.contains(resource) && line.contains("list")
    });
    assert_eq!(lines.len(), 1, "{lines:#?}");
}

#[test]
fn a_missing_right_to_workspaces_is_named_once_and_the_rest_is_served() {
    on_cluster(async |cluster| is_named_once(cluster, "workspaces").await);
}

#[test]
fn a_missing_right_to_worker_pools_is_named_once_and_the_rest_is_served() {
    on_cluster(async |cluster| is_named_once(cluster, "workerpools").await);
}
