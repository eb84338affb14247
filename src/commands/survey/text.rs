//! A report as tables and sentences.

use comfy_table::{Attribute, Cell, Color};

use super::super::counted::{by_count, counted};
use super::super::harmless;
use super::super::render::table::{self, Column};
use super::super::stdio::print;
use super::frequent::{Counted, Counts};
use super::report::{Found, KeyReport, Report};
use super::{PassedOver, Survey};
use crate::cli::OutputFormat;
use crate::engine::kelos::Shape;

/// How many values of a key are shown of those that Tasks get, and as many of those that they lose.
const MOST_VALUES: usize = 10;

/// The columns of keys, where what is counted has this name.
fn key_columns(several: &'static str) -> [Column; 9] {
    [
        Column::Whole("KIND"),
        Column::Whole("KEY"),
        Column::Value("VALUE"),
        Column::Whole(several),
        Column::Whole("SAME"),
        Column::Whole("ADDED"),
        Column::Whole("CHANGED"),
        Column::Whole("LOST"),
        Column::Whole("EXAMPLE"),
    ]
}

/// Those of what is skipped.
fn skip_columns(several: &'static str) -> [Column; 6] {
    [
        Column::Whole("KIND"),
        Column::Whole("KEY"),
        Column::Whole("SKIPPED"),
        Column::Whole("VARIABLE"),
        Column::Whole(several),
        Column::Whole("EXAMPLE"),
    ]
}

/// Prints a report.
///
/// # Errors
///
/// When it can't be written.
pub(in crate::commands) fn report(report: &Report, survey: &Survey) -> anyhow::Result<()> {
    let (keys, skips) = (key_rows(report), skip_rows(report));
    let several = match survey.shape {
        Shape::Task => "TASKS",
        Shape::Session => "SESSIONS",
    };
    if !keys.is_empty() {
        print(format_args!(
            "{}\n",
            table::table(&key_columns(several), keys, OutputFormat::Table)
        ))?;
    }
    if !skips.is_empty() {
        print(format_args!(
            "{}\n",
            table::table(&skip_columns(several), skips, OutputFormat::Table)
        ))?;
    }
    sentences(report, survey).into_iter().try_for_each(print)
}

/// A cell with what others wrote.
fn text(text: &str) -> Cell {
    Cell::new(harmless::line(text))
}

fn key_rows(report: &Report) -> Vec<Vec<Cell>> {
    let rows = report.keys.iter().flat_map(|((kind, key), of_key)| {
        rows(of_key).into_iter().map(move |mut row| {
            row.splice(0..0, [Cell::new(kind), text(key).add_attribute(Attribute::Bold)]);
            row
        })
    });
    rows.collect()
}

fn skip_rows(report: &Report) -> Vec<Vec<Cell>> {
    let rows = report.skips.iter().map(|((kind, key, reason, variable), (_, found))| {
        vec![
            Cell::new(kind),
            text(key).add_attribute(Attribute::Bold),
            Cell::new(reason),
            text(variable.as_deref().unwrap_or("-")),
            Cell::new(found.tasks),
            text(&found.example),
        ]
    });
    rows.collect()
}

/// The rows of a key, without kind and key.
fn rows(of_key: &KeyReport) -> Vec<Vec<Cell>> {
    let sorted = of_key.values.sorted();
    let (lost, given): (Vec<&Counted>, Vec<_>) = sorted.into_iter().partition(|it| it.is_lost);
    let shown = || given.iter().take(MOST_VALUES).chain(lost.iter().take(MOST_VALUES));
    let mut rows: Vec<Vec<Cell>> = shown().map(|it| row(it)).collect();
    let rest = rest(&of_key.counts, shown().map(|it| &it.counts));
    if rest.all() > 0 {
        let name = Cell::new("(other values)");
        rows.push(cells(name, rest.all().to_string(), &rest, "-"));
    }
    rows
}

