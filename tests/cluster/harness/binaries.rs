//! The programs of `tests/go/controlplane`, `tests/go/helm`, `tests/go/kube-state-metrics` and `tests/go/registry`, built
//! when a test first needs one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Where a program of `tests/go/controlplane` is: `kube-apiserver`, `etcd` or `tether`.
pub(crate) fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let module = "tests/go/controlplane";
            let version = go(module, &["list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes"]);
            // The API server says which version it is, as one that Kubernetes built does.
            let flags = format!("-X k8s.io/component-base/version.gitVersion={}", version.trim());
            build(module, &["-ldflags", &flags, "./..."])
        })
        .join(name)
}

/// Where kubectl is, which is of the API server's version.
pub(crate) fn kubectl() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER
        .get_or_init(|| build("tests/go/controlplane", &["k8s.io/kubernetes/cmd/kubectl"]))
        .join("kubectl")
}

/// Where helm is, see `tests/go/helm`.
pub(crate) fn helm() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| build("tests/go/helm", &["helm.sh/helm/v3/cmd/helm"])).join("helm")
}

/// Where kube-state-metrics is, see `tests/go/kube-state-metrics`.
pub(crate) fn kube_state_metrics() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER
        .get_or_init(|| build("tests/go/kube-state-metrics", &["k8s.io/kube-state-metrics/v2"]))
        .join("kube-state-metrics")
}

/// Where a registry of images and charts is, see `tests/go/registry`.
pub(crate) fn registry() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let package = "github.com/google/go-containerregistry/cmd/registry";
    FOLDER.get_or_init(|| build("tests/go/registry", &[package])).join("registry")
}

/// Builds programs of a Go module of ours; a build that is there and current is left alone.
fn build(module: &str, what: &[&str]) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = target.join("controlplane");
    fs::create_dir_all(&folder).unwrap();
    // A second test process would write the programs that the first one runs.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    // As `make controlplane` does it: other flags would be another build.
    let output = folder.to_str().unwrap();
    let build = ["build", "-p", "2", "-trimpath", "-buildvcs=false", "-o", output];
    go(module, &[&build, what].concat());
    folder
}

/// Runs go in a module of ours; gives what it wrote.
fn go(module: &str, args: &[&str]) -> String {
    let output = Command::new("go")
        .args(args)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(module))
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("{module}: install Go 1.26 (https://go.dev/dl): {error}"));
    assert!(output.status.success(), "{module}: go {args:?}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
