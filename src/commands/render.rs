//! `render`: what Tasks get from their TaskSpawners.

mod variables;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;

use self::variables::ShownVariable;
use super::explain::{Explained, explain};
use super::{load, read_manifests};
use crate::apimachinery::Kind;
use crate::cli::{OutputFormat, RenderArgs};
use crate::clock;
use crate::engine::kelos::{GROUP, Injection, Namespace, Task, group_of};
use crate::engine::rules::{Policy, Row, Rules};
use crate::engine::variables::{Facts, Survey, survey};
use crate::engine::{Decision, KeyOutcome, Limits, Outcome, decide};
use crate::manifests::{Manifest, Manifests};
use crate::settings;
use crate::spawners::{Lookup, Snapshot};

pub(super) fn run(args: &RenderArgs) -> anyhow::Result<ExitCode> {
    let mut read = Manifests::default();
    for path in &args.filename {
        let more = read_manifests(path);
        read.objects.extend(more.objects);
        read.errors.extend(more.errors);
    }
    let mut failed = !read.errors.is_empty();
    let tasks: Vec<Manifest> =
        read.objects.iter().filter(|found| is_task(found)).cloned().collect();
    let policy = settings::policy(&args.policy)?;
    let (spawners, complaints) = load(read, policy.clone());
    for complaint in complaints {
        anstream::eprintln!("{complaint}");
    }
    if tasks.is_empty() {
        bail!("there is no Task (apiVersion {GROUP}/…, kind Task) in what -f names");
    }
    let known = spawners.snapshot();
    for task in &tasks {
        if let Err(error) = show(task, &known, &policy, args.output) {
            anstream::eprintln!("{}:{}: {error:#}", task.path.display(), task.line);
            failed = true;
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn is_task(manifest: &Manifest) -> bool {
    group_of(&manifest.api_version) == GROUP && &*manifest.kind == "Task"
}

fn show(
    manifest: &Manifest,
    known: &Snapshot,
    policy: &Policy,
    format: OutputFormat,
) -> anyhow::Result<()> {
    let task = Task::parse(&manifest.json).context("this is no Task as Kelos has it")?;
    let object = manifest.object();
    let metadata = object.get("metadata");
    let namespace = metadata.and_then(|meta| meta.get("namespace")?.as_str()).unwrap_or("default");
    let Some(owner) = task.owner() else {
        bail!(
            "the Task has no TaskSpawner: it needs a controller owner reference to one, or the label \
             kelos.dev/taskspawner"
        );
    };
    let Lookup::Found(spawner) = known.rules(namespace, &owner) else {
        bail!(
            "the Task belongs to TaskSpawner {namespace}/{}{}, which is not in what -f names",
            owner.name,
            owner.uid.map(|uid| format!(" with uid {uid}")).unwrap_or_default()
        );
    };
    let rules = &spawner.rules;
    let facts = Facts {
        namespace_name: namespace,
        namespace: known.namespace(namespace),
        workspace: task.spec().and_then(|spec| known.workspace_of(namespace, spec)),
        user: None,
        task_bytes: manifest.json.len(),
        moment: clock::now(),
    };
    let injection = facts.namespace.map(Namespace::injection).unwrap_or_default();
    let decision = match injection {
        Injection::Disabled => Decision { is_exempt: true, ..Decision::default() },
        _ => decide(&task, rules, &facts, &Limits::default()),
    };
    if injection == Injection::Audit {
        anstream::eprintln!(
            "Namespace {namespace} is switched to audit: `serve` works this out and changes nothing"
        );
    }
    let survey = survey(&task, rules, &facts, policy);
    let shown = Shown { task: &task, namespace, rules, decision: &decision, survey };
    match format {
        OutputFormat::Table => shown.table(),
        OutputFormat::Json => shown.json(),
        OutputFormat::Yaml => shown.yaml(&object),
        OutputFormat::Patch => pretty(&decision.patch),
    }
}

struct Shown<'s, 't> {
    task: &'s Task<'t>,
    namespace: &'s str,
    rules: &'s Rules,
    decision: &'s Decision<'s>,
    survey: Survey,
}

impl Shown<'_, '_> {
    fn table(&self) -> anyhow::Result<()> {
        let name =
            [self.task.name(), self.task.generate_name()].into_iter().find(|name| !name.is_empty());
        anstream::println!(
            "Task {}/{} from TaskSpawner {}",
            self.namespace,
            name.unwrap_or("(without a name)"),
            self.rules.spawner.metadata.name
        );
        if self.decision.is_exempt || self.rules.is_disabled {
            anstream::println!("Injection is switched off by metadata.kelos.dev/injection\n");
            return Ok(());
        }
        let mut table = plain_table();
        table.set_header(["KIND", "KEY", "VALUE", "FROM", "OUTCOME"]);
        for key in &self.decision.keys {
            table.add_row(self.row(key));
        }
        anstream::println!("{table}\n");
        anstream::println!("{}\n", variables::table(&self.survey));
        for key in &self.decision.keys {
            if let Some(text) = self.explanation(key) {
                anstream::println!("{text}\n");
            }
        }
        Ok(())
    }

    fn row(&self, key: &KeyOutcome<'_>) -> Vec<Cell> {
        let colour = match &key.outcome {
            Outcome::Applied(_) => Color::Green,
            Outcome::Repaired(_) => Color::Yellow,
            Outcome::Skipped(skip) if skip.reason.is_news() => Color::Red,
            _ => Color::DarkGrey,
        };
        let value = self.value(key).map_or(Cell::new("-"), |value| Cell::new(format!("{value:?}")));
        vec![
            Cell::new(key.kind),
            Cell::new(key.key).add_attribute(Attribute::Bold),
            value,
            Cell::new(from(key)),
            Cell::new(outcome_word(&key.outcome)).fg(colour),
        ]
    }

    /// The value that the Task has in the end.
    fn value<'v>(&'v self, key: &'v KeyOutcome<'_>) -> Option<&'v str> {
        match &key.outcome {
            Outcome::Applied(value) | Outcome::Repaired(value) => Some(value),
            Outcome::Kept => self.task.get(key.kind, key.key),
            Outcome::Skipped(_) => None,
        }
    }

    fn explanation(&self, key: &KeyOutcome<'_>) -> Option<String> {
        let Outcome::Skipped(skip) = &key.outcome else { return None };
        if !skip.reason.is_news() {
            return None;
        }
        let rule =
            self.rules.keys.iter().find(|rule| rule.kind == key.kind && *rule.key == *key.key);
        Some(explain(&Explained {
            source: rule.and_then(|rule| rule.source()).unwrap_or_default(),
            origin: &format!("{} {}", key.kind, key.key),
            reason: skip.reason,
            message: &skip.message,
            position: skip.position,
            hint: skip.hint.as_deref(),
        }))
    }

    fn json(&self) -> anyhow::Result<()> {
        let keys = self.decision.keys.iter().map(|key| {
            let skip = match &key.outcome {
                Outcome::Skipped(skip) => Some(skip),
                _ => None,
            };
            ShownKey {
                kind: key.kind.as_str(),
                key: key.key,
                value: self.value(key),
                row: key.row.map(|row| row as u8),
                outcome: outcome_word(&key.outcome),
                message: skip.map(|skip| skip.message.as_str()),
                line: skip.and_then(|skip| Some(skip.position?.line)),
                column: skip.and_then(|skip| Some(skip.position?.column)),
                hint: skip.and_then(|skip| skip.hint.as_deref()),
            }
        });
        pretty(&ShownTask {
            namespace: self.namespace,
            task: self.task.name(),
            spawner: &self.rules.spawner.metadata.name,
            keys: keys.collect(),
            variables: self.survey.0.iter().map(ShownVariable::from).collect(),
        })
    }

    fn yaml(&self, object: &Value) -> anyhow::Result<()> {
        let mut object = object.clone();
        json_patch::patch(&mut object, &self.decision.patch).context("the patch does not apply")?;
        let text = serde_saphyr::to_string(&object).context("the Task can't be written as YAML")?;
        write!(io::stdout(), "---\n{text}")?;
        Ok(())
    }
}

#[derive(Serialize)]
struct ShownTask<'s> {
    namespace: &'s str,
    task: &'s str,
    spawner: &'s str,
    keys: Vec<ShownKey<'s>>,
    variables: Vec<ShownVariable<'s>>,
}

#[derive(Serialize)]
struct ShownKey<'s> {
    kind: &'static str,
    key: &'s str,
    value: Option<&'s str>,
    row: Option<u8>,
    /// `kept`, `applied`, `repaired` or the reason for skipping it.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'s str>,
}

/// A table without lines. The writer takes the colours out where nobody looks.
fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.enforce_styling();
    table
}

fn pretty(value: &impl Serialize) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(value)?)?;
    Ok(())
}

fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Kept => "kept",
        Outcome::Applied(_) => "applied",
        Outcome::Repaired(_) => "repaired",
        Outcome::Skipped(skip) => skip.reason.as_str(),
    }
}

/// Where the template stands, in words that lead there.
fn from(key: &KeyOutcome<'_>) -> &'static str {
    match (key.row, key.kind) {
        (Some(Row::Annotation), Kind::Label) => "metadata.kelos.dev/labels",
        (Some(Row::Annotation), Kind::Annotation) => "metadata.kelos.dev/annotations",
        (Some(Row::Field), _) => "taskTemplate.metadata",
        (None, _) => "-",
    }
}
