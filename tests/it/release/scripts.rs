//! The scripts of `packaging/` beside krew's: whether a tag may be released, its notes, and the image in the chart.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::root;

const REPOSITORY: &str = "https://github.com/someone/something";

/// A checkout that can be released as v1.2.3.
fn checkout() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("charts/kelos-metadata");
    fs::create_dir_all(&chart).unwrap();
    let files = [
        ("Cargo.toml", format!("[package]\nversion = \"1.2.3\"\nrepository = \"{REPOSITORY}\"\n")),
        (
            "CHANGELOG.md",
            "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-30\n\n### Added\n\n- This: [how](docs/this.md#how), \
             [where](https://example.com/x.md).\n\n## [1.2.2] - 2026-11-29\n\n- That.\n"
                .to_owned(),
        ),
        (
            "charts/kelos-metadata/Chart.yaml",
            "name: kelos-metadata\nversion: 1.2.3\nappVersion: \"1.2.3\"\nannotations:\n  artifacthub.io/images: |\n    \
             - name: x\n      image: somewhere\n"
                .to_owned(),
        ),
        (
            "charts/kelos-metadata/values.yaml",
            "image:\n  registry: \"\"\n  # Where\n  repository: \"\"\n\n  tag: \"\"\n  digest: \"\"\n\nother:\n  repository: other\n  tag: other\n"
                .to_owned(),
        ),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn run(checkout: &Path, script: &str, args: &[&str]) -> Output {
    Command::new(root().join("packaging").join(script))
        .args(args)
        .current_dir(checkout)
        .output()
        .unwrap()
}

fn edit(checkout: &Path, file: &str, old: &str, new: &str) {
    let path = checkout.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{file}: {old}");
    fs::write(&path, text.replace(old, new)).unwrap();
}

#[test]
fn a_tag_is_released_if_all_files_are_about_its_version() {
    let checkout = checkout();
    let check = |tag: &str, from: &str| {
        let output = run(checkout.path(), "check.sh", &[tag, from]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(check("v1.2.3", REPOSITORY), (Some(0), String::new()));
    for (tag, from, says) in [
        ("v1.2.4", REPOSITORY, "the tag is v1.2.4"),
        ("1.2.3", REPOSITORY, "the tag is 1.2.3"),
        ("v1.2.3", "https://github.com/fork/something", "a fork publishes under its own name"),
    ] {
        let (code, said) = check(tag, from);
        assert!(code == Some(1) && said.contains(says), "{tag} {from}: {said}");
    }
    for (file, old, new, says) in [
        ("CHANGELOG.md", "2026-11-30", "unreleased", "CHANGELOG.md has no line"),
        (
            "charts/kelos-metadata/Chart.yaml",
            "\nversion: 1.2.3",
            "\nversion: 1.2.2",
            "`version: 1.2.3`",
        ),
        (
            "charts/kelos-metadata/Chart.yaml",
            "appVersion: \"1.2.3\"",
            "appVersion: 1.2.3",
            "appVersion",
        ),
    ] {
        edit(checkout.path(), file, old, new);
        let (code, said) = check("v1.2.3", REPOSITORY);
        assert!(code == Some(1) && said.contains(says), "{file}: {said}");
        edit(checkout.path(), file, new, old);
    }
}

#[test]
fn the_notes_are_the_section_of_the_version_with_links_that_lead_there() {
    let checkout = checkout();
    let output = run(checkout.path(), "notes.sh", &["1.2.3", REPOSITORY]);
    assert!(output.status.success(), "{output:?}");
    let notes = String::from_utf8(output.stdout).unwrap();
    let link = format!(
        "- This: [how]({REPOSITORY}/blob/v1.2.3/docs/this.md#how), [where](https://example.com/x.md)."
    );
    assert!(notes.contains(&link) && notes.contains("### Added"), "{notes}");
    assert!(!notes.contains("That") && !notes.contains("## ["), "{notes}");
    assert!(notes.contains("/SECURITY.md#what-is-signed"), "{notes}");

    let output = run(checkout.path(), "notes.sh", &["1.2.4", REPOSITORY]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("## [1.2.4]"), "{said}");
    assert_eq!(output.stdout, b"");

    // Ours has notes, too, whatever its version is.
    let output = run(root(), "notes.sh", &[env!("CARGO_PKG_VERSION"), REPOSITORY]);
    assert!(output.status.success() && output.stdout.len() > 500, "{output:?}");
}

#[test]
fn the_chart_of_a_release_starts_its_image() {
    for (image, registry, repository, tag, digest) in [
        ("ghcr.io/a/b:1.2.3", "ghcr.io", "a/b", "", ""),
        ("ghcr.io/a/b", "ghcr.io", "a/b", "", ""),
        ("a/b", "", "a/b", "", ""),
        ("localhost/b", "localhost", "b", "", ""),
        ("host:5000/b:edge", "host:5000", "b", "edge", ""),
        ("host:5000/b", "host:5000", "b", "", ""),
        ("ghcr.io/a/b:1.2.3@sha256:abc", "ghcr.io", "a/b", "", "sha256:abc"),
        ("ghcr.io/a/b@sha256:abc", "ghcr.io", "a/b", "", "sha256:abc"),
    ] {
        let checkout = checkout();
        let output = run(checkout.path(), "chart-image.sh", &["charts/kelos-metadata", image]);
        assert!(output.status.success(), "{output:?}");
        let read = |name: &str| -> serde_json::Value {
            let path = checkout.path().join("charts/kelos-metadata").join(name);
            serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
        };
        let values = read("values.yaml");
        let expected = serde_json::json!({
            "registry": registry, "repository": repository, "tag": tag, "digest": digest,
        });
        assert_eq!(values["image"], expected, "{image}");
        assert_eq!(values["other"], serde_json::json!({"repository": "other", "tag": "other"}));
        let annotation = read("Chart.yaml")["annotations"]["artifacthub.io/images"].to_string();
        let version = if tag.is_empty() { "1.2.3" } else { tag };
        let at = if digest.is_empty() { String::new() } else { format!("@{digest}") };
        let whole =
            if registry.is_empty() { repository } else { &format!("{registry}/{repository}") };
        assert!(annotation.contains(&format!("image: {whole}:{version}{at}")), "{annotation}");
    }
    let checkout = checkout();
    edit(checkout.path(), "charts/kelos-metadata/values.yaml", "image:", "picture:");
    let output = run(checkout.path(), "chart-image.sh", &["charts/kelos-metadata", "x/y"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
