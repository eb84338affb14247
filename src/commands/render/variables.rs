//! The variables of a Task, shown.

use std::io::{IsTerminal, stdout};

use comfy_table::{Attribute, Cell, Color};

use super::table::{self, Column};
use crate::cli::OutputFormat;
use crate::commands::shown_variable::json;
use crate::engine::Origin;
use crate::engine::rules::Rules;
use crate::engine::variables::{ReportedVariable, VariableReport};
use crate::templates::Uses;

/// How many variables are looked through at a glance: a terminal of usual height shows no more rows.
const LONG_ROWS: usize = 20;

/// The columns of the variables.
const COLUMNS: [Column; 3] =
    [Column::Whole("VARIABLE"), Column::Value("VALUE"), Column::From("ORIGIN")];

/// A table of the variables, those that are known first. In a long one, those that templates use are before
/// all others.
pub(super) fn table(report: &VariableReport, rules: &Rules, format: OutputFormat) -> String {
    let templates = rules.keys.iter().filter_map(|rule| rule.plan.as_ref().ok());
    let uses = Uses::together(templates.map(|template| &**template));
    let is_long = report.0.len() > LONG_ROWS;
    let mut reported: Vec<&ReportedVariable> = report.0.iter().collect();
    reported.sort_by_key(|it| (is_long && !uses.names_it(&it.name), it.known.is_err()));
    if format == OutputFormat::Wide || !stdout().is_terminal() {
        let rows = reported.into_iter().map(|variable| row(variable, format));
        return table::table(&COLUMNS, rows, format);
    }
    // Why one is missing takes a line: a column of such texts would leave none for values.
    let (known, missing): (Vec<_>, Vec<_>) = reported.into_iter().partition(|it| it.known.is_ok());
    let mut tables = Vec::new();
    if !known.is_empty() {
        tables.push(table::table(&COLUMNS, known.into_iter().map(|it| row(it, format)), format));
    }
    if !missing.is_empty() {
        let rows = missing.into_iter().map(missing_row);
        tables.push(table::wrapped(&["MISSING", "WHY"], rows));
    }
    tables.join("\n\n")
}

/// A variable that is not known, and why.
fn missing_row(variable: &ReportedVariable) -> Vec<Cell> {
    let why = variable.known.as_ref().err().map(ToString::to_string).unwrap_or_default();
    vec![
        Cell::new(&variable.name).add_attribute(Attribute::Bold),
        Cell::new(why).fg(Color::DarkGrey),
    ]
}

fn row(variable: &ReportedVariable, format: OutputFormat) -> Vec<Cell> {
    let (value, from, colour) = match &variable.known {
        Ok((value, origin)) => {
            let colour = match origin {
                Origin::Inferred(_) => Color::Yellow,
                _ => Color::Green,
            };
            (json(value).to_string(), origin.to_string(), colour)
        }
        Err(missing) => ("-".to_owned(), format!("missing: {missing}"), Color::DarkGrey),
    };
    vec![
        Cell::new(&variable.name).add_attribute(Attribute::Bold),
        table::value(value, format),
        table::from(from, format).fg(colour),
    ]
}
