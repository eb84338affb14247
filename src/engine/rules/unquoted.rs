//! Unquoted templates in YAML.
//!
//! `priority: {{ index .Labels 0 }}` is what people write, and to YAML it is the beginning of a
//! mapping. Where a value in block style begins with `{{`, the rest of its line is read as text.

use std::borrow::Cow;

/// Puts single quotes around block-style values that begin with `{{`; all other text stays as it
/// is, and so do all line numbers.
pub(super) fn quote_bare_templates(text: &str) -> Cow<'_, str> {
    let is_flow = text.trim_start().starts_with(['{', '[']);
    if is_flow || !text.contains("{{") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut state = State::Block;
    for line in text.split_inclusive('\n') {
        match state.bare_value(line) {
            Some(start) => {
                let (head, value) = line.split_at(start);
                let content = without_comment(value.trim_end());
                out.push_str(head);
                out.push('\'');
                out.push_str(&content.replace('\'', "''"));
                out.push('\'');
                out.push_str(&value[content.len()..]);
            }
            None => out.push_str(line),
        }
    }
    Cow::Owned(out)
}

/// What the beginning of a line belongs to.
enum State {
    /// A block mapping: the line is `key: value`, or blank, or a comment.
    Block,
    /// A block scalar (`|`, `>`) whose parent has this indentation.
    Scalar(usize),
    /// A quoted text that goes on, with this quote.
    Quoted(char),
    /// A flow collection that goes on, so many brackets deep.
    Flow(usize),
    /// A key of this indentation whose value may stand on the next line.
    Key(usize),
}

impl State {
    /// Where the value of this line begins, if it is a bare template; moves on to the next line.
    fn bare_value(&mut self, line: &str) -> Option<usize> {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if let State::Scalar(parent) = self {
            if indent > *parent || line.trim().is_empty() {
                return None;
            }
            *self = State::Block;
        }
        match self {
            State::Quoted(quote) => {
                let quote = *quote;
                if closing_quote(line, quote).is_some() {
                    *self = State::Block;
                }
                return None;
            }
            State::Flow(depth) => {
                let depth = flow_depth(line, *depth);
                *self = if depth == 0 { State::Block } else { State::Flow(depth) };
                return None;
            }
            State::Key(parent) => {
                let is_value = indent > *parent && line[indent..].starts_with("{{");
                let is_blank = line.trim_start().is_empty() || line.trim_start().starts_with('#');
                if is_value || !is_blank {
                    *self = State::Block;
                }
                if is_value {
                    return Some(indent);
                }
            }
            State::Block | State::Scalar(_) => {}
        }
        if begins_block_scalar(line) {
            let is_bare = value_start(line, indent).filter(|at| line[*at..].starts_with("{{"));
            if is_bare.is_none() {
                *self = State::Scalar(indent);
            }
            return is_bare;
        }
        let Some(value) = value_start(line, indent) else {
            if line.trim_end().ends_with(':') && !line.trim_start().starts_with('#') {
                *self = State::Key(indent);
            }
            return None;
        };
        let rest = &line[value..];
        match rest.chars().next()? {
            '{' if rest.starts_with("{{") => return Some(value),
            quote @ ('"' | '\'') if closing_quote(&rest[1..], quote).is_none() => {
                *self = State::Quoted(quote);
            }
            '{' | '[' => match flow_depth(rest, 0) {
                0 => {}
                depth => *self = State::Flow(depth),
            },
            _ => {}
        }
        None
    }
}

/// The offset of the value in a line `key: value`.
fn value_start(line: &str, indent: usize) -> Option<usize> {
    let content = &line[indent..];
    let after_key = match content.chars().next()? {
        '#' | '-' => return None,
        quote @ ('"' | '\'') => indent + 1 + closing_quote(&content[1..], quote)? + 1,
        _ => indent,
    };
    let colon = after_key + separator(&line[after_key..])?;
    let value = &line[colon + 1..];
    Some(colon + 1 + (value.len() - value.trim_start_matches([' ', '\t']).len()))
}

/// The offset of the `:` that ends a key.
fn separator(text: &str) -> Option<usize> {
    text.match_indices(':').map(|(at, _)| at).find(|at| text[at + 1..].starts_with([' ', '\t']))
}

