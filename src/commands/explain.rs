//! `explain`: why a Task or Session has the labels and annotations that it has, and why others are absent.

mod cluster_policy;
mod from_cluster;
mod from_files;
mod held;
mod holder;
mod key;
mod outlook;
mod owner;
mod registered;
mod retold;
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
use crate::engine::kelos::{GROUP, Shape};

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let name = args.task.as_deref().map(name_of).transpose()?;
    let world = match args.filename.is_empty() {
        true => reach::block_on(from_cluster::read(args, &name.unwrap_or_default()))??,
        false => from_files::read(args, name.as_ref())?,
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

/// What is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Named<'n> {
    /// Its kind, if that was said.
    pub(super) shape: Option<Shape>,
    pub(super) name: &'n str,
}

/// The name in `task/NAME`, `session/NAME`, or in NAME.
///
/// # Errors
///
/// When another kind is named, or none of a kind.
pub(super) fn name_of(typed: &str) -> anyhow::Result<Named<'_>> {
    let shape_of = |kind: &str| {
        let kind = kind.to_ascii_lowercase();
        let (plain, group) = kind.split_once('.').unwrap_or((&kind, GROUP));
        let group_is_ours = group == GROUP || group.ends_with(".kelos.dev");
        let is_it = |it: &Shape| plain == it.plural() || plain == it.as_str().to_ascii_lowercase();
        Shape::ALL.into_iter().find(is_it).filter(|_| group_is_ours)
    };
    match typed.split_once('/') {
        Some((kind, name)) if !name.is_empty() && !name.contains('/') => match shape_of(kind) {
            None => bail!("{typed} names no Task and no Session: write task/NAME or session/NAME"),
            shape => Ok(Named { shape, name }),
        },
        Some(_) => bail!("{typed} names no Task and no Session: write task/NAME or session/NAME"),
        None if shape_of(typed).is_some() => {
            bail!("{typed} is a kind and no name: write {typed}/NAME, as in task/NAME")
        }
        None => Ok(Named { shape: None, name: typed }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let Named { shape, name } = name_of(typed).unwrap();
            assert_eq!((shape.unwrap_or_default(), name), (Shape::Task, "w-1"), "{typed}");
        }
        for typed in ["session/w-1", "Sessions/w-1", "sessions.v1alpha2.kelos.dev/w-1"] {
            let named = Named { shape: Some(Shape::Session), name: "w-1" };
            assert_eq!(name_of(typed).unwrap(), named, "{typed}");
        }
        for typed in [
            "task",
            "tasks",
            "task/",
            "sessions",
            "sessions.example.com/w",
            "example.com/key",
            "tasks.example.com/w",
            "task/a/b",
        ] {
            let said = name_of(typed).unwrap_err().to_string();
            assert!(said.contains(typed) && said.contains("task/NAME"), "{said}");
        }
    }
}
