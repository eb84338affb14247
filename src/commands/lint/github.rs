//! The findings as workflow commands of GitHub Actions: each becomes an annotation of its line.

use super::super::harmless;
use super::super::stdio::print as print_line;
use super::Report;
use super::files::Files;
use super::place::{InFile, Placed};
use super::unread::Unread;
use super::uri::relative;
use crate::engine::lint::Severity;
use crate::manifests::Place;

pub(super) fn print(report: &Report, files: &Files) -> anyhow::Result<()> {
    report.unread.iter().try_for_each(|unread| print_line(of_unread(unread)))?;
    report.placed.iter().try_for_each(|placed| print_line(command(placed, files)))
}

/// What could not be linted.
fn of_unread(unread: &Unread) -> String {
    let mut properties = Vec::new();
    if let Some(file) = &unread.file {
        properties.push(format!("file={}", property(&relative(file))));
    }
    if let Some(Place { line, column }) = unread.place {
        properties.push(format!("line={line},col={column}"));
    }
    properties.push("title=not linted".to_owned());
    format!("::error {}::{}", properties.join(","), data(&unread.text))
}

fn command(placed: &Placed, files: &Files) -> String {
    let finding = &placed.finding;
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut properties = Vec::new();
    if let Some(InFile { file, start, end, .. }) = &placed.in_file {
        properties.push(format!("file={}", property(&relative(&files.all[*file].path))));
        properties.push(format!("line={}", start.line));
        // Columns are only taken within one line.
        if end.line == start.line {
            properties.push(format!("col={}", start.column));
            properties.push(format!("endColumn={}", end.column.max(start.column)));
        }
    }
    properties.push(format!("title={}", property(finding.rule.as_str())));
    let help = finding.help.as_ref().map(|help| format!("\nhelp: {}", harmless::line(help)));
    let about = match &placed.in_file {
        Some(_) => String::new(),
        None => format!("{}: {}: ", placed.title(), finding.field),
    };
    let text = harmless::line(&finding.text);
    let message = format!("{}{text}{}", harmless::line(&about), help.unwrap_or_default());
    format!("::{name} {}::{}", properties.join(","), data(&message))
}

/// What stands behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    harmless::line(&data(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_command_or_a_property_is_escaped() {
        assert_eq!(data("50%: a,b\r\nc"), "50%25: a,b%0D%0Ac");
        assert_eq!(property("a:b,c%\n\u{9b}"), "a%3Ab%2Cc%25%0A\\u{9b}");
    }
}
