//! A rules annotation: the YAML or JSON mapping of keys to templates in an annotation.
//!
//! YAML 1.2 with what configuration needs and nothing that surprises: plain scalars keep their
//! source text (`0123`, `1.10`, `yes`), keys are unique, there are no anchors and no aliases. A
//! value that begins with `{{` needs no quotes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};
use thiserror::Error;

use super::OnInvalid;
use super::unquoted::quote_bare_templates;
use crate::engine::skip::Skip;
use crate::templates::Position;
use crate::templates::budget::Exhausted;
use crate::templates::purse::{ALLOCATION, Purse};
use crate::templates::suggest::meant;

/// The most fields of an entry that are looked at: there are four, and each is looked for among those
/// before it.
const MOST_FIELDS: usize = 16;

/// What a key of a rules annotation takes while it is read, beside its texts.
const KEY_BYTES: usize =
    3 * size_of::<(String, Result<Entry, AnnotationError>)>() + 4 * ALLOCATION + 512;

/// What a text takes that is no key.
const TEXT_BYTES: usize = 3 * size_of::<(String, Marker, Node)>() + ALLOCATION;

/// What a piece of YAML costs, in steps: a text, the beginning or the end of something.
const PIECE_STEPS: u64 = 12;

/// How many bytes of YAML are read for one step, beside that.
const BYTES_PER_STEP: u64 = 4;

/// How many bytes are passed for one step on the way to the line of an error.
const SEARCHED_PER_STEP: u64 = 64;

/// The longest part of a text that a message shows, in bytes.
const SHOWN_BYTES: usize = 64;

