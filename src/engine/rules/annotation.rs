//! A rules annotation: the YAML or JSON mapping of keys to templates in an annotation. The defaults of the
//! cluster are a file of several such mappings.
//!
//! YAML 1.2 with what configuration needs and nothing that surprises: plain scalars keep their
//! source text (`0123`, `1.10`, `yes`), keys are unique, there are no anchors and no aliases. A
//! value that begins with `{{` needs no quotes.

mod entry;
mod places;
mod reader;

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Marker, Parser, StrInput};
use thiserror::Error;

pub(super) use self::places::places;
use self::reader::Reader;
use super::unquoted::quote_bare_templates;
use super::{On, OnInvalid};
use crate::apimachinery::Kind;
use crate::engine::skip::Skip;
use crate::templates::Position;
use crate::templates::budget::Exhausted;
use crate::templates::purse::Purse;

/// How many bytes of YAML are read for one step, beside that.
const BYTES_PER_STEP: u64 = 4;

/// How many bytes are passed for one step on the way to the line of an error.
const SEARCHED_PER_STEP: u64 = 64;

/// The longest part of a text that a message shows, in bytes.
const SHOWN_BYTES: usize = 64;

/// What a rules annotation says of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// The template.
    pub(super) template: String,
    /// What stands in where the template gives nothing that can be written.
    pub(super) default: Option<String>,
    /// The only values that are written.
    pub(super) allowed: Option<Vec<String>>,
    /// What happens to a value that is no label value, if the rules annotation says it for this key.
    pub(super) on_invalid: Option<OnInvalid>,
    /// Which objects get it, where the defaults of the cluster say so.
    pub(super) on: Option<Vec<On>>,
    /// The line of its key, from 1.
    pub(super) line: usize,
}

/// The defaults of the cluster, as they are written.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) entries: BTreeMap<Kind, Entries>,
    /// What is said of all keys: name, text and line.
    pub(super) settings: Vec<(String, String, usize)>,
}

/// The entries of a rules annotation by key; an entry that can't be understood costs only its key.
pub(super) type Entries = BTreeMap<String, Result<Entry, AnnotationError>>;

/// Where and why a rules annotation, or one of its entries, can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message} (line {line}, column {column})")]
pub(super) struct AnnotationError {
    /// What is wrong.
    pub(super) message: String,
    /// Line in the rules annotation, from 1.
    pub(super) line: usize,
    /// Column in the rules annotation, from 1, in characters.
    pub(super) column: usize,
    /// What to do about it, if there is something to say.
    pub(super) hint: Option<Cow<'static, str>>,
}

/// Why nothing of a rules annotation is known.
#[derive(Debug, Error)]
pub(super) enum Unreadable {
    /// It is no such mapping.
    #[error(transparent)]
    Wrong(#[from] AnnotationError),
    /// Reading it costs more than is left.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
}

/// Reads a rules annotation of at most [`MAP_BYTES`](crate::engine::kelos::MAP_BYTES), at the cost of the purse.
/// What its entries take stays taken.
///
/// # Errors
///
/// Text that is no such mapping, or costs too much; then none of its keys is known.
pub(super) fn parse(text: &str, purse: &mut Purse) -> Result<Entries, Unreadable> {
    read(text, purse, |reader| reader.annotation())
}

/// Reads the defaults of the cluster, at the cost of the purse.
///
/// # Errors
///
/// The same of a file of such mappings.
pub(super) fn parse_defaults(text: &str, purse: &mut Purse) -> Result<Sections, Unreadable> {
    read(text, purse, |reader| reader.sections())
}

fn read<T>(
    text: &str,
    purse: &mut Purse,
    document: impl FnOnce(&mut Reader<'_, '_>) -> Result<T, Unreadable>,
) -> Result<T, Unreadable> {
    purse.take_steps(text.len() as u64 / BYTES_PER_STEP)?;
    // Quoting doubles what is between quotes, at the most.
    purse.take_bytes(3 * text.len())?;
    let quoted = quote_bare_templates(text);
    // Another crate may have switched comments on for all.
    let options = granit_parser::options! { emit_comments: false };
    let parser = Parser::<StrInput<'_>>::new_from_str_with_options(&quoted, options);
    let read = document(&mut Reader::new(parser, purse));
    purse.give_back(3 * text.len());
    read.map_err(|unreadable| match unreadable {
        Unreadable::Wrong(mut error) => {
            error.hint = error.hint.or_else(|| hint(text, error.line));
            error.into()
        }
        exhausted => exhausted,
    })
}

impl AnnotationError {
    fn new(at: Marker, message: impl Into<String>) -> AnnotationError {
        let message = message.into();
        AnnotationError { message, line: at.line(), column: at.col() + 1, hint: None }
    }

    /// The error with its place in the rules annotation that it was found in, at the cost of the purse.
    pub(super) fn within(self, text: &str, purse: &mut Purse) -> Skip {
        // What is over is told with the first key.
        let _ = purse.take_steps(text.len() as u64 / SEARCHED_PER_STEP);
        let position = Position::at(text, self.line, self.column);
        let error = Skip::parse(self.message).at(position);
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// The beginning of a text, for a message, and the sign that it is no more than that.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    match text.floor_char_boundary(SHOWN_BYTES) {
        all if all == text.len() => Cow::Borrowed(text),
        cut => Cow::Owned(format!("{}…", &text[..cut])),
    }
}

/// What to do about a line that YAML does not take as it is meant.
fn hint(text: &str, line: usize) -> Option<Cow<'static, str>> {
    deeper(text, line).map(Cow::Owned).or_else(|| line_hint(text, line).map(Cow::Borrowed))
}

/// What to do about a key that is indented deeper than the one before it, which has its value already.
fn deeper(text: &str, line: usize) -> Option<String> {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let is_text = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let here = text.lines().nth(line.checked_sub(1)?).filter(is_text)?;
    let before = text.lines().take(line - 1).enumerate().filter(|(_, it)| is_text(it)).last();
    let (number, before) = before?;
    let (_, value) = before.split_once(": ")?;
    let value = value.trim();
    let is_open = value.starts_with(['|', '>', '{', '[']) && !value.starts_with("{{");
    let has_value = !value.is_empty() && !is_open;
    (has_value && here.contains(':') && indent(here) > indent(before)).then(|| {
        format!(
            "line {line} is indented deeper than line {}: begin all keys in the same column",
            number + 1
        )
    })
}

/// The same of a line by itself.
fn line_hint(text: &str, line: usize) -> Option<&'static str> {
    const SPECIAL: [char; 8] = ['{', '%', '*', '&', '@', '`', '!', '['];
    const IN_QUOTES: &str = "put the value in quotes";
    let line = text.lines().nth(line.saturating_sub(1))?;
    if line.trim_start_matches(' ').starts_with('\t') {
        return Some("indent with spaces: YAML takes no tabs there");
    }
    let (_, value) = line.split_once(": ")?;
    let value = value.trim();
    match value.chars().next()? {
        quote @ ('"' | '\'') if !value[1..].contains(quote) => Some("close the quote"),
        '"' if value.contains("{{") => {
            Some("put single quotes around the value: `'…'` may hold double ones")
        }
        '\'' if value.contains("{{") => Some("within single quotes, write a single quote twice"),
        c if SPECIAL.contains(&c) => Some(IN_QUOTES),
        _ => value.contains(": ").then_some(IN_QUOTES),
    }
}

#[cfg(test)]
mod tests;
