//! minijinja's errors in our words, with places in the template.

use std::error::Error as _;
use std::ops::Range;

use minijinja::{Error, ErrorKind};

use super::blocks;
use crate::templates::budget::Exhausted;
use crate::templates::error::ErrorKind as Fault;
use crate::templates::error::{Position, TemplateError};
use crate::templates::suggest::meant;
use crate::templates::{camel_case, go};

/// Statements that need other templates.
const INCLUDING: [&str; 5] = ["block", "extends", "from", "import", "include"];

/// The error of a template that does not parse.
pub(super) fn parse(source: &str, error: &Error) -> TemplateError {
    let message = message(error);
    let place = place(source, error);
    let unknown = message.strip_prefix("unknown statement ");
    let at = place.as_ref().map_or(source.len(), |range| range.start);
    if let Some(better) = blocks::explain(source, &message, unknown, at) {
        return better;
    }
    let parsed = TemplateError::parse(message.as_str());
    if let Some(hint) = called_like_go(source, &message, at) {
        return parsed.at(Position::of(source, at)).hint(hint);
    }
    let parsed = match unknown {
        Some(name) if INCLUDING.contains(&name) => {
            parsed.hint("a template stands alone, it can't take in others")
        }
        Some(name) => match meant(name, blocks::STATEMENTS) {
            Some(meant) => parsed.hint(meant),
            None => parsed,
        },
        None => parsed,
    };
    match place {
        Some(range) => parsed.at(Position::of(source, range.start)),
        None => parsed,
    }
}

/// What to write where an argument follows the name of a filter without parentheses, as in Go.
fn called_like_go(source: &str, message: &str, at: usize) -> Option<String> {
    if !message.ends_with("expected end of variable block") {
        return None;
    }
    if let Some(hint) = of_go(source, at) {
        return Some(hint);
    }
    let (_, call) = source.get(..at)?.rsplit_once('|')?;
    let name = call.trim();
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let is_call = !name.is_empty() && name.chars().all(is_name) && call.ends_with(' ');
    is_call.then(|| format!("in Jinja, arguments stand in parentheses: `{name}(…)`"))
}

