//! Every query of every panel of the dashboard, and of docs/numbers.md.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::counting::{Objects, Table, table};
use super::documents;
use super::teams::NO_LABEL;
use crate::harness::prometheus::Prometheus;

/// What counting gives for a panel, by the labels of its legend; for some only that there is an answer.
enum Expected {
    By(&'static [&'static str], Table),
    /// Of a moment: counting can't give it.
    Something,
    /// Of what has happened while Prometheus was there.
    Happened,
    /// As long as nothing of the kind happens.
    Nothing,
}

const VALUE: &[&str] = &["value"];
const A_DAY: f64 = 86_400.0;

/// By the type and the title of a panel.
fn expected(there: &Objects) -> BTreeMap<(&'static str, &'static str), Expected> {
    let by_value = |numbers| Expected::By(VALUE, numbers);
    let one = |number: f64| Expected::By(&[], Table::from([(vec![], number)]));
    let tasks = BTreeMap::from([
        (("stat", "Running"), one(there.in_phases(&["Running"]))),
        (("stat", "In the queue"), one(there.in_phases(&["Pending", "Waiting"]))),
        (("stat", "Without a phase"), one(there.without_phase().values().sum())),
        (("stat", "TaskSpawners at their limit"), one(there.at_their_limit())),
        (("timeseries", "Running, by label"), by_value(there.teams_in(&["Running"]))),
        (
            ("timeseries", "In the queue, by label"),
            by_value(there.teams_in(&["Pending", "Waiting"])),
        ),
        (("timeseries", "By phase"), Expected::By(&["phase"], there.phases())),
        (("bargauge", "Tasks that are there"), by_value(there.teams())),
        (("timeseries", "Duration, p50"), by_value(there.durations(0.5))),
        (("timeseries", "Duration, p90"), by_value(there.durations(0.9))),
        (("timeseries", "Longest that runs"), Expected::Something),
        (("timeseries", "Time until it starts, p90"), by_value(there.waits(0.9))),
        (("timeseries", "Success rate"), by_value(there.success())),
        (("timeseries", "Failed"), by_value(there.teams_in(&["Failed"]))),
    ]);
    let rest = BTreeMap::from([
        (("bargauge", "Cost in the time shown"), by_value(there.cost_within(A_DAY))),
        (("timeseries", "Cost of a day"), by_value(there.cost_within(A_DAY))),
        (("bargauge", "Tokens in the time shown"), by_value(there.tokens())),
        (("bargauge", "Budgets"), by_value(there.used())),
        (("bargauge", "Tasks that lack the label"), by_value(there.part_without_team())),
        (("timeseries", "Keys that were skipped"), Expected::Happened),
        (("timeseries", "Requests"), Expected::Happened),
        (("timeseries", "Time to answer"), Expected::Something),
        (("timeseries", "Age of the watches"), Expected::Something),
        (("timeseries", "Not answered"), Expected::Nothing),
        (("stat", "Replicas"), one(1.0)),
        (("stat", "Spawners"), one(there.spawners.len() as f64)),
        (("stat", "Templates that do not parse"), one(0.0)),
        (("stat", "Certificate"), Expected::Something),
    ]);
    tasks.into_iter().chain(rest).collect()
}

/// Asks every panel, with the team as the label that is chosen; `is_later` says that Tasks were created since the first
/// scrape.
pub(super) async fn give_what_counting_gives(
    there: &Objects,
    is_later: bool,
    prometheus: &Prometheus,
) {
    let mut expected = expected(there);
    let dashboard = documents().dashboard;
    for panel in dashboard["panels"].as_array().unwrap() {
        if panel["type"] == "row" {
            continue;
        }
        let [kind, title] = ["type", "title"].map(|field| panel[field].as_str().unwrap());
        let expected = expected.remove(&(kind, title)).unwrap_or_else(|| panic!("{kind} {title}"));
        for target in panel["targets"].as_array().unwrap() {
            let query = filled(target["expr"].as_str().unwrap());
            let found = prometheus.query(&query).await;
            match &expected {
                Expected::By(by, numbers) => {
                    let mut found = table(found, by);
                    // Of a sum over all phases, those that no Task is in are zero.
                    let mut numbers = numbers.clone();
                    if !by.is_empty() {
                        found.retain(|_, number| *number != 0.0);
                        numbers.retain(|_, number| *number != 0.0);
                        assert!(!numbers.is_empty(), "{title}: nothing to count");
                    }
                    assert_eq!(found, numbers, "{title}: {query}");
                }
                Expected::Happened => assert_eq!(!found.is_empty(), is_later, "{title}: {query}"),
                Expected::Something => assert!(!found.is_empty(), "{title}: {query}"),
                Expected::Nothing => assert_eq!(found, [], "{title}: {query}"),
            }
        }
    }
    let left: Vec<_> = expected.keys().collect();
    assert!(left.is_empty(), "no panel has {left:?}");
}

