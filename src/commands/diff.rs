//! Two texts → what differs, line by line.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::Context;
use serde_json::Value;

use super::harmless;
use super::stdio::UNWRITABLE;
use crate::engine::kelos::Shape;

/// How many lines that are the same stand around those that differ.
const CONTEXT: usize = 3;

/// Where two texts differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'t> {
    Same(&'t str),
    Gone(&'t str),
    New(&'t str),
}

/// An object as YAML.
///
/// # Errors
///
/// When it can't be written so.
pub(super) fn yaml(object: &Value) -> anyhow::Result<String> {
    serde_saphyr::to_string(object).context("the Task can't be written as YAML")
}

/// Prints what differs of a Task or Session, whose name has its namespace with it; nothing if nothing does.
///
/// # Errors
///
/// When it can't be written.
pub(super) fn print_of(
    shape: Shape,
    name: &str,
    before: &Value,
    after: &Value,
) -> anyhow::Result<()> {
    write!(io::stdout(), "{}", of(shape, name, before, after)?).context(UNWRITABLE)
}

/// The same, with what a terminal or a CI system would obey spelled out.
fn of(shape: Shape, name: &str, before: &Value, after: &Value) -> anyhow::Result<String> {
    let kind = shape.as_str().to_ascii_lowercase();
    let names = [format!("a/{kind}/{name}"), format!("b/{kind}/{name}")];
    let names = names.map(|name| harmless::line(&name).into_owned());
    let text = unified(&yaml(before)?, &yaml(after)?, [&names[0], &names[1]]);
    // Behind its sign, too, a line may be a command.
    let lines = text.split('\n').map(|line| {
        let (sign, rest) = line.split_at(line.len().min(1));
        format!("{}{}", harmless::line(sign), harmless::line(rest))
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// A unified diff, as `diff -u` writes it; empty if the texts are the same.
fn unified(before: &str, after: &str, names: [&str; 2]) -> String {
    let lines = compared(before, after);
    let differs: Vec<usize> =
        (0..lines.len()).filter(|at| !matches!(lines[*at], Line::Same(_))).collect();
    let mut hunks: Vec<std::ops::Range<usize>> = Vec::new();
    for at in differs {
        let end = (at + 1 + CONTEXT).min(lines.len());
        match hunks.last_mut() {
            Some(last) if at.saturating_sub(CONTEXT) <= last.end => last.end = end,
            _ => hunks.push(at.saturating_sub(CONTEXT)..end),
        }
    }
    let mut text = String::new();
    if !hunks.is_empty() {
        let [before, after] = names;
        text = format!("--- {before}\n+++ {after}\n");
    }
    for hunk in hunks {
        let count = |lines: &[Line<'_>], is_before: bool| {
            let counts = |line: &&Line<'_>| match line {
                Line::Same(_) => true,
                Line::Gone(_) => is_before,
                Line::New(_) => !is_before,
            };
            lines.iter().filter(counts).count()
        };
        let range = |is_before| {
            let (start, length) =
                (count(&lines[..hunk.start], is_before), count(&lines[hunk.clone()], is_before));
            format!("{},{length}", if length == 0 { start } else { start + 1 })
        };
        // Writing into a String cannot fail.
        let _ = writeln!(text, "@@ -{} +{} @@", range(true), range(false));
        for line in &lines[hunk.clone()] {
            let _ = match line {
                Line::Same(line) => writeln!(text, " {line}"),
                Line::Gone(line) => writeln!(text, "-{line}"),
                Line::New(line) => writeln!(text, "+{line}"),
            };
        }
    }
    text
}

/// The lines of two texts, those that are in both told apart: the longest that they share in this order, of what
/// stands between their first and their last difference.
fn compared<'t>(before: &'t str, after: &'t str) -> Vec<Line<'t>> {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let start = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let (old, new) = (&before[start..], &after[start..]);
    let same_end =
        old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let (old, new) = (&old[..old.len() - same_end], &new[..new.len() - same_end]);
    let mut lines: Vec<Line<'_>> = before[..start].iter().map(|line| Line::Same(line)).collect();
    lines.extend(between(old, new));
    lines.extend(before[before.len() - same_end..].iter().map(|line| Line::Same(line)));
    lines
}

/// The largest table that is made for the longest common lines; above it, all is told as gone and new.
const MOST_CELLS: usize = 4 << 20;

fn between<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let width = new.len() + 1;
    if (old.len() + 1).saturating_mul(width) > MOST_CELLS {
        let gone = old.iter().map(|line| Line::Gone(line));
        return gone.chain(new.iter().map(|line| Line::New(line))).collect();
    }
    // How many lines are shared behind each pair of places.
    let mut shared = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            shared[i * width + j] = if old[i] == new[j] {
                shared[(i + 1) * width + j + 1] + 1
            } else {
                shared[(i + 1) * width + j].max(shared[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || (i < old.len() && shared[(i + 1) * width + j] >= shared[i * width + j + 1])
        {
            lines.push(Line::Gone(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_differ_as_diff_says() {
        for (before, after, expected) in [
            ("a\nb\n", "a\nb\n", ""),
            ("", "a\n", "--- x\n+++ y\n@@ -0,0 +1,1 @@\n+a\n"),
            (
                "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
                "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
                "--- x\n+++ y\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n",
            ),
            ("a\nb\nc\n", "b\nx\nc\n", "--- x\n+++ y\n@@ -1,3 +1,3 @@\n-a\n b\n+x\n c\n"),
        ] {
            assert_eq!(unified(before, after, ["x", "y"]), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn what_a_terminal_or_a_ci_system_would_obey_is_spelled_out() {
        let task = |label: &str| serde_json::json!({"a": "x\n::error file=x::pwned\n##[error] x\n", "b": label, "c": "\u{202e}\u{200b}"});
        let shown = of(Shape::Task, "ns/a\u{9b}", &task("old"), &task("new")).unwrap();
        assert!(shown.contains("\n-b: old\n+b: new\n"), "{shown}");
        for raw in [" ::error", "##[", "\u{202e}", "\u{200b}", "\u{9b}"] {
            assert!(!shown.contains(raw), "{raw:?} in {shown}");
        }
        assert!(shown.contains("\\u{3a}:error file=x::pwned"), "{shown}");
    }

    #[test]
    fn what_is_far_apart_stands_in_hunks_of_its_own() {
        let before: String = (0..30).map(|line| format!("{line}\n")).collect();
        let after = before.replace("3\n4\n", "3\nfour\n").replace("25\n", "");
        let text = unified(&before, &after, ["x", "y"]);
        assert_eq!(text.matches("@@ -").count(), 2, "{text}");
        assert!(text.contains("@@ -23,7 +23,6 @@"), "{text}");
    }
}
