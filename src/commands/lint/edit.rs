//! A replacement, spelled as the text around it is.

use std::ops::Range;

use crate::manifests::{Scalar, Style};

/// Bytes of a file that go, and what comes in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) with: String,
}

/// The edit that replaces a piece of a text, or why there is none. Whether the file then says what it should is
/// looked at when it is written.
pub(super) fn encode(
    file: &str,
    scalar: &Scalar,
    of_text: &Range<usize>,
    with: &str,
) -> Result<Edit, &'static str> {
    if let Some(edit) = without_end(file, scalar, of_text, with) {
        return Ok(edit);
    }
    let range = scalar.in_file(of_text).ok_or("the place in the file is not certain")?;
    let is_control = |c: char| c.is_control() && c != '\t';
    let with = match scalar.style {
        Style::DoubleQuoted => escaped(with),
        Style::Literal if !with.contains(|c| is_control(c) && c != '\n') => {
            let spelled = &file[scalar.range.clone()];
            let end = if spelled.contains("\r\n") { "\r\n" } else { "\n" };
            with.replace('\n', &format!("{end}{}", " ".repeat(scalar.indent)))
        }
        _ if with.contains(is_control) => {
            return Err("it can't be written in this style: use a literal block (|)");
        }
        Style::SingleQuoted => with.replace('\'', "''"),
        Style::Plain | Style::Folded | Style::Literal => with.to_owned(),
    };
    Ok(Edit { range, with })
}

/// A block that is to lose the line breaks at its end keeps its lines: its header says that they do not count (`|-`).
fn without_end(file: &str, scalar: &Scalar, of_text: &Range<usize>, with: &str) -> Option<Edit> {
    let is_block = matches!(scalar.style, Style::Literal | Style::Folded);
    let (rest, end) = scalar.text.split_at_checked(of_text.start)?;
    let is_end = of_text.end == scalar.text.len() && end.bytes().all(|b| b == b'\n');
    if !is_block || !is_end || end.is_empty() || !with.is_empty() || rest.ends_with('\n') {
        return None;
    }
    let above = file[..scalar.range.start].trim_end_matches(['\n', '\r']);
    let line = above.rfind('\n').map_or(0, |end| end + 1);
    let header = above[line..].split(" #").next()?.trim_end();
    let digits = header.trim_end_matches(['+', '-']);
    let is_header = digits.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with(['|', '>']);
    let range = line + digits.len()..line + header.len();
    is_header.then(|| Edit { range, with: "-".to_owned() })
}

/// As JSON writes it between quotes, which YAML reads, too.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The edits without those that touch one in front of them, in the order of their places.
pub(super) fn apart<T>(mut edits: Vec<T>, edit: impl Fn(&T) -> &Edit) -> Vec<T> {
    edits.sort_by_key(|it| (edit(it).range.start, edit(it).range.end));
    let mut end = 0;
    let mut is_first = true;
    edits.retain(|it| {
        let range = &edit(it).range;
        let is_apart = is_first || range.start > end || (range.start == end && !range.is_empty());
        if is_apart {
            (end, is_first) = (range.end, false);
        }
        is_apart
    });
    edits
}

/// The text with edits that stand apart, in the order of their places.
pub(super) fn apply<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> String {
    let (mut edited, mut at) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        edited.push_str(&text[at..edit.range.start]);
        edited.push_str(&edit.with);
        at = edit.range.end;
    }
    edited.push_str(&text[at..]);
    edited
}
