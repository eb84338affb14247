//! One Task after another, with its TaskRecord: planned, or written.

use std::ops::ControlFlow;

use anyhow::Context;
use serde_json::Value;

use super::super::survey::{Survey, Surveyed};
use super::budgets::Budgets;
use super::pace::{Pace, Stop};
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

/// What became of a write.
enum Written {
    Done,
    /// Somebody else was faster.
    Conflict,
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
        stop: &mut Stop,
    ) -> anyhow::Result<ControlFlow<()>> {
        if stop.is_asked() {
            return Ok(self.interrupted());
        }
        if task.verdict.is_err() {
            return Ok(ControlFlow::Continue(()));
        }
        if task.is_audited {
            self.summary.audited += 1;
            return Ok(ControlFlow::Continue(()));
        }
        if self.records
            && let Some(record) = self.record(&task).await?
            && self.write_record(record, &task, pace, stop).await?.is_break()
        {
            return Ok(ControlFlow::Break(()));
        }
        self.write_task(task, pace, stop).await
    }

    async fn write_task(
        &mut self,
        mut task: Surveyed,
        pace: &mut Pace,
        stop: &mut Stop,
    ) -> anyhow::Result<ControlFlow<()>> {
        for _ in 0..MOST_CONFLICTS {
            let plan = Plan::of_task(&task, self.lost, self.budgets);
            if !self.may_write(Of::Task, &plan) {
                return Ok(ControlFlow::Continue(()));
            }
            if !pace.turn(stop).await {
                return Ok(self.interrupted());
            }
            let path = self.path(Of::Task, &task);
            let written = self.patch(&path, plan.patch(&task.object)).await?;
            if !matches!(written, Written::Conflict) {
                self.done(Of::Task, &task.full_name(), &plan, written);
                return Ok(ControlFlow::Continue(()));
            }
            let Some(again) = self.again(&path, &task.object).await? else {
                self.summary.tasks.gone += 1;
                return Ok(ControlFlow::Continue(()));
            };
            match self.survey.survey(&again.to_string())? {
                Some(again) if again.verdict.is_ok() => task = again,
                _ => {
                    self.summary.tasks.gone += 1;
                    return Ok(ControlFlow::Continue(()));
                }
            }
        }
        self.summary.tasks.conflicts += 1;
        Ok(ControlFlow::Continue(()))
    }

    async fn write_record(
        &mut self,
        mut record: Value,
        task: &Surveyed,
        pace: &mut Pace,
        stop: &mut Stop,
    ) -> anyhow::Result<ControlFlow<()>> {
        for _ in 0..MOST_CONFLICTS {
            let plan = Plan::of_record(&record, task, self.lost, self.budgets);
            if !self.may_write(Of::Record, &plan) {
                return Ok(ControlFlow::Continue(()));
            }
            if !pace.turn(stop).await {
                return Ok(self.interrupted());
            }
            let path = self.path(Of::Record, task);
            let written = self.patch(&path, plan.patch(&record)).await?;
            if !matches!(written, Written::Conflict) {
                self.done(Of::Record, &task.full_name(), &plan, written);
                return Ok(ControlFlow::Continue(()));
            }
            match self.again(&path, &record).await? {
                Some(again) => record = again,
                None => {
                    self.summary.records.gone += 1;
                    return Ok(ControlFlow::Continue(()));
                }
            }
        }
        self.summary.records.conflicts += 1;
        Ok(ControlFlow::Continue(()))
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
            Written::Gone | Written::Conflict => self.tally(of).gone += 1,
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

    async fn patch(&self, path: &ObjectPath, patch: Value) -> anyhow::Result<Written> {
        let client = &self.survey.reach.client;
        let write =
            async || path.patch_as(BACKFILL_MANAGER, client, Patch::Merge(patch.clone())).await;
        match patiently(write).await {
            Ok(()) => Ok(Written::Done),
            Err(error) if error.is_conflict() => Ok(Written::Conflict),
            Err(error) if error.is_not_found() => Ok(Written::Gone),
            Err(error) if error.is_invalid() || error.is_forbidden() => Ok(Written::Refused(error)),
            Err(error) => {
                Err(error).context("nothing more is written; the same command goes on from here")
            }
        }
    }

    /// The object as it is by now; nothing if it is gone, or another one has its name.
    async fn again(&self, path: &ObjectPath, before: &Value) -> anyhow::Result<Option<Value>> {
        let again = self.get(path).await?;
        let uid = |object: &Value| object["metadata"]["uid"].clone();
        Ok(again.filter(|again| uid(again) == uid(before)))
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
                Err(error).context("an object can't be read; the same command goes on from here")
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
