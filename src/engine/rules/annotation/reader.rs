//! YAML → entries, event by event.

use std::borrow::Cow;

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use super::entry::{FIELDS, File, entry};
use super::{AnnotationError, Entries, Entry, Sections, Unreadable, shown};
use crate::apimachinery::Kind;
use crate::templates::purse::{ALLOCATION, Purse};
use crate::templates::suggest::meant;

/// The most fields of an entry that are looked at: there are few, and each is looked for among those
/// before it.
const MOST_FIELDS: usize = 16;

/// What a key of a rules annotation takes while it is read, beside its texts.
const KEY_BYTES: usize =
    3 * size_of::<(String, Result<Entry, AnnotationError>)>() + 4 * ALLOCATION + 512;

/// What a text takes that is no key.
const TEXT_BYTES: usize = 3 * size_of::<(String, Marker, Node)>() + ALLOCATION;

/// What a piece of YAML costs, in steps: a text, the beginning or the end of something.
const PIECE_STEPS: u64 = 12;

/// What defaults say of all keys.
pub(in crate::engine::rules) const SETTINGS: [&str; 3] =
    ["podLabelsFromTask", "syntax", "onInvalid"];

/// The mappings of the defaults.
const SECTIONS: [(&str, Kind); Kind::ALL.len()] = [
    ("labels", Kind::Label),
    ("annotations", Kind::Annotation),
    ("podLabels", Kind::PodLabel),
    ("nodeSelector", Kind::NodeSelector),
];

/// Reads the parser's events; it never goes deeper than an entry's `allowed` list.
pub(super) struct Reader<'t, 'p> {
    parser: Parser<'t, StrInput<'t>>,
    purse: &'p mut Purse,
}

/// A node one level below the mapping.
pub(super) enum Node {
    Scalar(String),
    List(Vec<String>),
    Map(Vec<(String, Marker, Node)>),
    /// A node that has no place here; it was read to its end.
    Misplaced(&'static str),
}

impl<'t, 'p> Reader<'t, 'p> {
    pub(super) fn new(parser: Parser<'t, StrInput<'t>>, purse: &'p mut Purse) -> Reader<'t, 'p> {
        Reader { parser, purse }
    }

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

    /// The entries of a rules annotation.
    pub(super) fn annotation(&mut self) -> Result<Entries, Unreadable> {
        if !self.opens_mapping("this is no mapping of keys to templates")? {
            return Ok(Entries::new());
        }
        let entries = self.entries(File::Annotation)?;
        self.end()?;
        Ok(entries)
    }

    /// The defaults of the cluster.
    pub(super) fn sections(&mut self) -> Result<Sections, Unreadable> {
        let mut sections = Sections::default();
        if !self.opens_mapping("these are no defaults: `labels`, `annotations` and others")? {
            return Ok(sections);
        }
        while let Some((name, at)) = self.key()? {
            let (event, span) = self.next()?;
            let wrong = |message: String| AnnotationError::new(at, message);
            let kind = SECTIONS.into_iter().find(|(section, _)| *section == name);
            match (kind, event) {
                (Some((_, kind)), Event::MappingStart(_, 0, _)) => {
                    let entries = self.entries(File::Defaults)?;
                    if sections.entries.insert(kind, entries).is_some() {
                        return Err(wrong(format!("`{name}` is there twice")).into());
                    }
                }
                (Some(_), Event::Scalar(text, _, 0, _)) if is_null(&text) => {}
                (Some(_), _) => {
                    let message = format!("`{name}` is a mapping of keys to templates");
                    return Err(wrong(message).into());
                }
                (None, Event::Scalar(text, style, 0, _)) => {
                    let text = if span.is_empty() { String::new() } else { content(text, style) };
                    sections.settings.push((name, text, at.line()));
                }
                (None, _) if SETTINGS.contains(&&*name) => {
                    return Err(wrong(format!("`{name}` is a text")).into());
                }
                (None, _) => {
                    let message = format!("`{}` is none of the mappings of defaults", shown(&name));
                    let names = SECTIONS.map(|(section, _)| section);
                    let there_are = || format!("there are {}", names.join(", "));
                    let hint = meant(&name, names).unwrap_or_else(there_are);
                    return Err(
                        AnnotationError { hint: Some(hint.into()), ..wrong(message) }.into()
                    );
                }
            }
        }
        self.end()?;
        Ok(sections)
    }

    /// Reads up to the first key; says whether there may be one.
    fn opens_mapping(&mut self, otherwise: &str) -> Result<bool, Unreadable> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::MappingStart(_, 0, _) => return Ok(true),
                Event::StreamEnd => return Ok(false),
                Event::Scalar(text, _, 0, _) if is_null(&text) => {
                    self.end()?;
                    return Ok(false);
                }
                _ => return Err(AnnotationError::new(span.start, otherwise).into()),
            }
        }
    }

    /// The entries of a mapping, up to its end.
    fn entries(&mut self, file: File) -> Result<Entries, Unreadable> {
        let mut entries = Entries::new();
        let mut without_value: Option<(String, Marker)> = None;
        while let Some((key, at)) = self.key()? {
            let (event, span) = self.next()?;
            let is_absent = matches!(event, Event::Scalar(..)) && span.is_empty();
            let node = self.node(event, span, 0)?;
            self.purse.take_bytes(KEY_BYTES)?;
            if entries.contains_key(&key) {
                let message = format!("the key `{}` is there twice", shown(&key));
                return Err(twice(at, message).into());
            }
            // A field of an entry that is set in no deeper than the key above it.
            let is_field = FIELDS.contains(&key.as_str());
            if let Some((above, place)) = without_value.as_ref().filter(|_| is_field) {
                let message = format!("`{}` has no template", shown(above));
                let mut error = AnnotationError::new(*place, message);
                error.hint = Some(format!("indent `{key}` below it").into());
                if entries.get(above).is_some_and(Result::is_ok) {
                    entries.insert(above.clone(), Err(error));
                }
                continue;
            }
            without_value = is_absent.then(|| (key.clone(), at));
            entries.insert(key, entry(node, at, file));
        }
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
                    let message = "a second document begins here, and only one is read";
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
                        return Err(twice(at, message).into());
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

/// The error of what may be there once.
fn twice(at: Marker, message: String) -> AnnotationError {
    AnnotationError { hint: Some("remove one of them".into()), ..AnnotationError::new(at, message) }
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
