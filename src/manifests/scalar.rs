//! How a text is spelled in YAML or JSON, and which bytes of the file each of its bytes comes from.
//!
//! The text is read again out of its spelling. Only if that gives what the parser has read, letter by letter, the
//! places are known; else they are not, and nobody is told a wrong one.

mod block;
mod flow;

use std::ops::Range;

use granit_parser::ScalarStyle;

/// How a text is written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes.
    SingleQuoted,
    /// In double quotes, as all texts of JSON are.
    DoubleQuoted,
    /// A block behind `|`.
    Literal,
    /// A block behind `>`.
    Folded,
}

impl Style {
    pub(super) fn of(style: ScalarStyle) -> Style {
        match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Style::Plain => "a plain scalar",
            Style::SingleQuoted => "a single-quoted scalar",
            Style::DoubleQuoted => "a double-quoted scalar",
            Style::Literal => "a literal block",
            Style::Folded => "a folded block",
        }
    }
}

/// A text in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// How it is written.
    pub style: Style,
    /// The bytes of its spelling, with the quotes.
    pub range: Range<usize>,
    /// How many spaces each line of a block is set in.
    pub indent: usize,
    /// The text.
    pub text: String,
    /// Whether other places of the document have the same spelling, by an anchor.
    pub is_shared: bool,
    pieces: Vec<Piece>,
}

/// Bytes of a text, and those of the file that say them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    text: Range<usize>,
    file: Range<usize>,
    /// Whether both are the same letters.
    is_same: bool,
}

/// What the parser says of a scalar.
pub(super) struct Parsed<'p> {
    pub(super) text: &'p str,
    pub(super) style: Style,
    pub(super) range: Range<usize>,
    pub(super) indent: usize,
    pub(super) is_shared: bool,
}

impl Scalar {
    /// Reads a scalar of a file again.
    pub(super) fn read(file: &str, parsed: &Parsed<'_>) -> Scalar {
        let Parsed { text, style, ref range, indent, is_shared } = *parsed;
        let range = match style {
            Style::Literal | Style::Folded => &block::lines_of(file, range),
            _ => range,
        };
        let spelled = match style {
            Style::Literal => block::read(file, range.clone(), indent, text, block::Lines::Kept),
            Style::Folded => block::read(file, range.clone(), indent, text, block::Lines::Folded),
            _ => flow::read(file, range.clone(), style),
        };
        let pieces = spelled.filter(|it| it.text == text).map(|it| it.pieces).unwrap_or_default();
        Scalar { style, range: range.clone(), indent, text: text.to_owned(), is_shared, pieces }
    }

    /// The same in a file in front of which so many bytes stand.
    pub(super) fn moved(mut self, bytes: usize) -> Scalar {
        let moved = |range: &Range<usize>| range.start + bytes..range.end + bytes;
        self.range = moved(&self.range);
        self.pieces.iter_mut().for_each(|piece| piece.file = moved(&piece.file));
        self
    }

    /// The bytes of the file that say these bytes of the text; nothing where that is not known.
    pub fn in_file(&self, of_text: &Range<usize>) -> Option<Range<usize>> {
        let first = self.pieces.iter().find(|piece| of_text.start < piece.text.end);
        // A text without a byte stands between its quotes.
        if self.text.is_empty() && of_text.end == 0 {
            return match self.style {
                Style::SingleQuoted | Style::DoubleQuoted if self.range.len() == 2 => {
                    Some(self.range.start + 1..self.range.start + 1)
                }
                _ => None,
            };
        }
        let last = self.pieces.iter().find(|piece| of_text.end <= piece.text.end)?;
        // At the end of the text, behind its last byte.
        let Some(first) = first else {
            let end = last.file_at(of_text.end)?;
            return Some(end..end);
        };
        let start = first.file_at(of_text.start)?;
        let end = if of_text.is_empty() { start } else { last.file_at(of_text.end)? };
        Some(start..end)
    }
}

impl Piece {
    /// The byte of the file at a byte of the text: exact at both ends, and within what is the same.
    fn file_at(&self, at: usize) -> Option<usize> {
        if at == self.text.end {
            return Some(self.file.end);
        }
        if at == self.text.start {
            return Some(self.file.start);
        }
        self.is_same.then(|| self.file.start + at - self.text.start)
    }
}

/// A text that is read out of its spelling.
#[derive(Default)]
struct Spelled {
    text: String,
    pieces: Vec<Piece>,
}

impl Spelled {
    /// Takes bytes of the file as they are.
    fn same(&mut self, file: &str, range: Range<usize>) {
        if !range.is_empty() {
            self.push(&file[range.clone()], range, true);
        }
    }

    /// Takes bytes of the file that stand for something else.
    fn other(&mut self, text: &str, range: Range<usize>) {
        if !text.is_empty() {
            self.push(text, range, false);
        }
    }

    fn push(&mut self, text: &str, range: Range<usize>, is_same: bool) {
        let start = self.text.len();
        self.text.push_str(text);
        if let Some(last) = self.pieces.last_mut()
            && is_same
            && last.is_same
            && last.file.end == range.start
        {
            last.file.end = range.end;
            last.text.end = self.text.len();
        } else {
            self.pieces.push(Piece { text: start..self.text.len(), file: range, is_same });
        }
    }

    /// Forgets what is behind so many bytes of the text.
    fn truncate(&mut self, bytes: usize) {
        self.text.truncate(bytes);
        self.pieces.retain(|piece| piece.text.start < bytes);
        if let Some(last) = self.pieces.last_mut()
            && last.text.end > bytes
        {
            last.file.end -= if last.is_same { last.text.end - bytes } else { 0 };
            last.text.end = bytes;
        }
    }
}

#[cfg(test)]
mod tests;
