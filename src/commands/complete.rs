//! What completes the words of `kubectl kelos-metadata`, as kubectl asks for it: one candidate a line, with a tab and
//! what it means behind it, and in the last line what the shell is to do with them.
//!
//! Names come from the cluster, if it gives them soon; whatever is in the way, there is just nothing to offer.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate, complete};

use super::reach::{Reach, block_on};
use super::stdio::print;
use crate::cli::{Called, ConnectionArgs};
use crate::cluster::{Resource, Selection};
use crate::engine::kelos::TASKSPAWNER_LABEL;

/// How long the cluster may take for all that is asked: somebody waits at a prompt.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The most names that are offered: more help nobody.
const MOST_NAMES: usize = 500;

/// Tells the shell to offer no files: those that are wanted are among the candidates. In the protocol of cobra, which
/// kubectl is made of, a directive is the sum of such numbers.
const NO_FILES: &str = ":4";

/// Completes the last of the words that the process was started with, which may be empty.
///
/// # Errors
///
/// When the candidates can't be written.
pub fn run(words: impl IntoIterator<Item = OsString>) -> anyhow::Result<ExitCode> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    if words.len() < 2 {
        words.push(OsString::new());
    }
    let mut command = asking(Called::Plugin.command(), &Typed::of(&words));
    let (last, folder) = (words.len() - 1, std::env::current_dir().ok());
    // That there is nothing to complete is no error for whoever types.
    let found = complete(&mut command, words, last, folder.as_deref()).unwrap_or_default();
    for candidate in found.iter().filter(|it| !it.is_hide_set()) {
        print(line(candidate))?;
    }
    print(NO_FILES)?;
    super::stdio::finish()?;
    Ok(ExitCode::SUCCESS)
}

fn line(candidate: &CompletionCandidate) -> String {
    let value = candidate.get_value().to_string_lossy();
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    match help.lines().next().filter(|it| !it.is_empty()) {
        Some(help) => format!("{value}\t{help}"),
        None => value.into_owned(),
    }
}

/// What has been typed of how the cluster is found.
#[derive(Clone, Debug, Default)]
struct Typed {
    connection: ConnectionArgs,
    namespace: Option<String>,
}

impl Typed {
    fn of(words: &[OsString]) -> Typed {
        let after = |names: &[&str]| -> Option<OsString> {
            let at = words.iter().position(|word| names.iter().any(|name| *word == *name));
            if let Some(value) = at.and_then(|at| words.get(at + 1)) {
                return Some(value.clone());
            }
            let joined = words.iter().filter_map(|word| word.to_str());
            let joined = joined.filter_map(|word| word.split_once('='));
            let mut joined = joined.filter(|(name, _)| names.contains(name));
            joined.next().map(|(_, value)| value.into())
        };
        let text = |names: &[&str]| after(names)?.into_string().ok().filter(|it| !it.is_empty());
        Typed {
            connection: ConnectionArgs {
                context: text(&["--context"]),
                kubeconfig: after(&["--kubeconfig"]).map(PathBuf::from),
            },
            namespace: text(&["-n", "--namespace"]),
        }
    }

    /// The names of the objects of a kind, in the namespace that is meant if it has them. A thread asks: reading a
    /// kubeconfig may run a program, and looking for an address take as long as it likes.
    fn names(&self, resource: &'static Resource) -> Vec<String> {
        let (typed, (tell, told)) = (self.clone(), mpsc::channel());
        thread::spawn(move || {
            let names = block_on(typed.ask(resource)).ok().flatten();
            // Who asked may have given up.
            let _ = tell.send(names);
        });
        let mut names = told.recv_timeout(TIMEOUT).ok().flatten().unwrap_or_default();
        names.sort_unstable();
        names
    }

    async fn ask(&self, resource: &Resource) -> Option<Vec<String>> {
        let reach = Reach::connect(&self.connection, "").await.ok()?;
        let namespace = self.namespace.as_ref().unwrap_or(&reach.namespace);
        let namespace = resource.has_namespaces().then_some(&**namespace);
        let selection = Selection { namespace, ..Selection::default() };
        Some(resource.names(&reach.client, selection, MOST_NAMES).await)
    }
}

/// The commands, whose arguments ask the cluster for names where it has them.
fn asking(command: Command, typed: &Typed) -> Command {
    command.mut_subcommands(|command| {
        if command.get_arguments().all(|arg| arg.get_id() != "context") {
            return command;
        }
        let typed = typed.clone();
        command.mut_args(move |arg| with_names(arg, &typed))
    })
}

fn with_names(arg: Arg, typed: &Typed) -> Arg {
    let typed = typed.clone();
    match arg.get_id().as_str() {
        "namespace" => arg.add(candidates(move || typed.names(&Resource::NAMESPACES))),
        "task" => arg.add(candidates(move || {
            let names = typed.names(&Resource::TASKS).into_iter();
            names.map(|name| format!("task/{name}")).collect()
        })),
        "selector" => arg.add(candidates(move || {
            let names = typed.names(&Resource::TASK_SPAWNERS).into_iter();
            names.map(|name| format!("{TASKSPAWNER_LABEL}={name}")).collect()
        })),
        _ => arg,
    }
}

fn candidates(names: impl Fn() -> Vec<String> + Send + Sync + 'static) -> ArgValueCandidates {
    ArgValueCandidates::new(move || names().into_iter().map(CompletionCandidate::new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(words: &[&str]) -> Typed {
        Typed::of(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_cluster_is_the_one_that_was_typed() {
        let found =
            typed(&["kubectl", "lint", "-n", "team", "--context=blue", "--kubeconfig", "k"]);
        assert_eq!(found.namespace.as_deref(), Some("team"));
        assert_eq!(found.connection.context.as_deref(), Some("blue"));
        assert_eq!(found.connection.kubeconfig.as_deref(), Some("k".as_ref()));
        assert_eq!(typed(&["kubectl", "lint", "-n", ""]).namespace, None);
        assert_eq!(typed(&["kubectl", "lint", "-n"]).namespace, None);
    }
}
