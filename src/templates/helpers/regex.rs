//! Helpers with regular expressions, Go's.
//!
//! A template that spells an expression out has it compiled once, and hears at once if it is wrong.

use std::sync::Arc;

use super::args;
use super::{Caller, ELEMENT};
use crate::templates::budget::Exhausted;
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::meter::Meter;
use crate::templates::regexp::{MAX_HAYSTACK, Pattern};
use crate::templates::value::{Text, Value};

type Result<T, E = TemplateError> = std::result::Result<T, E>;

/// `regexMatch REGEX TEXT`: whether some part of the text matches.
pub(super) fn matches(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let (pattern, text) = search("regexMatch", meter, args)?;
    let mut found = false;
    pattern.each_match(meter, text, 1, false, |_, _| {
        found = true;
        Ok::<_, Exhausted>(())
    })?;
    Ok(Value::Bool(found))
}

/// `regexFind REGEX TEXT`: the first part that matches, else an empty text.
pub(super) fn find(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let (pattern, text) = search("regexFind", meter, args)?;
    let mut found = "";
    pattern.each_match(meter, text, 1, false, |_, places| {
        found = part(text, places, 0);
        Ok::<_, Exhausted>(())
    })?;
    meter.take_bytes(found.len())?;
    Ok(Value::from(found))
}

/// `regexFindAll REGEX TEXT COUNT`: the parts that match, COUNT at most; all if it is negative.
pub(super) fn find_all(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let (pattern, text) = search("regexFindAll", meter, args)?;
    let limit = limit("regexFindAll", args)?;
    let mut found = Vec::new();
    pattern.each_match(meter, text, limit, false, |meter, places| {
        push(meter, &mut found, part(text, places, 0))
    })?;
    Ok(Value::from(found))
}

/// `regexSplit REGEX TEXT COUNT`: the parts between the matches, COUNT at most; all if it is
/// negative.
pub(super) fn split(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let (pattern, text) = search("regexSplit", meter, args)?;
    let limit = limit("regexSplit", args)?;
    let mut parts = Vec::new();
    let has_source = args.first().and_then(Value::as_text).is_some_and(|source| !source.is_empty());
    match (limit, text.is_empty() && has_source) {
        (0, _) => return Ok(Value::from(parts)),
        (_, true) => return Ok(Value::from(vec![Value::from("")])),
        _ => {}
    }
    let (mut start, mut end) = (0, 0);
    pattern.each_match(meter, text, limit, false, |meter, places| {
        let (Some(from), Some(to)) = (places[0], places[1]) else { return Ok(()) };
        if parts.len() < limit - 1 {
            end = from;
            if to != 0 {
                push(meter, &mut parts, &text[start..end])?;
            }
            start = to;
        }
        Ok::<_, Exhausted>(())
    })?;
    if end != text.len() {
        push(meter, &mut parts, &text[start..])?;
    }
    Ok(Value::from(parts))
}

/// `regexReplaceAll REGEX TEXT REPLACEMENT`: every match replaced; in the replacement `$1`, `${1}`
/// and `${name}` are groups, and `$$` is a dollar sign.
pub(super) fn replace_all(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let (pattern, text) = search("regexReplaceAll", meter, args)?;
    let replacement = args::text("regexReplaceAll", args, 2)?;
    let pieces = pieces(meter, &pattern, replacement)?;
    replace(meter, &pattern, text, &pieces)
}

/// `regexReplaceAllLiteral REGEX TEXT REPLACEMENT`: every match replaced by the text as it is.
pub(super) fn replace_all_literal(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let (pattern, text) = search("regexReplaceAllLiteral", meter, args)?;
    let replacement = args::text("regexReplaceAllLiteral", args, 2)?;
    replace(meter, &pattern, text, &[Piece::Literal(replacement)])
}

/// `regexQuoteMeta TEXT`: a regular expression that matches this text and nothing else.
pub(super) fn quote_meta(meter: &mut dyn Caller, args: &[Value]) -> Result<Value> {
    let text = args::text("regexQuoteMeta", args, 0)?;
    let is_special = |c: &char| "\\.+*?()|[]{}^$".contains(*c);
    meter.take_steps(text.len() as u64 / 8)?;
    meter.take_bytes(text.len() + text.chars().filter(is_special).count())?;
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        if is_special(&c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    Ok(Value::from(quoted))
}

/// The expression and the text that the first two arguments are.
fn search<'a>(
    helper: &str,
    meter: &mut dyn Caller,
    args: &'a [Value],
) -> Result<(Arc<Pattern>, &'a Text)> {
    let source = args::text(helper, args, 0)?;
    let text = args::text(helper, args, 1)?;
    if text.len() > MAX_HAYSTACK {
        let message = format!("{helper} searches at most 64 KiB of text");
        return Err(
            TemplateError::new(ErrorKind::Limit, message).hint("cut the text first: `trunc 65536`")
        );
    }
    if let Some(pattern) = meter.pattern(source) {
        return Ok((pattern, text));
    }
    // What it costs is known only when it is done, but is never much.
    meter.take_steps(64 + source.len() as u64)?;
    let pattern = Pattern::compile(source).map_err(|e| TemplateError::render(e.to_string()))?;
    meter.take_steps(pattern.cost())?;
    Ok((Arc::new(pattern), text))
}

