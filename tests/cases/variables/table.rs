//! The table as it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use super::fixture::Shown;

/// The table: a column a source, a row a variable or several of a kind.
pub(crate) struct Table {
    pub(crate) sources: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

pub(crate) struct Row {
    pub(crate) variables: Vec<String>,
    /// By source.
    pub(crate) cells: BTreeMap<String, Cell>,
}

/// Where a variable of a source comes from.
pub(crate) enum Cell {
    /// The source has no such variable.
    Absent,
    /// It has, and nothing tells it.
    Never,
    /// Every Task has this value.
    Always(String),
    /// One of these tells it, or it is missing.
    From(BTreeSet<String>),
}

impl Table {
    /// Reads the table of the page.
    pub(crate) fn read() -> Table {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/variables.md");
        let page = fs::read_to_string(page).unwrap();
        let (_, section) = page.split_once("## By source\n").unwrap();
        let mut lines = section.lines().skip_while(|line| !line.starts_with('|'));
        let cells = |line: &str| -> Vec<String> {
            line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
        };
        let sources = cells(lines.next().unwrap()).split_off(1);
        let row = |line: &str| {
            let mut texts = cells(line).into_iter();
            let first = texts.next().unwrap();
            let variables: Vec<_> = in_backticks(&first).map(str::to_owned).collect();
            assert!(!variables.is_empty(), "no variable in {line}");
            assert_eq!(texts.len(), sources.len(), "{line}");
            let cells = texts.map(|text| Cell::read(&text));
            Row { variables, cells: sources.iter().cloned().zip(cells).collect() }
        };
        let rows = lines.skip(1).take_while(|line| line.starts_with('|')).map(row).collect();
        Table { sources, rows }
    }

    /// All variables that it names.
    pub(crate) fn variables(&self) -> BTreeSet<String> {
        self.rows.iter().flat_map(|row| row.variables.clone()).collect()
    }
}

fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

impl Cell {
    fn read(text: &str) -> Cell {
        match text {
            "—" => Cell::Absent,
            "never" => Cell::Never,
            "always empty" => Cell::Always(String::new()),
            text if text.starts_with("always `") => {
                Cell::Always(in_backticks(text).next().unwrap().to_owned())
            }
            text => {
                let words = text.split([',', ' ']).filter(|word| !["", "or"].contains(word));
                Cell::From(words.map(str::to_owned).collect())
            }
        }
    }

    /// The origins that it names, if it names some.
    pub(crate) fn words(&self) -> Option<&BTreeSet<String>> {
        match self {
            Cell::From(words) => Some(words),
            _ => None,
        }
    }

    /// Whether that is what Tasks show; else what they show instead.
    pub(crate) fn fits(&self, shown: &[Shown]) -> Result<(), String> {
        assert!(!shown.is_empty(), "there are Tasks");
        let origins = || {
            let origins = shown.iter().filter_map(|shown| match shown {
                Shown::Known { origin, .. } => Some(origin.clone()),
                _ => None,
            });
            origins.collect::<BTreeSet<_>>()
        };
        let is_of_source = || !shown.contains(&Shown::NotOfSource);
        let fits = match self {
            Cell::Absent => shown.iter().all(|shown| *shown == Shown::NotOfSource),
            Cell::Never => shown.iter().all(|shown| *shown == Shown::Missing),
            Cell::Always(value) => {
                let always = Shown::Known { value: value.clone(), origin: "derived".to_owned() };
                shown.iter().all(|shown| *shown == always)
            }
            Cell::From(words) => is_of_source() && !words.is_empty() && origins() == *words,
        };
        if fits { Ok(()) } else { Err(format!("and Tasks show {shown:?}")) }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Absent => f.write_str("—"),
            Cell::Never => f.write_str("never"),
            Cell::Always(value) => write!(f, "always {value:?}"),
            Cell::From(words) => {
                f.write_str(&words.iter().map(String::as_str).collect::<Vec<_>>().join(" or "))
            }
        }
    }
}
