//! The findings for people: a line each; in a terminal, as a compiler shows them.

use std::io::{self, IsTerminal};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::super::counted::counted;
use super::super::harmless;
use super::super::stdio::print as print_line;
use super::Report;
use super::files::Files;
use super::place::{InFile, Placed};
use crate::engine::lint::Severity;

/// Prints the findings and a line that counts them.
pub(super) fn print(report: &Report, files: &Files, is_fix: bool) -> anyhow::Result<()> {
    let is_terminal = io::stdout().is_terminal();
    for placed in &report.placed {
        match &placed.in_file {
            Some(at) if is_terminal => {
                print_line(format_args!("{}\n", snippet(placed, at, files)))?
            }
            _ => print_line(lines(placed, files))?,
        }
        if let Some(why) = unwritten(placed, files).filter(|_| is_fix) {
            print_line(format_args!("  not fixed: {why}"))?;
        }
    }
    if report.objects > 0 {
        print_line(summary(report, is_fix))?;
    }
    Ok(())
}

/// Why a replacement that there is was not written.
fn unwritten(placed: &Placed, files: &Files) -> Option<&'static str> {
    let is_unwritable = |at: &InFile| files.all[at.file].is_unwritable;
    Some(match placed.edit.as_ref()? {
        _ if placed.in_file.as_ref().is_some_and(is_unwritable) => "the file can't be written",
        Err(why) => why,
        Ok(_) => "written in this style, the file would not say what it should",
    })
}

/// `file:line:column: severity[rule] text`, and below it what to do.
fn lines(placed: &Placed, files: &Files) -> String {
    let finding = &placed.finding;
    let help = finding.help.as_ref().map(|help| format!("\n  help: {}", harmless::line(help)));
    format!(
        "{}: {}[{}] {}{}",
        harmless::line(&origin(placed, files)),
        finding.severity,
        finding.rule,
        harmless::line(&finding.text),
        help.unwrap_or_default()
    )
}

/// Where it is: of an object of the cluster the field, and the place in its text.
fn origin(placed: &Placed, files: &Files) -> String {
    match &placed.in_file {
        Some(InFile { file, start, .. }) => {
            let path = files.all[*file].path.display();
            format!("{path}:{}:{}", start.line, start.column)
        }
        None => {
            let at = placed.finding.at.map(|at| format!(":{}:{}", at.line, at.column));
            let (title, field) = (placed.title(), &placed.finding.field);
            format!("{title}: {field}{}", at.unwrap_or_default())
        }
    }
}

fn snippet(placed: &Placed, at: &InFile, files: &Files) -> String {
    let finding = &placed.finding;
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let file = &files.all[at.file];
    let path = harmless::line(&file.path.display().to_string()).into_owned();
    let source = harmless::same_length(&file.text);
    // A block of many lines is shown by its first one.
    let line_end = file.text[at.range.start..].find('\n').map(|end| at.range.start + end);
    let end = at.range.end.min(line_end.unwrap_or(file.text.len())).max(at.range.start);
    let source = Snippet::source(source).path(path);
    let marked = source.annotation(AnnotationKind::Primary.span(at.range.start..end));
    let title = level.primary_title(harmless::line(&finding.text)).id(finding.rule.as_str());
    let mut group = title.element(marked);
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(harmless::line(help)));
    }
    Renderer::styled().render(&[group])
}

/// How many there are, and what can be done about them.
fn summary(report: &Report, is_fix: bool) -> String {
    let looked_at = counted(report.objects, "object");
    let mut parts = Vec::new();
    for (severity, word) in
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "info")]
    {
        match report.count(severity) {
            0 => {}
            count if severity == Severity::Info => parts.push(format!("{count} {word}")),
            count => parts.push(counted(count, word)),
        }
    }
    let found = if parts.is_empty() { "nothing found".to_owned() } else { parts.join(", ") };
    let fixable = report.placed.iter().filter(|it| matches!(it.edit, Some(Ok(_)))).count();
    let fixed = match (is_fix, fixable) {
        (true, _) => format!("; {} fixed", report.fixed.count),
        (false, 0) => String::new(),
        (false, count) => format!("; --fix mends {count}"),
    };
    format!("{looked_at}: {found}{fixed}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::engine::lint::Surroundings;
    use crate::engine::rules::Policy;

    #[test]
    fn a_terminal_sees_the_line_and_what_is_meant() {
        let text = "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {name: w}\nspec:\n  when: {githubIssues: {}}\n  taskTemplate:\n    branch: 'x-{{.Number'\n";
        let mut files = Files::of(Path::new("w.yaml"), text);
        let mut report = Report::default();
        let read = files.objects("default");
        let policy = Policy::default();
        report.add(&read, &Surroundings::new(&policy), &files);
        let placed = report.placed.iter().find(|it| it.finding.severity == Severity::Error);
        let placed = placed.unwrap();
        let shown = snippet(placed, placed.in_file.as_ref().unwrap(), &files);
        let shown = anstream::adapter::strip_str(&shown).to_string();
        assert!(shown.starts_with(&format!("error[{}]: ", placed.finding.rule)), "{shown}");
        assert!(shown.contains("--> w.yaml:7:"), "{shown}");
        assert!(shown.contains("7 |     branch: 'x-{{.Number'\n"), "{shown}");
        assert!(shown.contains('^'), "{shown}");
    }
}
