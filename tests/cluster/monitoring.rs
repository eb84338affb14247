//! kube-state-metrics and Prometheus, both real, on a real API server: what queries give is what counting gives.

mod counting;
mod series;
mod world;

use std::path::Path;

use serde_json::{Value, json};
use testing::tools::{of_prometheus, skipped};

use crate::harness::Cluster;
use crate::harness::cluster::on_each_schema;
use crate::harness::kube_state_metrics::KubeStateMetrics;
use crate::harness::prometheus::{Prometheus, Target};

use self::counting::{Objects, Table, table};
use self::world::World;

/// What kube-state-metrics is told.
fn config() -> String {
    include_str!("../data/monitoring/kube-state-metrics.yaml").to_owned()
}

/// The rights that it takes for that.
fn cluster_role() -> Value {
    let verbs = ["list", "watch"];
    let crds = ["customresourcedefinitions"];
    let kelos = ["tasks", "taskrecords", "taskspawners", "taskbudgets"];
    json!({
        "metadata": {"name": "kelos-metadata-kube-state-metrics"},
        "rules": [
            {"apiGroups": ["apiextensions.k8s.io"], "resources": crds, "verbs": verbs},
            {"apiGroups": ["kelos.dev"], "resources": kelos, "verbs": verbs},
        ],
    })
}

/// A rule that records, and one that alerts.
const RULES: &str = "\
groups:
  - name: tasks
    rules:
      - record: namespace_team_phase:kelos_task_status_phase:sum
        expr: |
          sum by (namespace, label_team, phase) (
            kelos_task_status_phase * on (namespace, task) group_left (label_team) kelos_task_labels
          ) > 0
      - alert: KelosTaskWithoutPhase
        expr: kelos_task_labels unless on (namespace, task) kelos_task_status_phase
";

#[test]
fn what_queries_give_is_what_counting_gives() {
    on_each_schema("monitoring", async |cluster| {
        let world = World::create(cluster).await;
        let series = KubeStateMetrics::start(cluster, &config(), &cluster_role()).await;
        series::are_what_the_objects_say(cluster, &series).await;
        match of_prometheus("prometheus") {
            Some(program) => answers_as_time_passes(cluster, world, &series, &program).await,
            None => skipped("there is no Prometheus; `make prometheus` installs it"),
        }
        assert_eq!(series.complaints(), Vec::<Value>::new());
    });
}

async fn answers_as_time_passes(
    cluster: &Cluster,
    mut world: World,
    series: &KubeStateMetrics,
    program: &Path,
) {
    let webhook = cluster.shared_webhook().await;
    let targets =
        [Target::kube_state_metrics(series.address()), Target::webhook(webhook.metrics_address())];
    let prometheus = Prometheus::start(program, &targets, Some(RULES)).await;
    answers(cluster, &world, series, &prometheus).await;
    world.moves_on(cluster).await;
    answers(cluster, &world, series, &prometheus).await;
}

/// Asks all that can be asked, and counts the objects that are there now.
async fn answers(
    cluster: &Cluster,
    world: &World,
    series: &KubeStateMetrics,
    prometheus: &Prometheus,
) {
    let there = Objects::read(&cluster.admin).await;
    world.is_seen(&there, series).await;
    prometheus.has_scraped().await;
    prometheus.has_evaluated().await;
    for (query, by, expected) in questions(&there) {
        assert!(!expected.is_empty(), "{query}: nothing to count");
        assert_eq!(table(prometheus.query(&query).await, by), expected, "{query}");
    }
}

/// What a team asks, by a label of its own: a query, the labels of its answer, and what counting gives.
fn questions(there: &Objects) -> Vec<(String, &'static [&'static str], Table)> {
    const BY_TEAM: &[&str] = &["namespace", "label_team"];
    const BY_PHASE: &[&str] = &["namespace", "label_team", "phase"];
    const BY_TASK: &[&str] = &["namespace", "task"];
    let labels = "* on (namespace, task) group_left (label_team) kelos_task_labels";
    let duration = format!("(kelos_task_completion_time - kelos_task_start_time) {labels}");
    let of_records = "* on (namespace, taskrecord) group_left (label_team) kelos_taskrecord_labels";
    let in_a_day = "on (namespace, taskrecord) (time() - kelos_taskrecord_completion_time < 86400)";
    let phases =
        format!("sum by (namespace, label_team, phase) (kelos_task_status_phase {labels}) > 0");
    let recorded = "namespace_team_phase:kelos_task_status_phase:sum".to_owned();
    let quantile = |it: f64| format!("quantile by (namespace, label_team) ({it}, {duration})");
    let cost = format!(
        "sum by (namespace, label_team) (kelos_taskrecord_cost_usd {of_records} and {in_a_day})"
    );
    let lacking = "count by (namespace) (kelos_task_labels{label_team=\"\"})".to_owned();
    let no_phase = "kelos_task_labels unless on (namespace, task) kelos_task_status_phase";
    let firing = "ALERTS{alertname=\"KelosTaskWithoutPhase\", alertstate=\"firing\"}".to_owned();
    let patched = r#"sum (kelos_metadata_admissions_total{resource="task", outcome="patched"})"#;
    vec![
        (phases, BY_PHASE, there.by_phase()),
        (recorded, BY_PHASE, there.by_phase()),
        (quantile(0.5), BY_TEAM, there.duration(0.5)),
        (quantile(0.9), BY_TEAM, there.duration(0.9)),
        (cost, BY_TEAM, there.cost_of_a_day()),
        (lacking, &["namespace"], there.without_team()),
        (no_phase.to_owned(), BY_TASK, there.without_phase()),
        (firing, BY_TASK, there.without_phase()),
        (patched.to_owned(), &[], there.patched()),
    ]
}
