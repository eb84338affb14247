//! Programs of others, which tests run where they are there.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of Prometheus (`prometheus`, `promtool`), from where `make prometheus` puts it, or from the PATH.
pub fn of_prometheus(program: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/prometheus").join(program);
    let works = |place: &PathBuf| Command::new(place).arg("--version").output().is_ok();
    [here, PathBuf::from(program)].into_iter().find(works)
}

/// Says on the terminal, also of a test that passes, that something is missing here and a test did
/// nothing. In CI that is a failure.
pub fn skipped(missing: &str) {
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    let _ = writeln!(std::io::stderr(), "skipped: {missing}");
}
