//! `docs/lint.md`, made of `tests/data/lint`: `BLESS=1 cargo test --profile checked --test it lint_command::page`
//! writes it. The examples on the page are run: what the page says of the bad one is what `lint` prints, and of the
//! good one it prints nothing about the rule.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use kelos_metadata::engine::lint::Rule;

use super::{data, lint_in};

const INTRO: &str = include_str!("intro.md");

/// The first spawner of an example, with the TaskBudgets beside it.
fn first(rule: Rule, name: &str) -> String {
    let text = fs::read_to_string(data(rule).join(name)).unwrap();
    let mut has_spawner = false;
    let documents = text.split("---\n").filter(|document| {
        let is_spawner = document.contains("Spawner\n");
        let is_second = is_spawner && has_spawner;
        let is_shown = !document.trim().is_empty() && !is_second;
        has_spawner |= is_spawner;
        is_shown
    });
    documents.collect::<Vec<_>>().join("---\n")
}

/// What `lint` says of an example, in a file of this name.
fn said(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    let said = lint_in(folder.path(), &["-f", name], "");
    assert_eq!(said.errors, "", "{text}");
    said.output
}

fn page() -> String {
    let mut page = INTRO.to_owned();
    let mut rules = Rule::ALL;
    rules.sort_by_key(|rule| rule.as_str());
    for rule in rules {
        let why = fs::read_to_string(data(rule).join("why.md")).unwrap();
        let (bad, good) = (first(rule, "bad.yaml"), first(rule, "good.yaml"));
        let printed = said("bad.yaml", &bad);
        assert!(printed.contains(&format!("[{rule}]")), "{rule} is not found:\n{bad}\n{printed}");
        let of_good = said("good.yaml", &good);
        assert!(!of_good.contains(&format!("[{rule}]")), "{rule} is found:\n{good}\n{of_good}");
        write!(
            page,
            "\n## {rule}\n\n{}\n\nBad:\n\n```yaml\n{}\n```\n\n```text\n{}\n```\n\nGood:\n\n```yaml\n{}\n```\n",
            why.trim(),
            bad.trim_end(),
            printed.trim_end(),
            good.trim_end()
        )
        .unwrap();
    }
    page
}

#[test]
fn the_page_of_lint_is_what_the_rules_and_lint_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lint.md");
    let made = page();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "docs/lint.md is not what lint says: BLESS=1 cargo test --profile checked --test it lint_command::page writes it"
    );
}