/// The fields of an entry.
const FIELDS: [&str; 4] = ["value", "default", "allowed", "onInvalid"];

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
    purse.take_steps(text.len() as u64 / BYTES_PER_STEP)?;
    // Quoting doubles what is between quotes, at the most.
    purse.take_bytes(3 * text.len())?;
    let quoted = quote_bare_templates(text);
    // Another crate may have switched comments on for all.
    let options = granit_parser::options! { emit_comments: false };
    let parser = Parser::new_from_str_with_options(&quoted, options);
    let mut reader = Reader { parser, purse };
    let read = reader.document();
    purse.give_back(3 * text.len());
    read.map_err(|unreadable| match unreadable {
        Unreadable::Wrong(mut error) => {
            error.hint = hint(text, error.line).map(Cow::Borrowed);
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

/// Reads the parser's events; it never goes deeper than an entry's `allowed` list.
struct Reader<'t, 'p> {
    parser: Parser<'t, StrInput<'t>>,
    purse: &'p mut Purse,
}

/// A node one level below the mapping.
enum Node {
    Scalar(String),
    List(Vec<String>),
    Map(Vec<(String, Marker, Node)>),
    /// A node that has no place here; it was read to its end.
    Misplaced(&'static str),
}

impl<'t> Reader<'t, '_> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Unreadable> {
        self.purse.take_steps(PIECE_STEPS)?;
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                if let Event::Scalar(text, ..) = &event {
                    self.purse.take_bytes(TEXT_BYTES + text.len())?;
                }
                Ok((event, span))
            }
            Some(Err(error)) => Err(AnnotationError::new(*error.marker(), error.info()).into()),
            None => Ok((Event::StreamEnd, Span::empty(Marker::new(0, 1, 0)))),
        }
    }

    fn document(&mut self) -> Result<Entries, Unreadable> {
        let mut entries = Entries::new();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::MappingStart(_, 0, _) => break,
                Event::StreamEnd => return Ok(entries),
                Event::Scalar(text, _, 0, _) if is_null(&text) => {
                    self.end()?;
                    return Ok(entries);
                }
                _ => {
                    let message = "this is no mapping of keys to templates";
                    return Err(AnnotationError::new(span.start, message).into());
                }
            }
        }
        while let Some((key, at)) = self.key()? {
            let (event, span) = self.next()?;
            let node = self.node(event, span, 0)?;
            self.purse.take_bytes(KEY_BYTES)?;
            if entries.contains_key(&key) {
                let message = format!("the key `{}` is there twice", shown(&key));
                return Err(AnnotationError::new(at, message).into());
            }
            entries.insert(key, entry(node, at));
        }
        self.end()?;
        Ok(entries)
    }

    /// Nothing but the end of the only document may follow.
    fn end(&mut self) -> Result<(), Unreadable> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::DocumentEnd => {}
                Event::StreamEnd => return Ok(()),
                _ => {
                    let message = "a second document begins here; a rules annotation is one";
                    return Err(AnnotationError::new(span.start, message).into());
                }
            }
        }
    }

    /// The next key of a mapping, or nothing at its end.
    fn key(&mut self) -> Result<Option<(String, Marker)>, Unreadable> {
        let (event, span) = self.next()?;
        match event {
            Event::MappingEnd => Ok(None),
            Event::Scalar(_, _, 0, _) if span.is_empty() => Ok(Some((String::new(), span.start))),
            Event::Scalar(text, _, 0, _) => Ok(Some((text.into_owned(), span.start))),
            event => Err(refused_reference(&event, span)
                .unwrap_or_else(|| {
                    let message = "a key is a plain text; quote the value if it begins with `{`";
                    AnnotationError::new(span.start, message)
                })
                .into()),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Unreadable> {
        if let Some(error) = refused_reference(&event, span) {
            return Err(error.into());
        }
        match event {
            // A value that is not there at all comes as a `~` without extent.
            Event::Scalar(..) if span.is_empty() => Ok(Node::Scalar(String::new())),
            Event::Scalar(text, style, ..) => Ok(Node::Scalar(content(text, style))),
            Event::SequenceStart(..) if depth > 0 => self.list(),
            Event::MappingStart(..) if depth == 0 => {
                let mut fields: Vec<(String, Marker, Node)> = Vec::new();
                while let Some((key, at)) = self.key()? {
                    if fields.iter().any(|(other, ..)| *other == key) {
                        let message = format!("the field `{}` is there twice", shown(&key));
                        return Err(AnnotationError::new(at, message).into());
                    }
                    let (event, span) = self.next()?;
                    let node = self.node(event, span, depth + 1)?;
                    // One of those before it is none that there is.
                    if fields.len() < MOST_FIELDS {
                        fields.push((key, at, node));
                    }
                }
                Ok(Node::Map(fields))
            }
            Event::SequenceStart(..) => self.skip("a list"),
            Event::MappingStart(..) => self.skip("a mapping"),
            _ => Err(AnnotationError::new(span.start, "a value is missing").into()),
        }
    }

    /// The texts of a list.
    fn list(&mut self) -> Result<Node, Unreadable> {
        let mut items = Vec::new();
        let mut misplaced = None;
        loop {
            let (event, span) = self.next()?;
            if let Some(error) = refused_reference(&event, span) {
                return Err(error.into());
            }
            match event {
                Event::Scalar(text, style, ..) => items.push(content(text, style)),
                Event::SequenceEnd => return Ok(misplaced.unwrap_or(Node::List(items))),
                Event::SequenceStart(..) => misplaced = Some(self.skip("a list of lists")?),
                Event::MappingStart(..) => misplaced = Some(self.skip("a list of mappings")?),
                _ => return Err(AnnotationError::new(span.start, "the list has no end").into()),
            }
        }
    }

    /// Reads over the rest of a node that has no place here, so that the other keys are found.
    fn skip(&mut self, what: &'static str) -> Result<Node, Unreadable> {
        let mut open = 1_usize;
        while open > 0 {
            let (event, span) = self.next()?;
            match event {
                Event::SequenceStart(..) | Event::MappingStart(..) => open += 1,
                Event::SequenceEnd | Event::MappingEnd => open -= 1,
                Event::StreamEnd => {
                    return Err(AnnotationError::new(span.start, "the text ends too early").into());
                }
                _ => {}
            }
        }
        Ok(Node::Misplaced(what))
    }
}

/// The beginning of a text, for a message, and the sign that it is no more than that.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    match text.floor_char_boundary(SHOWN_BYTES) {
        all if all == text.len() => Cow::Borrowed(text),
        cut => Cow::Owned(format!("{}…", &text[..cut])),
    }
}

