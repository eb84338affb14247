//! Program, chart and changelog are of one version.

use serde_json::Value;

use crate::chart::support::files::{beside, read, text};
use crate::harness::helm::chart;

#[test]
fn program_chart_and_changelog_are_of_one_version() {
    let program = env!("CARGO_PKG_VERSION");
    let chart: Value = read(&chart().join("Chart.yaml"));
    assert_eq!(chart["version"], program, "version in Chart.yaml");
    assert_eq!(chart["appVersion"], program, "appVersion in Chart.yaml");
    let changelog = text(&beside("../../../CHANGELOG.md"));
    let headings = changelog.lines().filter_map(|line| line.strip_prefix("## [")?.split_once(']'));
    let newest = headings.map(|(version, _)| version).find(|version| *version != "Unreleased");
    assert_eq!(newest, Some(program), "the newest version in CHANGELOG.md");
}
