//! `render`: what Tasks get from their TaskSpawners.

mod problems;
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
use crate::engine::kelos::{ANNOTATIONS_RULES, GROUP, Injection, LABELS_RULES, Task, group_of};
use crate::engine::rules::{DeclaredIn, KeyRule, Policy, Rules};
use crate::engine::variables::{VariableReport, report};
use crate::engine::{Cause, Decision, KeyDecision, KeyOutcome, Limits, Skip, decide};
use crate::manifests::Manifest;
use crate::settings;
use crate::spawners::{Lookup, ReadObjects, Snapshot};

pub(super) fn run(args: &RenderArgs) -> anyhow::Result<ExitCode> {
    let (mut read, mut tasks, mut failed) = (ReadObjects::default(), Vec::new(), false);
    for path in &args.filename {
        read_manifests(path, |found| match found {
            Ok(manifest) if is_task(&manifest) => tasks.push(manifest),
            found => {
                failed |= found.is_err();
                read.take(found);
            }
        });
    }
    let policy = settings::policy(&args.policy)?;
    let (spawners, problems) = load(read, policy.clone());
    problems::tell(&problems, &tasks);
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

/// The namespace that an object says.
fn namespace_of(object: &Value) -> &str {
    let metadata = object.get("metadata");
    metadata.and_then(|meta| meta.get("namespace")?.as_str()).unwrap_or("default")
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
    let namespace = namespace_of(&object);
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
    let facts = known.facts(namespace, &task, manifest.json.len(), clock::now());
    let decision = decide(&task, rules, &facts, &Limits::default());
    if facts.injection() == Injection::Audit {
        anstream::eprintln!(
            "Namespace {namespace} is switched to audit: `serve` works this out and changes nothing"
        );
    }
    let report = report(&task, rules, &facts, policy);
    let shown = Shown { task: &task, namespace, rules, decision: &decision, report };
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
    report: VariableReport,
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
        match self.decision.keys.is_empty() {
            true => anstream::println!("The TaskSpawner asks for no labels and no annotations\n"),
            false => anstream::println!("{table}\n"),
        }
        if !self.report.0.is_empty() {
            anstream::println!("{}\n", variables::table(&self.report));
        }
        for key in &self.decision.keys {
            if let Some(text) = self.explanation(key) {
                anstream::println!("{text}\n");
            }
        }
        Ok(())
    }

    fn row(&self, key: &KeyDecision<'_>) -> Vec<Cell> {
        let colour = match &key.outcome {
            KeyOutcome::Applied(_) => Color::Green,
            KeyOutcome::Repaired(_) | KeyOutcome::Defaulted(_, Cause::Instead(_)) => Color::Yellow,
            KeyOutcome::Defaulted(_, Cause::Empty) => Color::Green,
            KeyOutcome::Skipped(skip) if skip.reason.is_news() => Color::Red,
            _ => Color::DarkGrey,
        };
        let value = self.value(key).map_or(Cell::new("-"), |value| Cell::new(format!("{value:?}")));
        vec![
            Cell::new(key.kind),
            Cell::new(key.key).add_attribute(Attribute::Bold),
            value,
            Cell::new(from(key)),
            Cell::new(outcome_text(&key.outcome)).fg(colour),
        ]
    }

    /// The value that the Task has in the end.
    fn value<'v>(&'v self, key: &'v KeyDecision<'_>) -> Option<&'v str> {
        match &key.outcome {
            KeyOutcome::Kept => self.task.get(key.kind, key.key),
            _ => key.written(),
        }
    }

    fn explanation(&self, key: &KeyDecision<'_>) -> Option<String> {
        let skip = key.news_skip().or(key.news_default())?;
        let rule =
            self.rules.keys.iter().find(|rule| rule.kind == key.kind && *rule.key == *key.key);
        let template = rule.and_then(KeyRule::source);
        let name = format!("{} {}", key.kind, key.key);
        let (source, origin) = match (self.annotation_of(key, skip), template) {
            (Some(annotation), _) => {
                let text = self.rules.spawner.metadata.annotations.get(annotation);
                (text.map_or("", String::as_str), annotation.to_owned())
            }
            (None, Some(template)) if skip.position.is_some() => (template, name),
            (None, Some(_)) => ("", format!("the template of {name}")),
            (None, None) => ("", format!("{name} of {}", field(key))),
        };
        Some(explain(&Explained {
            source,
            origin: &origin,
            reason: skip.reason,
            message: &skip.message,
            position: skip.position,
            hint: skip.hint.as_deref(),
        }))
    }

    /// The annotation that an error is about and has its place in, if it is not about a template.
    fn annotation_of<'k>(&self, key: &'k KeyDecision<'_>, skip: &Skip) -> Option<&'k str> {
        let rule =
            self.rules.keys.iter().find(|rule| (rule.kind, &*rule.key) == (key.kind, key.key));
        match key.declared_in {
            None => Some(key.key),
            Some(DeclaredIn::RulesAnnotation)
                if skip.position.is_some() && rule?.source().is_none() =>
            {
                Some(field(key))
            }
            Some(_) => None,
        }
    }

    fn json(&self) -> anyhow::Result<()> {
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
                from: key.declared_in.map(DeclaredIn::as_str),
                outcome: outcome_word(&key.outcome),
                cause,
                variable: skip.and_then(|skip| skip.variable.as_deref()),
                message: skip.map(|skip| skip.message.as_str()),
                line: skip.and_then(|skip| Some(skip.position?.line)),
                column: skip.and_then(|skip| Some(skip.position?.column)),
                annotation: skip.and_then(|skip| self.annotation_of(key, skip)),
                hint: skip.and_then(|skip| skip.hint.as_deref()),
            }
        });
        pretty(&ShownTask {
            namespace: self.namespace,
            task: self.task.name(),
            spawner: &self.rules.spawner.metadata.name,
            keys: keys.collect(),
            variables: self.report.0.iter().map(ShownVariable::from).collect(),
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
    /// `rules annotation` or `Kelos field`; nothing for a rules annotation itself.
    from: Option<&'static str>,
    /// `kept`, `applied`, `repaired`, `defaulted` or the reason for skipping it.
    outcome: &'static str,
    /// Why the default stands in: `empty`, or the reason for which the key would have been skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    /// The variable that is missing, as the template spells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// The annotation of the TaskSpawner that line and column are in, if it is not the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    annotation: Option<&'s str>,
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

fn outcome_word(outcome: &KeyOutcome) -> &'static str {
    match outcome {
        KeyOutcome::Kept => "kept",
        KeyOutcome::Applied(_) => "applied",
        KeyOutcome::Repaired(_) => "repaired",
        KeyOutcome::Defaulted(..) => "defaulted",
        KeyOutcome::Skipped(skip) => skip.reason.as_str(),
    }
}

/// The word, and the cause of a default.
fn outcome_text(outcome: &KeyOutcome) -> String {
    let word = outcome_word(outcome);
    match outcome {
        KeyOutcome::Defaulted(_, cause) => format!("{word} ({})", cause.as_str()),
        _ => word.to_owned(),
    }
}

/// Where the template stands.
fn from(key: &KeyDecision<'_>) -> &'static str {
    key.declared_in.map_or("-", DeclaredIn::as_str)
}

/// The annotation or field of the TaskSpawner that declares a key.
fn field(key: &KeyDecision<'_>) -> &'static str {
    match (key.declared_in, key.kind) {
        (Some(DeclaredIn::RulesAnnotation), Kind::Label) => LABELS_RULES,
        (Some(DeclaredIn::RulesAnnotation), Kind::Annotation) => ANNOTATIONS_RULES,
        (Some(DeclaredIn::KelosField), _) => "taskTemplate.metadata",
        (None, _) => "-",
    }
}
