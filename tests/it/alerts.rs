//! `alerts.yaml` of the chart and `docs/operations.md`: alerts on metrics that are there, each with a
//! runbook, and each firing when it should and only then.

mod firing;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kelos_metadata::certs::{ControllerMetrics, OurWebhook};
use kelos_metadata::metrics::Exposition;
use kelos_metadata::spawners::WatchedKind;
use kelos_metadata::webhook::Metrics;
use serde::Deserialize;
use serde_json::{Value, json};

/// The one metric that is not ours: the API server counts Tasks that it created without an answer.
const FAIL_OPEN: &str = "apiserver_admission_webhook_fail_open_count";

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    alert: String,
    expr: String,
    labels: Value,
    annotations: Value,
}

/// The names of our webhooks, as the API server's metrics have them.
fn webhooks() -> impl Iterator<Item = &'static str> {
    OurWebhook::ALL.into_iter().map(OurWebhook::as_str)
}

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

fn alerts_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/kelos-metadata/monitoring/alerts.yaml")
}

fn alerts() -> Vec<Rule> {
    let text = fs::read_to_string(alerts_file()).unwrap();
    let rules: Rules = serde_saphyr::from_str(&text).unwrap();
    rules.groups.into_iter().flat_map(|group| group.rules).collect()
}

/// Every series of a server that has watched the cluster, and of a controller, each once, as
/// `(name{labels}, value)`.
pub(crate) fn series() -> Vec<(String, String)> {
    let metrics = Metrics::new();
    WatchedKind::ALL.into_iter().for_each(|kind| metrics.spawners().watch_is_alive(kind));
    let mut all = series_of(&metrics.encode().unwrap());
    for one in series_of(&ControllerMetrics::new().encode().unwrap()) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

fn series_of(encoded: &str) -> Vec<(String, String)> {
    let lines = encoded.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.rsplit_once(' ').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The words of a text that begin as names of metrics do.
fn metric_names(text: &str) -> BTreeSet<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_name(c));
    words
        .filter(|word| ["kelos_metadata_", "apiserver_"].iter().any(|p| word.starts_with(p)))
        .collect()
}

#[test]
fn every_metric_of_an_alert_is_one() {
    let mut known: BTreeSet<String> =
        series().into_iter().map(|(name, _)| name.split('{').next().unwrap().to_owned()).collect();
    known.insert(FAIL_OPEN.to_owned());
    for alert in alerts() {
        let used = metric_names(&alert.expr);
        assert!(!used.is_empty(), "{}", alert.alert);
        for name in used {
            assert!(known.contains(name), "{}: {name} is no metric", alert.alert);
        }
    }
}

#[test]
fn every_label_of_an_alert_is_one() {
    let known: String = series().into_iter().map(|(name, _)| name + "\n").collect();
    for alert in alerts() {
        for matcher in alert.expr.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            let (label, values) = matcher.trim().split_once('=').unwrap();
            for value in values.trim_matches(['~', '"']).split('|') {
                let is_ours = known.contains(&format!("{label}=\"{value}\""));
                let is_webhook = label == "name" && webhooks().any(|name| name == value);
                assert!(is_ours || is_webhook, "{}: {label}={value}", alert.alert);
            }
        }
    }
}

#[test]
fn every_alert_has_a_runbook_and_every_metric_an_alert() {
    let page = fs::read_to_string(docs("operations.md")).unwrap();
    let (_, runbooks) = page.split_once("## Runbooks").unwrap();
    let runbooks: BTreeSet<&str> =
        runbooks.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let alerts = alerts();
    let names: BTreeSet<&str> = alerts.iter().map(|alert| alert.alert.as_str()).collect();
    assert_eq!(names.len(), alerts.len(), "two alerts have one name");
    assert_eq!(names, runbooks);
    for alert in &alerts {
        let anchor = format!("docs/operations.md#{}", alert.alert.to_lowercase());
        assert_eq!(alert.annotations["runbook"], json!(anchor));
        let severity = alert.labels["severity"].as_str().unwrap();
        assert!(["critical", "warning", "info"].contains(&severity), "{severity}");
        for text in ["summary", "description"] {
            assert!(alert.annotations[text].is_string(), "{} has no {text}", alert.alert);
        }
    }
    // A row of the table for each family that metrics.md documents, with its alerts.
    let metrics = fs::read_to_string(docs("metrics.md")).unwrap();
    let cell = |row: &str| row.strip_prefix("| `")?.split('`').next().map(str::to_owned);
    let families = metrics.lines().filter_map(cell).filter(|name| name.starts_with("kelos_"));
    let mut families: BTreeSet<String> = families.collect();
    families.insert(FAIL_OPEN.to_owned());
    let rows = page.lines().filter_map(|row| Some((cell(row)?, row)));
    let rows: Vec<_> = rows.filter(|(name, _)| name.contains('_')).collect();
    assert_eq!(rows.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), families);
    for (family, row) in rows {
        let linked: BTreeSet<&str> =
            names.iter().copied().filter(|name| row.contains(&format!("[{name}]"))).collect();
        let used = alerts.iter().filter(|alert| {
            metric_names(&alert.expr).iter().any(|name| name.starts_with(family.as_str()))
        });
        let used: BTreeSet<&str> = used.map(|alert| alert.alert.as_str()).collect();
        assert!(!used.is_empty(), "{family} has no alert");
        assert_eq!(linked, used, "{family}");
    }
}