/// A bare value without the comment behind its last `}}`: white space, `#`, and the rest of the line. In front
/// of that a `#` is text, as in `{{.Kind}} #{{.Number}}`.
fn without_comment(value: &str) -> &str {
    let Some(end) = value.rfind("}}").map(|at| at + "}}".len()) else { return value };
    let behind = &value[end..];
    let comment = behind.trim_start_matches([' ', '\t']);
    if comment.starts_with('#') && comment.len() < behind.len() { &value[..end] } else { value }
}

/// Whether the line ends in `|` or `>` with their indicators, as in `key: |-`.
fn begins_block_scalar(line: &str) -> bool {
    let line = line.split_once(" #").map_or(line, |(line, _)| line).trim_end();
    let line = line.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    line.strip_suffix(['|', '>']).is_some_and(|head| head.ends_with([' ', '\t']))
}

/// The offset of the quote that ends a quoted text.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote == '"' => {
                chars.next();
            }
            c if c == quote && quote == '\'' && chars.peek().is_some_and(|(_, c)| *c == quote) => {
                chars.next();
            }
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}

/// How many brackets are open after `text`, quoted ones not counted.
fn flow_depth(text: &str, mut depth: usize) -> usize {
    let mut rest = text;
    while let Some(at) = rest.find(['{', '[', '}', ']', '"', '\'']) {
        let (found, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = after;
        match found {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            quote => match closing_quote(after, char::from(quote)) {
                Some(end) => rest = &after[end + 1..],
                None => return depth,
            },
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_templates_are_quoted() {
        for (text, expected) in [
            ("a: {{.X}}\n", "a: '{{.X}}'\n"),
            ("a: {{.X}} and 'more'  \r\nb: y", "a: '{{.X}} and ''more'''  \r\nb: y"),
            ("\"a: b\": {{.X}}", "\"a: b\": '{{.X}}'"),
            ("t:\n  value: {{.X}}\n", "t:\n  value: '{{.X}}'\n"),
            ("a: '{{.X}}'", "a: '{{.X}}'"),
            ("a: x {{.X}}", "a: x {{.X}}"),
            ("# a: {{.X}}", "# a: {{.X}}"),
            ("a: |\n  b: {{.X}}\nc: {{.Y}}", "a: |\n  b: {{.X}}\nc: '{{.Y}}'"),
            ("a: >-\n\n  b: {{.X}}", "a: >-\n\n  b: {{.X}}"),
            ("a: !!str |2 # text\n  b: {{.X}}", "a: !!str |2 # text\n  b: {{.X}}"),
            ("a:\n  {{.X}}\nb: {{.Y}}", "a:\n  '{{.X}}'\nb: '{{.Y}}'"),
            ("a:\n\n  # why\n  {{.X}}", "a:\n\n  # why\n  '{{.X}}'"),
            ("a:\n{{.X}}", "a:\n{{.X}}"),
            ("a: \"x:\n  {{.X}}\"", "a: \"x:\n  {{.X}}\""),
            ("a:\t{{.X}}", "a:\t'{{.X}}'"),
            ("a: {{.X}} |\nb: {{.Y}}", "a: '{{.X}} |'\nb: '{{.Y}}'"),
            ("a: \"x\n  b: {{.X}}\"\nc: {{.Y}}", "a: \"x\n  b: {{.X}}\"\nc: '{{.Y}}'"),
            (
                "a: {value: x,\n  b: {{.X}} }\nc: {{.Y}}",
                "a: {value: x,\n  b: {{.X}} }\nc: '{{.Y}}'",
            ),
            ("{\"a\": \"{{.X}}\"}", "{\"a\": \"{{.X}}\"}"),
            ("a: {{.X}}   # who's asked\r\nb: y", "a: '{{.X}}'   # who's asked\r\nb: y"),
            ("a: {{.X}} y {{.Z}}\t#5", "a: '{{.X}} y {{.Z}}'\t#5"),
            ("a:\n  {{.X}} # why", "a:\n  '{{.X}}' # why"),
            ("a: {{.X}} #{{.Y}}", "a: '{{.X}} #{{.Y}}'"),
            ("a: {{\" # \"}}", "a: '{{\" # \"}}'"),
            ("a: {{.X}}# y", "a: '{{.X}}# y'"),
            ("a: {{.X}} y # z", "a: '{{.X}} y # z'"),
            ("a: {{.X}} # of }}", "a: '{{.X}} # of }}'"),
            ("a: {{.X # y", "a: '{{.X # y'"),
        ] {
            assert_eq!(quote_bare_templates(text), expected);
        }
    }
}
