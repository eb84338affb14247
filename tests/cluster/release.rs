//! A release: packed twice, of the program that was built for the tests, it has the same bytes and the sums that it
//! says; and what is installed from it, by kubectl or by Helm, labels a Task with the program out of its archive.
//!
//! The SBOM is left out: the tool that writes it takes minutes to install.

mod published;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::chart::support::installation::{are_labelled, are_left_alone, backend_spawner, helm};
use crate::chart::support::rendering::Rendering;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::helm::{NAMESPACE, RELEASE};
use crate::harness::kubectl::Kubectl;
use crate::harness::namespace::Namespace;
use crate::harness::objects::Spawner;
use crate::harness::pod::{CONTROLLER, Pod};
use crate::harness::{Cluster, binaries};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the release is told to start, and what then stands in a Pod.
const IMAGE: &str = "registry.example.com:5000/team/kelos-metadata:edge@sha256:\
                     ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const STARTED: &str = "registry.example.com:5000/team/kelos-metadata@sha256:\
                       ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Runs a command that has to succeed; gives what it wrote.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs targets of make on a release in this folder.
#[track_caller]
fn make(targets: &[&str], folder: &Path, variables: &[(&str, &str)]) -> Command {
    let mut make = Command::new("make");
    make.arg("--no-print-directory").args(targets).current_dir(env!("CARGO_MANIFEST_DIR"));
    make.arg(format!("DIST={}", folder.display()));
    make.arg(format!("HELM={}", binaries::helm().display())).arg("SOURCE_DATE_EPOCH=1700000000");
    make.args(variables.iter().map(|(name, value)| format!("{name}={value}")));
    // It may be a make that runs the tests, with threads and goals of its own.
    for inherited in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"] {
        make.env_remove(inherited);
    }
    make
}

/// Packs a release into a folder, as `make release` does when it has compiled.
fn pack(program: &Path, folder: &Path) {
    let man = Path::new(PROGRAM).with_file_name("man");
    assert!(man.exists(), "build it first: cargo build --profile checked --workspace --bins");
    let targets = ["release-program", "release-plugin", "release-image", "release-common"];
    let variables = [
        ("RELEASE_BINARY", program.to_str().unwrap()),
        ("RELEASE_MAN", man.to_str().unwrap()),
        ("RELEASE_IMAGE", IMAGE),
    ];
    run(&mut make(&targets, folder, &variables));
}

/// The files of a release, with what is in them.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (name(&path), fs::read(path).unwrap())).collect()
}

/// A release that was packed twice, with the program out of its archive.
struct Packed {
    folder: TempDir,
    program: PathBuf,
}

impl Packed {
    fn twice() -> Packed {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        // As small as that of a release: to pack what debuggers need takes most of the time.
        run(Command::new("strip").arg("-o").arg(at("stripped")).arg(PROGRAM));
        pack(&at("stripped"), &at("first"));
        pack(&at("stripped"), &at("second"));
        let (first, second) = (files(&at("first")), files(&at("second")));
        assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
        for (name, bytes) in &first {
            assert!(*bytes == second[name], "{name} is another one when it is packed again");
        }
        let archive = first.keys().find(|name| name.ends_with("-gnu.tar.gz")).unwrap();
        run(Command::new("tar")
            .arg("-xzf")
            .arg(at("first").join(archive))
            .arg("-C")
            .arg(folder.path()));
        let program = at(archive.trim_end_matches(".tar.gz")).join("kelos-metadata");
        Packed { folder, program }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("first").join(name)
    }
}

/// Starts what the cluster was told to start, and creates a Task.
async fn labels_a_task(
    cluster: &Cluster,
    program: &Path,
    namespace: &Namespace,
    spawner: &Spawner,
) {
    let controller = Pod::with_program(cluster, CONTROLLER, program).await;
    let pod = Pod::with_program(cluster, RELEASE, program).await;
    pod.is_behind_the_service(cluster).await;
    pod.is_ready().await;
    are_labelled(namespace, spawner).await;
    assert_eq!(pod.lacking_rights(), controller.lacking_rights(), "none");
    assert!(pod.calls().await > 0.0);
    assert!(pod.stop().success() && controller.stop().success());
}

#[test]
fn what_is_released_is_reproducible_whole_and_labels_a_task() {
    on_own_cluster("release", async |cluster| {
        let release = tokio::task::block_in_place(Packed::twice);
        is_whole(&release);
        cluster.install(Schemas::V1alpha2).await;
        let kubectl = Kubectl::new(&cluster.control_plane.admin_kubeconfig());
        let helm = helm(cluster);
        let namespace = cluster.bare_namespace("released", json!({})).await;
        let spawner = backend_spawner(&namespace).await;

        let install = release.file("install.yaml");
        let install = install.to_str().unwrap();
        kubectl.run(&["apply", "--server-side", "-f", install], "").ok();
        labels_a_task(cluster, &release.program, &namespace, &spawner).await;
        kubectl.run(&["delete", "-f", install], "").ok();
        are_left_alone(&namespace, &spawner).await;

        let chart = release.file(&format!("kelos-metadata-{VERSION}.tgz"));
        let chart = chart.to_str().unwrap();
        helm.run(&["install", RELEASE, chart, "--namespace", NAMESPACE], &json!({})).ok();
        labels_a_task(cluster, &release.program, &namespace, &spawner).await;
    });
}

/// Its sums are right, its archives have what they should, and all that starts something starts its image.
fn is_whole(release: &Packed) {
    let sums = fs::read_to_string(release.file("SHA256SUMS")).unwrap();
    let listed: Vec<&str> = sums.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    let files = files(&release.file(""));
    let others: Vec<&String> = files.keys().filter(|name| *name != "SHA256SUMS").collect();
    assert_eq!(listed, others);
    let check = ["--check", "--strict", "SHA256SUMS"];
    run(Command::new("sha256sum").args(check).current_dir(release.file("")));

    let version = run(Command::new(&release.program).arg("--version"));
    assert_eq!(version, format!("kelos-metadata {VERSION}\n"));
    for beside in ["man/kelos-metadata-explain.1", "completions/kelos-metadata.zsh", "LICENSE"] {
        assert!(release.program.with_file_name(beside).exists(), "{beside}");
    }
    let image = others.iter().find(|name| name.ends_with("-image.tar.gz")).unwrap();
    let held = run(Command::new("tar").arg("-tzf").arg(release.file(image)));
    let dockerfile =
        run(Command::new("tar").arg("-xzOf").arg(release.file(image)).arg("./Dockerfile"));
    let cpu = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    assert!(held.contains(&format!("./{cpu}/usr/bin/kelos-metadata\n")), "{held}");
    assert!(dockerfile.contains("\nCOPY $TARGETARCH/ /\n"), "{dockerfile}");

    let install = fs::read_to_string(release.file("install.yaml")).unwrap();
    assert!(!install.contains("helm.sh/") && !install.contains("managed-by"), "no word of Helm's");
    let started = Rendering::read(install.split_once("\n---\n").unwrap().1);
    assert!(
        started.deployments().count() == 2
            && started.names().iter().all(|name| !name.starts_with("Namespace/"))
    );
    for deployment in started.deployments() {
        assert_eq!(deployment["spec"]["template"]["spec"]["containers"][0]["image"], STARTED);
    }
    let krew = fs::read_to_string(release.file("kelos-metadata.yaml")).unwrap();
    let url = format!("{}/releases/download/v{VERSION}/", env!("CARGO_PKG_REPOSITORY"));
    assert!(krew.contains(&format!("uri: {url}kelos-metadata-{VERSION}-")), "{krew}");
}
