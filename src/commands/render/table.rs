//! Tables that fit: as wide as the terminal, or with nothing cut off.

use std::io::{IsTerminal, stdout};

use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Row, Table, Width, presets};

use crate::cli::OutputFormat;

/// The most characters of a value that a table shows where no terminal says how much room there is.
const VALUE_CHARS: usize = 60;

/// The same of where a value comes from, or why there is none: the longest of our own sentences fits.
const FROM_CHARS: usize = 180;

/// The least of a value that is worth a column, in characters; with less room it stands below its key.
const LEAST_VALUE: usize = 24;

/// The same of where it comes from: `derived` fits.
const LEAST_FROM: usize = 8;

/// The blanks around the text of a column.
const PADDING: usize = 2;

/// What becomes of the text in a column where there is too little room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Column {
    /// It is shown whole.
    Whole(&'static str),
    /// It is cut, and of a terminal's width it has what values leave.
    From(&'static str),
    /// It is left out where values leave too little for all of it.
    Spare(&'static str),
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
    let rows: Vec<Vec<Cell>> = rows.into_iter().collect();
    let mut table = Table::new();
    let room = match table.width() {
        Some(width) if !is_wide && stdout().is_terminal() => {
            match Room::of(columns, &rows, usize::from(width)) {
                Some(room) => Some(room),
                None => return below_keys(columns, &rows, usize::from(width)),
            }
        }
        _ => None,
    };
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
        let Some(column) = table.column_mut(place) else { continue };
        let wide = |chars: usize| {
            let chars = u16::try_from(chars + PADDING).unwrap_or(u16::MAX);
            ColumnConstraint::Absolute(Width::Fixed(chars))
        };
        match (columns[index], &room) {
            (Column::Whole(_), _) => {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            (_, None) => {}
            (Column::Value(_), Some(room)) => {
                column.set_constraint(wide(room.value.min(room.chars[index])));
            }
            (Column::From(_), Some(room)) => {
                column.set_constraint(wide(room.from.min(room.chars[index])));
            }
            (Column::Spare(_), Some(room)) if room.from < room.chars[index] => {
                column.set_constraint(ColumnConstraint::Hidden);
            }
            (Column::Spare(_), Some(_)) => {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    table.trim_fmt()
}

/// How a terminal's width is shared out.
struct Room {
    /// The longest text of each column, in characters.
    chars: Vec<usize>,
    /// The most of a value.
    value: usize,
    /// The most of where it comes from.
    from: usize,
}

impl Room {
    /// Gives values what they need, and the others what they leave. Nothing where there is too little for values.
    fn of(columns: &[Column], rows: &[Vec<Cell>], width: usize) -> Option<Room> {
        let chars = |index: usize, column: &Column| {
            let texts = rows.iter().map(|row| row[index].content().chars().count());
            texts.chain([column.name().chars().count()]).max().unwrap_or_default()
        };
        let chars: Vec<usize> =
            columns.iter().enumerate().map(|(index, column)| chars(index, column)).collect();
        let sum = |is_it: fn(Column) -> bool, padding: usize| {
            let all = columns.iter().zip(&chars).filter(|(column, _)| is_it(**column));
            all.map(|(_, chars)| chars + padding).sum::<usize>()
        };
        let is_value = |column| matches!(column, Column::Value(_));
        let is_from = |column| matches!(column, Column::From(_));
        let values = columns.iter().filter(|column| is_value(**column)).count().max(1);
        let whole = sum(|column| matches!(column, Column::Whole(_)), PADDING);
        let needed = sum(is_value, 0);
        let least = if columns.iter().any(|it| is_from(*it)) { LEAST_FROM + PADDING } else { 0 };
        let room = width.saturating_sub(whole + values * PADDING);
        let value = room.saturating_sub(least).min(needed);
        // Where something else can give way, a value may be cut.
        let enough = if least > 0 { LEAST_VALUE } else { VALUE_CHARS };
        if value < needed.min(enough * values) {
            return None;
        }
        let from = room.saturating_sub(value + PADDING);
        Some(Room { chars, value: if values > 1 { (value / values).max(1) } else { value }, from })
    }
}

/// The table where there is no room for values: they stand below their keys.
fn below_keys(columns: &[Column], rows: &[Vec<Cell>], width: usize) -> String {
    let is_whole = |index: &usize| matches!(columns[*index], Column::Whole(_));
    let whole: Vec<usize> = (0..columns.len()).filter(is_whole).collect();
    let mut table = Table::new();
    table.load_style(presets::NOTHING).enforce_styling();
    table.style_text_only();
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(whole.iter().map(|&index| columns[index].name()));
    table.add_rows(rows.iter().map(|row| whole.iter().map(|&index| row[index].clone())));
    let shown = table.trim_fmt();
    let mut lines = shown.lines();
    let mut text: Vec<String> = lines.next().map(str::to_owned).into_iter().collect();
    for (line, row) in lines.zip(rows) {
        text.push(line.to_owned());
        let values = columns.iter().zip(row).filter(|(it, _)| matches!(it, Column::Value(_)));
        for (number, (column, cell)) in values.enumerate() {
            let name = if number > 0 { column.name().to_lowercase() + ": " } else { String::new() };
            let value = cell.content();
            if value != "-" {
                text.push(cut_at(format!("   {name}{value}"), width));
            }
        }
    }
    text.join("\n")
}

/// A text with `…` in the place of what is more than so many characters.
fn cut_at(text: String, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text;
    }
    let kept: String = text.chars().take(chars.saturating_sub(1)).collect();
    kept + "…"
}

/// Writes a table whose last column takes as many lines as its texts need in this terminal; the others are whole.
pub(in crate::commands) fn wrapped(
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<Cell>>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).enforce_styling();
    table.style_text_only();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table.add_rows(rows);
    for place in 0..header.len().saturating_sub(1) {
        if let Some(column) = table.column_mut(place) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.trim_fmt()
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Column::Whole(name)
            | Column::From(name)
            | Column::Spare(name)
            | Column::Value(name) => name,
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