/// A text as it is meant: the last line break of a block scalar only ends its line.
fn content(text: Cow<'_, str>, style: ScalarStyle) -> String {
    let mut text = text.into_owned();
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) && text.ends_with('\n') {
        text.pop();
    }
    text
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null")
}

fn refused_reference(event: &Event<'_>, span: Span) -> Option<AnnotationError> {
    let anchored = matches!(
        event,
        Event::Alias(_)
            | Event::Scalar(_, _, 1.., _)
            | Event::SequenceStart(_, 1.., _)
            | Event::MappingStart(_, 1.., _)
    );
    anchored.then(|| AnnotationError::new(span.start, "anchors (`&`) and aliases (`*`) are not read; quote the text if it begins with one of them"))
}

/// The meaning of a key's value; an error that is about all of it stands where the key does.
fn entry(node: Node, key: Marker) -> Result<Entry, AnnotationError> {
    let not_a_value = |what: &str| {
        AnnotationError::new(key, format!("an entry is a template or a mapping, not {what}"))
    };
    let fields = match node {
        Node::Scalar(template) => return Ok(Entry { template, ..Entry::default() }),
        Node::Map(fields) => fields,
        Node::List(_) => return Err(not_a_value("a list")),
        Node::Misplaced(what) => return Err(not_a_value(what)),
    };
    let mut entry = Entry::default();
    let mut has_template = false;
    for (name, at, node) in fields {
        let refused = |message: &str| AnnotationError::new(at, message);
        match (name.as_str(), node) {
            ("value", Node::Scalar(template)) => {
                entry.template = template;
                has_template = true;
            }
            ("default", Node::Scalar(text)) => entry.default = Some(text),
            ("allowed", Node::List(items)) => entry.allowed = Some(items),
            ("onInvalid", Node::Scalar(text)) => {
                let on_invalid = shown(&text).parse();
                let on_invalid =
                    on_invalid.map_err(|error| refused(&format!("`onInvalid`: {error}")))?;
                entry.on_invalid = Some(on_invalid);
            }
            ("value", _) => {
                return Err(refused("`value` is a text; quote a template that begins with `{`"));
            }
            ("default", _) => return Err(refused("`default` is a text")),
            ("onInvalid", _) => return Err(refused("`onInvalid` is `skip` or `sanitize`")),
            ("allowed", _) => return Err(refused("`allowed` is a list of texts")),
            ("enforced", _) => {
                return Err(refused(
                    "`enforced` belongs to the defaults of the cluster, not to a TaskSpawner",
                ));
            }
            _ => {
                let fields = "it has `value`, `default`, `allowed` and `onInvalid`";
                let message = format!("`{}` is no field of an entry: {fields}", shown(&name));
                let hint = meant(&name, FIELDS).map(Cow::Owned);
                return Err(AnnotationError { hint, ..refused(&message) });
            }
        }
    }
    if has_template {
        Ok(entry)
    } else {
        Err(AnnotationError::new(key, "the field `value` with the template is missing"))
    }
}

/// What to do about a line that YAML does not take as it is meant.
fn hint(text: &str, line: usize) -> Option<&'static str> {
    const SPECIAL: [char; 8] = ['{', '%', '*', '&', '@', '`', '!', '['];
    let value = text.lines().nth(line.saturating_sub(1)).and_then(|line| line.split_once(": "));
    let (_, value) = value?;
    value.trim_start().starts_with(SPECIAL).then_some("put the value in quotes")
}

#[cfg(test)]
mod tests;
