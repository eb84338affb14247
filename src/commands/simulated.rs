//! Tasks that are made as Kelos makes them, for commands that show or test what they get.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, anyhow};

use super::snippet::{Explained, explain};
use super::stdio::{UNWRITABLE, complain};
use super::wanted::makes;
use super::{not_asked, vars};
use crate::cli::RenderArgs;
use crate::engine::Rendered;
use crate::engine::simulate::{Item, KelosVersion, NoTask, Spawner, Why};
use crate::manifests::{Located, Manifest};
use crate::templates::Position;

const NONE: &str = "there is no TaskSpawner in what -f names, which a Task could be made of";

/// What became of the TaskSpawners.
pub(super) struct Made {
    pub(super) tasks: Vec<Manifest>,
    /// Whether Kelos makes none of one of them.
    pub(super) has_no_task: bool,
    /// Whether it can't be told what Kelos does with one, or the item fits none.
    pub(super) failed: bool,
}

/// Makes a Task of each TaskSpawner, and tells where there is none.
///
/// # Errors
///
/// The item can't be read, or there is no TaskSpawner.
pub(super) fn tasks(args: &RenderArgs, spawners: &[Manifest]) -> anyhow::Result<Made> {
    let item = vars::given("--item", args.item.as_deref(), &args.set)?;
    let version = args.kelos.unwrap_or_default();
    anyhow::ensure!(!spawners.is_empty(), "{NONE}");
    let mut made = Made { tasks: Vec::new(), has_no_task: false, failed: false };
    for manifest in spawners {
        match task(manifest, &item, version) {
            // That it is none is told with its file.
            None => made.failed = true,
            Some(Ok(task)) => made.tasks.push(task),
            Some(Err((spawner, error))) => {
                complain(explained(manifest, &spawner, &error));
                match error.why {
                    Why::Kelos | Why::Filtered | Why::Refused => made.has_no_task = true,
                    Why::Item | Why::NotSimulated => made.failed = true,
                }
            }
        }
    }
    if made.failed && spawners.len() > 1 {
        let names = names(spawners).join(", ");
        complain(format_args!("--spawner NAME makes the Task of one TaskSpawner alone: {names}"));
    }
    Ok(made)
}

/// Prints the item that a Task of the one TaskSpawner is made of.
///
/// # Errors
///
/// The item can't be read, or there is not one TaskSpawner.
pub(super) fn item(args: &RenderArgs, spawners: &[Manifest]) -> anyhow::Result<ExitCode> {
    let given = vars::given("--item", args.item.as_deref(), &args.set)?;
    let [manifest] = spawners else { return Err(not_one(spawners)) };
    let makes = makes(manifest);
    let spawner = Spawner::parse_as(makes, &manifest.json)
        .with_context(|| format!("the {} is none as Kelos has it", makes.spawner()))?;
    match spawner.item(&given, args.kelos.unwrap_or_default()) {
        Ok(item) => {
            let text =
                serde_saphyr::to_string(&item).context("the item can't be written as YAML")?;
            write!(io::stdout(), "{text}").context(UNWRITABLE)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            complain(explained(manifest, &spawner, &error));
            Ok(match error.why {
                Why::Kelos | Why::Filtered | Why::Refused => ExitCode::FAILURE,
                Why::Item | Why::NotSimulated => not_asked(),
            })
        }
    }
}

/// Which TaskSpawner is meant can't be told.
fn not_one(spawners: &[Manifest]) -> anyhow::Error {
    match names(spawners).as_slice() {
        [] => anyhow!("{NONE}"),
        names => anyhow!("--spawner says which TaskSpawner is meant: {}", names.join(", ")),
    }
}

fn names(spawners: &[Manifest]) -> Vec<String> {
    let name = |it: &Manifest| it.object()["metadata"]["name"].as_str().map(str::to_owned);
    spawners.iter().filter_map(name).collect()
}

/// The Task of a TaskSpawner, or why there is none; nothing if it is no TaskSpawner as Kelos has it.
pub(super) fn task(
    manifest: &Manifest,
    item: &Item,
    version: KelosVersion,
) -> Option<Result<Manifest, (Box<Spawner>, NoTask)>> {
    let makes = makes(manifest);
    let spawner = Spawner::parse_as(makes, &manifest.json).ok()?;
    let task = match spawner.task(item, version) {
        Ok(task) => task,
        Err(error) => return Some(Err((Box::new(spawner), error))),
    };
    let api_version = task["apiVersion"].as_str().unwrap_or_default().into();
    let json = task.to_string().into();
    let kind = makes.as_str().into();
    Some(Ok(Manifest { api_version, kind, json, ..manifest.clone() }))
}

/// Why there is no Task, as a compiler shows it: where in the file of the TaskSpawner, and what to do.
pub(super) fn explained(manifest: &Manifest, spawner: &Spawner, error: &NoTask) -> String {
    let rendered = error.rendered.as_ref();
    let what = rendered.map(|it| format!("{it}: ")).unwrap_or_default();
    let why = error.why.of(spawner.makes());
    let message = format!("{why}: {what}{}", error.error.message);
    let found = rendered.and_then(|it| in_file(manifest, it, spawner.template_of(it), error));
    let file = manifest.path.display().to_string();
    let of_document =
        format!("{file}:{}:1, {} {}", manifest.line, spawner.makes().spawner(), spawner.name());
    let (source, origin, position, length) = match (&found, rendered) {
        (Some((text, position, length)), _) => (&**text, &file, Some(*position), *length),
        (None, Some(rendered)) if error.error.position.is_some() => {
            (spawner.template_of(rendered), &of_document, error.error.position, None)
        }
        _ => ("", &of_document, None, None),
    };
    explain(&Explained {
        source,
        origin,
        reason: error.error.reason,
        message: &message,
        position,
        length,
        hint: error.error.hint.as_deref(),
    })
}

/// The text of the file, the place in it, and how long what is meant is if it is a key.
fn in_file(
    manifest: &Manifest,
    rendered: &Rendered,
    template: &str,
    error: &NoTask,
) -> Option<(String, Position, Option<usize>)> {
    let path = path_of(rendered);
    let located = Located::find(&manifest.path, manifest.line, &path)?;
    let (offset, length) = match error.error.position {
        Some(at) => (located.offset_in_template(None, template, at)?, None),
        None => {
            let key = path.last()?;
            (located.offset_of_key(key, false)?, Some(key.len()))
        }
    };
    let position = Position::of(&located.text, offset);
    Some((located.text, position, length))
}

/// The way to the template of what Kelos renders.
pub(super) fn path_of(rendered: &Rendered) -> Vec<&str> {
    let of_task = |rest: &[&'static str]| [&["spec", "taskTemplate"], rest].concat();
    match rendered {
        Rendered::Prompt(shape) => shape.prompt_field().split('.').collect(),
        Rendered::Branch(shape) => shape.branch_field().split('.').collect(),
        Rendered::Name => of_task(&["nameTemplate"]),
        Rendered::Metadata(kind, key) => {
            let mut path = of_task(&["metadata", kind.field()]);
            path.push(key);
            path
        }
    }
}
