//! `render`: what Tasks get from their TaskSpawners.

mod chosen;
mod pod;
mod problems;
mod shapes;
mod shown;
pub(super) mod table;
mod variables;

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use serde::Serialize;

use self::problems::ShownProblem;
use self::shapes::ShownPatch;
use self::shown::Shown;
use super::read::written::{self, Written};
use super::read::{Files, Read, namespace_of};
use super::stdio::{complain, print};
use super::subject::{ObjectOrigin, Subject};
use super::wanted::makes;
use super::{Loaded, defaults, load, not_asked, simulated};
use crate::cli::{OutputFormat, RenderArgs};
use crate::clock;
use crate::engine::kelos::{GROUP, Injection, Owner, Shape, Task};
use crate::engine::rules::Policy;
use crate::engine::stored::as_new;
use crate::engine::variables::report;
use crate::engine::{Limits, decide};
use crate::manifests::Manifest;
use crate::spawners::{CompiledSpawner, Lookup, Snapshot, type_slip};

pub(super) fn run(args: &RenderArgs) -> anyhow::Result<ExitCode> {
    let files = Files {
        paths: &args.filename,
        namespace: &args.namespace,
        defaults: args.policy.defaults.as_deref(),
        keeps_spawners: args.makes_tasks() || args.spawner.is_some(),
    };
    let read = files.read();
    let Read { objects, written, unreadable, mut tasks, spawners: made_of, mut failed, .. } = read;
    let policy = defaults::policy(&args.policy)?;
    let Loaded { spawners, problems, is_whole } = load(objects, policy.clone());
    failed |= !is_whole;
    let mut has_no_task = false;
    let made_of = chosen::spawners(args, made_of)?;
    chosen::tasks(args, &mut tasks);
    if args.output == OutputFormat::Item {
        return simulated::item(args, &made_of);
    }
    if args.makes_tasks() {
        let made = simulated::tasks(args, &made_of)?;
        (tasks, has_no_task) = (made.tasks, made.has_no_task);
        failed |= made.failed;
        if tasks.is_empty() {
            return Ok(if failed { not_asked() } else { ExitCode::FAILURE });
        }
    }
    if tasks.is_empty() {
        problems::tell(&problems, &tasks, &[], &args.namespace);
        let of_files = || written.keys().map(|(makes, ..)| *makes).min();
        return Err(no_task(made_of.first().map(makes).or_else(of_files).unwrap_or_default()));
    }
    let mut rendering = Rendering {
        args,
        known: &spawners.snapshot(),
        policy: &policy,
        spawners: &written,
        unreadable: &unreadable,
        json: Vec::new(),
        shown: Vec::new(),
        has_unwritten: false,
    };
    failed |= rendering.show_all(&tasks)?;
    problems::tell(&problems, &tasks, &rendering.shown, &args.namespace);
    let is_no = has_no_task || (args.strict && rendering.has_unwritten);
    rendering.print_json(tasks.len() > 1)?;
    Ok(match (failed, is_no) {
        (true, _) => not_asked(),
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    })
}

/// That there is nothing to show, and where what has this shape comes from.
fn no_task(shape: Shape) -> anyhow::Error {
    let kind = shape.as_str().to_ascii_lowercase();
    let example = match shape {
        Shape::Task => "examples/priority/task.yaml",
        Shape::Session => "examples/sessions/session.yaml",
    };
    anyhow!(
        "there is no Task and no Session (apiVersion {GROUP}/…, kind Task or Session) in what -f names: add one of \
         those that the spawner has made (`kubectl get {kind} NAME -o yaml`; it is shown as when it was new), write \
         one as {example} is, or have one made (--kelos v0.52, --item, --set)"
    )
}

/// Why a Task is not shown was told with the file of its TaskSpawner.
#[derive(Debug, thiserror::Error)]
#[error("the file of the TaskSpawner can't be used")]
struct ToldAlready;

/// One call of `render`.
struct Rendering<'r> {
    args: &'r RenderArgs,
    known: &'r Snapshot,
    policy: &'r Policy,
    /// Where the TaskSpawners are written, by name and namespace.
    spawners: &'r Written,
    /// The files with something in them that can't be read.
    unreadable: &'r [Arc<Path>],
    /// What is printed as JSON, at the end and as one text.
    json: Vec<String>,
    /// The problems that the tables have shown.
    shown: Vec<ShownProblem>,
    /// Whether a key is not written for a reason that is news, or Kelos fails on a template.
    has_unwritten: bool,
}

