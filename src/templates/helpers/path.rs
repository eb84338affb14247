//! Parts of paths, as Go's `path` package has them.

use super::Caller;
use super::args;
use super::text::part;
use crate::templates::error::TemplateError;
use crate::templates::value::Value;

/// `base PATH`: what follows the last slash.
pub(super) fn base(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let path = args::text("base", args, 0)?;
    meter.take_steps(path.len() as u64 / 64)?;
    let trimmed = path.trim_end_matches('/');
    match (path.is_empty(), trimmed.rsplit('/').next()) {
        (true, _) => Ok(Value::from(".")),
        (_, Some(last)) if !trimmed.is_empty() => part(meter, path, last),
        _ => Ok(Value::from("/")),
    }
}

/// `dir PATH`: what comes before the last slash, tidied up.
pub(super) fn dir(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let path = args::text("dir", args, 0)?;
    meter.take_steps(path.len() as u64 / 8)?;
    meter.take_bytes(4 * path.len())?;
    Ok(Value::from(clean(&path[..path.rfind('/').map_or(0, |at| at + 1)])))
}

/// `ext PATH`: the last dot of what follows the last slash, and what follows it.
pub(super) fn ext(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let path = args::text("ext", args, 0)?;
    meter.take_steps(path.len() as u64 / 64)?;
    let last = path.rsplit('/').next().unwrap_or_default();
    part(meter, path, last.rfind('.').map_or("", |at| &last[at..]))
}

/// The path without empty parts, `.` and, where it can be told, `..`.
fn clean(path: &str) -> String {
    let is_rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match (part, parts.last()) {
            ("..", None) if is_rooted => {}
            ("..", None | Some(&"..")) => parts.push(part),
            ("..", Some(_)) => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (is_rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}