/// A query with what Grafana puts in for its variables.
fn filled(query: &str) -> String {
    let query = query.replace("$namespace", ".*").replace("$by", "label_team");
    let query = query.replace("$__rate_interval", "1m").replace("$__range_s", "86400");
    query.replace("$__range", "1d")
}

/// Asks the queries of docs/numbers.md, each below its question.
pub(super) async fn of_the_page_do_so_too(there: &Objects, prometheus: &Prometheus) {
    const TEAM: &[&str] = &["label_team"];
    let page = include_str!("../../../docs/numbers.md");
    let one = |number: f64| (&[][..], Table::from([(vec![], number)]));
    let mut asked = 0;
    for (before, block) in
        page.split("\n```promql\n").collect::<Vec<_>>().windows(2).map(|it| (it[0], it[1]))
    {
        let question = before.trim_end().rsplit("\n\n").next().unwrap().replace('\n', " ");
        let (query, _) = block.split_once("\n```").unwrap();
        let (by, expected) = match question.split('?').next().unwrap() {
            "How many Tasks run for each team" => (TEAM, there.teams_in(&["Running"])),
            "How many Tasks run for one of them" => {
                let running = there.teams_in(&["Running"]);
                running
                    .get(&vec!["payments".to_owned()])
                    .map_or((&[][..], Table::new()), |it| one(*it))
            }
            "How long do the Tasks of each team take, in nine of ten cases" => {
                (TEAM, there.durations(0.9))
            }
            "How many of those that ended have succeeded" => (TEAM, there.success()),
            "What did each team cost in the last seven days" => {
                (TEAM, there.cost_within(7.0 * A_DAY))
            }
            "How many Tasks lack the label" => one(there.without_team().values().sum()),
            // No kubelet runs here.
            "How much CPU do the Pods of each team use" => (TEAM, Table::new()),
            question => panic!("{question}: what should it give?"),
        };
        asked += 1;
        let mut found = table(prometheus.query(query).await, by);
        found.retain(|_, number| *number != 0.0 && !number.is_nan());
        let unlabelled = |key: &[String]| {
            key.iter().map(|it| if it == NO_LABEL { String::new() } else { it.clone() }).collect()
        };
        let expected: Table = expected
            .iter()
            .filter(|(_, number)| **number != 0.0)
            .map(|(key, it)| (unlabelled(key), *it))
            .collect();
        assert_eq!(found, expected, "{question}: {query}");
    }
    assert_eq!(asked, 7);
}

/// What `report` says of the same Tasks.
pub(super) fn are_those_of_report(report: &Value, there: &Objects) {
    let lines = report["lines"].as_array().unwrap();
    let by_team = |field: &str| -> Table {
        let number = |line: &Value| {
            let team = line["values"]["team"].as_str().unwrap_or_default();
            let team = if team.is_empty() { NO_LABEL } else { team };
            Some((vec![team.to_owned()], line[field].as_f64().filter(|number| *number != 0.0)?))
        };
        lines.iter().filter_map(number).collect()
    };
    let positive = |mut table: Table| {
        table.retain(|_, number| *number != 0.0);
        table
    };
    for (field, expected) in [
        ("running", there.teams_in(&["Running"])),
        ("pending", there.teams_in(&["Pending"])),
        ("waiting", there.teams_in(&["Waiting"])),
        ("failed", there.failed_with_gone()),
        ("p50_seconds", there.durations_with_gone(0.5)),
        ("p90_seconds", there.durations_with_gone(0.9)),
        ("cost_usd", there.cost_within(A_DAY)),
    ] {
        assert_eq!(by_team(field), positive(expected), "{field}: {report}");
    }
    let without_phase: f64 = there.without_phase().values().sum();
    assert_eq!(report["total"]["no_phase"], json!(without_phase as u64));
}
