//! The series of each kind of object, one by one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::Cluster;
use crate::harness::kube_state_metrics::KubeStateMetrics;
use crate::harness::namespace::Namespace;

/// Each series of one object of each kind, without what says of which kind it is.
const SERIES: [(&str, f64); 24] = [
    (r#"kelos_task_labels{label_team="",task="bare",type="codex",uid=""}"#, 1.0),
    (
        r#"kelos_task_labels{label_cost_center="c-1",label_kelos_dev_priority="low",label_team="payments",task="full",taskspawner="w",type="codex",uid=""}"#,
        1.0,
    ),
    (r#"kelos_task_status_phase{phase="Failed",task="full"}"#, 0.0),
    (r#"kelos_task_status_phase{phase="Pending",task="full"}"#, 0.0),
    (r#"kelos_task_status_phase{phase="Running",task="full"}"#, 0.0),
    (r#"kelos_task_status_phase{phase="Succeeded",task="full"}"#, 1.0),
    (r#"kelos_task_status_phase{phase="Waiting",task="full"}"#, 0.0),
    (r#"kelos_task_start_time{task="full"}"#, 1_893_456_000.0),
    (r#"kelos_task_completion_time{task="full"}"#, 1_893_456_060.0),
    (r#"kelos_taskrecord_labels{phase="Failed",taskrecord="bare",uid=""}"#, 1.0),
    (r#"kelos_taskrecord_completion_time{taskrecord="bare"}"#, 1_893_456_060.0),
    (
        r#"kelos_taskrecord_labels{label_cost_center="c-1",label_kelos_dev_priority="low",label_team="payments",phase="Succeeded",taskrecord="full",type="codex",uid=""}"#,
        1.0,
    ),
    (r#"kelos_taskrecord_start_time{taskrecord="full"}"#, 1_893_456_000.0),
    (r#"kelos_taskrecord_completion_time{taskrecord="full"}"#, 1_893_456_060.0),
    (r#"kelos_taskrecord_cost_usd{taskrecord="full"}"#, 1.25),
    (r#"kelos_taskrecord_input_tokens{taskrecord="full"}"#, 9e9),
    (r#"kelos_taskrecord_output_tokens{taskrecord="full"}"#, 7.0),
    (r#"kelos_taskspawner_labels{label_team="payments",taskspawner="w",uid=""}"#, 1.0),
    (r#"kelos_taskspawner_active_tasks{taskspawner="w"}"#, 2.0),
    (r#"kelos_taskspawner_max_concurrency{taskspawner="w"}"#, 2.0),
    (r#"kelos_taskspawner_tasks_created{taskspawner="w"}"#, 9.0),
    (r#"kelos_taskbudget_max_cost_usd{taskbudget="b"}"#, 20.0),
    (r#"kelos_taskbudget_used_cost_usd{taskbudget="b"}"#, 0.5),
    (
        r#"kelos_taskbudget_match_labels{label_kelos_dev_priority="low",label_team="payments",taskbudget="b",uid=""}"#,
        1.0,
    ),
];

/// Makes an object of each kind, and one that has only what it must have, and compares their series.
pub(super) async fn are_what_the_objects_say(cluster: &Cluster, series: &KubeStateMetrics) {
    let namespace = cluster.bare_namespace("each-kind", json!({})).await;
    let created = tasks(&namespace).await;
    records(&namespace).await;
    owners(&namespace).await;
    // Each kind is watched on its own, and its objects are taken in one by one.
    for (metric, label, name) in [
        ("kelos_task_created", "task", "bare"),
        ("kelos_task_completion_time", "task", "full"),
        ("kelos_taskrecord_labels", "taskrecord", "bare"),
        ("kelos_taskrecord_labels", "taskrecord", "full"),
        ("kelos_taskspawner_active_tasks", "taskspawner", "w"),
        ("kelos_taskbudget_used_cost_usd", "taskbudget", "b"),
    ] {
        series.has(metric, label, name).await;
    }
    let mut found = of_namespace(&series.page().await);
    for task in ["bare", "full"] {
        let at = found.remove(&format!("kelos_task_created{{task={task:?}}}")).unwrap();
        assert!((created..created + 60.0).contains(&at), "{task}: {at}, and before was {created}");
    }
    assert_eq!(found, SERIES.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
}

/// The series of the namespace. Which object it is, its name says already.
fn of_namespace(page: &str) -> BTreeMap<String, f64> {
    let lines = page.lines().filter(|line| line.contains("namespace=\"each-kind\""));
    let series = lines.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.strip_suffix('}').unwrap().split_once('{').unwrap();
        let kept = labels.split(',').filter(|label| {
            !label.starts_with("customresource_") && !label.starts_with("namespace=")
        });
        let kept = kept.map(|label| if label.starts_with("uid=") { "uid=\"\"" } else { label });
        let labels: Vec<&str> = kept.collect();
        (format!("{name}{{{}}}", labels.join(",")), value.parse().unwrap())
    });
    series.collect()
}

fn labels() -> Value {
    json!({"team": "payments", "costCenter": "c-1", "kelos.dev/priority": "low", "other": "x"})
}

/// Gives when the first one was created.
async fn tasks(namespace: &Namespace) -> f64 {
    let spec = json!({"prompt": "p", "type": "codex", "credentials": {"type": "none"}});
    let mut all = labels();
    all["kelos.dev/taskspawner"] = json!("w");
    let full = json!({"kind": "Task", "metadata": {"name": "full", "labels": all}, "spec": spec});
    let created = namespace.accepts(full).await.object["metadata"]["creationTimestamp"].clone();
    let status = json!({
        "phase": "Succeeded",
        "startTime": "2030-01-01T00:00:00Z",
        "completionTime": "2030-01-01T00:01:00Z",
    });
    namespace.reports("tasks", "full", status).await;
    let empty = json!({"team": ""});
    let bare = json!({"kind": "Task", "metadata": {"name": "bare", "labels": empty}, "spec": spec});
    namespace.accepts(bare).await;
    let created: jiff::Timestamp = created.as_str().unwrap().parse().unwrap();
    created.as_second() as f64
}

async fn records(namespace: &Namespace) {
    let bare = json!({
        "kind": "TaskRecord", "metadata": {"name": "bare"},
        "spec": {
            "taskRef": {"name": "t", "uid": "u"}, "phase": "Failed",
            "completionTime": "2030-01-01T00:01:00Z",
        },
    });
    namespace.post("taskrecords", "", bare).await.ok();
    let full = json!({
        "kind": "TaskRecord", "metadata": {"name": "full", "labels": labels()},
        "spec": {
            "taskRef": {"name": "t", "uid": "u"}, "type": "codex", "model": "m", "phase": "Succeeded",
            "startTime": "2030-01-01T00:00:00Z", "completionTime": "2030-01-01T00:01:00Z",
            "usage": {"costUSD": "1250m", "inputTokens": 9_000_000_000_u64, "outputTokens": 7},
        },
    });
    namespace.post("taskrecords", "", full).await.ok();
}

/// A TaskSpawner and a TaskBudget.
async fn owners(namespace: &Namespace) {
    let spawner = json!({
        "kind": "TaskSpawner", "metadata": {"name": "w", "labels": {"team": "payments"}},
        "spec": {
            "maxConcurrency": 2,
            "when": {"cron": {"schedule": "* * * * *"}},
            "taskTemplate": {
                "type": "codex", "credentials": {"type": "none"}, "promptTemplate": "p",
            },
        },
    });
    namespace.creates(spawner).await;
    namespace.reports("taskspawners", "w", json!({"activeTasks": 2, "totalTasksCreated": 9})).await;
    let budget = json!({
        "kind": "TaskBudget", "metadata": {"name": "b"},
        "spec": {
            "maxCostUSD": "20",
            "period": {"type": "Daily"},
            "taskSelector": {
                "matchLabels": {"team": "payments", "kelos.dev/priority": "low"},
                "matchExpressions": [
                    {"key": "size", "operator": "DoesNotExist"},
                    {"key": "size", "operator": "In", "values": ["s"]},
                ],
            },
        },
    });
    namespace.post("taskbudgets", "", budget).await.ok();
    namespace.reports("taskbudgets", "b", json!({"used": {"costUSD": "500m"}})).await;
}
