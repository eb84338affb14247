//! The findings as JSON. Fields may be added; those that are there keep their names and meaning.

use serde::Serialize;

use super::super::harmless;
use super::super::stdio::print as print_line;
use super::Report;
use super::files::Files;
use super::place::{InFile, Placed};
use super::unread::Unread;
use crate::engine::lint::Severity;
use crate::templates::Position;

#[derive(Serialize)]
struct ShownReport<'r> {
    findings: Vec<ShownFinding<'r>>,
    /// What could not be linted.
    unread: Vec<ShownUnread<'r>>,
    objects: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    fixed: usize,
}

#[derive(Serialize)]
struct ShownFinding<'r> {
    rule: &'static str,
    severity: &'static str,
    kind: &'static str,
    namespace: &'r str,
    name: &'r str,
    /// The way to the field that it is about.
    field: String,
    /// Where in the text of that field.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<ShownPosition>,
    /// Where in the files; nothing for what is in the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<ShownPlace>,
    text: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'r str>,
    /// What `--fix` writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<ShownFix<'r>>,
}

/// What could not be linted, and why: a file, or something of the cluster.
#[derive(Serialize)]
struct ShownUnread<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    text: &'r str,
}

impl<'r> From<&'r Unread> for ShownUnread<'r> {
    fn from(unread: &'r Unread) -> ShownUnread<'r> {
        ShownUnread {
            file: unread.file.as_ref().map(|file| file.to_string_lossy().into_owned()),
            line: unread.place.map(|place| place.line),
            column: unread.place.map(|place| place.column),
            text: &unread.text,
        }
    }
}

#[derive(Serialize)]
struct ShownPosition {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct ShownPlace {
    file: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

/// Bytes of the file, and what comes in their place.
#[derive(Serialize)]
struct ShownFix<'r> {
    offset: usize,
    length: usize,
    replacement: &'r str,
}

impl From<Position> for ShownPosition {
    fn from(Position { line, column, .. }: Position) -> ShownPosition {
        ShownPosition { line, column }
    }
}

pub(super) fn print(report: &Report, files: &Files) -> anyhow::Result<()> {
    let shown = ShownReport {
        findings: report.placed.iter().map(|placed| shown(placed, files)).collect(),
        unread: report.unread.iter().map(ShownUnread::from).collect(),
        objects: report.objects,
        errors: report.count(Severity::Error),
        warnings: report.count(Severity::Warning),
        infos: report.count(Severity::Info),
        fixed: report.fixed.count,
    };
    print_line(harmless::json(serde_json::to_string_pretty(&shown)?))
}

fn shown<'r>(placed: &'r Placed, files: &Files) -> ShownFinding<'r> {
    let finding = &placed.finding;
    let mark = |file: usize| if files.all[file].has_mark { '\u{feff}'.len_utf8() } else { 0 };
    let edit = placed.edit.as_ref().and_then(|edit| edit.as_ref().ok());
    let fix = edit.zip(placed.in_file.as_ref()).map(|(edit, at)| ShownFix {
        offset: edit.range.start + mark(at.file),
        length: edit.range.len(),
        replacement: &edit.with,
    });
    let place = placed.in_file.as_ref().map(|InFile { file, start, end, .. }| ShownPlace {
        file: files.all[*file].path.to_string_lossy().into_owned(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    });
    ShownFinding {
        rule: finding.rule.as_str(),
        severity: finding.severity.as_str(),
        kind: placed.makes.spawner(),
        namespace: &placed.namespace,
        name: &placed.name,
        field: finding.field.to_string(),
        position: finding.at.map(ShownPosition::from),
        place,
        text: &finding.text,
        help: finding.help.as_deref(),
        fix,
    }
}
