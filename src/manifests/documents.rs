//! From text to objects.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use serde_saphyr::{MessageFormatter, Options, UserMessageFormatter};

use super::{Format, ManifestError, Parsed, Place, Reading};

/// How deep a YAML document may be nested: as deep as JSON may by default in Rust.
const MAX_DEPTH: usize = 128;

/// Reads all documents of a text; without a `format`, the first character tells.
pub(super) fn read_documents(
    reading: &mut Reading<'_>,
    path: &Arc<Path>,
    text: &str,
    format: Option<Format>,
) {
    let looks_like_json = || text.trim_start().starts_with('{');
    match format {
        Some(Format::Json) => read_json(reading, path, text),
        Some(Format::Yaml) => read_yaml(reading, path, text),
        None if looks_like_json() => read_json(reading, path, text),
        None => read_yaml(reading, path, text),
    }
}

/// Reads JSON documents, one after the other; what follows a broken one can't be told apart.
fn read_json(reading: &mut Reading<'_>, path: &Arc<Path>, text: &str) {
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let (mut offset, mut line) = (0, 1);
    loop {
        let end = documents.byte_offset();
        let blank = text[end..].len() - text[end..].trim_ascii_start().len();
        line += line_breaks(&text[offset..end + blank]);
        offset = end + blank;
        match documents.next() {
            None => return,
            Some(Ok(value)) => {
                let document = offset..documents.byte_offset();
                reading.accept(&Origin { path, line, document, items: &[] }, value);
            }
            Some(Err(error)) => {
                let place = Place { line: error.line(), column: error.column() };
                let suffix = format!(" at line {} column {}", place.line, place.column);
                let message = error.to_string();
                let message = message.strip_suffix(&suffix).unwrap_or(&message);
                return reading.error(path, Some(place), message.to_owned());
            }
        }
    }
}

/// Reads YAML documents, each on its own, so that a broken one costs only itself.
fn read_yaml(reading: &mut Reading<'_>, path: &Arc<Path>, text: &str) {
    for document in split(text) {
        match serde_saphyr::from_str_with_options::<Value>(document.text, yaml_options()) {
            Ok(value) => {
                let line = document.content_line;
                let document = document.start..document.start + document.text.len();
                reading.accept(&Origin { path, line, document, items: &[] }, value);
            }
            Err(error) => {
                let error = error.without_snippet();
                let place = error.location().map_or(
                    Place { line: document.content_line, column: 1 },
                    |at| Place {
                        line: document.first_line + number(at.line()).saturating_sub(1),
                        column: number(at.column()),
                    },
                );
                let message = UserMessageFormatter.format_message(error);
                // A message is one line, whatever it quotes.
                let plain = |c: char| if c.is_control() { ' ' } else { c };
                let mut message: String = message.chars().map(plain).collect();
                let index = place.line - document.first_line;
                let line = document.text.lines().nth(index);
                let tab =
                    message.contains("tab").then(|| tab_below(document.text, index)).flatten();
                let place =
                    tab.map_or(place, |(below, column)| Place { line: place.line + below, column });
                if tab.is_some() {
                    message.push_str(" (indent with spaces)");
                } else if line.is_some_and(has_bare_template) {
                    message.push_str(" (a value that begins with {{ needs quotes around it)");
                }
                reading.error(path, Some(place), message);
            }
        }
    }
}

/// The first line from this one on that is set in with a tab: how far below it is, and the column of the tab.
fn tab_below(text: &str, index: usize) -> Option<(usize, usize)> {
    text.lines().skip(index).enumerate().find_map(|(below, line)| {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        line[spaces..].starts_with('\t').then_some((below, spaces + 1))
    })
}

/// Whether a value on this line begins with `{{`, which YAML takes for two mappings.
fn has_bare_template(line: &str) -> bool {
    line.match_indices("{{").any(|(at, _)| line[..at].trim_end().ends_with([':', '-']))
}

fn number(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// YAML 1.2 with its core schema; bounds against bombs, wide enough for a list of thousands.
fn yaml_options() -> Options {
    serde_saphyr::options! {
        strict_booleans: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_events: 16_000_000,
            max_nodes: 8_000_000,
            max_total_scalar_bytes: 64 * 1024 * 1024,
        },
    }
}

/// One YAML document in its file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Document<'a> {
    pub(super) text: &'a str,
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// The line of the first character of `text`.
    pub(super) first_line: usize,
    /// The line of the first content: neither blank, nor a comment, a directive or `---`.
    pub(super) content_line: usize,
}

/// Cuts a text into its documents, as kubectl does: at lines that begin with `---`.
///
/// No YAML scalar can hold such a line, wherever it stands. Documents without content are left out.
pub(super) fn split(text: &str) -> Vec<Document<'_>> {
    let mut documents = Vec::new();
    let mut current = Open { start: 0, first_line: 1, marked: false, content_line: None };
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let number = index + 1;
        if is_marker(line, "---") {
            if current.marked || current.content_line.is_some() {
                documents.extend(current.close(text, offset));
                current = Open { start: offset, first_line: number, ..current };
                current.content_line = None;
            }
            current.marked = true;
            if !is_without_content(&line[3..]) {
                current.content_line = Some(number);
            }
        } else if is_marker(line, "...") {
            documents.extend(current.close(text, offset));
            let start = offset + line.len();
            current = Open { start, first_line: number + 1, marked: false, content_line: None };
        } else if current.content_line.is_none()
            && !is_without_content(line)
            && (current.marked || !line.starts_with('%'))
        {
            current.content_line = Some(number);
        }
        offset += line.len();
    }
    documents.extend(current.close(text, offset));
    documents
}

