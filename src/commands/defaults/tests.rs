//! The file of defaults, followed: what is taken over, what is told, and how often.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::apimachinery::Kind;
use crate::engine::kelos::Shape;
use crate::telemetry::{LogFormat, captured};
use crate::webhook::Metrics;

/// Far longer than a change takes to be seen.
const TIMEOUT: Duration = Duration::from_secs(30);

const GOOD: &str = "labels: {team: a}";
const OTHER: &str = "labels: {env: b}";
const MISTAKE: &str = "labels:\n  a: '{{ .Number'\n  b: '{{ .Number'";

/// A folder with a file of defaults, and who reads it.
struct Fixture {
    folder: TempDir,
    metrics: Metrics,
    reader: Reader,
}

impl Fixture {
    fn new() -> Fixture {
        let (folder, metrics) = (tempfile::tempdir().unwrap(), Metrics::new());
        let path = folder.path().join("defaults.yaml");
        let reader = Reader::new(&path, &Policy::default(), metrics.spawners());
        Fixture { folder, metrics, reader }
    }

    /// What is taken over of such a file, and what is logged.
    fn read(&mut self, text: &str) -> (Option<Arc<Defaults>>, Vec<String>) {
        fs::write(self.folder.path().join("defaults.yaml"), text).unwrap();
        self.load()
    }

    fn load(&mut self) -> (Option<Arc<Defaults>>, Vec<String>) {
        let mut found = None;
        let log = captured(LogFormat::Json, "info", || found = self.reader.load());
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        let told = lines.map(|line: serde_json::Value| {
            format!("{} {} {}", line["level"], line["line"], line["message"]).replace('"', "")
        });
        (found, told.collect())
    }

    fn is_valid(&self) -> bool {
        is_valid(&self.metrics)
    }
}

/// What the metric says.
fn is_valid(metrics: &Metrics) -> bool {
    let text = metrics.encode().unwrap();
    let valid = text.lines().find_map(|it| it.strip_prefix("kelos_metadata_defaults_valid "));
    valid.unwrap() == "1"
}

fn declares(defaults: &Option<Arc<Defaults>>, key: &str) -> bool {
    defaults.as_ref().is_some_and(|it| it.declare(Kind::Label, key))
}

#[test]
fn a_change_is_taken_over_and_told_once() {
    let mut file = Fixture::new();
    let (first, told) = file.read(GOOD);
    assert!(declares(&first, "team"));
    assert_eq!(told, ["INFO null Loaded defaults"]);
    let (again, told) = file.read(GOOD);
    assert!(again.is_none() && told.is_empty(), "{told:?}");
    let (other, told) = file.read(OTHER);
    assert!(declares(&other, "env") && !declares(&other, "team"));
    assert_eq!(told, ["INFO null Loaded defaults"]);
    // Whoever writes a file makes it empty first.
    let (none, _) = file.read("");
    assert!(none.is_none() && !file.is_valid());
    let (none, _) = file.read("{}");
    assert!(none.is_some_and(|it| it.is_empty(Shape::Task)) && file.is_valid());
}

#[test]
fn a_mistake_changes_nothing_until_it_is_mended_and_each_of_its_lines_is_told_once() {
    let mut file = Fixture::new();
    file.read(GOOD);
    let (found, told) = file.read(MISTAKE);
    assert!(found.is_none() && !file.is_valid());
    let stays = "The file of defaults is invalid; the last good version stays";
    assert_eq!(told, [format!("ERROR 2 {stays}"), format!("ERROR 3 {stays}")]);
    let (found, told) = file.load();
    assert!(found.is_none() && told.is_empty() && !file.is_valid(), "{told:?}");
    // As it was: nothing is compiled again for that.
    let (found, told) = file.read(GOOD);
    assert!(found.is_none() && file.is_valid());
    assert_eq!(told, ["INFO null Loaded defaults"]);
    file.read(MISTAKE);
    let (found, _) = file.read(OTHER);
    assert!(declares(&found, "env") && file.is_valid());
}

