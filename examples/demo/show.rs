//! What is shown: 100 columns, in colour on a terminal.

use std::collections::BTreeSet;
use std::path::Path;

use anstream::println;
use clap::builder::styling::{AnsiColor, Style};
use json_patch::PatchOperation;
use serde_json::Value;

use crate::Answer;

const WIDTH: usize = 100;
/// One side of the comparison, with a sign in front and a bar between the two.
const SIDE: usize = (WIDTH - 3) / 2;

const PLAIN: Style = Style::new();
const TITLE: Style = AnsiColor::Cyan.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const ADDED: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();

/// One Task or Session, before and after.
pub(crate) struct Shown<'s> {
    /// Its file.
    pub(crate) file: &'s Path,
    /// What it is an example of.
    pub(crate) about: &'s str,
    pub(crate) before: &'s Value,
    pub(crate) after: &'s Value,
    pub(crate) answer: &'s Answer,
}

/// Says what will be seen.
pub(crate) fn started() {
    println!("kelos-metadata serves each folder of examples/ over HTTPS, as it would a cluster.");
    println!("Its Tasks and Sessions are sent to it as the API server does when one is created.");
}

/// Shows what became of one Task or Session.
pub(crate) fn task(shown: &Shown<'_>) {
    let name = shown.before["metadata"]["name"].as_str().unwrap_or_default();
    let file = shown.file.display().to_string();
    let rule = "─".repeat(WIDTH.saturating_sub(name.len() + file.len() + 6));
    println!("\n{TITLE}── {name} {rule} {file}{TITLE:#}");
    for line in wrap(shown.about, WIDTH) {
        println!("{FAINT}{line}{FAINT:#}");
    }
    println!();
    compare(shown.before, shown.after);
    patch(&shown.answer.patch.0);
    skipped(&shown.answer.warnings);
}

/// Says that all were answered.
pub(crate) fn answered(made: usize) {
    println!(
        "\n{ADDED}✓{ADDED:#} {made} Tasks and Sessions were answered, all allowed; a second pass over \
         each result changes nothing"
    );
}

/// Says how the server ended.
pub(crate) fn stopped(messages: &[String]) {
    println!("{ADDED}✓{ADDED:#} SIGTERM: the server drained and ended with status 0; it said");
    for message in messages {
        println!("    {message}");
    }
}

/// What may be written, and what it is called.
const MAPS: [(&str, &str); 4] = [
    ("/metadata/labels", "labels"),
    ("/metadata/annotations", "annotations"),
    ("/spec/podOverrides/labels", "labels of the Pod"),
    ("/spec/podOverrides/nodeSelector", "node selectors of the Pod"),
];

/// Labels, annotations and node selectors side by side, with a sign and a colour where they differ.
fn compare(before: &Value, after: &Value) {
    row(PLAIN, ' ', &["before".to_owned()], &["after".to_owned()]);
    for (path, map) in MAPS {
        let [old, new] = [before, after].map(|task| task.pointer(path).unwrap_or(&Value::Null));
        let heading = |map_of: &Value| map_of.is_object().then(|| format!("{map}:"));
        row(PLAIN, ' ', &Vec::from_iter(heading(old)), &Vec::from_iter(heading(new)));
        let keys: BTreeSet<&String> = [old, new]
            .into_iter()
            .filter_map(Value::as_object)
            .flat_map(|map| map.keys())
            .collect();
        for key in keys {
            let [old, new] = [old, new].map(|map| map.get(key).and_then(Value::as_str));
            let (style, sign) = match (old, new) {
                (None, _) => (ADDED, '+'),
                (_, None) => (REMOVED, '-'),
                (Some(old), Some(new)) if old == new => (PLAIN, ' '),
                _ => (CHANGED, '~'),
            };
            let entry = |value: Option<&str>| value.map_or(Vec::new(), |value| entry(key, value));
            row(style, sign, &entry(old), &entry(new));
        }
    }
}

/// Two cells of several lines each.
fn row(style: Style, sign: char, left: &[String], right: &[String]) {
    for line in 0..left.len().max(right.len()) {
        let [left, right] = [left, right].map(|cell| cell.get(line).map_or("", String::as_str));
        let pad = " ".repeat(SIDE.saturating_sub(left.chars().count()));
        let sign = if line == 0 { sign } else { ' ' };
        println!("{style}{left}{style:#}{pad} {FAINT}│{FAINT:#}{style}{sign}{right}{style:#}");
    }
}

/// `key: value`, with the value on lines of its own if it is long.
fn entry(key: &str, value: &str) -> Vec<String> {
    let short = format!("  {key}: {value}");
    if short.chars().count() <= SIDE {
        return vec![short];
    }
    let value = wrap(value, SIDE - 4);
    std::iter::once(format!("  {key}:"))
        .chain(value.into_iter().map(|line| format!("    {line}")))
        .collect()
}

fn patch(operations: &[PatchOperation]) {
    println!("\npatch");
    if operations.is_empty() {
        println!("  none");
    }
    for operation in operations {
        let (word, style, value) = match operation {
            PatchOperation::Add(add) => ("add", ADDED, Some(&add.value)),
            PatchOperation::Replace(replace) => ("replace", CHANGED, Some(&replace.value)),
            PatchOperation::Remove(_) => ("remove", REMOVED, None),
            _ => ("other", PLAIN, None),
        };
        let (path, value) = (operation.path(), value.map_or(String::new(), Value::to_string));
        if path.as_str().len() + value.chars().count() + 12 <= WIDTH {
            println!("  {style}{word:<8}{style:#}{path}  {value}");
            continue;
        }
        println!("  {style}{word:<8}{style:#}{path}");
        for line in wrap(&value, WIDTH - 12) {
            println!("            {line}");
        }
    }
}

fn skipped(warnings: &[String]) {
    println!("\nskipped");
    if warnings.is_empty() {
        println!("  none");
    }
    for warning in warnings {
        for (line, text) in wrap(warning, WIDTH - 4).into_iter().enumerate() {
            let indent = if line == 0 { "  " } else { "    " };
            println!("{indent}{REMOVED}{text}{REMOVED:#}");
        }
    }
}

/// Lines of at most `width` characters, broken behind a space or comma, or else a `=`.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((limit, _)) = rest.char_indices().nth(width) {
        let line = &rest[..limit];
        let cut = line.rfind([' ', ',']).or_else(|| line.rfind('=')).map_or(limit, |at| at + 1);
        lines.push(rest[..cut].trim_end().to_owned());
        rest = &rest[cut..];
    }
    lines.push(rest.to_owned());
    lines
}
