//! What completes the words of `kubectl kelos-metadata`, as kubectl asks for it: one candidate a line, with a tab and
//! what it means behind it, and in the last line what the shell is to do with them.
//!
//! Names and keys come from the cluster, if it gives them soon; whatever is in the way, there is just nothing to offer.

mod keys;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate, complete};

use super::reach::{Reach, block_on};
use super::stdio::print;
use super::{defaults, explain};
use crate::apimachinery;
use crate::cli::{Called, ConnectionArgs};
use crate::cluster::{Resource, Selection};
use crate::engine::kelos::{Shape, TASKSPAWNER_LABEL};
use crate::engine::rules::Policy;

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

/// What has been typed of how the cluster is found, and of what is asked about.
#[derive(Clone, Debug, Default)]
struct Typed {
    connection: ConnectionArgs,
    namespace: Option<String>,
    /// What `explain` is asked about.
    asked: Option<Asked>,
}

/// What was typed for `explain`, before the word that is completed.
#[derive(Clone, Debug)]
struct Asked {
    /// The Task or Session of the cluster.
    shape: Shape,
    name: String,
    /// The file of `--defaults`.
    defaults: Option<PathBuf>,
}

/// What was typed for `explain`, if that is about a Task of the cluster.
fn asked(words: &[OsString]) -> Option<Asked> {
    let (_, before) = words.split_last()?;
    let command = Called::Plugin.command().ignore_errors(true);
    let found = command.try_get_matches_from(before).ok()?;
    let (_, explain) = found.subcommand().filter(|(name, _)| *name == "explain")?;
    if explain.contains_id("filename") {
        return None;
    }
    let named = explain::name_of(explain.get_one::<String>("task")?).ok()?;
    let (shape, name) = (named.shape.unwrap_or_default(), named.name);
    let defaults = explain.get_one::<PathBuf>("defaults").cloned();
    apimachinery::is_object_name(name).then(|| Asked { shape, name: name.to_owned(), defaults })
}

/// The namespace of `-nteam`.
fn attached(words: &[OsString]) -> Option<String> {
    let attached = |word: &OsString| {
        let name = word.to_str()?.strip_prefix("-n")?;
        apimachinery::is_object_name(name).then(|| name.to_owned())
    };
    words.iter().find_map(attached)
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
            namespace: text(&["-n", "--namespace"]).or_else(|| attached(words)),
            asked: asked(words),
        }
    }

    /// The names of the objects of a kind, in the namespace that is meant if it has them.
    fn names(&self, resource: &'static Resource) -> Vec<String> {
        self.soon(async |reach, namespace| {
            let namespace = resource.has_namespaces().then_some(namespace);
            let selection = Selection { namespace, ..Selection::default() };
            Some(resource.names(&reach.client, selection, MOST_NAMES).await)
        })
    }

    /// The keys of the Task that was typed, and of its rules, that begin so.
    fn keys(&self, start: &OsStr) -> Vec<String> {
        let Some((Asked { shape, name, defaults }, start)) = self.asked.clone().zip(start.to_str())
        else {
            return Vec::new();
        };
        let start = start.to_owned();
        self.soon(async move |reach, namespace| {
            let defaults = defaults.and_then(|it| defaults::in_file(&it)).unwrap_or_default();
            let policy = Policy { defaults: Arc::new(defaults), ..Policy::default() };
            Some(beginning(keys::keys(reach, namespace, (shape, &name), policy).await?, &start))
        })
    }

    /// What the cluster says of a namespace, sorted, if it does so soon. A thread asks: reading a kubeconfig may run a
    /// program, and looking for an address take as long as it likes.
    fn soon(
        &self,
        ask: impl AsyncFnOnce(&Reach, &str) -> Option<Vec<String>> + Send + 'static,
    ) -> Vec<String> {
        let (typed, (tell, told)) = (self.clone(), mpsc::channel());
        thread::spawn(move || {
            let answer = block_on(async {
                let reach = Reach::connect(&typed.connection, "").await.ok()?;
                let namespace = typed.namespace.as_ref().unwrap_or(&reach.namespace);
                ask(&reach, namespace).await
            });
            // Who asked may have given up.
            let _ = tell.send(answer.ok().flatten());
        });
        let mut found = told.recv_timeout(TIMEOUT).ok().flatten().unwrap_or_default();
        found.sort_unstable();
        found
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
        "key" => arg.add(ArgValueCompleter::new(move |start: &OsStr| {
            typed.keys(start).into_iter().map(CompletionCandidate::new).collect()
        })),
        "namespace" => arg.add(candidates(move || typed.names(&Resource::NAMESPACES))),
        "task" => arg.add(candidates(move || {
            let of = |kind: &'static str, resource: &'static Resource| {
                typed.names(resource).into_iter().map(move |name| format!("{kind}/{name}"))
            };
            of("task", &Resource::TASKS).chain(of("session", &Resource::SESSIONS)).collect()
        })),
        "selector" => arg.add(candidates(move || {
            let names = typed.names(&Resource::TASK_SPAWNERS).into_iter();
            names.map(|name| format!("{TASKSPAWNER_LABEL}={name}")).collect()
        })),
        _ => arg,
    }
}

