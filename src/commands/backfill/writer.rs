//! One Task after another, with its TaskRecord: planned, or written.

use std::ops::ControlFlow;

use anyhow::Context;
use serde_json::Value;

use super::super::survey::{Survey, Surveyed};
use super::budgets::Budgets;
use super::pace::Pace;
use super::plan::{Lost, Plan, has_record};
use super::summary::{Summary, Tally};
use crate::cluster::{Error, ObjectPath, Patch, Resource, patiently};
use crate::engine::stored::BACKFILL_MANAGER;

/// How often an object is read again because somebody else has written it meanwhile: Kelos writes the status of a Task
/// some times a minute, so that one or two are enough.
const MOST_CONFLICTS: usize = 5;

/// What is written, and how.
pub(super) struct Writer<'w> {
    pub(super) survey: &'w Survey,
    pub(super) budgets: &'w Budgets,
    pub(super) lost: Lost,
    /// The version in which Tasks are written.
    pub(super) version: String,
    /// Whether TaskRecords are, too.
    pub(super) records: bool,
    /// Whether labels may be changed that a TaskBudget selects on.
    pub(super) consents: bool,
    pub(super) summary: Summary,
}

/// The two kinds of object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Task,
    Record,
}

/// What is to be written: a Task, or its TaskRecord while there is one.
struct Target {
    task: Surveyed,
    record: Option<Value>,
}

impl Target {
    fn of(&self) -> Of {
        if self.record.is_some() { Of::Record } else { Of::Task }
    }

    /// The object as it was read.
    fn object(&self) -> &Value {
        self.record.as_ref().unwrap_or(&self.task.object)
    }
}

/// What became of a write.
enum Written {
    Done,
    Gone,
    Refused(Error),
}

