//! `preview` of many Tasks: what it takes, and that it counts each once.

use serde_json::Value;
use testing::many_tasks::{Taken, preview};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");
/// The memory for 10,000 Tasks, and how much of it may be due to their number.
const PEAK_BYTES: usize = 64 << 20;
const GROWTH_BYTES: usize = 4 << 20;

fn previewed(count: usize) -> usize {
    let Taken { peak, output, .. } = preview(PROGRAM, count);
    let report: Value = serde_json::from_str(&output).unwrap();
    assert_eq!((&report["tasks"], &report["differ"]), (&Value::from(count), &Value::from(count)));
    let key = |name: &str| {
        let keys = report["keys"].as_array().unwrap().iter();
        keys.clone().find(|it| it["key"] == name).unwrap().clone()
    };
    let team = key("team");
    assert_eq!((&team["changed"], &team["added"]), (&(count / 2).into(), &(count / 2).into()));
    assert_eq!(team["values"][0]["tasks"], count, "one value");
    let number = key("number");
    assert_eq!((&number["same"], &number["added"]), (&(count / 2).into(), &(count / 2).into()));
    let values = number["values"].as_array().unwrap();
    let shown: u64 = values.iter().map(|it| it["tasks"].as_u64().unwrap()).sum();
    let others = number["other_values"]["tasks"].as_u64().unwrap();
    assert_eq!(shown + others, count as u64, "no value is lost where each Task has one of its own");
    assert_eq!(report["skipped"][0]["variable"], ".Author");
    assert_eq!(report["skipped"][0]["tasks"], count);
    eprintln!("{count} Tasks: {} KiB", peak >> 10);
    peak
}

#[test]
fn ten_thousand_tasks_take_no_more_memory_than_a_thousand() {
    let (few, many) = (previewed(1_000), previewed(10_000));
    assert!(many <= PEAK_BYTES, "{many} bytes");
    assert!(many <= few + GROWTH_BYTES, "{few} bytes for a tenth of them, {many} for all");
}
