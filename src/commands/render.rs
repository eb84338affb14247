//! `render`: what Tasks get from their TaskSpawners.

mod cells;
mod explanation;
mod pod;
mod problems;
mod shapes;
mod stored;
mod table;
mod variables;
mod written;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use comfy_table::{Attribute, Cell, Color};
use serde::Serialize;
use serde_json::Value;

use self::cells::{from, outcome_text};
use self::shapes::{ShownKey, ShownPatch, ShownTask};
use self::stored::AsNew;
use self::table::Column;
use self::variables::ShownVariable;
use self::written::{Place, Written, spawner};
use super::stdio::{UNWRITABLE, complain, print};
use super::{Loaded, defaults, load, not_asked, read_manifests};
use crate::cli::{OutputFormat, RenderArgs};
use crate::clock;
use crate::engine::kelos::{GROUP, Injection, Task, group_of};
use crate::engine::reason::Reason;
use crate::engine::rules::{DeclaredIn, Policy, Rules};
use crate::engine::variables::{VariableReport, report};
use crate::engine::{Cause, Decision, KeyDecision, KeyOutcome, Limits, decide};
use crate::manifests::Manifest;
use crate::spawners::{CompiledSpawner, Lookup, ReadObjects, Snapshot};

pub(super) fn run(args: &RenderArgs) -> anyhow::Result<ExitCode> {
    let mut read = ReadObjects::in_namespace(&args.namespace);
    let mut written = BTreeMap::new();
    let (mut tasks, mut failed) = (Vec::new(), false);
    for path in &args.filename {
        read_manifests(path, args.policy.defaults.as_deref(), |found| match found {
            Ok(manifest) if is_task(&manifest) => tasks.push(manifest),
            found => {
                failed |= found.is_err();
                written.extend(found.as_ref().ok().and_then(|it| spawner(it, &args.namespace)));
                read.take(found);
            }
        });
    }
    let policy = defaults::policy(&args.policy)?;
    let Loaded { spawners, problems, is_whole } = load(read, policy.clone());
    failed |= !is_whole;
    problems::tell(&problems, &tasks, &args.namespace);
    if tasks.is_empty() {
        bail!("there is no Task (apiVersion {GROUP}/…, kind Task) in what -f names");
    }
    let known = spawners.snapshot();
    let mut rendering =
        Rendering { args, known: &known, policy: &policy, spawners: &written, json: Vec::new() };
    for task in &tasks {
        match rendering.show(task, tasks.len() > 1) {
            Err(error) if error.is::<io::Error>() => return Err(error),
            Err(error) => {
                complain(format_args!("{}:{}: {error:#}", task.path.display(), task.line));
                failed = true;
            }
            Ok(()) => {}
        }
    }
    rendering.print_json(tasks.len() > 1)?;
    Ok(if failed { not_asked() } else { ExitCode::SUCCESS })
}

/// The namespace that an object says, or the one of all that say none.
fn namespace_of<'o>(object: &'o Value, default: &'o str) -> &'o str {
    let metadata = object.get("metadata");
    let said = metadata.and_then(|meta| meta.get("namespace")?.as_str());
    said.filter(|namespace| !namespace.is_empty()).unwrap_or(default)
}

fn is_task(manifest: &Manifest) -> bool {
    group_of(&manifest.api_version) == GROUP && &*manifest.kind == "Task"
}

/// One call of `render`.
struct Rendering<'r> {
    args: &'r RenderArgs,
    known: &'r Snapshot,
    policy: &'r Policy,
    /// Where the TaskSpawners are written, by name and namespace.
    spawners: &'r Written,
    /// What is printed as JSON, at the end and as one text.
    json: Vec<String>,
}

