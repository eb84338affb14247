//! The table of values in the chart's README, made of the comments in `values.yaml`.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;

use crate::chart::renderings::{KEPT, monitored, values};
use crate::chart::schema;
use crate::chart::support::files::{is_kept, read, text};
use crate::chart::support::rendering::Rendering;
use crate::harness::helm::chart;

/// Where the table begins, to the end of the page.
const HEADING: &str = "## Values\n";

const INTRO: &str = "
<!-- Made of values.yaml by `BLESS=1 cargo test --profile checked --test cluster chart::page`. -->
";

/// A longer default is not shown in the table.
const LONGEST_DEFAULT: usize = 60;

/// A comment in `values.yaml` and what it stands above.
#[derive(Debug, PartialEq)]
struct Row {
    /// The section it is in.
    section: String,
    /// The path of the value, with dots.
    path: String,
    /// The comment.
    says: String,
}

/// Reads the comments. `## Title` begins a section; a comment belongs to the key below it.
fn rows(values: &str) -> Vec<Row> {
    let (mut rows, mut section) = (Vec::new(), String::new());
    let mut comment: Vec<&str> = Vec::new();
    let mut path: Vec<(usize, &str)> = Vec::new();
    for line in values.lines() {
        let text = line.trim_start();
        if let Some(title) = line.strip_prefix("## ") {
            section = title.to_owned();
        } else if let Some(words) = text.strip_prefix("# ") {
            comment.push(words);
        } else if let Some((key, _)) = text.split_once(':').filter(|_| !text.starts_with("- ")) {
            let indent = line.len() - text.len();
            path.retain(|(of_parent, _)| *of_parent < indent);
            path.push((indent, key));
            if !comment.is_empty() {
                let keys: Vec<&str> = path.iter().map(|(_, key)| *key).collect();
                let (section, path) = (section.clone(), keys.join("."));
                rows.push(Row { section, path, says: comment.join(" ") });
            }
            comment.clear();
        } else {
            comment.clear();
        }
    }
    rows
}

/// The table.
fn table(rows: &[Row], defaults: &Value) -> String {
    let (mut page, mut section) = (String::new(), "");
    for row in rows {
        if row.section != section {
            section = &row.section;
            write!(
                page,
                "\n### {section}\n\n| value | default | what it says |\n| --- | --- | --- |\n"
            )
            .unwrap();
        }
        let has_rows_below =
            rows.iter().any(|other| other.path.starts_with(&format!("{}.", row.path)));
        let default = defaults.pointer(&format!("/{}", row.path.replace('.', "/"))).unwrap();
        let default = match default.to_string() {
            _ if has_rows_below => String::new(),
            text if text.len() > LONGEST_DEFAULT => "see [values.yaml](values.yaml)".to_owned(),
            text => format!("`{text}`"),
        };
        writeln!(page, "| `{}` | {default} | {} |", row.path, row.says.replace('|', "\\|"))
            .unwrap();
    }
    page
}

#[test]
fn the_table_in_the_readme_is_made_of_the_comments() {
    let values = chart().join("values.yaml");
    let table = table(&rows(&text(&values)), &read(&values));
    let path = chart().join("README.md");
    let page = text(&path);
    let (before, _) = page.split_once(HEADING).expect("the README ends with the values");
    is_kept(&path, &format!("{before}{HEADING}{INTRO}{table}"));
}

#[test]
fn every_value_is_explained_once() {
    let rows = rows(&text(&chart().join("values.yaml")));
    let paths: Vec<&String> = rows.iter().map(|row| &row.path).collect();
    let explained: BTreeSet<String> = paths.iter().map(|path| (*path).clone()).collect();
    assert_eq!(paths.len(), explained.len(), "{paths:?}");
    let unexplained: Vec<String> =
        schema::values().into_iter().filter(|path| !explained.contains(path)).collect();
    assert!(unexplained.is_empty(), "no comment above {unexplained:?}");
    assert!(rows.iter().all(|row| !row.section.is_empty() && !row.says.ends_with('.')));
}

#[test]
fn the_readme_names_every_object() {
    let page = text(&chart().join("README.md"));
    let (_, rest) = page.split_once("## What it puts into the cluster\n").unwrap();
    let (objects, _) = rest.split_once("\n## ").unwrap();
    // What has no namespace is left behind when the namespace goes first.
    let command =
        page.lines().find(|line| line.starts_with("kubectl delete mutatingwebhookconfiguration,"));
    let kinds = command.unwrap().split(' ').nth(2).unwrap();
    let kinds: Vec<String> = kinds.split(',').map(str::to_owned).collect();
    for values in KEPT.map(values).into_iter().chain([monitored()]) {
        for object in Rendering::of(&values).objects.values() {
            let kind = object["kind"].as_str().unwrap();
            let words = objects.split(|c: char| !c.is_alphanumeric());
            let is_named = words.map(|word| word.trim_end_matches('s')).any(|word| word == kind);
            assert!(is_named, "{kind} is not named");
            let names_it = kinds.contains(&kind.to_lowercase());
            assert_eq!(names_it, object["metadata"]["namespace"].is_null(), "{kind}");
        }
    }
}

#[test]
fn comments_belong_to_the_key_below_them() {
    let text = "# Nobody's\n\n## One\n\n# Says\n# more\na:\n  # Of b\n  b: 1\n  c:\n    - x: 1\n# Of d\nd: {}\n";
    let row = |path: &str, says: &str| Row {
        section: "One".to_owned(),
        path: path.to_owned(),
        says: says.to_owned(),
    };
    assert_eq!(rows(text), [row("a", "Says more"), row("a.b", "Of b"), row("d", "Of d")]);
}
