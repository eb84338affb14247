//! The dashboard: by Grafana's own schema, and by the rules of its dashboard linter that hold for it.
//!
//! Of these rules those are left out that ask for a `job` and an `instance` to choose: Tasks belong to neither.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use testing::tools::{of_prometheus, skipped};

use super::{documents, made_series, series_of};
use crate::alerts;
use crate::support::oracle;

/// The units that its numbers are in, by Grafana's names.
const UNITS: [&str; 5] = ["short", "s", "percentunit", "currencyUSD", "reqpm"];

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row")
}

fn targets(dashboard: &Value) -> impl Iterator<Item = &Value> {
    panels(dashboard).flat_map(|panel| panel["targets"].as_array().unwrap())
}

#[test]
fn it_passes_the_schema_of_grafana() {
    let dashboard = documents().dashboard;
    let spoiled = |change: fn(&mut Value)| {
        let mut dashboard = dashboard.clone();
        change(&mut dashboard);
        dashboard
    };
    let all = [
        dashboard.clone(),
        spoiled(|it| it["panel"] = json!([])),
        spoiled(|it| it["panels"][1]["options"]["colour"] = json!("red")),
        spoiled(|it| it["panels"][1]["targets"][0]["expr"] = json!(1)),
        spoiled(|it| it["schemaVersion"] = json!("39")),
    ];
    let found: Vec<Vec<String>> = oracle::ask("grafana", &all);
    assert_eq!(found[0], [""; 0]);
    assert!(found[1..].iter().all(|errors| !errors.is_empty()), "{found:?}");
}

#[test]
fn every_panel_says_what_it_shows_and_in_which_unit() {
    let dashboard = documents().dashboard;
    let source = json!({"type": "prometheus", "uid": "${datasource}"});
    let (mut titles, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().unwrap();
        assert!(!title.is_empty() && titles.insert((title, panel["type"].as_str())), "{title}");
        assert!(panel["description"].as_str().unwrap().ends_with('.'), "{title}");
        let unit = panel["fieldConfig"]["defaults"]["unit"].as_str().unwrap();
        assert!(UNITS.contains(&unit), "{title}: {unit}");
        assert_eq!(panel["datasource"], source, "{title}");
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{title}");
    }
    assert!(targets(&dashboard).all(|target| target["datasource"] == source));
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
    }
    assert_eq!(dashboard["editable"], false, "whoever changes it there would lose that");
}

#[test]
fn panels_stand_side_by_side() {
    let dashboard = documents().dashboard;
    let mut taken = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|it| panel["gridPos"][it].as_u64().unwrap());
        assert!(x + w <= 24, "{panel}");
        for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(place), "{} stands on another one", panel["title"]);
        }
    }
}

#[test]
fn there_is_a_row_for_each_question() {
    let dashboard = documents().dashboard;
    let rows = dashboard["panels"].as_array().unwrap().iter().filter(|it| it["type"] == "row");
    let rows: Vec<&str> = rows.map(|row| row["title"].as_str().unwrap()).collect();
    let expected =
        ["Tasks and their queue", "Duration", "Success", "Cost", "Labels", "The webhook"];
    assert_eq!(rows, expected);
}

#[test]
fn variables_choose_the_source_the_label_and_the_namespaces() {
    let dashboard = documents().dashboard;
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let names: Vec<_> = variables.iter().map(|it| (&it["name"], &it["type"])).collect();
    assert_eq!(
        json!(names),
        json!([["datasource", "datasource"], ["by", "custom"], ["namespace", "query"]])
    );
    assert!(variables.iter().all(|it| !it["label"].as_str().unwrap().is_empty()));
    // Namespaces come and go: they are asked for whenever the time changes.
    assert_eq!(variables[2]["refresh"], 2);
}

#[test]
fn every_series_of_a_panel_is_one() {
    let (series, _) = alerts::series().into_iter().unzip::<_, _, Vec<String>, Vec<String>>();
    let mut known = made_series();
    known.extend(series.into_iter().map(|name| name.split('{').next().unwrap().to_owned()));
    known.insert("apiserver_admission_webhook_fail_open_count".to_owned());
    for target in targets(&documents().dashboard) {
        let expression = target["expr"].as_str().unwrap();
        let used = series_of(expression);
        assert!(!used.is_empty() && used.is_subset(&known), "{expression}");
    }
}

#[test]
fn counters_are_shown_as_rates_over_an_interval_that_fits_the_zoom() {
    for target in targets(&documents().dashboard) {
        let expression = target["expr"].as_str().unwrap();
        for name in series_of(expression) {
            let is_counter = ["_total", "_bucket", "_count"].iter().any(|end| name.ends_with(end));
            let is_rate = expression.contains(&format!("rate({name}"))
                || expression.contains(&format!("increase({name}"));
            assert_eq!(is_counter, is_rate, "{expression}");
        }
        // What is not shown at all is what was not there in all the time that is shown.
        let known = ["[$__rate_interval]", "[$__range] @ end()"];
        let ranges: usize = known.map(|it| expression.matches(it).count()).into_iter().sum();
        assert_eq!(expression.matches('[').count(), ranges, "{expression}");
    }
}

#[test]
fn prometheus_parses_every_query() {
    let Some(promtool) = of_prometheus("promtool") else {
        return skipped("there is no promtool; `make prometheus` installs it");
    };
    let rule = |(number, target): (usize, &Value)| {
        let expression = target["expr"].as_str().unwrap();
        let expression = filled(expression);
        assert!(!expression.replace("$1", "").contains('$'), "{expression}");
        json!({"record": format!("panel:{number}"), "expr": expression})
    };
    let dashboard = documents().dashboard;
    let rules: Vec<Value> = targets(&dashboard).enumerate().map(rule).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.json");
    fs::write(&file, json!({"groups": [{"name": "panels", "rules": rules}]}).to_string()).unwrap();
    let output = Command::new(promtool).args(["check", "rules"]).arg(&file).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && errors.is_empty(), "{errors}");
}

/// A query with what Grafana puts in for its variables.
fn filled(expression: &str) -> String {
    let filled = expression.replace("$namespace", ".*").replace("$by", "label_team");
    let filled = filled.replace("$__rate_interval", "1m").replace("$__range_s", "86400");
    filled.replace("$__range", "1d")
}