#[test]
fn a_file_that_begins_with_a_mistake_counts_as_none_until_it_is_mended() {
    let mut file = Fixture::new();
    let (found, told) = file.read(MISTAKE);
    assert!(found.is_none() && !file.is_valid());
    let none = "The file of defaults is invalid; there are no defaults until it is mended";
    assert_eq!(told, [format!("ERROR 2 {none}"), format!("ERROR 3 {none}")]);
    let (found, _) = file.read(GOOD);
    assert!(declares(&found, "team") && file.is_valid());
}

#[test]
fn a_file_that_is_gone_leaves_the_last_good_version_and_may_come_back() {
    let mut file = Fixture::new();
    file.read(GOOD);
    fs::remove_file(file.folder.path().join("defaults.yaml")).unwrap();
    let (found, told) = file.load();
    assert!(found.is_none() && !file.is_valid());
    assert_eq!(
        told,
        ["ERROR null The file of defaults can't be read; the last good version stays"]
    );
    let (_, told) = file.load();
    assert!(told.is_empty(), "{told:?}");
    let (found, told) = file.read(GOOD);
    assert!(found.is_none() && file.is_valid());
    assert_eq!(told, ["INFO null Loaded defaults"]);
}

#[test]
fn of_many_mistakes_the_first_ones_are_told() {
    let keys: String = (0..60).map(|n| format!("  k{n}: '{{{{ .Number'\n")).collect();
    let (_, told) = Fixture::new().read(&format!("labels:\n{keys}"));
    assert_eq!(told.len(), LOGGED_ERRORS);
    assert!(told[0].starts_with("ERROR 2 "), "{told:?}");
}

#[test]
fn a_file_that_is_too_long_is_a_mistake_wherever_it_is_cut() {
    let mut file = Fixture::new();
    for letter in ["#", "#é"] {
        let (found, told) = file.read(&letter.repeat(DEFAULTS_BYTES + 1));
        assert!(found.is_none() && !file.is_valid());
        assert!(told.iter().all(|it| it.starts_with("ERROR 1 ")), "{told:?}");
    }
}

/// As the kubelet changes a ConfigMap: each version is a folder of its own, and one link is swapped for another.
#[test]
fn a_config_map_that_changes_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let publish = |version: &str, text: &str| {
        fs::create_dir(path(version)).unwrap();
        fs::write(path(version).join("defaults.yaml"), text).unwrap();
        symlink(version, path("..new")).unwrap();
        fs::rename(path("..new"), path("..data")).unwrap();
    };
    publish("..1", GOOD);
    symlink("..data/defaults.yaml", path("defaults.yaml")).unwrap();
    let metrics = Metrics::new();
    let policy = Policy::default();
    let (file, first) =
        DefaultsFile::open(&path("defaults.yaml"), &policy, metrics.spawners()).unwrap();
    assert!(declares(&first, "team"));
    // What happens between the two is not lost either.
    publish("..2", OTHER);
    let (changes, changed) = mpsc::channel();
    let _watch = file.follow(move |defaults| changes.send(defaults).unwrap()).unwrap();
    assert!(declares(&changed.recv_timeout(TIMEOUT).ok(), "env"));
    fs::remove_dir_all(path("..1")).unwrap();
    publish("..3", MISTAKE);
    publish("..4", GOOD);
    assert!(declares(&changed.recv_timeout(TIMEOUT).ok(), "team"));
    assert!(is_valid(&metrics));
}

#[test]
fn there_has_to_be_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = Metrics::new();
    let path = folder.path().join("missing.yaml");
    let opened = DefaultsFile::open(&path, &Policy::default(), metrics.spawners());
    let error = opened.err().map(|error| error.to_string());
    assert!(error.is_some_and(|it| it.contains("missing.yaml can't be read")));
}
