//! Clients of every kind.

use serde_json::{Value, json};

use crate::harness::{on_cluster, spawner};

#[test]
fn a_client_may_use_the_old_version() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("old-version").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        assert_eq!(worker.api_version, "kelos.dev/v1alpha2");
        let task = namespace.accepts(worker.issue(1).version("v1alpha1")).await;
        task.labels_are(json!({"area": "backend", "kelos.dev/taskspawner": "worker"}));
        let event = namespace.audit_event("worker-1").await;
        assert_eq!(event["objectRef"]["apiVersion"], "v1alpha1");
    });
}

#[test]
fn a_dry_run_shows_what_would_be() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("dry-run").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        let task = namespace.accepts_dry_run(worker.issue(1)).await;
        task.labels_are(json!({"area": "backend", "kelos.dev/taskspawner": "worker"}));
        assert!(!namespace.has_task("worker-1").await);
    });
}

/// The Task that a page applies as a dry run.
fn task_of_the_page(name_of_spawner: &str) -> Value {
    let page = include_str!("../../../docs/install.md");
    let (_, rest) =
        page.split_once("kubectl apply --dry-run=server -o yaml -f - <<YAML\n").unwrap();
    let manifest = rest.split("   YAML\n").next().unwrap().replace("NAME", name_of_spawner);
    let mut task: Value = serde_saphyr::from_str(&manifest).unwrap();
    // Tests have namespaces of their own.
    task["metadata"].as_object_mut().unwrap().remove("namespace");
    task
}

#[test]
fn the_dry_run_of_the_page_shows_the_label_in_both_versions() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("page-dry-run").await;
        let rules = json!({"team.example.com/spawner": "{{ .Spawner.Name }}"});
        namespace.creates(spawner("worker").labels(rules)).await;
        let task = task_of_the_page("worker");
        assert_eq!(task["apiVersion"], "kelos.dev/v1alpha2");
        for version in ["v1alpha2", "v1alpha1"] {
            let mut task = task.clone();
            task["apiVersion"] = json!(format!("kelos.dev/{version}"));
            let shown = namespace.accepts_dry_run(task).await;
            assert_eq!(shown.label("team.example.com/spawner"), Some("worker"), "{version}");
        }
        assert!(!namespace.has_task("try-me").await);
    });
}

#[test]
fn the_api_server_may_make_the_name() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("generate-name").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        let task = namespace.accepts(worker.issue(1).generate_name("worker-")).await;
        task.labels_are(json!({"area": "backend", "kelos.dev/taskspawner": "worker"}));
        assert!(task.name().starts_with("worker-") && task.name() != "worker-", "{}", task.name());
    });
}

#[test]
fn a_task_that_nobody_spawned_is_left_alone() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("nobody").await;
        namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        let task = json!({
            "kind": "Task",
            "metadata": {"name": "by-hand"},
            "spec": {"type": "claude-code", "prompt": "Hello", "credentials": {"type": "none"}},
        });
        namespace.accepts(task).await.labels_are(json!({})).annotations_are(json!({}));
    });
}
