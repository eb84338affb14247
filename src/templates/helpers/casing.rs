//! `snakecase`, `kebabcase` and `camelcase`, which find the words in a name.
//!
//! They follow the xstrings package that Sprig uses: a word ends where lower case becomes upper
//! case, at the last capital of several (`HTTPServer` is `http_server`), and at digits, which belong
//! to what is before or behind them, whichever is letters.

mod split;

use self::split::{Kind, Word, is_connector, is_upper, words};
use super::Caller;
use super::args;
use super::unicode_case;
use crate::templates::error::TemplateError;
use crate::templates::value::{Text, Value};

/// `snakecase TEXT`: in lower case with `_` between the words.
pub(super) fn snakecase(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    Ok(Value::from(separated(paid("snakecase", meter, args)?, '_')))
}

/// `kebabcase TEXT`: in lower case with `-` between the words.
pub(super) fn kebabcase(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    Ok(Value::from(separated(paid("kebabcase", meter, args)?, '-')))
}

/// `camelcase TEXT`: each word with a capital, and nothing between them.
pub(super) fn camelcase(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    Ok(Value::from(camel(paid("camelcase", meter, args)?)))
}

fn paid<'a>(
    helper: &str,
    meter: &mut dyn Caller,
    args: &'a [Value],
) -> Result<&'a Text, TemplateError> {
    let text = args::text(helper, args, 0)?;
    // Each character is looked up in a few tables, and may get a separator.
    meter.take_steps(1 + text.len() as u64 / 2)?;
    meter.take_bytes(10 * text.len())?;
    Ok(text)
}

/// The words in lower case, with a connector between them.
fn separated(text: &str, connector: char) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let words = words(text);
    let mut rest = words.as_slice();
    while let [word, after @ ..] = rest {
        rest = after;
        push(&mut out, word, connector);
        let Some(next) = after.first() else { break };
        match word.kind {
            Kind::Number => {
                rest = push_alphanumeric(&mut out, after, connector);
                connect(&mut out, rest, connector);
            }
            Kind::Connector | Kind::Punctuation => {}
            Kind::Upper | Kind::Lower | Kind::Other if next.kind != Kind::Number => {
                connect(&mut out, after, connector);
            }
            // A number at the end belongs to the word before it.
            _ if after.len() == 1 => {}
            _ if after[1].kind == Kind::Lower => {
                // Lower case behind a number makes a word of its own with it.
                out.push(connector);
                push(&mut out, next, connector);
                rest = push_alphanumeric(&mut out, &after[1..], connector);
                connect(&mut out, rest, connector);
            }
            _ => {
                push(&mut out, next, connector);
                rest = &after[1..];
                connect(&mut out, rest, connector);
            }
        }
    }
    out
}

/// Puts a connector in front of what comes next, unless that separates by itself.
fn connect(out: &mut String, next: &[Word<'_>], connector: char) {
    if next.first().is_some_and(|word| !matches!(word.kind, Kind::Connector | Kind::Punctuation)) {
        out.push(connector);
    }
}

/// Writes numbers and lower-case words as long as they come; gives what follows.
fn push_alphanumeric<'w, 't>(
    out: &mut String,
    words: &'w [Word<'t>],
    connector: char,
) -> &'w [Word<'t>] {
    let is_other = |word: &Word<'_>| !matches!(word.kind, Kind::Lower | Kind::Number);
    let end = words.iter().position(is_other).unwrap_or(words.len());
    words[..end].iter().for_each(|word| push(out, word, connector));
    &words[end..]
}

fn push(out: &mut String, word: &Word<'_>, connector: char) {
    match word.kind {
        Kind::Connector => out.extend(word.text.chars().map(|_| connector)),
        Kind::Upper => {
            let lower = |c| if is_upper(c) { unicode_case::lower(c) } else { c };
            out.extend(word.text.chars().map(lower));
        }
        _ => out.push_str(word.text),
    }
}

/// The words with capitals. Connectors at the start stay, and of several in a row all but one.
fn camel(text: &str) -> String {
    let start = text.find(|c| !is_connector(c)).unwrap_or(text.len());
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..start]);
    let mut chars = text[start..].chars();
    let Some(first) = chars.next() else { return out };
    let mut in_capitals = is_upper(first);
    let mut before = unicode_case::upper(first);
    for c in chars {
        let mut c = c;
        match (is_connector(before), is_connector(c)) {
            (true, true) => out.push(before),
            (true, false) => {
                in_capitals = is_upper(c);
                c = unicode_case::upper(c);
            }
            (false, _) => {
                if in_capitals {
                    in_capitals = is_upper(c);
                    c = if in_capitals { unicode_case::lower(c) } else { c };
                }
                out.push(before);
            }
        }
        before = c;
    }
    out.push(before);
    out
}
