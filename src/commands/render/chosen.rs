//! The TaskSpawner that `--spawner` names.

use anyhow::bail;

use crate::cli::RenderArgs;
use crate::commands::read::namespace_of;
use crate::commands::wanted::{kind_and_name, makes};
use crate::engine::kelos::{Shape, Task};
use crate::manifests::Manifest;

/// The TaskSpawners that are meant: all, or the one that is named, with its namespace in front if need be.
///
/// # Errors
///
/// There is none of that name, or several.
pub(super) fn spawners(args: &RenderArgs, all: Vec<Manifest>) -> anyhow::Result<Vec<Manifest>> {
    let Some(asked) = args.spawner.as_deref() else { return Ok(all) };
    let (kind, wanted) = kind_and_name(asked);
    let all: Vec<Manifest> =
        all.into_iter().filter(|it| kind.is_none_or(|kind| kind == makes(it))).collect();
    let title = |it: &Manifest| {
        let object = it.object();
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        format!("{}/{name}", namespace_of(&object, &args.namespace))
    };
    let titles: Vec<String> = all.iter().map(title).collect();
    let is_it = |title: &str| {
        title == wanted || title.split_once('/').is_some_and(|(_, name)| name == wanted)
    };
    let found = all.iter().zip(&titles).filter(|(_, title)| is_it(title));
    let found: Vec<(Shape, &str)> = found.map(|(it, title)| (makes(it), &**title)).collect();
    match found.as_slice() {
        [_] => {}
        [] if titles.is_empty() => {
            bail!("there is no {} in what -f names", kind.unwrap_or_default().spawner())
        }
        [] => bail!(
            "there is no {} `{wanted}` in what -f names: there is {}",
            kind.unwrap_or_default().spawner(),
            titles.join(", ")
        ),
        several => {
            let are_of_one_name = several.iter().all(|(_, title)| *title == several[0].1);
            let name = |(makes, title): &(Shape, &str)| match are_of_one_name {
                true => format!("{}/{title}", makes.spawner().to_ascii_lowercase()),
                false => (*title).to_owned(),
            };
            let names: Vec<String> = several.iter().map(name).collect();
            bail!(
                "several spawners are called `{wanted}`: write --spawner {}",
                names.join(" or --spawner ")
            )
        }
    }
    Ok(all.into_iter().zip(titles).filter(|(_, title)| is_it(title)).map(|(it, _)| it).collect())
}

/// Leaves the Tasks of that TaskSpawner.
pub(super) fn tasks(args: &RenderArgs, tasks: &mut Vec<Manifest>) {
    let Some(asked) = args.spawner.as_deref() else { return };
    let (kind, wanted) = kind_and_name(asked);
    tasks.retain(|manifest| {
        // What is no Task is told later.
        let shape = manifest.kind.parse().unwrap_or(Shape::Task);
        let Ok(task) = Task::parse_as(shape, &manifest.json) else { return true };
        let object = manifest.object();
        let namespace = namespace_of(&object, &args.namespace);
        let owner = task.owner();
        owner.is_some_and(|it| {
            let is_named = it.name == wanted || format!("{namespace}/{}", it.name) == wanted;
            is_named && kind.is_none_or(|kind| kind == it.shape)
        })
    });
}
