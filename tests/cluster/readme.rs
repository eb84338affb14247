//! The picture that README.md begins with, on a real API server. `BLESS=1` writes what is printed.

use serde_json::{Value, json};

use crate::harness::cluster::on_each_schema;
use crate::uses::{Reader, object};

#[test]
fn the_readme_begins_with_what_kubectl_prints() {
    on_each_schema("readme", async |cluster| {
        let reader = Reader::of(cluster);
        let webhook = cluster.webhook("readme").start().await;
        let namespace = webhook.namespace("readme").await;
        let mut spawner = object("priority/taskspawner.yaml");
        spawner["metadata"]["namespace"] = json!("readme");
        let created = namespace.post("taskspawners", "", spawner).await.ok();
        let issues = [
            ("priority-42", "bug, priority/high", "high", "Running"),
            ("priority-43", "priority/critical", "critical", "Running"),
            ("priority-44", "documentation", "none", "Succeeded"),
        ];
        for (name, labels, priority, phase) in issues {
            let mut task = object("priority/task.yaml");
            let metadata = &mut task["metadata"];
            metadata["name"] = json!(name);
            metadata["namespace"] = json!("readme");
            metadata["annotations"]["kelos.dev/source-labels"] = json!(labels);
            metadata["ownerReferences"][0]["uid"] = created["metadata"]["uid"].clone();
            // The watch may be a moment late.
            namespace.will_label(task.clone(), "team.example.com/priority", priority).await;
            namespace.accepts(task).await;
            namespace.reports("tasks", name, json!({"phase": phase})).await;
        }
        let here = "kubectl config set-context --current --namespace=readme";
        reader.runs(here, &Value::Null).ok();
        reader.follows_page("README.md", &["kubectl get tasks"]);
    });
}
