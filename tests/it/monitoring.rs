//! What `monitoring` prints: for which keys, whether Prometheus and Grafana take it, and what its rules say of series.

mod command;
mod dashboard;
mod rules;

use std::collections::BTreeSet;
use std::process::{Command, Output};

use kelos_metadata::monitoring::{Documents, Keys};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");

/// The program with these words.
fn run(words: &[&str]) -> Output {
    let words: Vec<&str> = ["monitoring"].iter().chain(words).copied().collect();
    Command::new(PROGRAM).args(words).output().unwrap()
}

/// What is printed for `team` and a key with a prefix.
fn documents() -> Documents {
    let mut keys = Keys::default();
    keys.add("team").unwrap();
    keys.add("kelos.dev/costCenter").unwrap();
    Documents::of(&keys).unwrap()
}

/// The names of the series that kube-state-metrics makes.
fn made_series() -> BTreeSet<String> {
    let config = documents().kube_state_metrics;
    let mut names = BTreeSet::new();
    for resource in config["spec"]["resources"].as_array().unwrap() {
        let prefix = resource["metricNamePrefix"].as_str().unwrap();
        let metrics = resource["metrics"].as_array().unwrap().iter();
        names.extend(metrics.map(|it| format!("{prefix}_{}", it["name"].as_str().unwrap())));
    }
    names
}

/// The words of an expression that are names of series, of ours, Kelos's or the API server's.
fn series_of(expression: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = expression.split(|c| !is_name(c));
    let named = ["kelos_", "apiserver_", "namespace:", "namespace_"];
    words.filter(|it| named.iter().any(|name| it.starts_with(name))).map(str::to_owned).collect()
}

fn texts(values: &Value) -> Vec<&str> {
    values.as_array().unwrap().iter().filter_map(Value::as_str).collect()
}
