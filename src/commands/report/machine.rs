//! The figures as comma-separated values and as JSON.

use anyhow::Context;
use bigdecimal::ToPrimitive;
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::stdio::{UNWRITABLE, print_json};
use super::Ledger;
use super::entry::State;
use super::figures::{Figures, Groups, Values};
use super::table::moment;

/// A line of figures, as machines read it.
#[derive(Serialize)]
struct Line {
    tasks: usize,
    no_phase: usize,
    pending: usize,
    waiting: usize,
    running: usize,
    succeeded: usize,
    failed: usize,
    other: usize,
    /// Of those that ended, from 0 to 1.
    success_rate: Option<f64>,
    p50_seconds: Option<f64>,
    p90_seconds: Option<f64>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cost_usd: Option<f64>,
    /// How many say what they cost.
    tasks_with_cost: usize,
}

impl Line {
    fn of(figures: &Figures) -> Line {
        let of = |state| figures.of(state);
        let tokens = |tokens| (figures.with_tokens > 0).then_some(tokens);
        Line {
            tasks: figures.tasks,
            no_phase: of(State::NoPhase),
            pending: of(State::Pending),
            waiting: of(State::Waiting),
            running: of(State::Running),
            succeeded: of(State::Succeeded),
            failed: of(State::Failed),
            other: of(State::Other),
            success_rate: figures.success(),
            p50_seconds: figures.durations.quantile(0.5),
            p90_seconds: figures.durations.quantile(0.9),
            input_tokens: tokens(figures.input_tokens),
            output_tokens: tokens(figures.output_tokens),
            cost_usd: figures.cost.to_f64().filter(|_| figures.with_cost > 0),
            tasks_with_cost: figures.with_cost,
        }
    }

    /// The figures as texts, in their order; nothing of what is not known.
    fn cells(&self) -> [String; 15] {
        let count = |count: usize| count.to_string();
        let part = |part: Option<f64>| part.map(|it| it.to_string()).unwrap_or_default();
        let tokens = |tokens: Option<u64>| tokens.map(|it| it.to_string()).unwrap_or_default();
        [
            count(self.tasks),
            count(self.no_phase),
            count(self.pending),
            count(self.waiting),
            count(self.running),
            count(self.succeeded),
            count(self.failed),
            count(self.other),
            part(self.success_rate),
            part(self.p50_seconds),
            part(self.p90_seconds),
            tokens(self.input_tokens),
            tokens(self.output_tokens),
            part(self.cost_usd),
            count(self.tasks_with_cost),
        ]
    }
}

/// Prints comma-separated values: a line for each value, with none for all, so that columns can be summed up. Label
/// values begin with a letter or digit, so no cell is taken for a formula by a spreadsheet.
///
/// # Errors
///
/// When they can't be written.
pub(super) fn csv(groups: &Groups) -> anyhow::Result<()> {
    let figures = [
        "tasks",
        "no_phase",
        "pending",
        "waiting",
        "running",
        "succeeded",
        "failed",
        "other",
        "success_rate",
        "p50_seconds",
        "p90_seconds",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "tasks_with_cost",
    ];
    let mut writer = csv::Writer::from_writer(anstream::stdout().lock());
    writer.write_record(groups.by.iter().map(String::as_str).chain(figures)).context(UNWRITABLE)?;
    let mut line = |names: Vec<&str>, figures: &Figures| {
        let names = names.into_iter().map(str::to_owned);
        writer.write_record(names.chain(Line::of(figures).cells())).context(UNWRITABLE)
    };
    for (values, figures) in groups.sorted() {
        line(values.iter().map(|it| it.as_deref().unwrap_or_default()).collect(), figures)?;
    }
    if groups.others.tasks > 0 {
        line(vec!["(other values)"; groups.by.len()], &groups.others)?;
    }
    writer.flush().context(UNWRITABLE)
}

#[derive(Serialize)]
struct Shown<'l> {
    by: &'l [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// How many Tasks are there, and how many only their TaskRecords tell of.
    tasks: usize,
    gone: usize,
    lines: Vec<ShownLine>,
    /// Those of values that there was no line for.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_values: Option<Line>,
    total: Line,
}

#[derive(Serialize)]
struct ShownLine {
    /// The value of each key; null for Tasks that have not the label.
    values: Map<String, Value>,
    #[serde(flatten)]
    figures: Line,
}

/// Prints JSON.
///
/// # Errors
///
/// When it can't be written.
pub(super) fn json(ledger: &Ledger) -> anyhow::Result<()> {
    let groups = &ledger.groups;
    let line = |(values, figures): (&Values, &Figures)| ShownLine {
        values: groups
            .by
            .iter()
            .cloned()
            .zip(values.iter().map(|it| Value::from(it.clone())))
            .collect(),
        figures: Line::of(figures),
    };
    let others = &groups.others;
    let shown = Shown {
        by: &groups.by,
        since: ledger.window.since.map(moment),
        until: ledger.window.until.map(moment),
        tasks: ledger.tasks,
        gone: ledger.gone,
        lines: groups.sorted().into_iter().map(line).collect(),
        other_values: (others.tasks > 0).then(|| Line::of(others)),
        total: Line::of(&groups.total),
    };
    print_json(&shown)
}
