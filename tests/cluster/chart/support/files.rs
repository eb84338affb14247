//! Files of the chart and of its tests.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// A file beside these tests.
pub(crate) fn beside(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/chart").join(path)
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a YAML or JSON file holds.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> T {
    let value = serde_saphyr::from_str(&text(path));
    value.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Checks that a file holds this text; with `BLESS=1` writes it.
pub(crate) fn is_kept(path: &Path, expected: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    let first = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
    let line = first.unwrap_or(found.lines().count().min(expected.lines().count())) + 1;
    assert!(
        found == expected,
        "{}:{line} is not what comes out now: run this with BLESS=1, and read the diff",
        path.display()
    );
}
