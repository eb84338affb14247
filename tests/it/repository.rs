//! What the project says of where it is: one address, in the program, the chart, the image and on GitHub.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The address that all others are compared with.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `owner/name`.
fn name() -> &'static str {
    REPOSITORY.strip_prefix("https://github.com/").unwrap()
}

#[test]
fn the_chart_says_where_it_comes_from_and_its_icon_is_there() {
    let chart = yaml("charts/kelos-metadata/Chart.yaml");
    assert_eq!(chart["home"], REPOSITORY);
    assert_eq!(chart["sources"], serde_json::json!([REPOSITORY]));
    assert_eq!(chart["maintainers"][0]["url"], REPOSITORY);
    let raw = format!("https://raw.githubusercontent.com/{}/main/", name());
    let icon = chart["icon"].as_str().unwrap().strip_prefix(&raw).unwrap();
    assert!(text(icon).starts_with("<svg "), "{icon}");
    let annotation = |key: &str| -> Value {
        let text = chart["annotations"][format!("artifacthub.io/{key}")].as_str().unwrap();
        serde_saphyr::from_str(text).unwrap()
    };
    let image = format!("ghcr.io/{}:{}", name(), env!("CARGO_PKG_VERSION"));
    assert_eq!(annotation("images")[0]["image"], image);
    assert_eq!(annotation("license"), env!("CARGO_PKG_LICENSE"));
    for link in annotation("links").as_array().unwrap() {
        let url = link["url"].as_str().unwrap();
        if let Some(path) = url.strip_prefix(REPOSITORY) {
            let path =
                path.strip_prefix("/tree/main/").or(path.strip_prefix("/blob/main/")).unwrap();
            assert!(root().join(path).exists(), "{url}");
        }
    }
}

#[test]
fn image_pages_and_forms_lead_to_it() {
    let source = format!("org.opencontainers.image.source=\"{REPOSITORY}\"");
    assert!(text("Dockerfile").contains(&source), "a registry shows the image beside its source");
    let private = format!("{REPOSITORY}/security/advisories/new");
    for page in
        ["SECURITY.md", ".github/ISSUE_TEMPLATE/config.yml", ".github/ISSUE_TEMPLATE/bug.yaml"]
    {
        assert!(text(page).contains(&private), "{page}: where a flaw is told in private");
    }
    let workflow = format!("{REPOSITORY}/.github/workflows/release.yaml@refs/tags/v");
    assert!(text("SECURITY.md").contains(&workflow), "who signs");
    for link in yaml(".github/ISSUE_TEMPLATE/config.yml")["contact_links"].as_array().unwrap() {
        let url = link["url"].as_str().unwrap();
        if let Some((path, anchor)) =
            url.split_once("/blob/main/").and_then(|(_, it)| it.split_once('#'))
        {
            let heading = text(path).lines().filter(|line| line.starts_with('#')).any(|line| {
                let words = line.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-");
                words.trim_end_matches('?') == anchor
            });
            assert!(heading, "{url}");
        }
    }
}

/// GitHub shows a form only if it is right, and says nothing if it is not.
#[test]
fn the_form_of_a_bug_asks_for_what_explains_it() {
    let form = yaml(".github/ISSUE_TEMPLATE/bug.yaml");
    for field in ["name", "description"] {
        assert!(form[field].is_string(), "{field}");
    }
    let mut ids = Vec::new();
    for part in form["body"].as_array().unwrap() {
        let attributes = &part["attributes"];
        match part["type"].as_str().unwrap() {
            "markdown" => assert!(attributes["value"].is_string(), "{part}"),
            "textarea" | "input" => assert!(attributes["label"].is_string(), "{part}"),
            "checkboxes" => assert!(attributes["options"][0]["required"] == true, "{part}"),
            other => panic!("{other}: GitHub knows no such part"),
        }
        ids.extend(part["id"].as_str());
    }
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "{ids:?}");
    let asked = form["body"].to_string();
    for command in ["kelos-metadata explain task/NAME", "kelos-metadata version"] {
        assert!(asked.contains(command), "{command}");
    }
}

/// A version that renovate does not see grows old unseen.
#[test]
fn every_version_of_a_tool_is_one_that_renovate_sees() {
    let config: Value = serde_json::from_str(&text("renovate.json")).unwrap();
    for manager in ["cargo", "gomod", "github-actions", "dockerfile"] {
        let enabled = config["enabledManagers"].as_array().unwrap();
        assert!(enabled.contains(&Value::from(manager)), "{manager}");
    }
    let mut versions = 0;
    for file in ["Makefile", "release.mk", "Dockerfile"] {
        let text = text(file);
        for (before, line) in text.lines().zip(text.lines().skip(1)) {
            if line.contains("_VERSION :=") || line.contains("_VERSION=") {
                let seen =
                    before.starts_with("# renovate: datasource=") && before.contains(" depName=");
                assert!(seen, "{file}: {line}");
                versions += 1;
            }
        }
    }
    assert!(versions > 5, "{versions}");
    let release = text("release.mk");
    let (_, rest) = release.split_once("AUDITABLE_VERSION := ").unwrap();
    let version = rest.lines().next().unwrap();
    assert!(
        text("Dockerfile").contains(&format!("CARGO_AUDITABLE_VERSION={version}\n")),
        "{version}"
    );
}
