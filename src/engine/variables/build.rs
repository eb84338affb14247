//! Values as variables, each paid for before it is built.

use crate::apimachinery::Kind;
use crate::engine::kelos::{Namespace, ObjectMeta, StringMap, Task, TaskSpec, Workspace, is_ours};
use crate::engine::meter::Meter;
use crate::engine::repository;
use crate::engine::sources::text::{ENTRY_BYTES, ENTRY_STEPS, pay_for_url, text};
use crate::templates::budget::Exhausted;
use crate::templates::value::{Map, Text, Value};

use super::{Inputs, User};

/// What an entry costs that is looked at and left out.
const LEFT_OUT_PARTS: usize = 32;
fn entry(key: &str, value: &str, meter: &Meter) -> Result<(Text, Value), Exhausted> {
    meter.take_steps(ENTRY_STEPS)?;
    meter.take_bytes(key.len() + ENTRY_BYTES)?;
    Ok((key.into(), text(value, meter)?))
}

/// The labels or annotations that are inputs: what a template of ours writes is absent the first time and
/// there the second, and both times must give the same, and cost the same.
pub(super) fn inputs(
    task: &Task<'_>,
    kind: Kind,
    inputs: Inputs<'_>,
    meter: &Meter,
) -> Result<Value, Exhausted> {
    let mut map = Map::new();
    for (key, value) in task.entries(kind).into_iter().flatten() {
        if !inputs.has(kind, key, value) {
            continue;
        }
        meter.take(LEFT_OUT_PARTS)?;
        if !is_housekeeping(key) {
            map.extend([entry(key, value, meter)?]);
        }
    }
    Ok(Value::from(map))
}

/// `.Task` or `.Session`
pub(super) fn task(
    task: &Task<'_>,
    namespace: &str,
    inputs: Inputs<'_>,
    meter: &Meter,
) -> Result<Value, Exhausted> {
    let spec = task.spec();
    let mut map = Map::new();
    for (name, value) in [
        ("Name", Some(task.name())),
        ("GenerateName", Some(task.generate_name())),
        ("Namespace", Some(namespace)),
        ("Type", spec.and_then(TaskSpec::agent_type)),
        ("Model", spec.and_then(TaskSpec::model)),
        ("Effort", spec.and_then(TaskSpec::effort)),
        ("Branch", spec.and_then(|spec| spec.branch.as_deref())),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            meter.take_steps(ENTRY_STEPS)?;
            meter.take_bytes(value.len() + ENTRY_BYTES)?;
            map.insert(name.into(), Value::from(value));
        }
    }
    map.insert("Labels".into(), self::inputs(task, Kind::Label, inputs, meter)?);
    map.insert("Annotations".into(), self::inputs(task, Kind::Annotation, inputs, meter)?);
    Ok(Value::from(map))
}

/// `.Namespace`: no more than its name, if the Namespace is not known.
pub(super) fn namespace(
    known: Option<&Namespace>,
    name: &str,
    meter: &Meter,
) -> Result<Value, Exhausted> {
    match known {
        Some(namespace) => object(&namespace.metadata, meter),
        None => Ok(Value::from(Map::from([entry("Name", name, meter)?]))),
    }
}

/// An object's name, labels and annotations.
pub(super) fn object(meta: &ObjectMeta, meter: &Meter) -> Result<Value, Exhausted> {
    Ok(Value::from(Map::from([
        entry("Name", &meta.name, meter)?,
        ("Labels".into(), strings(&meta.labels, meter)?),
        ("Annotations".into(), strings(&meta.annotations, meter)?),
    ])))
}

fn strings(map: &StringMap, meter: &Meter) -> Result<Value, Exhausted> {
    let mut strings = Map::new();
    for (key, value) in map {
        meter.take(LEFT_OUT_PARTS)?;
        if !is_housekeeping(key) {
            strings.extend([entry(key, value, meter)?]);
        }
    }
    Ok(Value::from(strings))
}

/// Our own rules annotations, settings and marks, and what kubectl keeps: no data for templates.
fn is_housekeeping(key: &str) -> bool {
    is_ours(key) || key == "kubectl.kubernetes.io/last-applied-configuration"
}

/// `.Workspace`
pub(super) fn workspace(workspace: &Workspace, meter: &Meter) -> Result<Value, Exhausted> {
    let repo = &*workspace.spec.repo;
    let mut map = Map::from([entry("Name", &workspace.metadata.name, meter)?]);
    // Read as a URL, and what is read of it.
    pay_for_url(repo, meter)?;
    if let Some(clean) = repository::without_secrets(repo) {
        map.insert("Repo".into(), Value::from(clean));
    }
    if let Some(repository) = workspace.repository() {
        if let Some(host) = repository.host() {
            map.extend([entry("Host", host, meter)?]);
        }
        map.extend([
            entry("Owner", &repository.owner, meter)?,
            entry("RepoName", &repository.name, meter)?,
        ]);
    }
    Ok(Value::from(map))
}

/// `.User`
pub(super) fn user(user: &User, meter: &Meter) -> Result<Value, Exhausted> {
    let mut groups = Vec::new();
    for group in &user.groups {
        meter.take_steps(ENTRY_STEPS)?;
        meter.take_bytes(ENTRY_BYTES)?;
        groups.push(text(group, meter)?);
    }
    let map =
        Map::from([entry("Name", &user.name, meter)?, ("Groups".into(), Value::from(groups))]);
    meter.take_bytes(user.name.len())?;
    Ok(Value::named(&user.name, map))
}
