//! The TaskSpawner that `--spawner` names.

use anyhow::bail;

use crate::cli::RenderArgs;
use crate::commands::read::namespace_of;
use crate::engine::kelos::{Shape, Task};
use crate::manifests::Manifest;

/// The TaskSpawners that are meant: all, or the one that is named, with its namespace in front if need be.
///
/// # Errors
///
/// There is none of that name, or several.
pub(super) fn spawners(args: &RenderArgs, all: Vec<Manifest>) -> anyhow::Result<Vec<Manifest>> {
    let Some(wanted) = args.spawner.as_deref() else { return Ok(all) };
    let title = |it: &Manifest| {
        let object = it.object();
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        format!("{}/{name}", namespace_of(&object, &args.namespace))
    };
    let titles: Vec<String> = all.iter().map(title).collect();
    let is_it = |title: &str| {
        title == wanted || title.split_once('/').is_some_and(|(_, name)| name == wanted)
    };
    let found: Vec<&str> = titles.iter().map(String::as_str).filter(|it| is_it(it)).collect();
    match found.as_slice() {
        [_] => {}
        [] if titles.is_empty() => bail!("there is no TaskSpawner in what -f names"),
        [] => bail!(
            "there is no TaskSpawner `{wanted}` in what -f names: there is {}",
            titles.join(", ")
        ),
        several => bail!(
            "several TaskSpawners are called `{wanted}`: write --spawner {}",
            several.join(" or --spawner ")
        ),
    }
    Ok(all.into_iter().zip(titles).filter(|(_, title)| is_it(title)).map(|(it, _)| it).collect())
}

/// Leaves the Tasks of that TaskSpawner.
pub(super) fn tasks(args: &RenderArgs, tasks: &mut Vec<Manifest>) {
    let Some(wanted) = args.spawner.as_deref() else { return };
    tasks.retain(|manifest| {
        // What is no Task is told later.
        let shape = manifest.kind.parse().unwrap_or(Shape::Task);
        let Ok(task) = Task::parse_as(shape, &manifest.json) else { return true };
        let object = manifest.object();
        let namespace = namespace_of(&object, &args.namespace);
        let owner = task.owner();
        owner.is_some_and(|it| it.name == wanted || format!("{namespace}/{}", it.name) == wanted)
    });
}
