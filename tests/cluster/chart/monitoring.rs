//! What the chart makes for Prometheus and Grafana is what the command `monitoring` makes.

use kelos_metadata::monitoring::{Documents, Keys, label_name};
use serde_json::{Value, json};

use crate::chart::renderings::monitored;
use crate::chart::support::rendering::Rendering;

/// The documents for these keys.
fn documents(keys: &[&str]) -> Documents {
    let mut all = Keys::default();
    keys.iter().for_each(|key| all.add(key).unwrap());
    Documents::of(&all).unwrap()
}

fn parsed(text: &Value) -> Value {
    serde_saphyr::from_str(text.as_str().unwrap()).unwrap()
}

/// JSON with every number as Helm has it.
fn floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(all) => all.iter().map(floats).collect(),
        Value::Object(all) => all.iter().map(|(key, it)| (key.clone(), floats(it))).collect(),
        other => other.clone(),
    }
}

fn are_the_same(keys: &[&str]) {
    let mut values = monitored();
    values["monitoring"]["keys"] = json!(keys);
    let rendering = Rendering::of(&values);
    let Documents { kube_state_metrics, cluster_role, rules, dashboard } = documents(keys);
    let config = rendering.object("ConfigMap/kelos-metadata-kube-state-metrics");
    assert_eq!(parsed(&config["data"]["config.yaml"]), kube_state_metrics);
    let role = rendering.object("ClusterRole/kelos-metadata-kube-state-metrics");
    assert_eq!(role["rules"], cluster_role);
    assert_eq!(rendering.the("PrometheusRule")["spec"], rules);
    let shown = rendering.object("ConfigMap/kelos-metadata-dashboard");
    assert_eq!(floats(&parsed(&shown["data"]["kelos-metadata.json"])), floats(&dashboard));
}

#[test]
fn the_chart_makes_what_the_command_makes() {
    are_the_same(&["team"]);
    are_the_same(&[
        "kelos.dev/priority",
        "costCenter",
        "example.com/a_B.c",
        "HTTPPort2Go",
        "1.5",
        "true-1",
    ]);
}

#[test]
fn without_keys_there_are_the_alerts_of_the_webhook_alone() {
    let rendering = Rendering::of(&json!({"monitoring": {"prometheusRule": {"enabled": true}}}));
    let rules = documents(&[]).rules;
    assert_eq!(rules["groups"].as_array().unwrap().len(), 1);
    assert_eq!(rendering.the("PrometheusRule")["spec"], rules);
}

#[test]
fn the_binding_is_that_of_the_command() {
    let rendering = Rendering::of(&monitored());
    let binding = rendering.object("ClusterRoleBinding/kelos-metadata-kube-state-metrics");
    assert_eq!(binding["roleRef"]["name"], "kelos-metadata-kube-state-metrics");
    let subject =
        json!({"kind": "ServiceAccount", "namespace": "monitoring", "name": "kube-state-metrics"});
    assert_eq!(binding["subjects"], json!([subject]));
    assert_eq!(label_name("kelos.dev/costCenter"), "label_kelos_dev_cost_center");
}
