//! Fields of a log line: cut and escaped, whoever wrote what stands in them.

use std::borrow::Cow;
use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// The most bytes of one field, escapes counted: enough for every name that Kubernetes has, and for the
/// beginning of what somebody wrote to fill a disk.
pub(super) const FIELD_BYTES: usize = 256;

/// What stands for the rest of a field that was cut.
const ELLIPSIS: char = '…';

/// What `tracing` calls the text of a line.
pub(super) const MESSAGE: &str = "message";

/// A text of at most [`FIELD_BYTES`], and the sign that it was cut.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    match fitting(text, &mut FIELD_BYTES.clone()) {
        whole if whole.len() == text.len() => Cow::Borrowed(text),
        fitting => Cow::Owned([fitting, ELLIPSIS.encode_utf8(&mut [0; 4])].concat()),
    }
}

/// What a value prints, cut; the rest is not even made.
pub(super) fn printed(value: &dyn Debug) -> String {
    let mut out = Cut { text: String::new(), room: FIELD_BYTES };
    // It fails where it is cut, and a value that fails by itself has said what it can.
    let _ = write!(out, "{value:?}");
    out.text
}

/// Takes text until it is enough.
struct Cut {
    text: String,
    room: usize,
}

impl Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fitting = fitting(text, &mut self.room);
        self.text.push_str(fitting);
        if fitting.len() == text.len() {
            return Ok(());
        }
        self.text.push(ELLIPSIS);
        Err(fmt::Error)
    }
}

/// The beginning of a text for which there is room, and takes that.
fn fitting<'t>(text: &'t str, room: &mut usize) -> &'t str {
    for (at, c) in text.char_indices() {
        match room.checked_sub(written_bytes(c)) {
            Some(left) => *room = left,
            None => return &text[..at],
        }
    }
    text
}

/// What a character takes in a line, escaped for people or for machines, at the most.
fn written_bytes(c: char) -> usize {
    match c {
        '"' | '\\' | '\'' => 2,
        ' '..='~' => 1,
        c => c.len_utf8().max(c.escape_debug().map(char::len_utf8).sum()).max(if c.is_control() {
            6
        } else {
            0
        }),
    }
}

/// Fields for people: `message name=value name="text"`, all on one line.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextFields;

impl<'w> FormatFields<'w> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = Line { writer, is_first: true, result: Ok(()) };
        fields.record(&mut line);
        line.result
    }
}

struct Line<'w> {
    writer: Writer<'w>,
    is_first: bool,
    result: fmt::Result,
}

impl Line<'_> {
    fn put(&mut self, field: &Field, value: &str, quoted: bool) {
        if self.result.is_ok() {
            self.result = self.try_put(field, value, quoted);
        }
    }

    fn try_put(&mut self, field: &Field, value: &str, quoted: bool) -> fmt::Result {
        if !std::mem::take(&mut self.is_first) {
            self.writer.write_char(' ')?;
        }
        if field.name() == MESSAGE {
            return escape(&mut self.writer, value, quoted);
        }
        match self.writer.has_ansi_escapes() {
            true => write!(self.writer, "\x1b[3m{}\x1b[0m\x1b[2m=\x1b[0m", field.name())?,
            false => write!(self.writer, "{}=", field.name())?,
        }
        let quote = if quoted { "\"" } else { "" };
        self.writer.write_str(quote)?;
        escape(&mut self.writer, value, quoted)?;
        self.writer.write_str(quote)
    }
}

impl Visit for Line<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, &cut(value), field.name() != MESSAGE);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, &printed(value), false);
    }
}

/// Writes a text without anything that ends a line or moves a terminal's cursor.
fn escape(out: &mut impl Write, text: &str, quoted: bool) -> fmt::Result {
    for c in text.chars() {
        match c {
            '"' | '\\' if quoted => write!(out, "\\{c}")?,
            '"' | '\\' | '\'' => out.write_char(c)?,
            c => write!(out, "{}", c.escape_debug())?,
        }
    }
    Ok(())
}
