//! What is known of a Task out of files.

use anyhow::{Context, bail};

use super::Named;
use super::world::{PolicyOrigin, Registrations, World};
use crate::cli::ExplainArgs;
use crate::commands::read::{Files, Read, namespace_of};
use crate::commands::stdio::warn;
use crate::commands::subject::ObjectOrigin;
use crate::commands::{Loaded, defaults, load};
use crate::engine::kelos::{Shape, Task};
use crate::manifests::Manifest;
use crate::spawners::type_slip;
use crate::templates::suggest::closest;

/// Reads the files, and picks the Task of this name, or the only one.
///
/// # Errors
///
/// When there is no such Task, or none that can be read.
pub(super) fn read(args: &ExplainArgs, name: Option<&Named<'_>>) -> anyhow::Result<World> {
    let namespace = args.namespace().unwrap_or("default");
    let files = Files {
        paths: &args.filename,
        namespace,
        defaults: args.policy.defaults.as_deref(),
        keeps_spawners: false,
    };
    let Read { objects, written, tasks, registrations, failed, .. } = files.read();
    let policy = defaults::policy(&args.policy)?;
    let Loaded { spawners, is_whole, .. } = load(objects, policy.clone());
    let task = pick(&tasks, name)?;
    let shape = shape_of(task);
    if let (Err(_), Some(slip)) = (Task::parse_as(shape, &task.json), type_slip(task)) {
        let (path, line) = (task.path.display(), task.line);
        bail!("{path}:{line}:1: this is no {shape} as Kelos has it: {slip}");
    }
    let registrations = match registrations.as_slice() {
        [] => Registrations::NotGiven,
        all => {
            let read = all.iter().map(|it| {
                let place = || format!("{}:{}:1", it.path.display(), it.line);
                serde_json::from_str(&it.json).with_context(|| {
                    format!("{}: this is no MutatingWebhookConfiguration", place())
                })
            });
            Registrations::Read(read.collect::<anyhow::Result<_>>()?)
        }
    };
    Ok(World {
        shape,
        namespace: namespace_of(&task.object(), namespace).to_owned(),
        json: task.json.clone(),
        known: spawners.snapshot(),
        has_asked_for_spawner: true,
        spawner_changed: None,
        registrations,
        policy,
        policy_origin: PolicyOrigin::Flags,
        has_own_certificate: None,
        lacking: Vec::new(),
        origin: ObjectOrigin::Files,
        written,
        failed: failed || !is_whole,
    })
}

fn name_in(task: &Manifest) -> String {
    let object = task.object();
    let name = object.pointer("/metadata/name").and_then(|it| it.as_str());
    name.unwrap_or_default().to_owned()
}

/// What is in a document of a Task or Session.
fn shape_of(manifest: &Manifest) -> Shape {
    manifest.kind.parse().unwrap_or_default()
}

/// The Task or Session of this name, or the only one.
fn pick<'t>(tasks: &'t [Manifest], name: Option<&Named<'_>>) -> anyhow::Result<&'t Manifest> {
    let Some(&Named { shape, name }) = name else {
        return match tasks {
            [task] => Ok(task),
            [] => bail!("there is no Task and no Session in what -f names"),
            several => {
                let names: Vec<String> = several.iter().map(name_in).collect();
                bail!(
                    "there are several Tasks or Sessions in what -f names, so say which: {}",
                    names.join(", ")
                )
            }
        };
    };
    let found: Vec<&Manifest> = tasks
        .iter()
        .filter(|it| name_in(it) == name && shape.is_none_or(|shape| shape == shape_of(it)))
        .collect();
    match found.as_slice() {
        [task] => Ok(task),
        [] => {
            if tasks.is_empty() {
                warn("without -f, the cluster is asked for it");
            }
            let kind = shape.unwrap_or_default();
            let other = tasks.iter().find(|it| name_in(it) == name).map(shape_of);
            let kind_meant = other.unwrap_or(kind);
            let of_kind = tasks.iter().filter(|it| shape_of(it) == kind_meant);
            let names: Vec<String> = of_kind.map(name_in).collect();
            let meant = did_you_mean(kind_meant, name, &names);
            bail!("there is no {kind} {name} in what -f names{meant}")
        }
        _ => bail!(
            "there are several of the name {name} in what -f names: write task/{name} or session/{name}, or name fewer \
             files"
        ),
    }
}

/// The name that was probably meant.
pub(super) fn did_you_mean(kind: Shape, name: &str, names: &[String]) -> String {
    let kind = kind.as_str().to_ascii_lowercase();
    let meant = closest(name, names.iter().map(String::as_str));
    meant.map(|meant| format!(": did you mean {kind}/{meant}?")).unwrap_or_default()
}
