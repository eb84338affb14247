//! Values as variables, each paid for before it is built.

use crate::engine::kelos::{
    Kind, Namespace, ObjectMeta, RENDERED_FROM_MARK, SKIPPED_MARK, Str, StringMap, Task, TaskSpec,
    Workspace, is_ours,
};
use crate::engine::meter::Meter;
use crate::engine::render::budget::Exhausted;
use crate::engine::render::value::{Map, Text, Value};
use crate::engine::repository::{self, Repository};
use crate::engine::rules::Rules;

use super::User;

/// What an entry of a map, an element of a list or a variable costs beside its bytes: two texts are
/// allocated and one is put into its place.
pub(super) const ENTRY_STEPS: usize = 4;
/// What an entry takes beside its texts.
pub(super) const ENTRY_BYTES: usize = 128;
/// What an entry costs that is looked at and left out.
const LEFT_OUT_PARTS: usize = 32;
/// What reading a URL costs, and each of its bytes, of which three can come out.
const URL_STEPS: usize = 16;
const URL_BYTE_PARTS: usize = 16;
const URL_GROWTH: usize = 3;

/// A text as a variable: a URL loses what may be secret in it.
pub(super) fn text(value: &str, meter: &Meter) -> Result<Value, Exhausted> {
    meter.take_bytes(value.len())?;
    if repository::is_url(value) {
        meter.take_steps(URL_STEPS)?;
        meter.take(URL_BYTE_PARTS.saturating_mul(value.len()))?;
        meter.take_bytes(URL_GROWTH.saturating_mul(value.len()))?;
    }
    Ok(Value::from(repository::clean(value).as_ref()))
}

fn entry(key: &str, value: &str, meter: &Meter) -> Result<(Text, Value), Exhausted> {
    meter.take_steps(ENTRY_STEPS)?;
    meter.take_bytes(key.len() + ENTRY_BYTES)?;
    Ok((key.into(), text(value, meter)?))
}

/// The labels or annotations that no template of this Task writes: what it writes is absent the first
/// time and there the second, and both times must give the same, and cost the same.
pub(super) fn inputs(
    task: &Task<'_>,
    kind: Kind,
    rules: &Rules,
    meter: &Meter,
) -> Result<Value, Exhausted> {
    let is_ours = |key: &Str<'_>| {
        rules.is_output(kind, key) || matches!(&**key, RENDERED_FROM_MARK | SKIPPED_MARK)
    };
    let mut map = Map::new();
    for (key, value) in task.entries(kind).into_iter().flatten() {
        if is_ours(key) {
            continue;
        }
        meter.take(LEFT_OUT_PARTS)?;
        if !is_housekeeping(key) {
            map.extend([entry(key, value, meter)?]);
        }
    }
    Ok(Value::from(map))
}

/// `.Task`
pub(super) fn task(
    task: &Task<'_>,
    namespace: &str,
    rules: &Rules,
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
    map.insert("Labels".into(), inputs(task, Kind::Label, rules, meter)?);
    map.insert("Annotations".into(), inputs(task, Kind::Annotation, rules, meter)?);
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

/// Our own carriers, settings and marks, and what kubectl keeps: no data for templates.
fn is_housekeeping(key: &str) -> bool {
    is_ours(key) || key == "kubectl.kubernetes.io/last-applied-configuration"
}

/// `.Workspace`
pub(super) fn workspace(workspace: &Workspace, meter: &Meter) -> Result<Value, Exhausted> {
    let repo = &*workspace.spec.repo;
    let mut map = Map::from([entry("Name", &workspace.metadata.name, meter)?]);
    // Read as a URL, and what is read of it.
    meter.take_steps(URL_STEPS)?;
    meter.take(URL_BYTE_PARTS.saturating_mul(repo.len()))?;
    meter.take_bytes(URL_GROWTH.saturating_mul(repo.len()))?;
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

/// A repository out of what people typed.
pub(super) fn repository(typed: &str, meter: &Meter) -> Option<Repository> {
    meter.take_steps(URL_STEPS).ok()?;
    meter.take(URL_BYTE_PARTS.saturating_mul(typed.len())).ok()?;
    meter.take_bytes(URL_GROWTH.saturating_mul(typed.len())).ok()?;
    Repository::parse(typed)
}

/// A URL out of what people typed, without what may be secret in it.
pub(super) fn url(typed: &str, meter: &Meter) -> Option<String> {
    meter.take_steps(URL_STEPS).ok()?;
    meter.take(URL_BYTE_PARTS.saturating_mul(typed.len())).ok()?;
    meter.take_bytes(URL_GROWTH.saturating_mul(typed.len())).ok()?;
    repository::without_secrets(typed)
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