impl Writer<'_> {
    /// Adds up what would be written.
    ///
    /// # Errors
    ///
    /// When a TaskRecord can't be read.
    pub(super) async fn plan(&mut self, task: &Surveyed) -> anyhow::Result<()> {
        if task.verdict.is_err() {
            return Ok(());
        }
        if task.is_audited {
            self.summary.audited += 1;
            return Ok(());
        }
        if self.records
            && let Some(record) = self.record(task).await?
        {
            let plan = Plan::of_record(&record, task, self.lost, self.budgets);
            self.count(Of::Record, &plan);
        }
        let plan = Plan::of_task(task, self.lost, self.budgets);
        self.count(Of::Task, &plan);
        Ok(())
    }

    fn count(&mut self, of: Of, plan: &Plan) {
        self.summary.note(plan);
        let tally = self.tally(of);
        if plan.is_empty() { tally.right += 1 } else { tally.written += 1 }
    }

    /// Writes a Task, and its TaskRecord before it.
    ///
    /// # Errors
    ///
    /// When the API server does not answer, or not to whoever calls: then the others need not be tried.
    pub(super) async fn write(
        &mut self,
        task: Surveyed,
        pace: &mut Pace,
    ) -> anyhow::Result<ControlFlow<()>> {
        if pace.is_over() {
            return Ok(self.interrupted());
        }
        if task.verdict.is_err() {
            return Ok(ControlFlow::Continue(()));
        }
        if task.is_audited {
            self.summary.audited += 1;
            return Ok(ControlFlow::Continue(()));
        }
        let written = self.write_both(task, pace).await;
        written.context("nothing more is written; the same command goes on from here")
    }

    async fn write_both(
        &mut self,
        task: Surveyed,
        pace: &mut Pace,
    ) -> anyhow::Result<ControlFlow<()>> {
        let record = if self.records { self.record(&task).await? } else { None };
        let mut target = Target { task, record };
        if target.record.is_some() {
            if self.write_one(&mut target, pace).await?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            target.record = None;
        }
        self.write_one(&mut target, pace).await
    }

    /// Writes one of the two; reads it again, and plans anew, where somebody else was faster.
    async fn write_one(
        &mut self,
        target: &mut Target,
        pace: &mut Pace,
    ) -> anyhow::Result<ControlFlow<()>> {
        let of = target.of();
        for _ in 0..MOST_CONFLICTS {
            let plan = match &target.record {
                Some(record) => Plan::of_record(record, &target.task, self.lost, self.budgets),
                None => Plan::of_task(&target.task, self.lost, self.budgets),
            };
            if !self.may_write(of, &plan) {
                return Ok(ControlFlow::Continue(()));
            }
            if !pace.turn().await {
                return Ok(self.interrupted());
            }
            let path = self.path(of, &target.task);
            if let Some(written) = self.patch(&path, plan.patch(target.object())).await? {
                self.done(of, &target.task.full_name(), &plan, written);
                return Ok(ControlFlow::Continue(()));
            }
            if !self.read_again(&path, target).await? {
                self.tally(of).gone += 1;
                return Ok(ControlFlow::Continue(()));
            }
        }
        self.tally(of).conflicts += 1;
        Ok(ControlFlow::Continue(()))
    }

    /// Reads what somebody else has written; says whether it is still there, and still meant.
    async fn read_again(&self, path: &ObjectPath, target: &mut Target) -> anyhow::Result<bool> {
        let again = match target.of() {
            Of::Record => self.get(path).await?,
            Of::Task => self.survey.again(&target.task).await?,
        };
        let uid = |object: &Value| object["metadata"]["uid"].clone();
        let Some(again) = again.filter(|again| uid(again) == uid(target.object())) else {
            return Ok(false);
        };
        if target.record.is_some() {
            target.record = Some(again);
            return Ok(true);
        }
        match self.survey.survey(&again.to_string())? {
            Some(task) if task.verdict.is_ok() => target.task = task,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether there is something to write, and whether it may be written; counts it if not.
    fn may_write(&mut self, of: Of, plan: &Plan) -> bool {
        if plan.is_empty() {
            self.summary.note(plan);
            self.tally(of).right += 1;
            return false;
        }
        if !self.consents && !plan.budgeted.is_empty() {
            self.summary.note(plan);
            self.tally(of).held_back += 1;
            return false;
        }
        true
    }

    /// Counts what became of a write.
    fn done(&mut self, of: Of, name: &str, plan: &Plan, written: Written) {
        match written {
            Written::Done => {
                self.summary.note(plan);
                self.tally(of).written += 1;
            }
            Written::Refused(error) => {
                self.summary.refused(name, &error);
                self.tally(of).refused += 1;
            }
            Written::Gone => self.tally(of).gone += 1,
        }
    }

    fn tally(&mut self, of: Of) -> &mut Tally {
        match of {
            Of::Task => &mut self.summary.tasks,
            Of::Record => &mut self.summary.records,
        }
    }

    fn interrupted(&mut self) -> ControlFlow<()> {
        self.summary.interrupted = true;
        ControlFlow::Break(())
    }

    /// What became of a patch; nothing if somebody else was faster.
    async fn patch(&self, path: &ObjectPath, patch: Value) -> anyhow::Result<Option<Written>> {
        let client = &self.survey.reach.client;
        let write =
            async || path.patch_as(BACKFILL_MANAGER, client, Patch::Merge(patch.clone())).await;
        match patiently(write).await {
            Ok(()) => Ok(Some(Written::Done)),
            Err(error) if error.is_conflict() => Ok(None),
            Err(error) if error.is_not_found() => Ok(Some(Written::Gone)),
            Err(error) if error.is_invalid() || error.is_forbidden() => {
                Ok(Some(Written::Refused(error)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The TaskRecord of a Task, if it has one.
    async fn record(&self, task: &Surveyed) -> anyhow::Result<Option<Value>> {
        if !has_record(&task.object) {
            return Ok(None);
        }
        self.get(&self.path(Of::Record, task)).await
    }

    async fn get(&self, path: &ObjectPath) -> anyhow::Result<Option<Value>> {
        let client = &self.survey.reach.client;
        match patiently(async || path.read::<Value>(client).await).await {
            Ok(read) => Ok(Some(read.object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => {
                Err(error).with_context(|| format!("TaskRecord {} can't be read", path.name))
            }
        }
    }

    fn path(&self, of: Of, task: &Surveyed) -> ObjectPath {
        let (resource, name) = match of {
            Of::Task => (Resource::TASKS, &*task.name),
            // Kelos names it so.
            Of::Record => {
                let uid = task.object["metadata"]["uid"].as_str();
                (Resource::TASK_RECORDS, uid.unwrap_or_default())
            }
        };
        let collection = resource.path(&self.version, Some(&task.namespace));
        ObjectPath { collection, name: name.to_owned() }
    }
}
