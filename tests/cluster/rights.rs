//! A ServiceAccount that may not do all it needs to.

use serde_json::json;

use crate::harness::access::Account;
use crate::harness::patience::eventually;
use crate::harness::{on_cluster, spawner};

#[test]
fn a_missing_right_is_named_once_and_the_rest_is_served() {
    on_cluster(async |cluster| {
        let address = cluster.control_plane.address();
        let account = Account::without(&cluster.admin, address, "workspaces").await;
        let webhook = cluster.webhook("poor").with_account(account).start().await;
        let namespace = webhook.namespace("poor").await;
        let worker =
            spawner("worker").labels(json!({"area": "backend", "repo": "{{.Workspace.Repo}}"}));
        let worker = namespace.creates(worker).await;
        let task = namespace.accepts(worker.issue(1)).await;
        task.labels_are(json!({"area": "backend", "kelos.dev/taskspawner": "worker"}));

        let who = "system:serviceaccount:kelos-system:kelos-metadata-without-workspaces";
        eventually("it tries again", async || {
            let events = cluster.control_plane.audit_events(who);
            let refused = events.iter().filter(|event| {
                event["objectRef"]["resource"] == "workspaces"
                    && event["responseStatus"]["code"] == 403
            });
            (refused.count() >= 3).then_some(())
        })
        .await;
        let said = webhook.log.lines(|line| {
            let line = line.to_string();
            line.contains(who) && line.contains("workspaces") && line.contains("list")
        });
        assert_eq!(said.len(), 1, "{said:#?}");
    });
}
