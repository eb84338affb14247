//! What the rules make of series of Tasks, as promtool evaluates them.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use testing::tools::{of_prometheus, skipped};

use super::{documents, made_series, series_of};

/// When the rules are asked, in minutes: after two days, so that what is a day old is past.
const AT: u32 = 2 * 1440;

/// How often series have a value, and rules are evaluated.
const STEP: &str = "30m";

/// A series that has one value all the time.
fn steady(name: &str, labels: &str, value: i64) -> Value {
    json!({"series": format!("{name}{{{labels}}}"), "values": format!("{value}x{}", AT / 30)})
}

/// A Task: its name, its labels in Prometheus, the minute of its creation, its phase.
fn task(name: &str, labels: &str, minute: i64, phase: Option<&str>) -> Vec<Value> {
    let of = format!(r#"namespace="ns",task="{name}""#);
    let mut all = vec![
        steady("kelos_task_labels", &format!("{of},uid=\"{name}\"{labels}"), 1),
        steady("kelos_task_created", &of, minute * 60),
    ];
    for one in ["Running", "Succeeded"] {
        let Some(phase) = phase else { continue };
        let labels = format!("{of},phase=\"{one}\"");
        all.push(steady("kelos_task_status_phase", &labels, i64::from(one == phase)));
    }
    all
}

/// A Task that has ended at a minute, after so many seconds.
fn ended(name: &str, labels: &str, minute: i64, seconds: i64) -> Vec<Value> {
    let of = format!(r#"namespace="ns",task="{name}""#);
    let mut all = task(name, labels, minute - 60, Some("Succeeded"));
    all.push(steady("kelos_task_start_time", &of, minute * 60 - seconds));
    all.push(steady("kelos_task_completion_time", &of, minute * 60));
    all
}

/// A TaskRecord of a Task that has ended at a minute.
fn record(name: &str, labels: &str, minute: i64, dollars: i64) -> Vec<Value> {
    let of = format!(r#"namespace="ns",taskrecord="{name}""#);
    vec![
        steady("kelos_taskrecord_labels", &format!("{of},uid=\"{name}\"{labels}"), 1),
        steady("kelos_taskrecord_cost_usd", &of, dollars),
        steady("kelos_taskrecord_completion_time", &of, minute * 60),
    ]
}

/// A TaskBudget that asks for labels, as they are in Prometheus.
fn budget(name: &str, labels: &str) -> Vec<Value> {
    let of = format!(r#"namespace="ns",taskbudget="{name}""#);
    vec![steady("kelos_taskbudget_match_labels", &format!("{of},uid=\"{name}\"{labels}"), 1)]
}

/// A Task of a TaskSpawner that is there from one minute to another.
fn between(name: &str, labels: &str, from: usize, to: usize) -> Vec<Value> {
    let of = format!(r#"namespace="ns",task="{name}""#);
    let (before, there) = (from / 30, (to - from) / 30);
    let lead = if before == 0 { String::new() } else { format!("_x{before} ") };
    let series = |name: &str, labels: &str, value: usize| json!({"series": format!("{name}{{{labels}}}"), "values": format!("{lead}{value}x{there} stale")});
    vec![
        series("kelos_task_labels", &format!("{of},taskspawner=\"s\"{labels}"), 1),
        series("kelos_task_created", &of, from * 60),
        series("kelos_task_status_phase", &format!("{of},phase=\"Running\""), 1),
    ]
}

/// The same series once more, as a second kube-state-metrics has them.
fn twice(series: &[Vec<Value>]) -> Vec<Vec<Value>> {
    let again = |one: &Value| {
        let name = one["series"].as_str().unwrap().replace('{', "{instance=\"2\",");
        json!({"series": name, "values": one["values"]})
    };
    let again = series.iter().map(|all| all.iter().map(again).collect());
    series.iter().cloned().chain(again).collect()
}

/// A test for promtool: what an expression gives in the end.
fn gives(name: &str, series: Vec<Vec<Value>>, expression: &str, samples: &[(&str, f64)]) -> Value {
    let samples: Vec<Value> =
        samples.iter().map(|(labels, value)| json!({"labels": labels, "value": value})).collect();
    json!({
        "name": name, "interval": STEP, "input_series": series.concat(),
        "promql_expr_test": [
            {"expr": expression, "eval_time": format!("{AT}m"), "exp_samples": samples}
        ],
    })
}

/// The same of which alerts fire, by their keys.
fn fires(name: &str, series: Vec<Vec<Value>>, alerts: &[&str]) -> Value {
    let expression =
        "count by (alertname, key) (ALERTS{alertstate=\"firing\", alertname=~\"KelosTask.*\"})";
    let samples: Vec<(&str, f64)> = alerts.iter().map(|alert| (*alert, 1.0)).collect();
    gives(name, series, expression, &samples)
}

const TEAM: &str = r#",label_team="a""#;
const NOW: i64 = AT as i64;

/// Tasks of the last day, of which so many have the label.
fn lacking(with: usize, without: usize) -> Vec<Vec<Value>> {
    let of = |number: usize| if number < with { TEAM } else { "" };
    let task = |number| task(&format!("t{number}"), of(number), NOW - 60, Some("Running"));
    (0..with + without).map(task).collect()
}

fn recorded() -> Vec<Value> {
    let now = [
        task("a", TEAM, NOW - 90, Some("Running")),
        task("b", TEAM, NOW - 90, Some("Running")),
        task("c", "", NOW - 90, Some("Running")),
        ended("d", TEAM, NOW - 30, 100),
        ended("e", TEAM, NOW - 30, 200),
        ended("f", TEAM, NOW - 2000, 9000),
        record("r", TEAM, NOW - 30, 2),
        record("s", TEAM, NOW - 2000, 100),
        record("t", "", NOW - 30, 5),
    ];
    let of = |name: &str, rest: &str| format!(r#"{name}{{namespace="ns",key="team"{rest}}}"#);
    let team = r#",value="a""#;
    let mut all = Vec::new();
    for (name, samples) in [
        (
            "namespace_key_value_phase:kelos_task_status_phase:sum",
            &[
                (r#",value="a",phase="Running""#, 2.0),
                (r#",value="a",phase="Succeeded""#, 3.0),
                (r#",phase="Running""#, 1.0),
            ][..],
        ),
        ("namespace_key_value:kelos_task_duration_seconds:p50_1d", &[(team, 150.0)]),
        ("namespace_key_value:kelos_task_duration_seconds:p90_1d", &[(team, 190.0)]),
        ("namespace_key_value:kelos_taskrecord_cost_usd:sum_1d", &[(team, 2.0), ("", 5.0)]),
        // a, b, d and e of these and c.
        ("namespace_taskspawner_key:kelos_task_labels:ratio_1d", &[("", 0.8)]),
    ] {
        let samples: Vec<_> = samples.iter().map(|(rest, it)| (of(name, rest), *it)).collect();
        let samples: Vec<_> = samples.iter().map(|(labels, it)| (&**labels, *it)).collect();
        let asked = format!("{name}{{key=\"team\"}}");
        all.push(gives(name, now.to_vec(), &asked, &samples));
        all.push(gives(&format!("{name}, twice"), twice(&now), &asked, &samples));
    }
    let count = "namespace_taskspawner:kelos_task_labels:count_1d";
    let samples = [(&*format!("{count}{{namespace=\"ns\"}}"), 5.0)];
    all.push(gives(count, now.to_vec(), count, &samples));
    all.push(gives("twice", twice(&now), count, &samples));
    all
}

const LACK: &str = r#"{alertname="KelosTasksLackLabel", key="team"}"#;
const OUTSIDE: &str = r#"{alertname="KelosTasksOutsideBudgets", key="team"}"#;
const WITHOUT_PHASE: &str = r#"{alertname="KelosTaskWithoutPhase"}"#;

/// Tasks of a TaskSpawner, of which all had the label, and then so many that have it not.
fn lost(without: usize) -> Vec<Vec<Value>> {
    let had = [between("a", TEAM, 0, 1200), between("b", TEAM, 1200, 2190)];
    let lack = (0..without).map(|number| between(&format!("t{number}"), "", 2190, 2880));
    had.into_iter().chain(lack).collect()
}

fn about_labels() -> Vec<Value> {
    // Another TaskSpawner: one of five has the label, always.
    let some = |number: usize| {
        let labels = if number.is_multiple_of(5) { TEAM } else { "" };
        task(&format!("t{number}"), labels, NOW - 60, Some("Running"))
    };
    vec![
        fires("Tasks lack what those before them had", lost(3), &[LACK]),
        fires("too few to tell", lost(2), &[]),
        fires("some have never had it", (0..10).map(some).collect(), &[]),
        fires("some lack it beside those that have it", [lost(0), lacking(3, 9)].concat(), &[]),
        fires("no Task was made for a day", vec![task("t", "", 10, Some("Running"))], &[]),
    ]
}

fn about_phases() -> Vec<Value> {
    let webhook = || vec![steady("kelos_metadata_spawners", r#"kind="taskspawners""#, 2)];
    let session_spawners = || {
        let of = |kind, count| steady("kelos_metadata_spawners", kind, count);
        vec![of(r#"kind="taskspawners""#, 0), of(r#"kind="sessionspawners""#, 2)]
    };
    let seen = vec![steady("kelos_taskspawner_labels", r#"namespace="ns",uid="u""#, 1)];
    let unseen = r#"{alertname="KelosTasksNotSeen"}"#;
    vec![
        fires("no series of Kelos", vec![webhook()], &[unseen]),
        fires("nor TaskSpawners", vec![session_spawners()], &[]),
        fires("there are", vec![webhook(), seen], &[]),
        fires("no phase for long", vec![task("t", TEAM, NOW - 50, None)], &[WITHOUT_PHASE]),
        fires("none yet", vec![task("t", TEAM, NOW - 14, None)], &[]),
    ]
}

fn about_budgets() -> Vec<Value> {
    let team = || budget("team", TEAM);
    let with = |budgets: Vec<Vec<Value>>| [lacking(4, 1), budgets].concat();
    let typo = task("t", r#",label_team="typo""#, NOW - 60, Some("Running"));
    let b = task("t", r#",label_team="b""#, NOW - 60, Some("Running"));
    vec![
        fires("a Task lacks the label", with(vec![team()]), &[OUTSIDE]),
        fires("a value that no budget has", vec![typo, team()], &[OUTSIDE]),
        fires("each has its budget", vec![b, team(), budget("b", r#",label_team="b""#)], &[]),
        // What else it asks for is not known: it may take them.
        fires("another budget asks for no team", with(vec![team(), budget("all", "")]), &[]),
        fires("budgets ask for other labels", with(vec![budget("b", "")]), &[]),
        fires("all have it", [lacking(5, 0), vec![team()]].concat(), &[]),
        fires("it was made long ago", vec![task("t", "", 10, Some("Running")), team()], &[]),
    ]
}

#[test]
fn rules_give_what_counting_gives_and_alerts_fire_when_they_should() {
    let Some(promtool) = of_prometheus("promtool") else {
        return skipped("there is no promtool; `make prometheus` installs it");
    };
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    let groups = json!({"groups": [{"name": "kelos-tasks", "rules": rules_of_tasks()}]});
    fs::write(&rules, serde_saphyr::to_string(&groups).unwrap()).unwrap();
    let tests = [recorded(), about_labels(), about_phases(), about_budgets()].concat();
    let file = folder.path().join("tests.json");
    let all = json!({"rule_files": [rules], "evaluation_interval": STEP, "tests": tests});
    fs::write(&file, all.to_string()).unwrap();
    let output = Command::new(promtool).args(["test", "rules"]).arg(&file).output().unwrap();
    let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{}", printed.join("\n"));
}

#[test]
fn prometheus_takes_the_rules() {
    let Some(promtool) = of_prometheus("promtool") else {
        return skipped("there is no promtool; `make prometheus` installs it");
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    fs::write(&file, serde_saphyr::to_string(&documents().rules).unwrap()).unwrap();
    let output = Command::new(promtool).args(["check", "rules"]).arg(&file).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && errors.is_empty(), "{errors}");
}

/// Those of Tasks: those of the webhook are in `alerts.rs`.
fn rules_of_tasks() -> Vec<Value> {
    let rules = documents().rules;
    let groups = rules["groups"].as_array().unwrap().iter();
    let of_tasks = groups.filter(|it| it["name"].as_str().unwrap().starts_with("kelos-tasks"));
    of_tasks.flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

#[test]
fn every_series_of_a_rule_is_one() {
    let rules = rules_of_tasks();
    let mut known = made_series();
    known.insert("kelos_metadata_spawners".to_owned());
    known.extend(rules.iter().filter_map(|rule| rule["record"].as_str()).map(str::to_owned));
    for rule in &rules {
        let used = series_of(rule["expr"].as_str().unwrap());
        assert!(!used.is_empty() && used.is_subset(&known), "{rule}");
    }
}

#[test]
fn every_alert_has_a_runbook() {
    let page = fs::read_to_string("docs/numbers.md").unwrap();
    let headings: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let mut count = 0;
    for rule in rules_of_tasks() {
        let Some(alert) = rule["alert"].as_str() else { continue };
        count += 1;
        assert!(headings.contains(alert), "{alert}");
        let anchor = format!("docs/numbers.md#{}", alert.to_lowercase());
        assert_eq!(rule["annotations"]["runbook"], anchor);
        assert!(
            rule["labels"]["severity"].is_string() && rule["annotations"]["summary"].is_string()
        );
    }
    assert_eq!(count, 6, "two of all Tasks, and two of each of two keys");
}

#[test]
fn the_page_has_every_series() {
    let page = fs::read_to_string("docs/numbers.md").unwrap();
    let (_, tables) = page.split_once("\n## Series\n").unwrap();
    let (tables, _) = tables.split_once("\n## ").unwrap();
    let named = tables.lines().filter_map(|row| row.strip_prefix("| `")?.split(" |").next());
    let named: BTreeSet<String> = named.flat_map(series_of).collect();
    let recorded = rules_of_tasks();
    let recorded = recorded.iter().filter_map(|rule| rule["record"].as_str()).map(str::to_owned);
    assert_eq!(named, made_series().into_iter().chain(recorded).collect());
}
