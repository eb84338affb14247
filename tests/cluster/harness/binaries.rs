//! The programs of `tests/controlplane`, built when a test first needs one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where a program of `tests/controlplane` is: `kube-apiserver`, `etcd` or `tether`.
pub(crate) fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build).join(name)
}

/// Builds all of them; a build that is there and current is left alone.
fn build() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = target.join("controlplane");
    fs::create_dir_all(&folder).unwrap();
    // A second test process would write the programs that the first one runs.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let status = Command::new("go")
        .args(["build", "-p", "2", "-trimpath", "-buildvcs=false", "-o"])
        .arg(&folder)
        .arg("./...")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/controlplane"))
        .status()
        .expect("the cluster tests build a kube-apiserver: install Go 1.26 (https://go.dev/dl)");
    assert!(status.success(), "tests/controlplane does not build: {status}");
    folder
}
