//! Tables, in terminals and elsewhere.

use std::process::Command;

use super::{PROGRAM, run, text, world};

/// A key as long as a prefix and a name make it in practice.
const KEY: &str = "cost-allocation.platform.example.com/business-unit";

/// What `render` shows in a terminal of so many columns; its colours are gone.
fn in_terminal(columns: usize, folder: &str, format: &str) -> String {
    let command = format!("stty cols {columns}; '{PROGRAM}' render -f '{folder}' -o {format}");
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .output()
        .expect("util-linux has script");
    let shown = anstream::adapter::strip_bytes(&output.stdout).into_vec();
    String::from_utf8(shown).unwrap().replace('\r', "")
}

fn long_world() -> tempfile::TempDir {
    let title = format!("start {}", "long ".repeat(800));
    let labels = format!("{KEY}: platform\nteam: '{{{{ .Nothing }}}}'\nz: '{{{{ .Title }}}}'");
    world(&labels, "{{.Title}}", &title)
}

#[test]
fn a_table_fits_the_terminal_with_keys_and_outcomes_whole() {
    let folder = long_world();
    let shown = in_terminal(100, folder.path().to_str().unwrap(), "table");
    let (tables, _) = shown.split_once("error[").unwrap();
    for line in tables.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    let row = |part: &str| tables.lines().find(|line| line.contains(part)).unwrap();
    assert!(row(KEY).ends_with(" applied"), "{tables}");
    assert!(tables.contains("missing_variable"), "{tables}");
    assert!(row(" Title ").contains("start long") && row(" Title ").contains('…'), "{tables}");
    assert_eq!(tables.matches(" team ").count(), 1, "a row is a line: {tables}");
}

#[test]
fn where_no_terminal_is_long_values_are_cut_and_wide_shows_them_whole_and_last() {
    let folder = long_world();
    let folder = folder.path().to_str().unwrap();
    let output = run(&["render", "-f", folder]);
    let table = text(&output.stdout);
    for line in table.lines() {
        assert!(line.chars().count() <= 280, "{line}");
        assert_eq!(line, line.trim_end(), "nothing is padded at its end");
    }
    assert!(table.contains('…'), "{table}");
    let output = run(&["render", "-f", folder, "-o", "wide"]);
    let wide = text(&output.stdout);
    let header = wide.lines().nth(1).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(header, ["KIND", "KEY", "FROM", "OUTCOME", "VALUE"]);
    let long: Vec<&str> = wide.lines().filter(|line| line.len() > 4000).collect();
    assert_eq!(long.len(), 1, "only the value itself is long: {wide}");
    assert!(long[0].trim_start().starts_with("Title"), "{}", long[0]);
    for line in wide.lines() {
        assert_eq!(line, line.trim_end(), "nothing is padded at its end");
    }
}

#[test]
fn a_long_table_of_variables_begins_with_those_that_templates_use() {
    let order = |folder: &str| {
        let output = run(&["render", "-f", folder]);
        let shown = text(&output.stdout).to_owned();
        let rows = shown.lines().skip_while(|line| !line.starts_with(" VARIABLE")).skip(1);
        let names = rows
            .take_while(|line| !line.is_empty())
            .map(|line| line.split_whitespace().next().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let folder = world("a: '{{ .URL }}{{ .Comments }}'", "{{.Title}}", "x");
    let short = order(folder.path().to_str().unwrap());
    assert!(short.len() <= 20 && short[0] == "Branch", "{short:?}");
    let many: String = (0..12).map(|n| format!("{{{{ .Own{n} }}}}")).collect();
    let labels = format!("a: '{{{{ .Title }}}}{{{{ .Comments }}}}'\nb: '{many}'");
    let folder = world(&labels, "{{.Title}}", "x");
    let long = order(folder.path().to_str().unwrap());
    assert!(long.len() > 20, "{long:?}");
    assert_eq!(&long[..3], ["Title", "Comments", "Own0"], "{long:?}");
}

/// A TaskSpawner as people have it: an ordinary key, one of a platform team, and variables that nobody knows.
fn ordinary_world() -> tempfile::TempDir {
    let labels = format!(
        "team.example.com/area: backend\n{KEY}: platform-engineering-east\nteam.example.com/priority: '{{{{ index .Labels 0 }}}}'"
    );
    world(&labels, "{{.Title}}", "Fix the login page of the shop")
}

#[test]
fn values_come_before_all_that_says_where_they_are_from() {
    let folder = ordinary_world();
    let path = folder.path().to_str().unwrap();
    for columns in [80, 100, 120] {
        let shown = in_terminal(columns, path, "table");
        let (tables, _) = shown.split_once("error[").unwrap();
        println!("{columns}\n{tables}");
        for line in tables.lines() {
            assert!(line.chars().count() <= columns, "{line}");
        }
        for whole in [
            "\"backend\"",
            "\"platform-engineering-east\"",
            "\"Fix the login page of the shop\"",
            "missing_variable",
            KEY,
        ] {
            assert!(tables.contains(whole), "{columns}: {whole}: {tables}");
        }
        assert!(!tables.contains("rules…"), "no column is kept for half a word: {tables}");
        assert!(columns < 100 || !tables.contains('…'), "{tables}");
        // Why one is missing stands in lines of its own, whole.
        let flowing = tables.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flowing.contains("nothing on the Task tells it, and no rendered field"),
            "{tables}"
        );
    }
}
