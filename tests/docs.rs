//! The documentation names what the code has, and nothing else, where that can be told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kelos_metadata::engine::kelos::{Kind, Protection};
use kelos_metadata::engine::reason::Reason;
use kelos_metadata::engine::render::helpers;
use kelos_metadata::metrics::{KeyOutcome, LookupResult, Metrics, Outcome, Watched};

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text under a heading, up to the next one.
fn section(page: &str, heading: &str) -> String {
    let lines = page.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading);
    let body: Vec<&str> = lines.skip(1).take_while(|line| !line.starts_with('#')).collect();
    assert!(!body.is_empty(), "no section {heading:?}");
    body.join("\n")
}

/// The words in backticks in the first column of the tables.
fn first_column(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> BTreeSet<String> {
    words.into_iter().map(str::to_owned).collect()
}

#[test]
fn every_metric_is_documented_and_no_other() {
    let metrics = Metrics::new();
    Watched::ALL.into_iter().for_each(|watched| metrics.watch_is_alive(watched));
    let encoded = metrics.encode().unwrap();
    let families = encoded.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(|line| {
        let (name, kind) = line.split_once(' ').unwrap();
        if kind == "counter" { format!("{name}_total {kind}") } else { format!("{name} {kind}") }
    });
    let metrics = page("metrics.md");
    let rows = metrics.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `kelos_metadata_")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?;
        Some(format!("kelos_metadata_{name} {}", cells.next()?))
    });
    assert_eq!(rows.collect::<BTreeSet<_>>(), families.collect::<BTreeSet<_>>());
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (at, _) in metrics.match_indices("kelos_metadata_") {
        let name: String = metrics[at..].chars().take_while(|c| is_name(*c)).collect();
        assert!(encoded.contains(&format!("\n{name}")), "{name} is no metric");
    }
}

#[test]
fn every_outcome_is_documented_and_no_other() {
    let metrics = page("metrics.md");
    assert_eq!(
        first_column(&section(&metrics, "Outcomes of a request")),
        words(Outcome::ALL.map(Outcome::as_str))
    );
    assert_eq!(
        first_column(&section(&metrics, "Outcomes of a key")),
        words(KeyOutcome::ALL.map(KeyOutcome::as_str))
    );
    assert_eq!(
        first_column(&section(&metrics, "Results of a look-up")),
        words(LookupResult::ALL.map(LookupResult::as_str))
    );
}

#[test]
fn every_reason_is_documented_and_no_other() {
    let rules = page("rules.md");
    let reasons = section(&rules, "Reasons");
    assert_eq!(first_column(&reasons), words(Reason::ALL.map(Reason::as_str)));
    for reason in Reason::ALL {
        let row = reasons.lines().find(|line| line.contains(&format!("| `{reason}` |"))).unwrap();
        assert_eq!(row.contains("no warning"), !reason.is_news(), "{row}");
    }
}

#[test]
fn every_helper_is_documented_and_no_other() {
    let table = section(&page("variables.md"), "Helpers");
    let named = first_column(&table);
    let named = named.iter().map(|usage| usage.split(' ').next().unwrap());
    assert_eq!(words(named), words(helpers::all().map(|helper| helper.name)));
}

#[test]
fn every_control_key_of_the_list_is_one() {
    let list = section(&page("rules.md"), "Control keys");
    let protection = Protection::default();
    let mut named = 0;
    for line in list.split("\n- ").skip(1) {
        let (kinds, words) = match line.split_once(':') {
            Some(("labels", rest)) => (vec![Kind::Label], rest),
            Some(("annotations", rest)) => (vec![Kind::Annotation], rest),
            _ => (Kind::ALL.to_vec(), line),
        };
        let words = words.split("\n\n").next().unwrap();
        for word in words.split('`').skip(1).step_by(2) {
            for kind in &kinds {
                assert!(protection.covers(*kind, &format!("kelos.dev/{word}")), "{kind} {word}");
            }
            named += kinds.len();
        }
    }
    assert_eq!(named, 4 + 24 + 2, "as many as the code has");
}
