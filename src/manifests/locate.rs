//! Where a value stands in the file that it was read from.

use std::fs;
use std::ops::Range;
use std::path::Path;

use granit_parser::{Event, Parser, Span, StrInput};

use super::documents::split;
use crate::templates::Position;

/// A value in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The text of the file.
    pub text: String,
    /// The line of its key, from 1.
    pub line: usize,
}

impl Located {
    /// Finds the value at a path of keys in the document that begins on this line of a file. Nothing in JSON,
    /// whose errors have places of their own, in standard input, and in lists.
    pub fn find(file: &Path, document_line: usize, path: &[&str]) -> Option<Located> {
        let text = fs::read_to_string(file).ok()?;
        let line = line_of(&text, document_line, path)?;
        Some(Located { text, line })
    }

    /// The offset in the file of a place in a block scalar, by the line of the scalar and the column in it; nothing
    /// if the file does not have this line there.
    pub fn offset_of(&self, scalar: &str, line: usize, column: usize) -> Option<usize> {
        let wanted = scalar.lines().nth(line.checked_sub(1)?)?;
        let mut start = 0;
        let mut lines = self.text.split_inclusive('\n').inspect(|line| start += line.len());
        let found = lines.nth((self.line + line).checked_sub(1)?)?;
        start -= found.len();
        let found = found.trim_end_matches(['\n', '\r']);
        let indent = found.strip_suffix(wanted)?;
        if !indent.trim_start().is_empty() {
            return None;
        }
        let within = wanted.char_indices().nth(column.saturating_sub(1));
        Some(start + indent.len() + within.map_or(wanted.len(), |(at, _)| at))
    }

    /// The offset in the file of this line's key, or of a key in the block below it. Nothing where the block has it
    /// twice, or in another notation.
    pub fn offset_of_key(&self, key: &str, is_in_block: bool) -> Option<usize> {
        let start: usize = self.text.split_inclusive('\n').take(self.line - 1).map(str::len).sum();
        if is_in_block {
            return Some(entry(&self.text, start..start + block(&self.text[start..]), key)?.0);
        }
        let line = self.text[start..].lines().next()?;
        line.find(key).map(|at| start + at)
    }

    /// The offset in the file of a place in a template: in the value of this line's key, or of a key in the
    /// block below it. Nothing where the file does not spell that line of the template in the same letters,
    /// or does so twice.
    pub fn offset_in_template(
        &self,
        key: Option<&str>,
        template: &str,
        at: Position,
    ) -> Option<usize> {
        let wanted = template.lines().nth(at.line.checked_sub(1)?)?;
        if wanted.trim().is_empty() {
            return None;
        }
        let start: usize = self.text.split_inclusive('\n').take(self.line - 1).map(str::len).sum();
        let mut block = start..start + block(&self.text[start..]);
        if let Some(key) = key {
            block = entry(&self.text, block, key)?.1;
        }
        let mut found = self.text[block.clone()].match_indices(wanted);
        let (first, _) = found.next().filter(|_| found.next().is_none())?;
        let within = wanted.char_indices().nth(at.column.saturating_sub(1));
        Some(block.start + first + within.map_or(wanted.len(), |(at, _)| at))
    }
}

/// How many bytes the first line has with all that is set in deeper, or blank, behind it.
fn block(text: &str) -> usize {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    let is_of_it = |line: &&str| line.trim().is_empty() || indent(line) > indent(first);
    first.len() + lines.take_while(is_of_it).map(str::len).sum::<usize>()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Where the one key of this name stands in a block, below its first line, and its value.
fn entry(text: &str, within: Range<usize>, key: &str) -> Option<(usize, Range<usize>)> {
    let mut start = within.start;
    let starts = text[within.clone()].split_inclusive('\n').map(|line| {
        start += line.len();
        (start - line.len(), line)
    });
    let behind_key = |line: &str| {
        let line = line.trim_start();
        let quoted = line.strip_prefix(['"', '\'']);
        let rest = quoted.unwrap_or(line).strip_prefix(key)?;
        let rest = if quoted.is_some() { rest.strip_prefix(['"', '\''])? } else { rest };
        rest.trim_start().strip_prefix(':').map(str::len)
    };
    let mut found = starts.skip(1).filter_map(|(at, line)| Some((at, line, behind_key(line)?)));
    let (at, line, rest) = found.next().filter(|_| found.next().is_none())?;
    let value = at + line.len() - rest..at + block(&text[at..within.end]);
    Some((at + line.find(key)?, value))
}

fn line_of(text: &str, document_line: usize, path: &[&str]) -> Option<usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = split(text).into_iter().find(|it| it.content_line == document_line)?;
    let mut walk = Walk::of(document.text);
    loop {
        match walk.next()? {
            (Event::StreamStart | Event::DocumentStart(..), _) => {}
            (event, _) => {
                let span = walk.find(&event, path)?;
                return Some(document.first_line + span.start.line() - 1);
            }
        }
    }
}

