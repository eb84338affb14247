//! Go programs of `tests/go`, built once for all tests.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder with the programs of a package of a module there, which are built if they are not.
///
/// # Panics
///
/// When there is no Go, or they do not build.
pub(crate) fn built(module: &str, package: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(module);
    fs::create_dir_all(&folder).unwrap();
    // A second test, or test process, would write the programs that the first one runs.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let status = Command::new("go")
        .args(["build", "-o"])
        .arg(&folder)
        .arg(package)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/go").join(module))
        .status()
        .expect("these tests ask programs in Go: install Go 1.26 or later (https://go.dev/dl)");
    assert!(status.success(), "{package} of tests/go/{module} does not build: {status}");
    folder
}
