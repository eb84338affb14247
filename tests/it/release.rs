//! What a release is made of beside the program: the manual pages, the manifest for krew, and what scripts say of it.
//! `tests/cluster/release.rs` packs one and installs it.

mod scripts;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::CommandFactory;
use kelos_metadata::cli::Cli;

use crate::support::go;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// krew's own check of a manifest, built from its source.
fn validator() -> PathBuf {
    let folder = go::built("krew", "sigs.k8s.io/krew/cmd/validate-krew-manifest");
    folder.join("validate-krew-manifest")
}

/// Whether krew takes a manifest.
fn validates(manifest: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    // The file has to have the name of the plugin.
    let file = folder.path().join("kelos-metadata.yaml");
    fs::write(&file, manifest).unwrap();
    let mut command = Command::new(validator());
    command.arg("-skip-install").arg("-manifest").arg(file).output().unwrap()
}

/// What packaging/krew.sh says of archives for these targets.
fn manifest(targets: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(root().join("packaging/krew.sh"));
    command.args(["1.2.3", "https://example.com/x", "https://downloads.example.com/x/"]);
    for target in targets {
        let archive = folder.path().join(format!("kelos-metadata-1.2.3-{target}-krew.tar.gz"));
        fs::write(&archive, "abc").unwrap();
        command.arg(archive);
    }
    command.output().unwrap()
}

#[test]
fn krew_takes_the_manifest_of_a_release() {
    let targets = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin"];
    let output = manifest(&targets);
    assert!(output.status.success(), "{output:?}");
    let manifest = String::from_utf8(output.stdout).unwrap();
    let checked = validates(&manifest);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let read: serde_json::Value = serde_saphyr::from_str(&manifest).unwrap();
    assert_eq!(read["spec"]["homepage"], "https://example.com/x");
    let platform = &read["spec"]["platforms"][1];
    assert_eq!(platform["selector"]["matchLabels"]["arch"], "arm64");
    let uri = "https://downloads.example.com/x/kelos-metadata-1.2.3-aarch64-unknown-linux-gnu-krew.tar.gz";
    assert_eq!(platform["uri"], uri);
    let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(platform["sha256"], sum, "of `abc`");
    let short = read["spec"]["shortDescription"].as_str().unwrap();
    assert!(short.len() <= 50 && !short.ends_with('.'), "as krew's guide wants it: {short}");

    // The check can fail: two archives for one platform, and what no field may hold.
    let twice = validates(&manifest.replace("arch: arm64", "arch: amd64"));
    assert!(!twice.status.success(), "{twice:?}");
    for (good, bad) in [
        ("version: v1.2.3", "version: 1.2.3"),
        (sum, "abc"),
        ("name: kelos-metadata", "name: kelos"),
    ] {
        let checked = validates(&manifest.replace(good, bad));
        assert!(!checked.status.success(), "{bad}: {checked:?}");
    }
}

#[test]
fn a_target_that_krew_does_not_know_is_refused() {
    for target in ["riscv64gc-unknown-linux-gnu", "x86_64-unknown-freebsd"] {
        let output = manifest(&[target]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(target), "{output:?}");
    }
    assert_eq!(manifest(&[]).status.code(), Some(2));
}

#[test]
fn every_command_has_a_manual_page() {
    let man = Path::new(PROGRAM).parent().unwrap().join("man");
    assert!(man.exists(), "build it first: cargo build --profile checked --workspace --bins");
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man");
    let output = Command::new(man).arg(&pages).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let found = fs::read_dir(&pages).unwrap();
    let found: BTreeSet<String> =
        found.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let mut command = Cli::command();
    command.build();
    let commands = command.get_subcommands().filter(|it| it.get_name() != "help");
    for command in commands {
        let name = format!("kelos-metadata-{}.1", command.get_name());
        assert!(found.contains(&name), "{name}: {found:?}");
        let page = fs::read_to_string(pages.join(&name)).unwrap();
        let about = command.get_about().unwrap().to_string();
        let first = about.split(':').next().unwrap();
        let first = first.replace('-', "\\-").replace('\'', "\\*(Aq");
        assert!(page.contains(".TH ") && page.contains(&first), "{name}: {first}: {page}");
    }
    assert!(found.contains("kelos-metadata.1"), "{found:?}");
}

#[test]
fn called_as_a_plugin_the_program_names_itself_so_and_completes() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, args: &[&str]| {
        let path = folder.path().join(name);
        if !path.exists() {
            symlink(PROGRAM, &path).unwrap();
        }
        // Nothing of whoever runs the tests: no cluster is asked.
        let mut command = Command::new(path);
        let output = command.args(args).env_clear().env("HOME", folder.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let plugin = |args: &[&str]| run("kubectl-kelos_metadata", args);
    let (status, help, _) = plugin(&["check", "--help"]);
    assert!(status == Some(0) && help.contains("Usage: kubectl kelos-metadata check "), "{help}");
    let (status, _, errors) = plugin(&["check"]);
    assert!(
        status == Some(2) && errors.starts_with("kubectl kelos-metadata: no cluster"),
        "{errors}"
    );
    let (status, _, errors) = run("kelos-metadata", &["check"]);
    assert!(status == Some(2) && errors.starts_with("kelos-metadata: no cluster"), "{errors}");
    let (status, output, _) = plugin(&["version", "--client"]);
    assert!(status == Some(0) && output.starts_with("Client: "), "{output}");
    let (status, output, errors) = plugin(&["version", "-o", "json"]);
    let read: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!(read["client"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(status == Some(2) && errors.contains("--client"), "what is known is said: {errors}");

    let complete = |words: &[&str]| run("kubectl_complete-kelos_metadata", words);
    for (words, candidate) in [
        (&["re"][..], "render\tShow what a Task or Session gets from its spawner"),
        (&["completion", "f"], "fish"),
        (&["render", "--on-invalid", "s"], "sanitize"),
        (&["check", "--out"], "--output\tHow to show it"),
    ] {
        let (status, output, errors) = complete(words);
        let lines: Vec<&str> = output.lines().collect();
        assert!(lines.contains(&candidate), "{words:?}: {output}");
        assert_eq!((status, lines.last(), &*errors), (Some(0), Some(&":4"), ""), "{words:?}");
    }
    for nothing in [&["lint", "-n", ""][..], &["nonsense", ""], &["lint", "-n", "x", "-l", ""]] {
        let (status, output, errors) = complete(nothing);
        assert_eq!((status, &*errors), (Some(0), ""), "{nothing:?}");
        assert!(output.ends_with(":4\n"), "{nothing:?}: {output}");
    }
    let (_, output, _) = complete(&[]);
    assert!(output.contains("check\t"), "no word at all is one that begins: {output}");
}