/// A walk through the events of a document.
pub(super) struct Walk<'t> {
    parser: Parser<'t, StrInput<'t>>,
}

impl<'t> Walk<'t> {
    pub(super) fn of(document: &'t str) -> Walk<'t> {
        Walk { parser: Parser::new_from_str(document) }
    }

    pub(super) fn next(&mut self) -> Option<(Event<'t>, Span)> {
        loop {
            let next = self.parser.next_event()?.ok()?;
            if !matches!(next.0, Event::Comment(..)) {
                return Some(next);
            }
        }
    }

    /// The key at the end of a path, in the mapping that has just begun.
    fn find(&mut self, event: &Event<'t>, path: &[&str]) -> Option<Span> {
        let (wanted, rest) = path.split_first()?;
        if !matches!(event, Event::MappingStart(..)) {
            return None;
        }
        loop {
            let (key, span) = self.next()?;
            let is_wanted = match &key {
                Event::MappingEnd => return None,
                Event::Scalar(text, ..) => text == wanted,
                other => {
                    self.skip(other)?;
                    false
                }
            };
            let (value, _) = self.next()?;
            match is_wanted {
                true if rest.is_empty() => return Some(span),
                true => return self.find(&value, rest),
                false => self.skip(&value)?,
            }
        }
    }

    /// Goes to the end of what has just begun.
    pub(super) fn skip(&mut self, event: &Event<'t>) -> Option<()> {
        let mut depth = change(event);
        while depth > 0 {
            depth += change(&self.next()?.0);
        }
        Some(())
    }
}

/// How much deeper the walk is behind an event.
fn change(event: &Event<'_>) -> i32 {
    match event {
        Event::MappingStart(..) | Event::SequenceStart(..) => 1,
        Event::MappingEnd | Event::SequenceEnd => -1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: 1\n---\n# of two\nmetadata:\n  labels: {x: [1, {y: 2}]}\n  annotations:\n    k: |\n      one: x\n      two: ü z\n";

    #[test]
    fn a_value_is_found_by_its_document_and_its_path() {
        for (document, path, line) in [
            (1, &["a"][..], Some(1)),
            (4, &["metadata", "annotations", "k"], Some(7)),
            (4, &["metadata", "labels"], Some(5)),
            (4, &["metadata", "x"], None),
            (4, &["a"], None),
            (2, &["a"], None),
        ] {
            assert_eq!(line_of(TEXT, document, path), line, "{document} {path:?}");
        }
    }

    #[test]
    fn a_place_in_a_template_is_one_in_the_file_if_the_file_spells_it_once() {
        let text = "metadata:\n  annotations:\n    rules: |\n      one: {{.A}}  # ü\n      'x/two': {value: '{{.A}} {{.B}}', default: y}\n\n      three: |\n        {{.A}}\n        ü {{.B}}\n      four: '{{\"''\"}}'\n      five: {{.A}}{{.A}}\n    other: {{.A}}\n";
        let located = Located { text: text.to_owned(), line: 3 };
        let place = |key: &str, template: &str, at: &str| {
            let position = Position::of(template, template.find(at).unwrap());
            let offset = located.offset_in_template(Some(key), template, position)?;
            let position = Position::of(text, offset);
            assert!(text[offset..].starts_with(at));
            Some((position.line, position.column))
        };
        assert_eq!(place("one", "{{.A}}", ".A"), Some((4, 14)));
        assert_eq!(place("x/two", "{{.A}} {{.B}}", ".B"), Some((5, 34)));
        assert_eq!(place("three", "{{.A}}\nü {{.B}}\n", ".B"), Some((9, 13)));
        assert_eq!(place("four", "{{\"'\"}}", "\"'"), None, "other letters");
        assert_eq!(place("five", "{{.A}}", ".A"), None, "twice");
        assert_eq!(place("other", "{{.A}}", ".A"), None, "another annotation");
        assert_eq!(located.offset_of_key("x/two", true), text.find("x/two"));
        assert_eq!(located.offset_of_key("rules", false), text.find("rules"));
        assert_eq!(located.offset_of_key("six", true), None);
        let located = Located { text: text.to_owned(), line: 12 };
        let position = Position::of("{{.A}}", 2);
        assert_eq!(located.offset_in_template(None, "{{.A}}", position), text.rfind(".A"));
    }

    #[test]
    fn a_place_in_a_block_is_one_in_the_file_if_the_file_says_the_same() {
        let located = Located { text: TEXT.to_owned(), line: 7 };
        let scalar = "one: x\ntwo: ü z\n";
        assert_eq!(located.offset_of(scalar, 2, 8), TEXT.find("z\n"));
        assert_eq!(located.offset_of(scalar, 1, 1), TEXT.find("one"));
        assert_eq!(located.offset_of("one: y\n", 1, 1), None);
        assert_eq!(located.offset_of(scalar, 3, 1), None);
    }
}