/// Those that begin so, as many as are offered.
fn beginning(all: BTreeSet<String>, start: &str) -> Vec<String> {
    all.into_iter().filter(|it| it.starts_with(start)).take(MOST_NAMES).collect()
}

/// Whether it ends in a name as the cluster has them: what is none, a shell may take for several.
fn is_name(candidate: &str) -> bool {
    apimachinery::is_object_name(candidate.rsplit(['/', '=']).next().unwrap_or_default())
}

fn candidates(names: impl Fn() -> Vec<String> + Send + Sync + 'static) -> ArgValueCandidates {
    ArgValueCandidates::new(move || {
        names().into_iter().filter(|it| is_name(it)).map(CompletionCandidate::new).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(words: &[&str]) -> Typed {
        Typed::of(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_no_name_is_not_offered() {
        for (candidate, is_it) in [
            ("agents", true),
            ("task/a-1", true),
            ("kelos.dev/taskspawner=worker", true),
            ("task/a\nb", false),
            ("a\u{9b}31m", false),
            ("", false),
        ] {
            assert_eq!(is_name(candidate), is_it, "{candidate:?}");
        }
    }

    #[test]
    fn of_many_keys_those_that_begin_as_typed_are_offered() {
        let many = || (0..600).map(|it| format!("k{it}")).chain(["zlast".to_owned()]).collect();
        assert_eq!(beginning(many(), "zl"), ["zlast"]);
        assert_eq!(beginning(many(), "k59").len(), 11, "k59, and k590 to k599");
        assert_eq!(beginning(many(), "").len(), MOST_NAMES);
    }

    #[test]
    fn the_cluster_is_the_one_that_was_typed() {
        let found =
            typed(&["kubectl", "lint", "-n", "team", "--context=blue", "--kubeconfig", "k"]);
        assert_eq!(found.namespace.as_deref(), Some("team"));
        assert_eq!(found.connection.context.as_deref(), Some("blue"));
        assert_eq!(found.connection.kubeconfig.as_deref(), Some("k".as_ref()));
        for words in [&["-nblue"][..], &["-n=blue"], &["--namespace", "blue"], &["w-1", "-nblue"]] {
            let words = [&["kubectl", "explain"], words].concat();
            assert_eq!(typed(&words).namespace.as_deref(), Some("blue"), "{words:?}");
        }
        assert_eq!(typed(&["kubectl", "lint", "-n", ""]).namespace, None);
        assert_eq!(typed(&["kubectl", "lint", "-n"]).namespace, None);
    }

    #[test]
    fn the_task_or_session_is_the_one_that_explain_is_asked_about() {
        for (words, task) in [
            (&["explain", "task/w-1", ""][..], Some("w-1")),
            (&["explain", "-n", "team", "tasks/w-1", "--context=blue", "are"], Some("w-1")),
            (&["explain", "w-1", "-o", "json", ""], Some("w-1")),
            (&["explain", "-n", "no name", "w-1", ""], None),
            (&["explain", "task/w-1"], None),
            (&["explain", "-n", "team", ""], None),
            (&["explain", "-f", "x.yaml", "w-1", ""], None),
            (&["explain", "session/w-1", ""], Some("w-1")),
            (&["explain", "pod/w-1", ""], None),
            (&["explain", "task/../x", ""], None),
            (&["explain", "task/W", ""], None),
            (&["explain", "--help", "w-1", ""], None),
            (&["lint", "w-1", ""], None),
            (&[], None),
        ] {
            let words = [&["kubectl"], words].concat();
            let asked = typed(&words).asked;
            assert_eq!(asked.as_ref().map(|it| &*it.name), task, "{words:?}");
            assert!(asked.is_none_or(|it| it.defaults.is_none()), "{words:?}");
        }
        let defaults = typed(&["kubectl", "explain", "w-1", "--defaults", "d.yaml", ""]).asked;
        assert_eq!(defaults.unwrap().defaults.as_deref(), Some("d.yaml".as_ref()));
    }
}