fn row(counted: &Counted) -> Vec<Cell> {
    let end = if counted.is_cut { "…" } else { "" };
    let value = table::value(format!("{:?}{end}", counted.text), OutputFormat::Table);
    let least = if counted.unseen > 0 { "≥ " } else { "" };
    cells(value, format!("{least}{}", counted.counts.all()), &counted.counts, &counted.example)
}

fn cells(value: Cell, tasks: String, counts: &Counts, example: &str) -> Vec<Cell> {
    let count = |count: usize, colour: Color| match count {
        0 => Cell::new("-"),
        count => Cell::new(count).fg(colour),
    };
    vec![
        value,
        Cell::new(tasks),
        count(counts.same, Color::Reset),
        count(counts.added, Color::Green),
        count(counts.changed, Color::Yellow),
        count(counts.lost, Color::Red),
        text(example),
    ]
}

/// What all have that are not among those.
pub(super) fn rest<'c>(all: &Counts, shown: impl Iterator<Item = &'c Counts>) -> Counts {
    let mut rest = all.clone();
    for counts in shown {
        rest.same -= counts.same;
        rest.added -= counts.added;
        rest.changed -= counts.changed;
        rest.lost -= counts.lost;
    }
    rest
}

fn sentences(report: &Report, survey: &Survey) -> Vec<String> {
    let kind = survey.shape.as_str();
    let place = match &survey.namespace {
        Some(namespace) => format!("in namespace {namespace}"),
        None => "in all namespaces".to_owned(),
    };
    let Report { tasks, differ, all, .. } = report;
    let mut said = vec![match (tasks, differ) {
        (0, _) => format!("No {kind} {place} is looked at"),
        (_, 0) => format!("{} {place}: nothing would change", counted(*tasks, kind)),
        _ => format!(
            "{} {place}: {differ} would change ({} added, {} changed, {} lost)",
            counted(*tasks, kind),
            counted(all.added, "key"),
            all.changed,
            all.lost
        ),
    }];
    let held: usize = report.keys.values().map(|it| it.held).sum();
    said.extend(left_to_others(held));
    for (why, Found { tasks, example }) in &report.passed_over {
        let reason = reason(survey.shape, *why, *tasks);
        let tasks = counted(*tasks, kind);
        let example = harmless::line(example);
        said.push(format!("{tasks} passed over: {reason} (for one, {example})"));
    }
    said.extend(stays(report, survey.others.as_deref()));
    if survey.lacks_switches() {
        let which = survey
            .namespace
            .as_ref()
            .map_or("a Namespace".to_owned(), |it| format!("Namespace {it}"));
        said.push(format!(
            "Whether {which} is switched off is not known: if it is, nothing of this happens there"
        ));
    }
    if let Err(why) = &survey.registrations {
        said.push(format!(
            "Whether the webhook is registered for each Namespace is not known: {why}"
        ));
    }
    if report.audited > 0 {
        said.push(format!(
            "{} in a Namespace that is switched to audit: `serve` works this out and changes nothing",
            counted(report.audited, kind)
        ));
    }
    if report.guessed > 0 {
        said.push(format!(
            "{} without managedFields: what rules annotations and defaults declare is taken for ours, and nothing else",
            counted(report.guessed, kind)
        ));
    }
    if report.without_row > 0 {
        let findings = counted(report.without_row, "more finding");
        let are = by_count(report.without_row, "is", "are");
        said.push(format!("{findings} of other keys {are} not shown"));
    }
    said
}

/// How many changes a backfill leaves to who has the keys.
fn left_to_others(changes: usize) -> Option<String> {
    let keys = by_count(changes, "the key", "these keys");
    let them = by_count(changes, "it", "them");
    (changes > 0).then(|| {
        format!(
            "{changes} of these changes: a person or another field manager has {keys}, and `backfill` leaves {them}"
        )
    })
}