/// The third argument: how many matches are wanted.
fn limit(helper: &str, args: &[Value]) -> Result<usize> {
    let count = args::int(helper, args, 2)?;
    Ok(usize::try_from(count).unwrap_or(if count < 0 { usize::MAX } else { 0 }))
}

fn push(meter: &mut dyn Meter, parts: &mut Vec<Value>, part: &str) -> Result<(), Exhausted> {
    meter.take_steps(1)?;
    meter.take_bytes(ELEMENT + part.len())?;
    parts.push(Value::from(part));
    Ok(())
}

/// What a group matched, or nothing.
fn part<'t>(text: &'t str, places: &[Option<usize>], group: usize) -> &'t str {
    match (places.get(2 * group), places.get(2 * group + 1)) {
        (Some(Some(start)), Some(Some(end))) => text.get(*start..*end).unwrap_or_default(),
        _ => "",
    }
}

/// A piece of a replacement.
enum Piece<'r> {
    Literal(&'r str),
    /// What the first of these groups matched that matched at all.
    Groups(Vec<usize>),
}

/// Puts the pieces in the place of every match.
fn replace(
    meter: &mut dyn Caller,
    pattern: &Pattern,
    text: &Text,
    pieces: &[Piece<'_>],
) -> Result<Value> {
    let with_groups = pieces.iter().any(|piece| matches!(piece, Piece::Groups(_)));
    let (mut replaced, mut copied) = (String::new(), 0);
    pattern.each_match(meter, text, usize::MAX, with_groups, |meter, places| {
        let (Some(start), Some(end)) = (places[0], places[1]) else { return Ok(()) };
        meter.take_steps(1 + pieces.len() as u64 / 8)?;
        add(meter, &mut replaced, &text[copied..start])?;
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => add(meter, &mut replaced, literal)?,
                Piece::Groups(groups) => {
                    let matched = |group: &&usize| matches!(places.get(2 * **group), Some(Some(_)));
                    let group = groups.iter().find(matched).copied();
                    let group = group.map_or("", |group| part(text, places, group));
                    add(meter, &mut replaced, group)?;
                }
            }
        }
        copied = end;
        Ok::<_, Exhausted>(())
    })?;
    if copied == 0 && replaced.is_empty() {
        return Ok(Value::Str(text.clone()));
    }
    add(meter, &mut replaced, &text[copied..])?;
    Ok(Value::from(replaced))
}

fn add(meter: &mut dyn Meter, out: &mut String, text: &str) -> Result<(), Exhausted> {
    meter.take_bytes(text.len())?;
    out.push_str(text);
    Ok(())
}

/// The pieces of a replacement, as Go's `Expand` reads it; a group that is not there is nothing.
fn pieces<'r>(
    meter: &mut dyn Caller,
    pattern: &Pattern,
    replacement: &'r str,
) -> Result<Vec<Piece<'r>>> {
    let mut pieces = Vec::new();
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        meter.take_steps(4)?;
        meter.take_bytes(4 * ELEMENT)?;
        pieces.push(Piece::Literal(before));
        let (piece, after) = match (after.strip_prefix('$'), reference(after)) {
            (Some(after), _) => (Piece::Literal("$"), after),
            (None, Some((name, after))) => match number(name) {
                Some(number) => (Piece::Groups(vec![number]), after),
                None => (Piece::Groups(pattern.groups(name)), after),
            },
            (None, None) => (Piece::Literal("$"), after),
        };
        pieces.push(piece);
        rest = after;
    }
    pieces.push(Piece::Literal(rest));
    Ok(pieces)
}

/// The name behind a dollar sign, and what follows it.
fn reference(after: &str) -> Option<(&str, &str)> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let inside = after.strip_prefix('{').unwrap_or(after);
    let (name, rest) = inside.split_at(inside.find(|c| !is_name(c)).unwrap_or(inside.len()));
    let rest = if after.starts_with('{') { rest.strip_prefix('}')? } else { rest };
    (!name.is_empty()).then_some((name, rest))
}

/// The number of a group; a leading zero makes it a name.
fn number(name: &str) -> Option<usize> {
    let is_number = name.bytes().all(|b| b.is_ascii_digit()) && name.len() < 9;
    (is_number && (name == "0" || !name.starts_with('0'))).then(|| name.parse().ok())?
}