impl Rendering<'_> {
    /// Shows all Tasks; gives whether one could not be shown.
    fn show_all(&mut self, tasks: &[Manifest]) -> anyhow::Result<bool> {
        let mut failed = false;
        for task in tasks {
            match self.show(task, tasks.len() > 1) {
                Err(error) if error.is::<io::Error>() => return Err(error),
                Err(error) if error.is::<ToldAlready>() => failed = true,
                Err(error) => {
                    complain(format_args!("{}:{}:1: {error:#}", task.path.display(), task.line));
                    failed = true;
                }
                Ok(()) => {}
            }
        }
        Ok(failed)
    }

    /// Shows a Task. One of `several` has its name beside its patch.
    fn show(&mut self, manifest: &Manifest, several: bool) -> anyhow::Result<()> {
        let shape = manifest.kind.parse().unwrap_or(Shape::Task);
        let no_such = || format!("this is no {shape} as Kelos has it");
        let found = Task::parse_as(shape, &manifest.json);
        if let (Err(_), Some(slip)) = (&found, type_slip(manifest)) {
            bail!("{}: {slip}", no_such());
        }
        let found = found.with_context(no_such)?;
        let object = manifest.object();
        let namespace = namespace_of(&object, &self.args.namespace);
        let spawner = self.spawner(namespace, &found)?;
        let rules = &spawner.rules;
        let as_new = as_new(&object, &found, rules);
        let json = as_new.as_ref().map_or(&*manifest.json, |it| &*it.json);
        let task = Task::parse_as(shape, json).with_context(no_such)?;
        let facts = self.known.facts(namespace, &task, json.len(), clock::now());
        let decision = decide(&task, rules, &facts, &Limits::default());
        if facts.injection() == Injection::Audit {
            complain(format_args!(
                "Namespace {namespace} is switched to audit: `serve` works this out and changes nothing"
            ));
        }
        let report = report(&task, rules, &facts, self.policy);
        let format = self.args.output;
        let name = (shape, rules.spawner.metadata.name.to_string(), namespace.to_owned());
        let written = self.spawners.get(&name);
        let stored = as_new.as_ref().map(|it| (it, &found));
        let subject = Subject {
            task: &task,
            namespace,
            rules,
            report,
            written,
            has_workspace: facts.workspace.is_some(),
            has_namespace: facts.namespace.is_some(),
            origin: ObjectOrigin::Files,
        };
        let shown = Shown { subject, stored, decision: &decision, format };
        let object = as_new.as_ref().map_or(&object, |it| &it.object);
        self.has_unwritten |= shown.has_unwritten();
        match format {
            OutputFormat::Table | OutputFormat::Wide => {
                self.shown.extend(shown.problems());
                shown.table()
            }
            OutputFormat::Yaml => shown.yaml(object),
            OutputFormat::Diff => shown.diff(object),
            OutputFormat::Json => self.keep(&shown.json()),
            // It is shown of a TaskSpawner, without a Task.
            OutputFormat::Item => Ok(()),
            OutputFormat::Patch if !several => self.keep(&decision.patch()),
            OutputFormat::Patch => {
                let ([task, session], patch) = (task.names(), &decision.patch());
                self.keep(&ShownPatch { namespace, task, session, patch })
            }
        }
    }

    /// The TaskSpawner of a Task, or the defaults in place of one.
    fn spawner(&self, namespace: &str, task: &Task<'_>) -> anyhow::Result<Arc<CompiledSpawner>> {
        let shape = task.shape();
        let Some(owner) = task.owner() else {
            let of_nobody = self.known.of_nobody(shape).map(Arc::clone);
            let label = shape.owner_label().map(|label| format!(", or the label {label}"));
            let or_label = label.unwrap_or_default();
            return of_nobody.with_context(|| {
                format!(
                    "the {shape} has no {}: it needs a controller owner reference to one{or_label} (only --defaults \
                     are for {shape}s without one)",
                    shape.spawner()
                )
            });
        };
        let Lookup::Found(spawner) = self.known.rules(namespace, &owner) else {
            if self.is_told(namespace, &owner) {
                bail!(ToldAlready);
            }
            bail!(
                "the {shape} belongs to {} {namespace}/{}{}, which is not in what -f names{}",
                shape.spawner(),
                owner.name,
                owner.uid.map(|uid| format!(" with uid {uid}")).unwrap_or_default(),
                written::elsewhere(self.spawners, namespace, &owner)
            );
        };
        Ok(spawner)
    }

    /// Whether it was told with its file that a TaskSpawner can't be used.
    fn is_told(&self, namespace: &str, owner: &Owner<'_>) -> bool {
        let owner = Owner { uid: None, ..*owner };
        let Owner { shape, name, .. } = owner;
        let written = (shape, name.to_owned(), namespace.to_owned());
        let is_unusable = self.spawners.contains_key(&written)
            && matches!(self.known.rules(namespace, &owner), Lookup::Unknown);
        let is_in = |text: String| {
            let has = |line: &str| text.lines().any(|it| it.trim() == line);
            has(&format!("kind: {}", shape.spawner())) && has(&format!("name: {name}"))
        };
        is_unusable || self.unreadable.iter().any(|path| fs::read_to_string(path).is_ok_and(is_in))
    }

    fn keep(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        self.json.push(super::harmless::json(serde_json::to_string_pretty(value)?));
        Ok(())
    }

    /// Prints what was kept for it: of several Tasks a list, however many of them could be shown.
    fn print_json(self, several: bool) -> anyhow::Result<()> {
        let is_json = matches!(self.args.output, OutputFormat::Json | OutputFormat::Patch);
        match self.json.as_slice() {
            [] if is_json && several => print("[]"),
            // No text of JSON has a line break in it: every line can be set in.
            all if several && !all.is_empty() => {
                print(format_args!("[\n  {}\n]", all.join(",\n").replace('\n', "\n  ")))
            }
            all => all.iter().try_for_each(print),
        }
    }
}