/// The keys of which nothing can be told: `others` may have written what nobody is noted for.
fn stays(report: &Report, others: Option<&str>) -> Vec<String> {
    let mut said = Vec::new();
    if report.open > 0 {
        let keys = counted(report.open, "key");
        let stay = by_count(
            report.open,
            "stays: what it would be was known at the creation of its Task only",
            "stay: what they would be was known at the creation of their Tasks only",
        );
        said.push(format!("{keys} {stay}"));
    }
    if let Some(others) = others.filter(|_| report.unproven > 0) {
        let keys = counted(report.unproven, "key");
        let them = by_count(report.unproven, "it", "them");
        said.push(format!(
            "{keys} left that no rule declares and nobody is noted for (for one, {}): the webhook may have written \
             {them}, or {}; kubectl removes {them}",
            harmless::line(&report.unproven_example),
            harmless::line(others)
        ));
    }
    said
}

/// Why so many Tasks or Sessions are passed over.
fn reason(shape: Shape, why: PassedOver, count: usize) -> String {
    let spawner = shape.spawner();
    match why {
        PassedOver::Deleting => "being deleted".to_owned(),
        PassedOver::SwitchedOff => "injection is switched off".to_owned(),
        PassedOver::NotSelected => "the webhook is registered for other Namespaces".to_owned(),
        PassedOver::NoSpawner => {
            format!("without a {spawner}, and --defaults names no defaults for {}", shape.several())
        }
        PassedOver::UnknownSpawner if count == 1 => {
            format!("the {spawner} that it names is not there, so nobody knows its rules")
        }
        PassedOver::UnknownSpawner => {
            format!("the {spawner}s that they name are not there, so nobody knows their rules")
        }
        PassedOver::NoTask => format!("without the fields that Kelos gives a {shape}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::Kind;
    use crate::commands::survey::Surveyed;
    use crate::engine::Skip;
    use crate::engine::reason::Reason;
    use crate::engine::revision::{RevisedKey, Revision};

    #[test]
    fn what_a_terminal_would_obey_in_a_name_is_spelled_out() {
        let odd = "k\u{1b}]0;PWN\u{7}\u{9b}31m\u{202e}";
        let key = RevisedKey {
            kind: Kind::Label,
            key: odd.to_owned(),
            has: None,
            gives: Some("x".to_owned()),
            skip: Some(Skip::new(Reason::InvalidKey, "it is no key")),
            is_held: false,
            is_open: false,
            is_traceless: false,
        };
        let mut report = Report::default();
        report.add(&Surveyed {
            object: serde_json::Value::Null,
            namespace: "ns".to_owned(),
            name: odd.to_owned(),
            verdict: Ok(Revision { keys: vec![key], ..Revision::default() }),
            is_audited: false,
        });
        let rows = [key_rows(&report), skip_rows(&report)].concat();
        assert_eq!(rows.len(), 2);
        for cell in rows.iter().flatten() {
            assert_eq!(harmless::line(&cell.content()), cell.content());
        }
    }

    #[test]
    fn a_sentence_agrees_with_its_count() {
        let said = |count: usize| {
            let example = "ns/w-1 old".to_owned();
            let report = Report {
                open: count,
                unproven: count,
                unproven_example: example,
                ..Report::default()
            };
            let stays = stays(&report, Some("webhook x of y"));
            let spawner = reason(Shape::Task, PassedOver::UnknownSpawner, count);
            let all = left_to_others(count).into_iter().chain(stays).chain([spawner]);
            all.collect::<Vec<_>>().join("\n")
        };
        assert_eq!(
            said(1),
            "1 of these changes: a person or another field manager has the key, and `backfill` leaves it\n\
             1 key stays: what it would be was known at the creation of its Task only\n\
             1 key left that no rule declares and nobody is noted for (for one, ns/w-1 old): the webhook may have \
             written it, or webhook x of y; kubectl removes it\n\
             the TaskSpawner that it names is not there, so nobody knows its rules"
        );
        assert_eq!(
            said(2),
            "2 of these changes: a person or another field manager has these keys, and `backfill` leaves them\n\
             2 keys stay: what they would be was known at the creation of their Tasks only\n\
             2 keys left that no rule declares and nobody is noted for (for one, ns/w-1 old): the webhook may have \
             written them, or webhook x of y; kubectl removes them\n\
             the TaskSpawners that they name are not there, so nobody knows their rules"
        );
    }
}
