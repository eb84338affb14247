//! What makes each alert fire, asked of promtool.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use testing::tools::{of_prometheus, skipped};

use super::{FAIL_OPEN, alerts, alerts_file, series, webhooks};

/// Longer than any alert waits, twice over; in minutes.
const MINUTES: u32 = 180;

/// Series that are not as they should be: their names, and values in promtool's notation.
type Changed = Vec<(String, String)>;

/// From zero, so much more every minute.
fn growing(by: f64) -> String {
    format!("0+{by}x{MINUTES}")
}

/// The same all the time.
fn steady(value: impl std::fmt::Display) -> String {
    format!("{value}x{MINUTES}")
}

/// The upper bound of a bucket of the histogram.
fn bucket(name: &str) -> Option<f64> {
    let (_, bound) = name.split_once("_bucket{le=\"")?;
    bound.split_once('"')?.0.parse().ok()
}

/// What a replica says that does what it should: sixty Tasks a minute, at once. One controller leads.
fn healthy(pod: &str, name: &str, value: &str) -> String {
    match name {
        r#"kelos_metadata_admissions_total{resource="task",outcome="patched"}"#
        | r#"kelos_metadata_keys_total{resource="task",kind="label",outcome="applied"}"#
        | r#"kelos_metadata_keys_total{resource="task",kind="annotation",outcome="applied"}"# => {
            growing(60.0)
        }
        r#"kelos_metadata_spawners{kind="taskspawners"}"# => steady(10),
        "kelos_metadata_rules_bytes" => steady(70 << 20),
        "kelos_metadata_controller_leader" => steady(u8::from(pod == "a")),
        "kelos_metadata_certificate_expiry_timestamp_seconds" => steady(90 * 86_400),
        _ if bucket(name).is_some() => growing(60.0),
        _ => steady(value),
    }
}

