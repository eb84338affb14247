//! `report` of many TaskRecords: what it takes, and that it counts each once.

use serde_json::Value;
use testing::many_tasks::{Taken, report};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");
/// The memory for 20,000 TaskRecords, and how much of it may be due to their number.
const PEAK_BYTES: usize = 64 << 20;
const GROWTH_BYTES: usize = 4 << 20;
/// How many of the Tasks are there.
const TASKS: usize = 100;

fn reported(records: usize) -> usize {
    let Taken { peak, cpu, output } = report(PROGRAM, TASKS, records);
    let report: Value = serde_json::from_str(&output).unwrap();
    assert_eq!((&report["tasks"], &report["gone"]), (&TASKS.into(), &(records - TASKS).into()));
    assert_eq!(report["total"]["tasks"], records, "a Task with a TaskRecord is counted once");
    let gone = TASKS..records;
    let line = |team: Value| {
        let lines = report["lines"].as_array().unwrap();
        lines.iter().find(|it| it["values"]["team"] == team).unwrap()
    };
    for (team, rest) in [(Value::from("team-1"), 1), (Value::Null, 0)] {
        let line = line(team);
        let of_team = gone.clone().filter(|number| number % 4 == rest);
        let cents: usize = of_team.clone().sum();
        let failed = of_team.filter(|number| number % 5 == 0).count();
        #[allow(clippy::cast_precision_loss, reason = "some millions of cents")]
        let dollars = cents as f64 / 100.0;
        assert_eq!((&line["cost_usd"], &line["failed"]), (&dollars.into(), &failed.into()));
    }
    eprintln!("{records} TaskRecords: {} KiB, {cpu:.1?} of a CPU", peak >> 10);
    peak
}

#[test]
fn twenty_thousand_records_take_no_more_memory_than_two_thousand() {
    let (few, many) = (reported(2_000), reported(20_000));
    assert!(many <= PEAK_BYTES, "{many} bytes");
    assert!(many <= few + GROWTH_BYTES, "{few} bytes for a tenth of them, {many} for all");
}