/// What to write where an action begins with a function of Go's, and its variables have no dot in front, which is what
/// Go is told by.
fn of_go(source: &str, at: usize) -> Option<String> {
    let (_, function) = source.get(..at)?.rsplit_once("{{")?;
    let function = function.trim_start_matches('-').trim();
    if !go::is_function(function) {
        return None;
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let argument = source.get(at..)?;
    let argument = argument.get(..argument.find(|c| !is_name(c)).unwrap_or(argument.len()))?;
    let is_variable = argument.len() <= 64 && argument.starts_with(char::is_alphabetic);
    is_variable.then(|| {
        let variable = camel_case::variable(argument);
        format!(
            "this is read as Jinja; in Go variables have a dot in front: `{function} .{variable} …`"
        )
    })
}

/// The error of a template that fails while it runs.
pub(super) fn render(source: &str, error: &Error, ran_out_of: Exhausted) -> TemplateError {
    let range = place(source, error);
    let (rendered, place) = match cause(error) {
        Cause::Ours(ours) => (ours.clone(), range.map(|range| range.start)),
        Cause::OutOfFuel => (ran_out_of.into(), range.map(|range| range.start)),
        Cause::TooDeep => (
            TemplateError::new(Fault::Limit, "macros or loops call themselves too often"),
            range.map(|range| range.start),
        ),
        Cause::Undefined(Some(name)) => {
            let start = range.map(|range| find(source, range, &name));
            (TemplateError::missing(&name), start)
        }
        Cause::Undefined(None) => {
            let range = range.map(|range| filtered(source, &range).unwrap_or(range));
            let written = range.clone().and_then(|range| source.get(range));
            let name = written.filter(|text| !text.is_empty() && text.len() <= 60);
            (TemplateError::missing(name.unwrap_or("this")), range.map(|range| range.start))
        }
        Cause::Other => (TemplateError::render(message(error)), range.map(|range| range.start)),
    };
    match place {
        Some(offset) => rendered.at(Position::of(source, offset)),
        None => rendered,
    }
}

/// Where that stands which goes into a filter, if the range is that of the filter's name: it is what gives nothing.
fn filtered(source: &str, filter: &Range<usize>) -> Option<Range<usize>> {
    const WORDS: [&str; 8] = ["if", "elif", "else", "not", "and", "or", "in", "is"];
    let before = source.get(..filter.start)?.trim_end().strip_suffix('|')?.trim_end();
    let mut open = 0_usize;
    let begins = |c: char| match c {
        ')' | ']' | '}' => {
            open += 1;
            false
        }
        '(' | '[' | '{' if open > 0 => {
            open -= 1;
            false
        }
        c => open == 0 && "([{%,=~+-*/<>".contains(c),
    };
    let behind = before.rfind(begins)? + 1;
    let written = before.get(behind..)?;
    let mut words = written.match_indices(char::is_whitespace).map(|(at, _)| at);
    let last = words.rfind(|at| {
        let word = written[..*at].rsplit(char::is_whitespace).next();
        word.is_some_and(|word| WORDS.contains(&word))
    });
    let written = written.get(last.unwrap_or_default()..)?.trim_start();
    Some(before.len() - written.len()..before.len())
}

/// Why a template failed.
enum Cause<'e> {
    Ours(&'e TemplateError),
    OutOfFuel,
    TooDeep,
    Undefined(Option<String>),
    Other,
}

/// Looks through an error and its sources for what it comes from.
fn cause(error: &Error) -> Cause<'_> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = None;
    let mut current = error;
    loop {
        if current.kind() == ErrorKind::OutOfFuel {
            return Cause::OutOfFuel;
        }
        if current.detail() == Some("recursion limit exceeded") {
            return Cause::TooDeep;
        }
        let name = current.detail().and_then(undefined_name);
        if name.is_some() || current.kind() == ErrorKind::UndefinedError {
            return Cause::Undefined(name.map(str::to_owned));
        }
        next = match next {
            None => current.source(),
            Some(last) => last.source(),
        };
        let Some(source) = next else { return Cause::Other };
        if let Some(ours) = source.downcast_ref::<TemplateError>() {
            return Cause::Ours(ours);
        }
        match source.downcast_ref::<Error>() {
            Some(error) => current = error,
            None => return Cause::Other,
        }
    }
}

/// The name in "`NAME` is undefined", as minijinja's debug mode adds it.
fn undefined_name(detail: &str) -> Option<&str> {
    let (before, _) = detail.split_once("` is undefined")?;
    before.rsplit_once('`').map(|(_, name)| name)
}

/// What minijinja says about an error.
///
/// Two of its messages hold values of variables, which must not stand in logs: they are cut.
fn message(error: &Error) -> String {
    match error.detail() {
        Some(detail) if detail.starts_with("unable to calculate") => {
            "the numbers can't be calculated".to_owned()
        }
        Some(detail) if !detail.is_empty() && !detail.starts_with("failed to sort") => {
            detail.to_owned()
        }
        _ => error.kind().to_string(),
    }
}

/// The part of the template that an error is about.
fn place(source: &str, error: &Error) -> Option<Range<usize>> {
    error.range().or_else(|| {
        let line = error.line()?;
        let start = source.split_inclusive('\n').take(line - 1).map(str::len).sum();
        Some(start..source.len())
    })
}

/// Where a name stands: within the range if it does, else the range's start.
fn find(source: &str, range: Range<usize>, name: &str) -> usize {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let within = source.get(range.clone()).unwrap_or_default();
    let matches = within.match_indices(name).map(|(at, _)| range.start + at);
    let mut whole = matches.filter(|at| {
        !source[..*at].ends_with(is_name) && !source[at + name.len()..].starts_with(is_name)
    });
    whole.next().unwrap_or(range.start)
}