impl Rendering<'_> {
    /// Shows a Task. One of `several` has its name beside its patch.
    fn show(&mut self, manifest: &Manifest, several: bool) -> anyhow::Result<()> {
        const NO_TASK: &str = "this is no Task as Kelos has it";
        let found = Task::parse(&manifest.json).context(NO_TASK)?;
        let object = manifest.object();
        let namespace = namespace_of(&object, &self.args.namespace);
        let spawner = self.spawner(namespace, &found)?;
        let rules = &spawner.rules;
        let as_new = stored::as_new(&object, &found, rules);
        let json = as_new.as_ref().map_or(&*manifest.json, |it| &*it.json);
        let task = Task::parse(json).context(NO_TASK)?;
        let facts = self.known.facts(namespace, &task, json.len(), clock::now());
        let decision = decide(&task, rules, &facts, &Limits::default());
        if facts.injection() == Injection::Audit {
            complain(format_args!(
                "Namespace {namespace} is switched to audit: `serve` works this out and changes nothing"
            ));
        }
        let report = report(&task, rules, &facts, self.policy);
        let format = self.args.output;
        let name = (rules.spawner.metadata.name.clone(), namespace.to_owned());
        let written = self.spawners.get(&name);
        let stored = as_new.as_ref().map(|it| (it, &found));
        let shown = Shown {
            task: &task,
            stored,
            namespace,
            rules,
            decision: &decision,
            report,
            format,
            written,
            has_workspace: facts.workspace.is_some(),
            has_namespace: facts.namespace.is_some(),
        };
        let object = as_new.as_ref().map_or(&object, |it| &it.object);
        match format {
            OutputFormat::Table | OutputFormat::Wide => shown.table(),
            OutputFormat::Yaml => shown.yaml(object),
            OutputFormat::Json => self.keep(&shown.json()),
            OutputFormat::Patch if !several => self.keep(&decision.patch),
            OutputFormat::Patch => {
                let (task, patch) = (task.name(), &decision.patch);
                self.keep(&ShownPatch { namespace, task, patch })
            }
        }
    }

    /// The TaskSpawner of a Task, or the defaults in place of one.
    fn spawner(&self, namespace: &str, task: &Task<'_>) -> anyhow::Result<Arc<CompiledSpawner>> {
        let Some(owner) = task.owner() else {
            let of_nobody = self.known.of_nobody().map(Arc::clone);
            return of_nobody.context(
                "the Task has no TaskSpawner: it needs a controller owner reference to one, or the label \
                 kelos.dev/taskspawner (only --defaults are for Tasks without one)",
            );
        };
        let Lookup::Found(spawner) = self.known.rules(namespace, &owner) else {
            bail!(
                "the Task belongs to TaskSpawner {namespace}/{}{}, which is not in what -f names{}",
                owner.name,
                owner.uid.map(|uid| format!(" with uid {uid}")).unwrap_or_default(),
                written::elsewhere(self.spawners, namespace, owner.name)
            );
        };
        Ok(spawner)
    }

    fn keep(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        self.json.push(serde_json::to_string_pretty(value)?);
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

struct Shown<'s, 't> {
    /// The Task, as when it was new.
    task: &'s Task<'t>,
    /// The Task as it is, if it was answered before.
    stored: Option<(&'s AsNew, &'s Task<'t>)>,
    namespace: &'s str,
    rules: &'s Rules,
    decision: &'s Decision<'s>,
    report: VariableReport,
    format: OutputFormat,
    /// The file and the line of the TaskSpawner.
    written: Option<&'s Place>,
    /// Whether the Workspace of the Task is known.
    has_workspace: bool,
    /// Whether its Namespace is.
    has_namespace: bool,
}

/// The columns of the keys; the last one is of Tasks that were answered before.
const KEY_COLUMNS: [Column; 6] = [
    Column::Whole("KIND"),
    Column::Whole("KEY"),
    Column::Value("VALUE"),
    Column::From("FROM"),
    Column::Whole("OUTCOME"),
    Column::Value("ON THE TASK"),
];

impl Shown<'_, '_> {
    fn table(&self) -> anyhow::Result<()> {
        let name =
            [self.task.name(), self.task.generate_name()].into_iter().find(|name| !name.is_empty());
        let name = name.unwrap_or("(without a name)");
        print(match &*self.rules.spawner.metadata.name {
            "" => format!("Task {}/{name} without a TaskSpawner", self.namespace),
            spawner => format!("Task {}/{name} from TaskSpawner {spawner}", self.namespace),
        })?;
        if let Some((as_new, _)) = self.stored {
            print(if as_new.is_certain {
                "It was answered before, and is shown as when it was new"
            } else {
                "It was answered before, and is shown as when it was new: what rules annotations and defaults \
                 declare is taken for ours (kubectl get --show-managed-fields tells whose it is)"
            })?;
        }
        if self.decision.is_exempt || self.rules.is_disabled {
            return print("Injection is switched off by metadata.kelos.dev/injection\n");
        }
        match self.decision.keys.as_slice() {
            [] => print("Nobody asks for any labels or annotations of it\n")?,
            keys => {
                let rows = keys.iter().map(|key| self.row(key));
                let columns = KEY_COLUMNS.len() - usize::from(self.stored.is_none());
                let table = table::table(&KEY_COLUMNS[..columns], rows, self.format);
                print(format_args!("{table}\n"))?;
            }
        }
        if let Some(pod) = pod::pod(self.task, self.decision) {
            print(format_args!("{}\n", pod.table(self.format)))?;
        }
        if !self.report.0.is_empty() {
            print(format_args!("{}\n", variables::table(&self.report, self.rules, self.format)))?;
        }
        for key in &self.decision.keys {
            if let Some(text) = self.explanation(key) {
                print(format_args!("{text}\n"))?;
            }
        }
        Ok(())
    }

    fn row(&self, key: &KeyDecision<'_>) -> Vec<Cell> {
        let colour = match &key.outcome {
            KeyOutcome::Applied(_) => Color::Green,
            KeyOutcome::Repaired(_) | KeyOutcome::Defaulted(_, Cause::Failed(_)) => Color::Yellow,
            KeyOutcome::Defaulted(_, Cause::Empty) => Color::Green,
            KeyOutcome::Skipped(skip) if skip.reason.is_news() => Color::Red,
            _ => Color::DarkGrey,
        };
        let quoted = |value: Option<&str>| value.map_or("-".to_owned(), |it| format!("{it:?}"));
        let value = quoted(self.value(key));
        let mut row = vec![
            Cell::new(key.kind),
            Cell::new(key.key).add_attribute(Attribute::Bold),
            table::value(value, self.format),
            table::from(from(key).to_owned(), self.format),
            Cell::new(outcome_text(&key.outcome)).fg(colour),
        ];
        if self.stored.is_some() {
            row.push(table::value(quoted(self.on_the_task(key)), self.format));
        }
        row
    }

    /// The value that a Task has which was answered before.
    fn on_the_task(&self, key: &KeyDecision<'_>) -> Option<&str> {
        self.stored?.1.get(key.kind, key.key)
    }

    /// The value that the Task has in the end.
    fn value<'v>(&'v self, key: &'v KeyDecision<'_>) -> Option<&'v str> {
        match &key.outcome {
            KeyOutcome::Kept => self.task.get(key.kind, key.key),
            KeyOutcome::Skipped(skip) if skip.reason == Reason::Existing => {
                self.task.get(key.kind, key.key)
            }
            _ => key.written(),
        }
    }

    fn json(&self) -> ShownTask<'_> {
        let keys = self.decision.keys.iter().map(|key| {
            let (skip, cause) = match &key.outcome {
                KeyOutcome::Skipped(skip) => (Some(skip), None),
                KeyOutcome::Defaulted(_, cause) => (key.news_default(), Some(cause.as_str())),
                _ => (None, None),
            };
            ShownKey {
                kind: key.kind.as_str(),
                key: key.key,
                value: self.value(key),
                now: self.on_the_task(key),
                from: key.declared_in.map(DeclaredIn::as_str),
                outcome: key.outcome.as_str(),
                cause,
                variable: skip.and_then(|skip| skip.variable.as_deref()),
                message: skip.map(|skip| skip.message.as_str()),
                line: skip.and_then(|skip| Some(skip.position?.line)),
                column: skip.and_then(|skip| Some(skip.position?.column)),
                annotation: skip.and_then(|skip| self.annotation_of(key, skip)),
                place: skip.and_then(|skip| self.place(key, skip)),
                hint: skip.and_then(|skip| self.hint(skip)),
            }
        });
        ShownTask {
            namespace: self.namespace,
            task: self.task.name(),
            spawner: &self.rules.spawner.metadata.name,
            keys: keys.collect(),
            variables: self.report.0.iter().map(ShownVariable::from).collect(),
            pod: pod::pod(self.task, self.decision).map(|pod| pod.shown()),
        }
    }

    fn yaml(&self, object: &Value) -> anyhow::Result<()> {
        let mut object = object.clone();
        json_patch::patch(&mut object, &self.decision.patch).context("the patch does not apply")?;
        let text = serde_saphyr::to_string(&object).context("the Task can't be written as YAML")?;
        write!(io::stdout(), "---\n{text}").context(UNWRITABLE)
    }
}
