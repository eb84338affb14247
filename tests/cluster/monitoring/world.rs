//! Tasks and TaskRecords of several teams, in two namespaces, as time passes.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::counting::Objects;
use crate::harness::Cluster;
use crate::harness::kube_state_metrics::KubeStateMetrics;
use crate::harness::namespace::Namespace;
use crate::harness::objects::{Spawner, spawner};

/// Two namespaces with Tasks and TaskRecords. One of them is served by the webhook.
pub(super) struct World {
    one: Namespace,
    two: Namespace,
    /// Whose Tasks get their team from the webhook, in the first of them.
    spawner: Spawner,
    /// The Task that was written last.
    last_task: &'static str,
    /// The TaskRecord that was.
    last_record: &'static str,
}

impl World {
    /// Some that wait, run and have ended, some without a label, some that lack what others have.
    pub(super) async fn create(cluster: &Cluster) -> World {
        let one = cluster.namespace("one").await;
        let two = cluster.bare_namespace("two", json!({})).await;
        let payments = json!({"team": "payments", "costCenter": "c-1"});
        let checkout = json!({"team": "checkout", "kelos.dev/priority": "critical"});
        for (name, labels, status) in [
            ("runs", &payments, json!({"phase": "Running", "startTime": ago(600)})),
            ("waits", &payments, json!({"phase": "Waiting"})),
            ("took-1", &payments, ended("Succeeded", 60)),
            ("took-2", &payments, ended("Succeeded", 120)),
            ("took-3", &payments, ended("Succeeded", 180)),
            ("fails", &payments, ended("Failed", 540)),
            ("took-30", &checkout, ended("Succeeded", 1800)),
            ("of-nobody", &json!({}), ended("Succeeded", 30)),
            ("empty-team", &json!({"team": ""}), json!({"phase": "Pending"})),
            ("has-no-phase", &checkout, json!({})),
        ] {
            task(&one, name, labels, status).await;
        }
        // Of the second label nothing is known.
        let labels = json!({"team": "search", "size": "{{ .Size }}"});
        let spawner = one.creates(spawner("worker").labels(labels)).await;
        one.accepts(spawner.issue(1)).await;
        one.reports("tasks", "worker-1", ended("Succeeded", 90)).await;
        // The same name as in the other namespace.
        task(&two, "runs", &checkout, json!({"phase": "Running", "startTime": ago(60)})).await;
        task(&two, "has-none", &json!({}), json!({})).await;
        task(&two, "is-new", &payments, json!({"phase": "Pending"})).await;
        let (hour, yesterday) = (3600, 100_000);
        for (uid, labels, seconds_ago, cost) in [
            ("r-1", &payments, hour, json!("1250m")),
            ("r-2", &payments, hour, json!("32100u")),
            ("r-3", &payments, hour, json!(2)),
            ("r-4", &payments, yesterday, json!("7")),
            ("r-5", &checkout, hour, json!("0.5")),
            ("r-6", &checkout, hour, Value::Null),
            ("r-7", &json!({}), hour, json!("3")),
        ] {
            record(&one, uid, labels, seconds_ago, cost).await;
        }
        record(&two, "r-8", &checkout, hour, json!("11")).await;
        World { one, two, spawner, last_task: "is-new", last_record: "r-8" }
    }

    /// One that ran has ended and left its record, one is gone, two are new.
    pub(super) async fn moves_on(&mut self, cluster: &Cluster) {
        self.one.reports("tasks", "runs", ended("Failed", 600)).await;
        let path = "/apis/kelos.dev/v1alpha2/namespaces/one/tasks/took-3";
        cluster.admin.delete(path).await.ok();
        self.one.accepts(self.spawner.issue(2)).await;
        let payments = json!({"team": "payments"});
        record(&self.one, "r-9", &payments, 0, json!("4")).await;
        task(&self.two, "is-newer", &payments, json!({"phase": "Pending"})).await;
        (self.last_task, self.last_record) = ("is-newer", "r-9");
    }

    /// Waits until kube-state-metrics has heard of all that was written: there are as many as there should be, and what
    /// was written last of each kind is among them.
    pub(super) async fn is_seen(&self, there: &Objects, series: &KubeStateMetrics) {
        series.has_so_many("kelos_task_labels", there.tasks.len()).await;
        series.has_so_many("kelos_taskrecord_labels", there.records.len()).await;
        series.has("kelos_task_status_phase", "task", self.last_task).await;
        series.has("kelos_taskrecord_labels", "taskrecord", self.last_record).await;
    }
}

/// A Task: labels, status.
async fn task(namespace: &Namespace, name: &str, labels: &Value, status: Value) {
    let task = json!({
        "kind": "Task",
        "metadata": {"name": name, "labels": labels},
        "spec": {"prompt": "p", "type": "claude-code", "credentials": {"type": "none"}},
    });
    namespace.accepts(task).await;
    namespace.reports("tasks", name, status).await;
}

/// The TaskRecord of a Task that is gone, and ended so many seconds ago.
async fn record(namespace: &Namespace, uid: &str, labels: &Value, seconds: i64, cost: Value) {
    let mut record = json!({
        "kind": "TaskRecord",
        "metadata": {"name": uid, "labels": labels},
        "spec": {
            "taskRef": {"name": format!("of-{uid}"), "uid": uid},
            "phase": "Succeeded",
            "completionTime": ago(seconds),
            "usage": {"costUSD": cost, "inputTokens": 100, "outputTokens": 7},
        },
    });
    if uid == "r-5" {
        record["spec"]["usage"]["outputTokens"].take();
    }
    namespace.post("taskrecords", "", record).await.ok();
}

/// The status of a Task that ended a minute ago and took so many seconds.
fn ended(phase: &str, seconds: i64) -> Value {
    json!({"phase": phase, "startTime": ago(60 + seconds), "completionTime": ago(60)})
}

fn ago(seconds: i64) -> String {
    let time = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    (time - SignedDuration::from_secs(seconds)).to_string()
}
