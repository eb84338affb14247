//! kube-state-metrics and Prometheus, both real, on a real API server: what queries give is what counting gives.

mod counting;
mod keys;
mod panels;
mod series;
mod teams;
mod world;

use std::path::Path;

use kelos_metadata::monitoring::{Documents, Keys};
use serde_json::{Value, json};
use testing::tools::{of_prometheus, skipped};

use crate::check::said::Caller;
use crate::harness::Cluster;
use crate::harness::cluster::on_each_schema;
use crate::harness::kube_state_metrics::KubeStateMetrics;
use crate::harness::prometheus::{Prometheus, Target};

use self::counting::{Objects, Table, table};
use self::world::World;

/// What `monitoring` prints for three keys.
fn documents() -> Documents {
    let mut keys = Keys::default();
    ["team", "costCenter", "kelos.dev/priority"].iter().for_each(|key| keys.add(key).unwrap());
    Documents::of(&keys).unwrap()
}

fn yaml(document: &Value) -> String {
    serde_saphyr::to_string(document).unwrap()
}

/// The rights that kube-state-metrics takes.
fn cluster_role() -> Value {
    let name = "kelos-metadata-kube-state-metrics";
    json!({"metadata": {"name": name}, "rules": documents().cluster_role})
}

#[test]
fn what_queries_give_is_what_counting_gives() {
    on_each_schema("monitoring", async |cluster| {
        let world = World::create(cluster).await;
        let series = KubeStateMetrics::start(
            cluster,
            &yaml(&documents().kube_state_metrics),
            &cluster_role(),
        )
        .await;
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
    let prometheus = Prometheus::start(program, &targets, Some(&yaml(&documents().rules))).await;
    answers(cluster, &world, series, &prometheus, false).await;
    world.moves_on(cluster).await;
    answers(cluster, &world, series, &prometheus, true).await;
    let report = ["report", "--by", "team", "-A", "--since", "1d", "-o", "json"];
    let said = Caller::admin(cluster).runs(&report);
    assert_eq!((said.status, &*said.errors), (0, ""), "{said:?}");
    let report = serde_json::from_str(&said.output).unwrap();
    panels::are_those_of_report(&report, &Objects::read(&cluster.admin).await);
}

/// Asks all that can be asked, and counts the objects that are there now.
async fn answers(
    cluster: &Cluster,
    world: &World,
    series: &KubeStateMetrics,
    prometheus: &Prometheus,
    is_later: bool,
) {
    let there = Objects::read(&cluster.admin).await;
    world.is_seen(&there, series).await;
    prometheus.has_scraped().await;
    prometheus.has_evaluated().await;
    for (query, by, expected) in questions(&there) {
        assert!(!expected.is_empty(), "{query}: nothing to count");
        assert_eq!(table(prometheus.query(&query).await, by), expected, "{query}");
    }
    panels::give_what_counting_gives(&there, is_later, prometheus).await;
    panels::of_the_page_do_so_too(&there, prometheus).await;
}

/// What rules record, and which alerts fire: a query, the labels of its answer, and what counting gives.
fn questions(there: &Objects) -> Vec<(String, &'static [&'static str], Table)> {
    const BY_TEAM: &[&str] = &["namespace", "value"];
    const BY_PHASE: &[&str] = &["namespace", "value", "phase"];
    const BY_SPAWNER: &[&str] = &["namespace", "taskspawner"];
    const BY_TASK: &[&str] = &["namespace", "task"];
    let of_team = |name: &str| format!("{name}{{key=\"team\"}}");
    let phases = of_team("namespace_key_value_phase:kelos_task_status_phase:sum");
    let duration =
        |it: &str| of_team(&format!("namespace_key_value:kelos_task_duration_seconds:{it}_1d"));
    let cost = of_team("namespace_key_value:kelos_taskrecord_cost_usd:sum_1d");
    let with = of_team("namespace_taskspawner_key:kelos_task_labels:ratio_1d") + " > 0";
    let all = "namespace_taskspawner:kelos_task_labels:count_1d".to_owned();
    let no_phase = "kelos_task_labels unless on (namespace, task) kelos_task_status_phase";
    let alerts = "ALERTS{alertname=~\"KelosTask.*\"}".to_owned();
    let patched = r#"sum (kelos_metadata_admissions_total{resource="task", outcome="patched"})"#;
    vec![
        (phases, BY_PHASE, there.by_phase()),
        (duration("p50"), BY_TEAM, there.duration(0.5)),
        (duration("p90"), BY_TEAM, there.duration(0.9)),
        (cost, BY_TEAM, there.cost_of_a_day()),
        (with, BY_SPAWNER, there.part_with_team()),
        (all, BY_SPAWNER, there.by_spawner()),
        (no_phase.to_owned(), BY_TASK, there.without_phase()),
        (alerts, &["namespace", "alertname", "key", "alertstate"], outside_budgets()),
        (patched.to_owned(), &[], there.patched()),
    ]
}

/// The TaskBudget of [`series`] asks for two keys that one of its Tasks lacks, which is too new for the alert to fire.
fn outside_budgets() -> Table {
    let of_key = |key| ["each-kind", "KelosTasksOutsideBudgets", key, "pending"].map(str::to_owned);
    ["team", "kelos.dev/priority"].map(|key| (of_key(key).to_vec(), 1.0)).into()
}
