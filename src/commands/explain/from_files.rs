//! What is known of a Task out of files.

use anyhow::{Context, bail};

use super::world::{PolicyOrigin, Registrations, World};
use crate::cli::ExplainArgs;
use crate::commands::read::{Files, Read, namespace_of};
use crate::commands::stdio::warn;
use crate::commands::subject::ObjectOrigin;
use crate::commands::{Loaded, NO_TASK, defaults, load};
use crate::engine::kelos::Task;
use crate::manifests::Manifest;
use crate::spawners::type_slip;
use crate::templates::suggest::closest;

/// Reads the files, and picks the Task of this name, or the only one.
///
/// # Errors
///
/// When there is no such Task, or none that can be read.
pub(super) fn read(args: &ExplainArgs, name: Option<&str>) -> anyhow::Result<World> {
    let namespace = args.namespace.as_deref().unwrap_or("default");
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
    if let (Err(_), Some(slip)) = (Task::parse(&task.json), type_slip(task)) {
        bail!("{}:{}:1: {NO_TASK}: {slip}", task.path.display(), task.line);
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

/// The Task of this name, or the only one.
fn pick<'t>(tasks: &'t [Manifest], name: Option<&str>) -> anyhow::Result<&'t Manifest> {
    let Some(name) = name else {
        return match tasks {
            [task] => Ok(task),
            [] => bail!("there is no Task in what -f names"),
            several => {
                let names: Vec<String> = several.iter().map(name_in).collect();
                bail!(
                    "there are several Tasks in what -f names, so say which: {}",
                    names.join(", ")
                )
            }
        };
    };
    let found: Vec<&Manifest> = tasks.iter().filter(|task| name_in(task) == name).collect();
    match found.as_slice() {
        [task] => Ok(task),
        [] => {
            let names: Vec<String> = tasks.iter().map(name_in).collect();
            if names.is_empty() {
                warn("without -f, the cluster is asked for it");
            }
            bail!("there is no Task {name} in what -f names{}", did_you_mean(name, &names))
        }
        _ => bail!("there are several Tasks {name} in what -f names: name fewer files"),
    }
}

/// The name that was probably meant.
pub(super) fn did_you_mean(name: &str, names: &[String]) -> String {
    let meant = closest(name, names.iter().map(String::as_str));
    meant.map(|meant| format!(": did you mean task/{meant}?")).unwrap_or_default()
}
