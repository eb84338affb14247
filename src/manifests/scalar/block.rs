//! Texts in blocks: literal ones keep their lines, folded ones join them.

use std::ops::Range;

use super::Spelled;

/// What becomes of the ends of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// They stay.
    Kept,
    /// One between two lines of text is a space.
    Folded,
}

/// A line of a block.
struct Line {
    /// Its text, behind what all lines are set in.
    content: Range<usize>,
    /// Where the next one begins.
    end: usize,
    is_blank: bool,
    /// Whether it is set in further than the others: its ends stay.
    is_deeper: bool,
}

/// The lines of a block: the parser begins behind what the first line with a letter is set in, and may end within the
/// line behind the last.
pub(super) fn lines_of(file: &str, range: &Range<usize>) -> Range<usize> {
    let line_start = |at: usize| file[..at].rfind('\n').map_or(0, |end| end + 1);
    let mut start = line_start(range.start);
    while let Some(end) = start.checked_sub(1) {
        let before = line_start(end);
        // The header is never blank.
        if !file[before..end].trim().is_empty() {
            break;
        }
        start = before;
    }
    let last = line_start(range.end);
    let is_within = file[range.end..].lines().next().is_some_and(|rest| !rest.is_empty());
    let end = if is_within { last.max(start) } else { range.end };
    start..end
}

/// Reads a block again. What stands at the end of it is decided by its header: the parser's text tells.
pub(super) fn read(
    file: &str,
    range: Range<usize>,
    indent: usize,
    parsed: &str,
    ends: Lines,
) -> Option<Spelled> {
    let mut spelled = Spelled::default();
    let mut open: Option<Line> = None;
    let mut blanks = 0;
    let mut start = range.start;
    for text in file.get(range.clone())?.split_inclusive('\n') {
        let line = line(text, start, indent);
        start = line.end;
        if ends == Lines::Kept {
            spelled.same(file, line.content.clone());
            let has_end = line.end > line.content.end;
            spelled.other(if has_end { "\n" } else { "" }, line.content.end..line.end);
        } else if line.is_blank {
            blanks += 1;
        } else {
            let from = open.as_ref().map_or(range.start, |it| it.content.end);
            let is_joined = open.as_ref().is_some_and(|it| !it.is_deeper) && !line.is_deeper;
            let breaks = blanks + usize::from(open.is_some() && !is_joined);
            let is_space = is_joined && blanks == 0;
            let between = if is_space { " ".to_owned() } else { "\n".repeat(breaks) };
            spelled.other(&between, from..line.content.start);
            spelled.same(file, line.content.clone());
            (open, blanks) = (Some(line), 0);
        }
    }
    if let Some(last) = open {
        spelled.other(&"\n".repeat(blanks + 1), last.content.end..start);
    }
    if parsed.strip_prefix(&*spelled.text) == Some("\n") {
        spelled.other("\n", start..start);
    }
    if spelled.text.starts_with(parsed) {
        spelled.truncate(parsed.len());
    }
    Some(spelled)
}

fn line(text: &str, start: usize, indent: usize) -> Line {
    let spaces = text.len() - text.trim_start_matches(' ').len();
    let content = start + spaces.min(indent);
    let end = start + text.len();
    let without_break = start + text.trim_end_matches(['\n', '\r']).len();
    let content = content.min(without_break)..without_break;
    let inside = &text[content.start - start..content.end - start];
    let (is_blank, is_deeper) = (inside.is_empty(), inside.starts_with([' ', '\t']));
    Line { content, end, is_blank, is_deeper }
}