/// A document whose end has not been seen yet.
struct Open {
    start: usize,
    first_line: usize,
    /// Whether its `---` was seen: what came before were directives and comments.
    marked: bool,
    content_line: Option<usize>,
}

impl Open {
    fn close<'a>(&self, text: &'a str, end: usize) -> Option<Document<'a>> {
        self.content_line.map(|content_line| Document {
            text: &text[self.start..end],
            start: self.start,
            first_line: self.first_line,
            content_line,
        })
    }
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
}

fn is_without_content(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

fn line_breaks(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

/// The place right behind a text.
pub(super) fn end_of(text: &str) -> Place {
    let last = text.rfind('\n').map_or(text, |newline| &text[newline + 1..]);
    Place { line: line_breaks(text) + 1, column: last.chars().count() + 1 }
}

/// Where an object comes from.
struct Origin<'o> {
    path: &'o Arc<Path>,
    /// The line on which its document begins.
    line: usize,
    /// The bytes of its document.
    document: Range<usize>,
    /// Its number in the list, and in the list that this is an item of, from the outermost one on.
    items: &'o [usize],
}

impl Reading<'_> {
    /// Takes what a document holds: an object, the items of a list, or nothing.
    fn accept(&mut self, origin: &Origin<'_>, value: Value) {
        let object = match value {
            Value::Null => return,
            Value::Object(object) => object,
            other => {
                return self.not_a_manifest(origin, &format!("{} is not one", kind_of(&other)));
            }
        };
        let text =
            |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        if kind.is_empty() || api_version.is_empty() {
            let missing = if kind.is_empty() { "kind" } else { "apiVersion" };
            return self.not_a_manifest(origin, &format!("{missing} is missing here"));
        }
        match list_items(object, &kind) {
            Ok(items) => {
                for (index, item) in items.into_iter().enumerate() {
                    let items = [origin.items, &[index]].concat();
                    let Origin { path, line, ref document, .. } = *origin;
                    let origin = Origin { path, line, document: document.clone(), items: &items };
                    self.accept(&origin, with_type_of_list(item, &api_version, &kind));
                }
            }
            Err(object) => {
                let parsed = Parsed {
                    path: Arc::clone(origin.path),
                    line: origin.line,
                    document: origin.document.clone(),
                    items: origin.items.into(),
                    api_version: api_version.into(),
                    kind: kind.into(),
                    object: Value::Object(object),
                };
                (self.found)(Ok(parsed));
            }
        }
    }

    fn not_a_manifest(&mut self, origin: &Origin<'_>, what: &str) {
        let path = Arc::clone(origin.path);
        let place = Some(Place { line: origin.line, column: 1 });
        let message = format!("a manifest is a mapping with apiVersion and kind: {what}");
        (self.found)(Err(ManifestError { path, place, message, is_something_else: true }));
    }
}

/// The items of a list, or the object back if it is none.
fn list_items(
    mut object: Map<String, Value>,
    kind: &str,
) -> Result<Vec<Value>, Map<String, Value>> {
    if !kind.ends_with("List") {
        return Err(object);
    }
    match object.remove("items") {
        Some(Value::Array(items)) => Ok(items),
        Some(Value::Null) => Ok(Vec::new()),
        None if kind == "List" => Ok(Vec::new()),
        None => Err(object),
        Some(other) => {
            object.insert("items".to_owned(), other);
            Err(object)
        }
    }
}

/// Gives an item of a typed list its type: the API server leaves it out there.
fn with_type_of_list(mut item: Value, api_version: &str, list_kind: &str) -> Value {
    let kind = list_kind.strip_suffix("List").unwrap_or_default();
    if let Value::Object(object) = &mut item
        && !kind.is_empty()
    {
        object.entry("apiVersion").or_insert_with(|| api_version.into());
        object.entry("kind").or_insert_with(|| kind.into());
    }
    item
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<(&str, usize, usize)> {
        split(text).into_iter().map(|d| (d.text, d.first_line, d.content_line)).collect()
    }

    #[test]
    fn documents_are_cut_at_their_markers() {
        assert_eq!(cut(""), []);
        assert_eq!(cut("a: 1"), [("a: 1", 1, 1)]);
        assert_eq!(cut("---\n---\n# c\n---\n"), []);
        assert_eq!(
            cut("# c\n\na: 1\n---\nb: 2\n"),
            [("# c\n\na: 1\n", 1, 3), ("---\nb: 2\n", 4, 5)]
        );
        assert_eq!(
            cut("---\r\na: 1\r\n--- # x\r\nb: 2"),
            [("---\r\na: 1\r\n", 1, 2), ("--- # x\r\nb: 2", 3, 4)]
        );
    }

    #[test]
    fn directives_and_comments_belong_to_what_follows() {
        assert_eq!(cut("%YAML 1.2\n# c\n---\na: 1\n"), [("%YAML 1.2\n# c\n---\na: 1\n", 1, 4)]);
        assert_eq!(
            cut("a: 1\n...\n%YAML 1.2\n---\nb: 2\n"),
            [("a: 1\n", 1, 1), ("%YAML 1.2\n---\nb: 2\n", 3, 5)]
        );
        assert_eq!(
            cut("--- {a: 1}\n--- {b: 2}\n"),
            [("--- {a: 1}\n", 1, 1), ("--- {b: 2}\n", 2, 2)]
        );
    }

    #[test]
    fn what_only_looks_like_a_marker_is_content() {
        let text = "a: |\n  ---\n  ...\n----\n---x\n";
        assert_eq!(cut(text), [(text, 1, 1)]);
    }

    #[test]
    fn the_end_of_a_text_is_counted_in_characters() {
        assert_eq!(end_of(""), Place { line: 1, column: 1 });
        assert_eq!(end_of("ä\nöü"), Place { line: 2, column: 3 });
    }
}
