//! `explain`: why a Task has the labels and annotations that it has, and why others are absent.

mod cluster_policy;
mod from_cluster;
mod from_files;
mod held;
mod holder;
mod key;
mod outlook;
mod owner;
mod registered;
mod rules;
mod step;
mod switches;
mod text;
mod variable;
mod verdict;
mod walk;
mod world;

use std::process::ExitCode;

use anyhow::bail;

use super::stdio::{print, print_json};
use super::{not_asked, reach};
use crate::cli::{ExplainArgs, ExplainFormat};

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let name = args.task.as_deref().map(name_of).transpose()?;
    let world = match args.filename.is_empty() {
        true => reach::block_on(from_cluster::read(args, name.unwrap_or_default()))??,
        false => from_files::read(args, name)?,
    };
    let mut is_fine = false;
    walk::walk(&world, args.key.as_deref(), |walk| {
        is_fine = walk.is_fine();
        match args.output {
            ExplainFormat::Text => print(text::Text { walk, is_whole: args.key.is_some() }),
            ExplainFormat::Json => print_json(walk),
        }
    })?;
    Ok(match (world.failed, is_fine) {
        (true, _) => not_asked(),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    })
}

/// The name in `task/NAME`, or in NAME.
///
/// # Errors
///
/// When another kind is named, or none of a kind.
pub(super) fn name_of(typed: &str) -> anyhow::Result<&str> {
    let is_task = |kind: &str| {
        let kind = kind.to_ascii_lowercase();
        let (plain, group) = kind.split_once('.').unwrap_or((&kind, "kelos.dev"));
        let group_is_ours = group == "kelos.dev" || group.ends_with(".kelos.dev");
        matches!(plain, "task" | "tasks") && group_is_ours
    };
    match typed.split_once('/') {
        Some((kind, name)) if is_task(kind) && !name.is_empty() && !name.contains('/') => Ok(name),
        Some(_) => bail!("{typed} names no Task: write task/NAME"),
        None if is_task(typed) => bail!("{typed} is a kind and no name: write task/NAME"),
        None => Ok(typed),
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn a_task_is_named_as_kubectl_takes_it() {
        for typed in [
            "w-1",
            "task/w-1",
            "tasks/w-1",
            "Task/w-1",
            "tasks.kelos.dev/w-1",
            "tasks.v1alpha2.kelos.dev/w-1",
        ] {
            assert_eq!(name_of(typed).unwrap(), "w-1", "{typed}");
        }
        for typed in [
            "task",
            "tasks",
            "task/",
            "session/w-1",
            "example.com/key",
            "tasks.example.com/w",
            "task/a/b",
        ] {
            let said = name_of(typed).unwrap_err().to_string();
            assert!(said.contains(typed) && said.contains("task/NAME"), "{said}");
        }
    }
}
