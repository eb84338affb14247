//! A report as tables and sentences.

use comfy_table::{Attribute, Cell, Color};

use super::super::counted::counted;
use super::super::render::table::{self, Column};
use super::super::stdio::print;
use super::frequent::{Counted, Counts};
use super::report::{Found, KeyReport, Report};
use super::{PassedOver, Survey};
use crate::cli::OutputFormat;

/// How many values of a key are shown of those that Tasks get, and as many of those that they lose.
const MOST_VALUES: usize = 10;

const KEY_COLUMNS: [Column; 9] = [
    Column::Whole("KIND"),
    Column::Whole("KEY"),
    Column::Value("VALUE"),
    Column::Whole("TASKS"),
    Column::Whole("SAME"),
    Column::Whole("ADDED"),
    Column::Whole("CHANGED"),
    Column::Whole("LOST"),
    Column::Whole("EXAMPLE"),
];

const SKIP_COLUMNS: [Column; 6] = [
    Column::Whole("KIND"),
    Column::Whole("KEY"),
    Column::Whole("SKIPPED"),
    Column::Whole("VARIABLE"),
    Column::Whole("TASKS"),
    Column::Whole("EXAMPLE"),
];

/// Prints a report.
///
/// # Errors
///
/// When it can't be written.
pub(in crate::commands) fn report(report: &Report, survey: &Survey) -> anyhow::Result<()> {
    let rows: Vec<Vec<Cell>> = report
        .keys
        .iter()
        .flat_map(|((kind, key), of_key)| {
            rows(of_key).into_iter().map(move |mut row| {
                row.splice(0..0, [Cell::new(kind), Cell::new(key).add_attribute(Attribute::Bold)]);
                row
            })
        })
        .collect();
    if !rows.is_empty() {
        print(format_args!("{}\n", table::table(&KEY_COLUMNS, rows, OutputFormat::Table)))?;
    }
    if !report.skips.is_empty() {
        let rows = report.skips.iter().map(|((kind, key, reason, variable), (_, found))| {
            vec![
                Cell::new(kind),
                Cell::new(key).add_attribute(Attribute::Bold),
                Cell::new(reason),
                Cell::new(variable.as_deref().unwrap_or("-")),
                Cell::new(found.tasks),
                Cell::new(&found.example),
            ]
        });
        print(format_args!("{}\n", table::table(&SKIP_COLUMNS, rows, OutputFormat::Table)))?;
    }
    sentences(report, survey).into_iter().try_for_each(print)
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
        Cell::new(example),
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
    let place = match &survey.namespace {
        Some(namespace) => format!("in namespace {namespace}"),
        None => "in all namespaces".to_owned(),
    };
    let Report { tasks, differ, all, .. } = report;
    let mut said = vec![match (tasks, differ) {
        (0, _) => format!("No Task {place} is looked at"),
        (_, 0) => format!("{} {place}: nothing would change", counted(*tasks, "Task")),
        _ => format!(
            "{} {place}: {differ} would change ({} added, {} changed, {} lost)",
            counted(*tasks, "Task"),
            counted(all.added, "key"),
            all.changed,
            all.lost
        ),
    }];
    let held: usize = report.keys.values().map(|it| it.held).sum();
    if held > 0 {
        said.push(format!(
            "{} of these changes: a person or another field manager has the key, and `backfill` leaves it",
            held
        ));
    }
    for (why, Found { tasks, example }) in &report.passed_over {
        let tasks = counted(*tasks, "Task");
        said.push(format!("{tasks} passed over: {} (for one, {example})", reason(*why)));
    }
    if let Err(why) = &survey.registrations {
        said.push(format!(
            "Whether the webhook is registered for each Namespace is not known: {why}"
        ));
    }
    if report.audited > 0 {
        said.push(format!(
            "{} in a Namespace that is switched to audit: `serve` works this out and changes nothing",
            counted(report.audited, "Task")
        ));
    }
    if report.guessed > 0 {
        said.push(format!(
            "{} without managedFields: what rules annotations and defaults declare is taken for ours",
            counted(report.guessed, "Task")
        ));
    }
    if report.without_row > 0 {
        said.push(format!("{} more findings of other keys are not shown", report.without_row));
    }
    said
}

fn reason(why: PassedOver) -> &'static str {
    match why {
        PassedOver::Deleting => "being deleted",
        PassedOver::SwitchedOff => "injection is switched off",
        PassedOver::NotSelected => "the webhook is registered for other Namespaces",
        PassedOver::NoSpawner => "without a TaskSpawner, and --defaults names no defaults",
        PassedOver::UnknownSpawner => {
            "the TaskSpawner that it names is not there, so nobody knows its rules"
        }
        PassedOver::NoTask => "without the fields that Kelos gives a Task",
    }
}
