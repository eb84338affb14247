//! Texts: as they are, quoted, as hexadecimal bytes.

use std::fmt::Write;

use super::{Printer, Result};

impl Printer<'_> {
    /// Prints a text by one of the verbs `v s q x X`.
    pub(super) fn string(&mut self, text: &str, verb: char) -> Result {
        match verb {
            'x' | 'X' => self.hex(text, verb == 'X'),
            'q' => self.quoted(text),
            'v' if self.spec.go_syntax => self.quoted(text),
            _ => {
                let text = self.truncated(text)?;
                self.pad(text)
            }
        }
    }

    /// As much of the text as the precision, in characters, lets through.
    fn truncated<'t>(&mut self, text: &'t str) -> std::result::Result<&'t str, super::Exhausted> {
        let Some(precision) = self.spec.precision else { return Ok(text) };
        self.meter.take_reading(text.len().min(4 * precision))?;
        Ok(match text.char_indices().nth(precision) {
            Some((end, _)) => &text[..end],
            None => text,
        })
    }

    fn quoted(&mut self, text: &str) -> Result {
        let text = self.truncated(text)?;
        // No character grows to more than four times its bytes.
        self.meter.take_bytes(4 * text.len())?;
        self.meter.take_reading(4 * text.len())?;
        if self.spec.sharp && can_backquote(text) {
            return self.pad(&format!("`{text}`"));
        }
        let mut quoted = String::with_capacity(text.len() + 2);
        push_quoted(&mut quoted, text, self.spec.plus);
        self.pad(&quoted)
    }

    /// Prints the bytes, as many as the precision lets through.
    fn hex(&mut self, text: &str, upper: bool) -> Result {
        let length = self.spec.precision.unwrap_or(text.len()).min(text.len());
        self.meter.take_bytes(5 * length)?;
        self.meter.take_reading(5 * length)?;
        let prefix = match (self.spec.sharp, upper) {
            (false, _) => "",
            (true, false) => "0x",
            (true, true) => "0X",
        };
        let mut out = String::with_capacity(2 * length);
        for (i, byte) in text.bytes().take(length).enumerate() {
            if i > 0 && self.spec.space {
                out.push(' ');
            }
            if i == 0 || self.spec.space {
                out.push_str(prefix);
            }
            // Writing to a String does not fail.
            let _ = if upper { write!(out, "{byte:02X}") } else { write!(out, "{byte:02x}") };
        }
        self.pad(&out)
    }
}

/// A character in single quotes, as Go source.
pub(super) fn quote_char(c: char, ascii_only: bool) -> String {
    let mut quoted = String::from("'");
    push_escaped(&mut quoted, c, '\'', ascii_only);
    quoted.push('\'');
    quoted
}

/// Appends a text in double quotes, as Go source.
pub(in crate::templates) fn push_quoted(out: &mut String, text: &str, ascii_only: bool) {
    out.push('"');
    for c in text.chars() {
        push_escaped(out, c, '"', ascii_only);
    }
    out.push('"');
}

/// Appends a character as it stands in Go source between such quotes.
fn push_escaped(out: &mut String, c: char, quote: char, ascii_only: bool) {
    let escaped = match c {
        _ if c == quote || c == '\\' => return out.extend(['\\', c]),
        _ if is_printable(c) && (c.is_ascii() || !ascii_only) => return out.push(c),
        '\x07' => "\\a",
        '\x08' => "\\b",
        '\x0c' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\x0b' => "\\v",
        _ => {
            let code = u32::from(c);
            // Writing to a String does not fail.
            let _ = match code {
                0..=0x7f => write!(out, "\\x{code:02x}"),
                0x80..=0xffff => write!(out, "\\u{code:04x}"),
                _ => write!(out, "\\U{code:08x}"),
            };
            return;
        }
    };
    out.push_str(escaped);
}

/// Whether the text can stand between backquotes as it is.
fn can_backquote(text: &str) -> bool {
    text.chars().all(|c| !matches!(c, '\0'..='\x08' | '\n'..='\x1f' | '`' | '\x7f' | '\u{feff}'))
}

/// Whether Go prints the character as it is: letters, marks, numbers, punctuation, symbols and the
/// ASCII space.
pub(in crate::templates) fn is_printable(c: char) -> bool {
    match c {
        ' '..='~' => true,
        '\0'..='\x7f' => false,
        _ => {
            // The standard library draws the same line, but takes a mark at the start of a text for
            // unprintable: so let it not stand there.
            let mut buffer = [b' '; 5];
            let length = c.encode_utf8(&mut buffer[1..]).len();
            let text = std::str::from_utf8(&buffer[..=length]).unwrap_or_default();
            text.escape_debug().nth(1) == Some(c)
        }
    }
}