/// Two replicas, with every series that the program gives; one of them has these changes.
fn replicas(changed: &Changed) -> Vec<Value> {
    let mut fed = Vec::new();
    for pod in ["a", "b"] {
        for (name, value) in series() {
            let change = changed.iter().find(|(named, _)| pod == "a" && *named == name);
            let values = change.map_or_else(|| healthy(pod, &name, &value), |(_, it)| it.clone());
            let (family, labels) = name.split_once('{').unwrap_or((&name, "}"));
            let comma = if labels == "}" { "" } else { "," };
            let target = format!(r#"namespace="kelos-system",job="kelos-metadata",pod="{pod}""#);
            let series = format!("{family}{{{target}{comma}{labels}");
            fed.push(json!({"series": series, "values": values}));
        }
    }
    let of_the_api_server =
        changed.iter().filter(|(name, _)| name.starts_with(FAIL_OPEN) || name == "up");
    fed.extend(of_the_api_server.map(|(name, it)| json!({"series": name, "values": it})));
    fed
}

/// Two replicas that serve, and controllers that were there for the first half hour only.
fn without_controllers() -> Vec<Value> {
    let mut fed = replicas(&vec![]);
    for series in &mut fed {
        if series["series"].as_str().unwrap().starts_with("kelos_metadata_controller_leader") {
            series["values"] = json!("1x30");
        }
    }
    fed
}

/// So many requests about such objects a minute that end like this.
fn admissions(resource: &str, outcome: &str, by: f64) -> Changed {
    let labels = format!("resource=\"{resource}\",outcome=\"{outcome}\"");
    vec![(format!("kelos_metadata_admissions_total{{{labels}}}"), growing(by))]
}

/// Two in a hundred of the few requests about such objects end like this: far fewer than there are Tasks that are well,
/// which must not hide it.
fn few_of(resource: &str, outcome: &str) -> Changed {
    [admissions(resource, outcome, 0.2), admissions(resource, "unchanged", 9.8)].concat()
}

/// So many labels a minute that end like this.
fn labels(outcome: &str, by: f64) -> Changed {
    let labels = format!("resource=\"task\",kind=\"label\",outcome=\"{outcome}\"");
    vec![(format!("kelos_metadata_keys_total{{{labels}}}"), growing(by))]
}

/// So many of the sixty requests a minute about such objects take half a second.
fn slow(resource: &str, by: f64) -> Changed {
    let of_resource = |name: &String| {
        name.contains(&format!("resource=\"{resource}\""))
            && bucket(name).is_some_and(|bound| bound < 0.5)
    };
    let names = series().into_iter().map(|(name, _)| name).filter(of_resource);
    names.map(|name| (name, growing(60.0 - by))).collect()
}

/// What an API server has counted for long, of which Prometheus hears now.
fn not_scraped() -> Changed {
    let late = |value: u32| format!("_x{} {value}x4", MINUTES - 5);
    webhooks()
        .map(|name| (format!("{FAIL_OPEN}{{name=\"{name}\"}}"), late(500)))
        .chain([("up".to_owned(), late(1))])
        .collect()
}

/// One series that is not as it should be.
fn one(name: &str, values: String) -> Changed {
    vec![(name.to_owned(), values)]
}

/// Each alert, with what makes it fire.
fn causes() -> Vec<(&'static str, Changed)> {
    let fail_open = webhooks().map(|name| {
        let series = format!("{FAIL_OPEN}{{name=\"{name}\"}}");
        ("KelosMetadataFailOpen", one(&series, growing(1.0)))
    });
    // The API server has no such series before the first one.
    let first = webhooks().map(|name| {
        let series = format!("{FAIL_OPEN}{{name=\"{name}\"}}");
        let scraped = ("up".to_owned(), steady(1));
        ("KelosMetadataFailOpen", vec![(series, format!("_x{} 1x4", MINUTES - 5)), scraped])
    });
    fail_open.chain(first).chain(causes_of_answers()).chain(causes_in_replicas()).collect()
}

/// Of those that tell how requests are answered.
fn causes_of_answers() -> Vec<(&'static str, Changed)> {
    vec![
        ("KelosMetadataBug", admissions("task", "panic", 0.2)),
        ("KelosMetadataBug", admissions("sessionspawner", "not_understood", 0.2)),
        ("KelosMetadataBusy", admissions("task", "unavailable", 5.0)),
        ("KelosMetadataBusy", admissions("task", "overloaded", 5.0)),
        ("KelosMetadataBusy", few_of("taskspawner", "abandoned")),
        ("KelosMetadataSlow", slow("task", 30.0)),
        // Less than one in a hundred of all requests.
        ("KelosMetadataSlow", slow("taskspawner", 3.0)),
        ("KelosMetadataStrangeRequests", admissions("task", "bad_request", 1.0)),
        ("KelosMetadataStrangeRequests", admissions("task", "not_a_task", 1.0)),
        ("KelosMetadataStrangeRequests", admissions("taskspawner", "not_a_spawner", 1.0)),
        ("KelosMetadataUnknownOwners", admissions("task", "unknown_owner", 20.0)),
        // Few beside all the Tasks that are well.
        (
            "KelosMetadataUnknownOwners",
            [admissions("session", "unknown_owner", 1.0), admissions("session", "unchanged", 9.0)]
                .concat(),
        ),
        ("KelosMetadataKeysSkipped", labels("missing_variable", 300.0)),
        ("KelosMetadataKeysSkipped", labels("not_allowed", 300.0)),
        ("KelosMetadataLimitExceeded", labels("limit_exceeded", 1.0)),
    ]
}

/// Of those that tell how replicas and controllers are.
fn causes_in_replicas() -> Vec<(&'static str, Changed)> {
    vec![
        (
            "KelosMetadataCertificateExpires",
            one("kelos_metadata_certificate_expiry_timestamp_seconds", steady(6 * 86_400)),
        ),
        (
            "KelosMetadataLogLinesDropped",
            one("kelos_metadata_log_lines_dropped_total", growing(1.0)),
        ),
        ("KelosMetadataNoLeader", one("kelos_metadata_controller_leader", steady(0))),
        (
            "KelosMetadataRotationFails",
            one(
                r#"kelos_metadata_certificate_steps_total{step="promote",result="failed"}"#,
                growing(1.0),
            ),
        ),
        (
            "KelosMetadataBundleContested",
            one(
                r#"kelos_metadata_certificate_steps_total{step="publish",result="done"}"#,
                growing(1.0),
            ),
        ),
        (
            "KelosMetadataRulesStale",
            one(r#"kelos_metadata_watch_age_seconds{kind="workspaces"}"#, growing(60.0)),
        ),
        ("KelosMetadataDefaultsInvalid", one("kelos_metadata_defaults_valid", steady(0))),
        (
            "KelosMetadataReplicasDisagree",
            one(r#"kelos_metadata_spawners{kind="sessionspawners"}"#, steady(9)),
        ),
        (
            "KelosMetadataLookupsFail",
            one(r#"kelos_metadata_lookups_total{result="timed_out"}"#, growing(1.0)),
        ),
        ("KelosMetadataInvalidTemplates", one("kelos_metadata_invalid_templates", steady(1))),
        ("KelosMetadataRulesLarge", one("kelos_metadata_rules_bytes", steady(79 << 20))),
        ("KelosMetadataSpawnersRefused", one("kelos_metadata_refused_spawners", steady(1))),
    ]
}

/// A test for promtool: fed with these series, just these alerts fire in the end.
fn fires(name: &str, series: &[Value], alerts: &[&str]) -> Value {
    let sample = |alert: &&str| json!({"labels": format!("{{alertname={alert:?}}}"), "value": 1});
    json!({
        "name": name, "interval": "1m", "input_series": series,
        "promql_expr_test": [{
            "expr": "count by (alertname) (ALERTS{alertstate=\"firing\"})",
            "eval_time": format!("{MINUTES}m"),
            "exp_samples": alerts.iter().map(sample).collect::<Vec<_>>(),
        }],
    })
}

#[test]
fn every_alert_fires_when_it_should_and_only_then() {
    let Some(promtool) = of_prometheus("promtool") else {
        return skipped("there is no promtool; `make prometheus` installs it");
    };
    let causes = causes();
    let mut covered: BTreeSet<String> =
        causes.iter().map(|(alert, _)| (*alert).to_owned()).collect();
    covered.insert("KelosMetadataDown".to_owned());
    assert_eq!(covered, alerts().into_iter().map(|alert| alert.alert).collect());

    let mut tests = vec![
        fires("all is well", &replicas(&vec![]), &[]),
        fires("nothing is scraped", &[], &["KelosMetadataDown"]),
        fires("an API server that was not scraped before", &replicas(&not_scraped()), &[]),
        fires("controllers are gone", &without_controllers(), &["KelosMetadataNoLeader"]),
    ];
    let known: BTreeSet<String> = series().into_iter().map(|(name, _)| name).collect();
    for (alert, changed) in &causes {
        for (name, _) in changed {
            let is_ours = known.contains(name);
            assert!(is_ours || name.starts_with(FAIL_OPEN) || name == "up", "{alert}: {name}");
        }
        tests.push(fires(alert, &replicas(changed), &[alert]));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alerts.json");
    let rules = alerts_file();
    let all = json!({"rule_files": [rules], "evaluation_interval": "1m", "tests": tests});
    fs::write(&file, all.to_string()).unwrap();
    let output = Command::new(promtool).args(["test", "rules"]).arg(&file).output().unwrap();
    let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{}", printed.join("\n"));
}
