//! The findings as SARIF 2.1.0, which code scanning takes.

use serde_json::{Value, json};

use super::super::stdio::print as print_line;
use super::Report;
use super::edit::Edit;
use super::explain;
use super::files::Files;
use super::place::{InFile, Placed};
use super::uri::uri;
use crate::engine::lint::{Rule, Severity};
use crate::templates::Position;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn print(report: &Report, files: &Files) -> anyhow::Result<()> {
    let rules: Vec<Value> = Rule::ALL.into_iter().map(rule).collect();
    let results: Vec<Value> = report.placed.iter().map(|it| result(it, files)).collect();
    let driver = json!({
        "name": env!("CARGO_PKG_NAME"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    let run = json!({
        "tool": {"driver": driver},
        // As lines and columns are counted everywhere here.
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    let log = json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]});
    print_line(serde_json::to_string_pretty(&log)?)
}

fn rule(rule: Rule) -> Value {
    let entry = explain::entry(rule);
    json!({
        "id": rule.as_str(),
        "shortDescription": {"text": rule.about()},
        // What code scanning shows beside a finding.
        "help": {"text": entry, "markdown": entry},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn result(placed: &Placed, files: &Files) -> Value {
    let finding = &placed.finding;
    let help = finding.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let field = finding.field.to_string();
    let logical = json!({"fullyQualifiedName": format!("{}: {field}", placed.title())});
    let mut location = json!({"logicalLocations": [logical]});
    let mut result = json!({
        "ruleId": finding.rule.as_str(),
        "ruleIndex": finding.rule as usize,
        "level": level(finding.severity),
        "message": {"text": format!("{}{help}", finding.text)},
    });
    if let Some(InFile { file, start, end, .. }) = &placed.in_file {
        let artifact = json!({"uri": uri(&files.all[*file].path)});
        location["physicalLocation"] =
            json!({"artifactLocation": artifact, "region": region(*start, *end)});
        if let Some(Ok(edit)) = &placed.edit {
            result["fixes"] = json!([fix(edit, &files.all[*file].text, &artifact)]);
        }
    }
    result["locations"] = json!([location]);
    result
}

fn region(start: Position, end: Position) -> Value {
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn fix(edit: &Edit, text: &str, artifact: &Value) -> Value {
    let at = |offset| Position::of(text, offset);
    let replacement = json!({
        "deletedRegion": region(at(edit.range.start), at(edit.range.end)),
        "insertedContent": {"text": edit.with},
    });
    json!({
        "description": {"text": "Write the replacement"},
        "artifactChanges": [{"artifactLocation": artifact, "replacements": [replacement]}],
    })
}
