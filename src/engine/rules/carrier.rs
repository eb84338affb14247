//! A carrier: the YAML or JSON mapping of keys to templates in an annotation.
//!
//! YAML 1.2 with what configuration needs and nothing that surprises: plain scalars keep their
//! source text (`0123`, `1.10`, `yes`), keys are unique, there are no anchors and no aliases. A
//! value that begins with `{{` needs no quotes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Event, Marker, Parser, Span, StrInput};
use thiserror::Error;

use super::OnInvalid;
use super::bare::quote_bare_templates;

/// The longest carrier, in bytes.
pub(super) const CARRIER_BYTES: usize = 64 << 10;

/// What a carrier says of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// The template.
    pub(super) template: String,
    /// What stands in where the template gives nothing that can be written.
    pub(super) default: Option<String>,
    /// The only values that are written.
    pub(super) allowed: Option<Vec<String>>,
    /// What happens to a value that is no label value, if the carrier says it for this key.
    pub(super) on_invalid: Option<OnInvalid>,
}

/// The entries of a carrier by key; an entry that can't be understood costs only its key.
pub(super) type Entries = BTreeMap<String, Result<Entry, CarrierError>>;

/// Where and why a carrier, or one of its entries, can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message} (line {line}, column {column})")]
pub(super) struct CarrierError {
    /// What is wrong.
    pub(super) message: String,
    /// Line in the carrier, from 1.
    pub(super) line: usize,
    /// Column in the carrier, from 1, in characters.
    pub(super) column: usize,
}

/// Reads a carrier of at most [`CARRIER_BYTES`].
///
/// # Errors
///
/// Text that is no such mapping; then none of its keys is known.
pub(super) fn parse(text: &str) -> Result<Entries, CarrierError> {
    let quoted = quote_bare_templates(text);
    let mut reader = Reader { parser: Parser::new_from_str(&quoted) };
    reader.document()
}

impl CarrierError {
    fn new(at: Marker, message: impl Into<String>) -> CarrierError {
        CarrierError { message: message.into(), line: at.line(), column: at.col() + 1 }
    }
}

/// Reads the parser's events; it never goes deeper than an entry's `allowed` list.
struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
}

