//! Tables that fit: as wide as the terminal, or with nothing cut off.

use std::io::{IsTerminal, stdout};

use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Row, Table, presets};

use crate::cli::OutputFormat;

/// The most characters of a value that a table shows where no terminal says how much room there is.
const VALUE_CHARS: usize = 60;

/// The same of where a value comes from, or why there is none: the longest of our own sentences fits.
const FROM_CHARS: usize = 180;

/// What becomes of the text in a column where there is too little room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Column {
    /// It is shown whole.
    Whole(&'static str),
    /// It is cut, and of a terminal's width it has what others leave.
    From(&'static str),
    /// So is it, and in a wide table it comes last, so that nothing is padded to it.
    Value(&'static str),
}

/// Writes a table. A cell that is cut ends in `…`.
pub(in crate::commands) fn table<R>(columns: &[Column], rows: R, format: OutputFormat) -> String
where
    R: IntoIterator<Item = Vec<Cell>>,
{
    let is_wide = format == OutputFormat::Wide;
    let mut order: Vec<usize> = (0..columns.len()).collect();
    if is_wide {
        order.sort_by_key(|&index| matches!(columns[index], Column::Value(_)));
    }
    let mut table = Table::new();
    // The writer takes the colours out where nobody looks.
    table.load_style(presets::NOTHING).enforce_styling();
    // Nor has the padding colours: what is blank at the end of a line is taken off.
    table.style_text_only();
    table.set_content_arrangement(if is_wide {
        ContentArrangement::Disabled
    } else {
        ContentArrangement::Dynamic
    });
    table.set_truncation_indicator("…");
    table.set_header(order.iter().map(|&index| columns[index].name()));
    for row in rows {
        let mut row = Row::from(order.iter().map(|&index| row[index].clone()).collect::<Vec<_>>());
        if !is_wide {
            row.max_height(1);
        }
        table.add_row(row);
    }
    for (place, &index) in order.iter().enumerate() {
        if let (Column::Whole(_), Some(column)) = (columns[index], table.column_mut(place)) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.trim_fmt()
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Column::Whole(name) | Column::From(name) | Column::Value(name) => name,
        }
    }
}

/// A value as a cell of a table.
pub(in crate::commands) fn value(text: String, format: OutputFormat) -> Cell {
    Cell::new(cut(text, VALUE_CHARS, format))
}

/// Where a value comes from, or why there is none.
pub(super) fn from(text: String, format: OutputFormat) -> Cell {
    Cell::new(cut(text, FROM_CHARS, format))
}

/// Cuts a text that no terminal cuts; in a terminal, the table does.
fn cut(text: String, chars: usize, format: OutputFormat) -> String {
    if format == OutputFormat::Wide || stdout().is_terminal() {
        return text;
    }
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
