//! Variables that somebody gives: a file, and what is set beside it.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use granit_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Value};
use serde_saphyr::{MessageFormatter, UserMessageFormatter};

/// The variables of the file that a flag names, and over them those of `--set`.
pub(super) fn given(
    flag: &str,
    path: Option<&Path>,
    set: &[(String, String)],
) -> anyhow::Result<Map<String, Value>> {
    let mut vars = path.map_or_else(|| Ok(Map::new()), |path| read(flag, path))?;
    for (name, text) in set {
        let value = match name.as_str() {
            name if is_list(name) => names(text),
            "Number" | "number" => number(text)?,
            _ => value(text),
        };
        put(&mut vars, name, value).with_context(|| format!("--set {name}"))?;
    }
    Ok(vars)
}

pub(super) fn read(flag: &str, path: &Path) -> anyhow::Result<Map<String, Value>> {
    let name = path.display();
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    let bytes = bytes.with_context(|| format!("{flag} {name} can't be read"))?;
    let text = String::from_utf8(bytes).with_context(|| format!("{flag} {name}"))?;
    // What Windows writes in front of a text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match parse(text).with_context(|| format!("{flag} {name}"))? {
        Value::Object(mut vars) => {
            if !text.trim_start().starts_with('{') {
                as_written(&mut vars, text);
            }
            Ok(vars)
        }
        Value::Null => Ok(Map::new()),
        _ => bail!("{flag} {name}: this is no mapping of names to values"),
    }
}

/// YAML, and with it JSON: what begins as JSON is read as such, for its messages and its long numbers.
fn parse(text: &str) -> anyhow::Result<Value> {
    if text.trim_start().starts_with('{')
        && let Ok(value) = serde_json::from_str(text)
    {
        return Ok(value);
    }
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let error = error.without_snippet();
        let at =
            error.location().map(|at| format!(" (line {}, column {})", at.line(), at.column()));
        anyhow!("{}{}", UserMessageFormatter.format_message(error), at.unwrap_or_default())
    })
}

/// What a text on the command line stands for: itself, as most variables of a Task are texts, but for a list
/// or a mapping.
fn value(text: &str) -> Value {
    let is_flow = text.starts_with(['[', '{']);
    let read = || serde_json::from_str(text).ok().or_else(|| parse(text).ok());
    match text {
        "null" => Value::Null,
        _ if is_flow => read().unwrap_or_else(|| text.into()),
        _ => text.into(),
    }
}

/// The one variable that is a number.
fn number(text: &str) -> anyhow::Result<Value> {
    match text {
        "null" => Ok(Value::Null),
        _ => Ok(text
            .parse::<i64>()
            .with_context(|| format!("--set Number={text}: it is a whole number"))?
            .into()),
    }
}

/// Numbers of a file that stand for texts, as they are written: `1.10` is no 1.1. What is JSON has one way to
/// be written.
fn as_written(vars: &mut Map<String, Value>, text: &str) {
    let options = granit_parser::options! { emit_comments: false };
    let mut parser = Parser::<StrInput<'_>>::new_from_str_with_options(text, options);
    let (mut depth, mut name) = (0_usize, None);
    while let Some(Ok((event, _))) = parser.next_event() {
        let is_top = depth == 1;
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                (depth, name) = (depth + 1, None);
            }
            Event::MappingEnd | Event::SequenceEnd => depth = depth.saturating_sub(1),
            Event::Scalar(scalar, style, ..) if is_top => match name.take() {
                None => name = Some(scalar.into_owned()),
                Some(name) if style == ScalarStyle::Plain => {
                    if let Some(value @ (Value::Number(_) | Value::Bool(_))) = vars.get_mut(&name)
                        && !matches!(name.as_str(), "Number" | "number")
                    {
                        *value = scalar.into_owned().into();
                    }
                }
                Some(_) => {}
            },
            _ => {}
        }
    }
}

/// Whether a variable is a list of names, which has no commas in them.
fn is_list(name: &str) -> bool {
    matches!(name, "Labels" | "labels")
}

/// The names in a list of YAML or JSON, or in a comma list.
fn names(text: &str) -> Value {
    if text.starts_with('[') || text == "null" {
        return value(text);
    }
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// Puts a value where a name with dots says.
fn put(vars: &mut Map<String, Value>, name: &str, value: Value) -> anyhow::Result<()> {
    let Some((first, rest)) = name.split_once('.') else {
        vars.insert(name.to_owned(), value);
        return Ok(());
    };
    match vars.entry(first).or_insert_with(|| Map::new().into()) {
        Value::Object(inner) => put(inner, rest, value),
        _ => bail!("`{first}` is no mapping, so it has no `{rest}`"),
    }
}