/// A node one level below the mapping.
enum Node {
    Scalar(String),
    List(Vec<String>),
    Map(Vec<(String, Marker, Node)>),
    /// A node that has no place here; it was read to its end.
    Misplaced(&'static str),
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), CarrierError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(CarrierError::new(*error.marker(), error.info())),
            None => Ok((Event::StreamEnd, Span::empty(Marker::new(0, 1, 0)))),
        }
    }

    fn document(&mut self) -> Result<Entries, CarrierError> {
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
                    return Err(CarrierError::new(
                        span.start,
                        "this is no mapping of keys to templates",
                    ));
                }
            }
        }
        while let Some((key, at)) = self.key()? {
            let (event, span) = self.next()?;
            let node = self.node(event, span, 0)?;
            if entries.contains_key(&key) {
                return Err(CarrierError::new(at, format!("the key `{key}` is there twice")));
            }
            let entry = entry(node).map_err(|message| CarrierError::new(at, message));
            entries.insert(key, entry);
        }
        self.end()?;
        Ok(entries)
    }

    /// Nothing but the end of the only document may follow.
    fn end(&mut self) -> Result<(), CarrierError> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::DocumentEnd => {}
                Event::StreamEnd => return Ok(()),
                _ => {
                    return Err(CarrierError::new(
                        span.start,
                        "a second document begins here; a carrier is one",
                    ));
                }
            }
        }
    }

    /// The next key of a mapping, or nothing at its end.
    fn key(&mut self) -> Result<Option<(String, Marker)>, CarrierError> {
        let (event, span) = self.next()?;
        match event {
            Event::MappingEnd => Ok(None),
            Event::Scalar(text, _, 0, _) => Ok(Some((text.into_owned(), span.start))),
            event => Err(refused_reference(&event, span).unwrap_or_else(|| {
                CarrierError::new(
                    span.start,
                    "a key is a plain text; quote the value if it begins with `{`",
                )
            })),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, CarrierError> {
        if let Some(error) = refused_reference(&event, span) {
            return Err(error);
        }
        match event {
            // A value that is not there at all comes as a `~` without extent.
            Event::Scalar(..) if span.is_empty() => Ok(Node::Scalar(String::new())),
            Event::Scalar(text, ..) => Ok(Node::Scalar(text.into_owned())),
            Event::SequenceStart(..) if depth > 0 => self.list(),
            Event::MappingStart(..) if depth == 0 => {
                let mut fields: Vec<(String, Marker, Node)> = Vec::new();
                while let Some((key, at)) = self.key()? {
                    if fields.iter().any(|(other, ..)| *other == key) {
                        return Err(CarrierError::new(
                            at,
                            format!("the field `{key}` is there twice"),
                        ));
                    }
                    let (event, span) = self.next()?;
                    let node = self.node(event, span, depth + 1)?;
                    fields.push((key, at, node));
                }
                Ok(Node::Map(fields))
            }
            Event::SequenceStart(..) => self.skip("a list"),
            Event::MappingStart(..) => self.skip("a mapping"),
            _ => Err(CarrierError::new(span.start, "a value is missing")),
        }
    }

    /// The texts of a list.
    fn list(&mut self) -> Result<Node, CarrierError> {
        let mut items = Vec::new();
        let mut misplaced = None;
        loop {
            let (event, span) = self.next()?;
            if let Some(error) = refused_reference(&event, span) {
                return Err(error);
            }
            match event {
                Event::Scalar(text, ..) => items.push(text.into_owned()),
                Event::SequenceEnd => return Ok(misplaced.unwrap_or(Node::List(items))),
                Event::SequenceStart(..) => misplaced = Some(self.skip("a list of lists")?),
                Event::MappingStart(..) => misplaced = Some(self.skip("a list of mappings")?),
                _ => return Err(CarrierError::new(span.start, "the list has no end")),
            }
        }
    }

    /// Reads over the rest of a node that has no place here, so that the other keys are found.
    fn skip(&mut self, what: &'static str) -> Result<Node, CarrierError> {
        let mut open = 1_usize;
        while open > 0 {
            let (event, span) = self.next()?;
            match event {
                Event::SequenceStart(..) | Event::MappingStart(..) => open += 1,
                Event::SequenceEnd | Event::MappingEnd => open -= 1,
                Event::StreamEnd => {
                    return Err(CarrierError::new(span.start, "the text ends too early"));
                }
                _ => {}
            }
        }
        Ok(Node::Misplaced(what))
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null")
}

fn refused_reference(event: &Event<'_>, span: Span) -> Option<CarrierError> {
    let anchored = matches!(
        event,
        Event::Alias(_)
            | Event::Scalar(_, _, 1.., _)
            | Event::SequenceStart(_, 1.., _)
            | Event::MappingStart(_, 1.., _)
    );
    anchored.then(|| CarrierError::new(span.start, "anchors (`&`) and aliases (`*`) are not read; quote the text if it begins with one of them"))
}

fn not_a_value(what: &str) -> Cow<'static, str> {
    format!("a value is a template or a mapping, not {what}").into()
}

/// The meaning of a key's value.
fn entry(node: Node) -> Result<Entry, Cow<'static, str>> {
    let fields = match node {
        Node::Scalar(template) => return Ok(Entry { template, ..Entry::default() }),
        Node::Map(fields) => fields,
        Node::List(_) => return Err(not_a_value("a list")),
        Node::Misplaced(what) => return Err(not_a_value(what)),
    };
    let mut entry = Entry::default();
    let mut has_template = false;
    for (name, _, node) in fields {
        match (name.as_str(), node) {
            ("value", Node::Scalar(template)) => {
                entry.template = template;
                has_template = true;
            }
            ("default", Node::Scalar(text)) => entry.default = Some(text),
            ("allowed", Node::List(items)) => entry.allowed = Some(items),
            ("onInvalid", Node::Scalar(text)) => {
                entry.on_invalid =
                    Some(text.parse().map_err(|error| format!("`onInvalid`: {error}"))?);
            }
            ("value" | "default" | "onInvalid", _) => {
                return Err(format!("`{name}` is a text").into());
            }
            ("allowed", _) => return Err("`allowed` is a list of texts".into()),
            ("enforced", _) => {
                return Err(
                    "`enforced` belongs to the defaults of the cluster, not to a TaskSpawner"
                        .into(),
                );
            }
            _ => {
                return Err(format!(
                    "`{name}` is no field of a value; it has `value`, `default`, `allowed` and `onInvalid`"
                )
                .into());
            }
        }
    }
    if has_template {
        Ok(entry)
    } else {
        Err("the field `value` with the template is missing".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(text: &str) -> Vec<(String, String)> {
        let entries = parse(text).unwrap();
        entries.into_iter().map(|(key, entry)| (key, entry.unwrap().template)).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn json_and_yaml_are_read_alike() {
        let expected = pairs(&[("a/b", "{{.Kind}}"), ("c", "x")]);
        assert_eq!(templates(r#"{"a/b": "{{.Kind}}", "c": "x"}"#), expected);
        assert_eq!(templates("a/b: '{{.Kind}}'\nc: x\n"), expected);
        assert_eq!(templates("# templates\nc: \"x\"\na/b: {{.Kind}}\n"), expected);
        for empty in ["", "  \n", "# nothing", "{}", "~"] {
            assert_eq!(templates(empty), [], "{empty:?}");
        }
    }

    #[test]
    fn plain_scalars_keep_their_text() {
        assert_eq!(
            templates("a: 0123\nb: 1.10\nc: yes\nd:\ne: ~\nf: {{ x }}: {{ y }} # z \ng: null"),
            pairs(&[
                ("a", "0123"),
                ("b", "1.10"),
                ("c", "yes"),
                ("d", ""),
                ("e", "~"),
                ("f", "{{ x }}: {{ y }} # z"),
                ("g", "null"),
            ])
        );
        assert_eq!(templates(r#"{"a": 5, "b": true}"#), pairs(&[("a", "5"), ("b", "true")]));
    }

    #[test]
    fn a_value_has_four_fields() {
        let entries = parse(
            "team:\n  value: {{.Team}}\n  default: other\n  allowed: [red, 007]\n  onInvalid: sanitize\n",
        )
        .unwrap();
        assert_eq!(
            entries["team"],
            Ok(Entry {
                template: "{{.Team}}".to_owned(),
                default: Some("other".to_owned()),
                allowed: Some(vec!["red".to_owned(), "007".to_owned()]),
                on_invalid: Some(OnInvalid::Sanitize),
            })
        );
    }

    #[test]
    fn a_bad_entry_costs_only_its_key() {
        for (value, message) in [
            ("[x]", "not a list"),
            ("{default: x}", "`value`"),
            ("{value: x, alowed: [y]}", "`alowed`"),
            ("{value: x, allowed: y}", "`allowed` is a list"),
            ("{value: x, onInvalid: drop}", "`onInvalid`"),
            ("{value: x, enforced: true}", "`enforced`"),
            ("{value: [[x]]}", "`value` is a text"),
        ] {
            let entries = parse(&format!("a: x\nbad: {value}\nz: x\n")).unwrap();
            let error = entries["bad"].clone().unwrap_err();
            assert!(error.message.contains(message), "{value}: {error}");
            assert_eq!((error.line, error.column), (2, 1));
            assert!(entries["a"].is_ok() && entries["z"].is_ok());
        }
    }

    #[test]
    fn what_is_no_mapping_costs_the_carrier() {
        for (text, line, message) in [
            ("- a\n- b", 1, "no mapping"),
            ("just text", 1, "no mapping"),
            ("a: x\na: y", 2, "twice"),
            ("a: &anchor x\nb: *anchor", 1, "anchors"),
            ("a: {value: &x y}", 1, "anchors"),
            ("a: x\n---\nb: y", 2, "second document"),
            ("a: 'x", 1, ""),
            ("a: x\n b: y: z", 2, ""),
            ("{\"a\": {{.X}}}", 1, "key"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message.contains(message), "{text:?}: {error}");
            assert!(error.line >= line, "{text:?}: {error}");
        }
    }
}
