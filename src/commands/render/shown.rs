//! One Task, shown.

use std::io::{self, Write};

use anyhow::Context;
use comfy_table::{Attribute, Cell, Color};
use serde_json::Value;

use super::super::cells::{from, outcome_text};
use super::super::diff;
use super::super::shown_variable::ShownVariable;
use super::super::simulated::path_of;
use super::super::stdio::{UNWRITABLE, print};
use super::super::subject::Subject;
use super::problems::ShownProblem;
use super::shapes::ShownTask;
use super::table::Column;
use super::{pod, table, variables};
use crate::apimachinery::Kind;
use crate::cli::OutputFormat;
use crate::engine::kelos::Task;
use crate::engine::reason::Reason;
use crate::engine::rules::Failing;
use crate::engine::stored::AsNew;
use crate::engine::{Cause, Decision, KeyDecision, KeyOutcome, Rendered};

/// A Task, and what becomes of it.
pub(super) struct Shown<'s, 't> {
    /// The Task, as when it was new, and its rules.
    pub(super) subject: Subject<'s, 't>,
    /// The Task as it is, if it was answered before.
    pub(super) stored: Option<(&'s AsNew, &'s Task<'t>)>,
    pub(super) decision: &'s Decision<'s>,
    pub(super) format: OutputFormat,
}

/// The columns of the keys; the last one is of Tasks that were answered before.
const KEY_COLUMNS: [Column; 6] = [
    Column::Whole("KIND"),
    Column::Whole("KEY"),
    Column::Value("VALUE"),
    Column::Spare("FROM"),
    Column::Whole("OUTCOME"),
    Column::Value("ON THE TASK"),
];

impl Shown<'_, '_> {
    /// Prints the tables, and what is to be told below them.
    pub(super) fn table(&self) -> anyhow::Result<()> {
        let name = [self.subject.task.name(), self.subject.task.generate_name()]
            .into_iter()
            .find(|name| !name.is_empty());
        let name = name.unwrap_or("(without a name)");
        let shape = self.subject.task.shape();
        let of = shape.spawner();
        print(match &*self.subject.rules.spawner.metadata.name {
            "" => format!("{shape} {}/{name} without a {of}", self.subject.namespace),
            spawner => format!("{shape} {}/{name} from {of} {spawner}", self.subject.namespace),
        })?;
        if let Some((as_new, _)) = self.stored {
            print(if as_new.is_certain {
                "It was answered before, and is shown as when it was new"
            } else {
                "It was answered before, and is shown as when it was new: what rules annotations and defaults \
                 declare is taken for ours (kubectl get --show-managed-fields tells whose it is)"
            })?;
        }
        if self.decision.is_exempt || self.subject.rules.is_disabled {
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
        if let Some(pod) = pod::pod(self.subject.task, self.decision) {
            print(format_args!("{}\n", pod.table(self.format)))?;
        }
        if !self.subject.report.0.is_empty() {
            print(format_args!(
                "{}\n",
                variables::table(&self.subject.report, self.subject.rules, self.format)
            ))?;
        }
        for failing in self.failing_templates() {
            print(format_args!("{}\n", self.subject.failing(failing)))?;
        }
        for key in &self.decision.keys {
            if self.is_failing(key) {
                continue;
            }
            if let Some(text) = self.subject.explanation(key).or_else(|| self.subject.note(key)) {
                print(format_args!("{text}\n"))?;
            }
        }
        Ok(())
    }

    /// The templates that Kelos fails on: a run by hand has variables of its own.
    fn failing_templates(&self) -> &[Failing] {
        if self.subject.task.is_manual() { &[] } else { &self.subject.rules.failing }
    }

    fn is_failing(&self, key: &KeyDecision<'_>) -> bool {
        !self.subject.task.is_manual() && self.subject.rules.failing(key.kind, key.key).is_some()
    }

    /// Whether a key is not written for a reason that is news, or Kelos makes no such Task.
    pub(super) fn has_unwritten(&self) -> bool {
        let is_unwritten = |key: &KeyDecision<'_>| key.news_skip().is_some();
        !self.failing_templates().is_empty() || self.decision.keys.iter().any(is_unwritten)
    }

    /// The problems that the explanations below the tables tell.
    pub(super) fn problems(&self) -> Vec<ShownProblem> {
        let (makes, meta) =
            (self.subject.rules.spawner.makes, &self.subject.rules.spawner.metadata);
        let problem = |kind: Kind, key: &str, message: &str| ShownProblem {
            makes,
            namespace: meta.namespace.to_string(),
            spawner: meta.name.to_string(),
            kind,
            key: key.to_owned(),
            message: message.to_owned(),
        };
        let failing = self.failing_templates().iter().map(|failing| {
            let (kind, key) = match &failing.rendered {
                Rendered::Metadata(kind, key) => (*kind, key.to_string()),
                other => (Kind::Annotation, path_of(other).join(".")),
            };
            problem(kind, &key, &failing.error.message)
        });
        let skips = self.decision.keys.iter().filter_map(|key| {
            let skip = key.news_skip().or(key.news_default())?;
            Some(problem(key.kind, key.key, &skip.message))
        });
        failing.chain(skips).collect()
    }

    fn row(&self, key: &KeyDecision<'_>) -> Vec<Cell> {
        let colour = match &key.outcome {
            KeyOutcome::Applied(_) => Color::Green,
            KeyOutcome::Repaired(_) | KeyOutcome::Defaulted(_, Cause::Failed(_)) => Color::Yellow,
            KeyOutcome::Defaulted(_, Cause::Empty) => Color::Green,
            KeyOutcome::Skipped(skip) if skip.reason.is_news() => Color::Red,
            _ => Color::DarkGrey,
        };
        let is_failing = self.is_failing(key);
        let colour = if is_failing { Color::Red } else { colour };
        let no_task = if is_failing { " (Kelos makes no Task)" } else { "" };
        let quoted = |value: Option<&str>| value.map_or("-".to_owned(), |it| format!("{it:?}"));
        let value = quoted(self.value(key));
        let mut row = vec![
            Cell::new(key.kind),
            Cell::new(key.key).add_attribute(Attribute::Bold),
            table::value(value, self.format),
            table::from(from(key).to_owned(), self.format),
            Cell::new(outcome_text(&key.outcome) + no_task).fg(colour),
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
            KeyOutcome::Kept => self.subject.task.get(key.kind, key.key),
            KeyOutcome::Skipped(skip) if skip.reason == Reason::Existing => {
                self.subject.task.get(key.kind, key.key)
            }
            _ => key.written(),
        }
    }

    /// The Task as JSON.
    pub(super) fn json(&self) -> ShownTask<'_> {
        let keys = self.decision.keys.iter();
        let keys =
            keys.map(|key| self.subject.shown_key(key, self.value(key), self.on_the_task(key)));
        let [task, session] = self.subject.task.names();
        ShownTask {
            namespace: self.subject.namespace,
            task,
            session,
            spawner: &self.subject.rules.spawner.metadata.name,
            keys: keys.collect(),
            failing: self
                .failing_templates()
                .iter()
                .map(|it| self.subject.shown_failing(it))
                .collect(),
            variables: self.subject.report.0.iter().map(ShownVariable::from).collect(),
            pod: pod::pod(self.subject.task, self.decision).map(|pod| pod.shown()),
        }
    }

    /// Prints the Task as it would be created.
    pub(super) fn yaml(&self, object: &Value) -> anyhow::Result<()> {
        let text = diff::yaml(&self.after(object)?)?;
        write!(io::stdout(), "---\n{text}").context(UNWRITABLE)
    }

    /// Prints what changes in the Task; nothing if nothing does.
    pub(super) fn diff(&self, object: &Value) -> anyhow::Result<()> {
        let name = format!("{}/{}", self.subject.namespace, self.subject.task.name());
        diff::print_of(self.subject.task.shape(), &name, object, &self.after(object)?)
    }

    fn after(&self, object: &Value) -> anyhow::Result<Value> {
        let mut object = object.clone();
        json_patch::patch(&mut object, &self.decision.patch())
            .context("the patch does not apply")?;
        Ok(object)
    }
}
