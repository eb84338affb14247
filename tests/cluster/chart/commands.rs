//! The commands of pages that install or change a release: each renders, and none of them loses the image.

use serde_json::Value;

use crate::chart::support::files::{beside, text};
use crate::harness::helm::Helm;

/// The pages with such commands.
const PAGES: [&str; 6] = [
    "README.md",
    "certs/README.md",
    "charts/kelos-metadata/README.md",
    "docs/install.md",
    "docs/operations.md",
    "docs/security.md",
];

/// What was set when the release was installed: `--reset-then-reuse-values` takes it up again.
const BEFORE: &str = "image.repository=registry.example.com/kelos-metadata";

/// What `base64` makes of the beginning of a certificate.
const CERTIFICATE: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==";

/// Every command of a page that begins so, on one line.
fn commands(page: &str) -> Vec<String> {
    let joined = page.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim);
    let is_one =
        |line: &&str| ["helm install ", "helm upgrade "].iter().any(|it| line.starts_with(it));
    lines.filter(is_one).map(|line| line.split('#').next().unwrap().to_owned()).collect()
}

/// What renders as the command would: its arguments for `helm template`.
fn rendering(command: &str) -> Vec<String> {
    let mut args = vec!["template".to_owned(), "--kube-version".to_owned(), "1.36".to_owned()];
    // What a shell makes of a file with a certificate.
    let (command, value) = match command.split_once("\"$(") {
        Some((before, rest)) => {
            (before.to_owned() + rest.split_once(")\"").unwrap().1, CERTIFICATE)
        }
        None => (command.to_owned(), ""),
    };
    for word in command.split_whitespace().skip(2) {
        let word = &word.replace('"', "");
        match word.as_str() {
            "--install" | "--create-namespace" => {}
            "--reset-then-reuse-values" => args.extend(["--set".to_owned(), BEFORE.to_owned()]),
            _ if word.ends_with('=') => args.push(format!("{word}{value}")),
            _ => args.push(word.to_owned()),
        }
    }
    args
}

#[test]
fn every_command_that_installs_or_upgrades_renders_with_an_image() {
    let mut found = 0;
    for page in PAGES {
        for command in commands(&text(&beside(&format!("../../../{page}")))) {
            found += 1;
            let args = rendering(&command);
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let rendered = Helm::offline().run(&args, &Value::Null).ok();
            assert!(rendered.contains("image: \"registry.example.com/"), "{page}: {command}");
            let keeps = command.contains("--reset-then-reuse-values");
            assert_eq!(command.starts_with("helm upgrade"), keeps, "{page}: {command}");
        }
    }
    assert!(found >= 10, "commands are missing: {found}");
}

#[test]
fn who_uninstalls_deletes_the_registration_first() {
    for page in ["charts/kelos-metadata/README.md", "docs/install.md"] {
        let text = text(&beside(&format!("../../../{page}")));
        let delete = text.find("kubectl delete mutatingwebhookconfiguration kelos-metadata\n");
        let uninstall = text.find("helm uninstall kelos-metadata");
        assert!(delete.unwrap() < uninstall.unwrap(), "{page}");
    }
}
