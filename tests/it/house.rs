//! Rules of the house that no compiler holds: how long a file is, how it begins, and that what tests share is used.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of our code.
const CODE: [&str; 4] = ["src", "tests", "benches", "fuzz/fuzz_targets"];
/// About as much as somebody reads in one go; a longer file has two nouns.
const MOST_LINES: usize = 400;

/// All Rust files of these folders of the repository, with their text.
fn files(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(root).unwrap().to_owned(), text));
            }
        }
    }
    files
}

/// What a file does against the rules.
fn broken_rules(text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    if !text.starts_with("//! ") {
        broken.push("does not begin with `//!` and what it is for".to_owned());
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        broken.push(format!("has {lines} lines of {MOST_LINES}: split it by noun"));
    }
    for word in ["#[path", "allow(dead_code"] {
        let is_code = |line: &str| line.trim_start().starts_with('#') && line.contains(word);
        if text.lines().any(is_code) {
            broken.push(format!("has `{word}`: what is shared is in tests/support"));
        }
    }
    broken
}

#[test]
fn files_are_short_and_begin_with_what_they_are_for() {
    let files = files(&CODE);
    assert!(files.len() > 300, "only {} files", files.len());
    let broken: Vec<_> = files
        .iter()
        .flat_map(|(path, text)| {
            broken_rules(text).into_iter().map(move |rule| format!("{} {rule}", path.display()))
        })
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_broken_rule_is_noticed() {
    assert!(broken_rules("//! A file.\n").is_empty());
    for text in [
        "use std::fs;\n".to_owned(),
        format!("//! Long.\n{}", "\n".repeat(MOST_LINES)),
        "//! Borrowed.\n    #[path = \"../x.rs\"]\nmod x;\n".to_owned(),
        "//! Dead.\n#![allow(dead_code)]\n".to_owned(),
    ] {
        assert_eq!(broken_rules(&text).len(), 1, "{text:.40}");
    }
}

#[test]
fn what_a_line_makes_public_is_seen() {
    for (line, name) in [
        ("pub fn review(spawner: &str) -> String {", Some("review")),
        ("    pub async fn labels(client: &Client) {", Some("labels")),
        ("pub const GO: &[(&str, &str)] = &[", Some("GO")),
        ("pub const fn of<T>() {}", Some("of")),
        ("pub struct Held {", Some("Held")),
        ("    pub peak: u64,", None),
        ("pub mod fuzz;", None),
        ("fn review() {", None),
    ] {
        assert_eq!(public_item(line), name, "{line}");
    }
}

/// Every path that it names is there, and each file and folder under `tests` that holds tests is named.
#[test]
fn contributing_is_a_map_of_the_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let named: BTreeSet<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|text| {
            ["tests/", "src/", "docs/", "benches/"].iter().any(|it| text.starts_with(it))
        })
        .collect();
    assert!(named.len() > 40, "{named:?}");
    for path in named.iter().map(|path| path.split('<').next().unwrap()) {
        assert!(root.join(path).exists(), "CONTRIBUTING.md names {path}, which is not there");
    }
    for binary in ["it", "allocations", "cases", "cluster"] {
        for entry in fs::read_dir(root.join("tests").join(binary)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let path = format!("tests/{binary}/{name}");
            let holds_tests =
                name.ends_with(".rs") && !["main.rs", "support.rs", "harness.rs"].contains(&name);
            assert!(!holds_tests || named.contains(&*path), "CONTRIBUTING.md lacks {path}");
        }
    }
}

/// The compiler sees what nobody uses in a program, but not in a crate.
#[test]
fn whatever_tests_share_is_used_by_one_of_them() {
    let files = files(&["tests", "benches", "fuzz/fuzz_targets"]);
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, text) in &files {
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            *words.entry(word).or_default() += 1;
        }
    }
    let mut items = 0;
    for (path, text) in files.iter().filter(|(path, _)| path.starts_with("tests/support")) {
        for name in text.lines().filter_map(public_item) {
            items += 1;
            assert!(words[name] > 1, "{}: nobody uses {name}", path.display());
        }
    }
    assert!(items > 50, "only {items} items");
}

/// The name of the item that a line makes public.
fn public_item(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let is_function = |rest: &&str| rest.starts_with("fn ");
    let after = |word| rest.strip_prefix(word).filter(is_function);
    let (item, rest) = after("async ").or(after("const ")).unwrap_or(rest).split_once(' ')?;
    let is_item = ["fn", "struct", "enum", "const", "type", "trait"].contains(&item);
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|_| is_item)
}
