//! `backfill`: what rules change in the Tasks that are there, written.

mod budgets;
mod pace;
mod plan;
mod summary;
mod writer;

use std::io::{IsTerminal, Write, stderr, stdin};
use std::ops::ControlFlow;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde::Serialize;

use self::budgets::Budgets;
use self::pace::{Pace, until_stopped};
use self::plan::Lost;
use self::summary::Summary;
use self::writer::Writer;
use super::counted::{by_count, counted};
use super::progress::Progress;
use super::reach::{block_on, right};
use super::stdio::{complain, print, print_json, unless_closed, warn};
use super::survey::json::ShownReport;
use super::survey::{Report, Survey, Surveyed, shown, text};
use super::{defaults, not_asked};
use crate::cli::{BackfillArgs, PreviewFormat};
use crate::cluster::{Resource, may};
use crate::engine::kelos::Shape;
use crate::engine::rules::Policy;
use crate::server::Shutdown;

/// What it can not do, whatever it is told to.
const PODS: &str = "Labels and node selectors of Pods stay: the spec of a Task is never written, and Pods of Tasks \
                    that ran are past";

pub(super) fn run(args: &BackfillArgs) -> anyhow::Result<ExitCode> {
    let policy = defaults::policy(&args.survey.policy)?;
    block_on(backfill(args, policy))?
}

async fn backfill(args: &BackfillArgs, policy: Policy) -> anyhow::Result<ExitCode> {
    let survey = Survey::begin(Shape::Task, &args.survey, &[], policy).await?;
    let namespace = survey.namespace.as_deref();
    let records = args.records && has_records(&survey).await;
    if args.write {
        survey.knows_all()?;
    }
    has_rights(args, &survey, records).await?;
    let budgets = Budgets::read(&survey.reach, namespace).await;
    let version = Resource::TASKS.served_version(&survey.reach.client).await?.unwrap_or_default();
    let mut writer = Writer {
        survey: &survey,
        budgets: &budgets,
        lost: if args.prune { Lost::Pruned } else { Lost::Kept },
        version,
        records,
        consents: args.yes,
        summary: Summary::default(),
    };
    let report = look(args, &mut writer).await?;
    let planned = std::mem::take(&mut writer.summary);
    if args.survey.output == PreviewFormat::Text {
        unless_closed(text::report(&report, &survey))?;
    }
    if !args.write {
        unless_closed(tell_plan(args, &planned, records, &report, &survey))?;
        let is_partial = survey.is_partial() || survey.knows_all().is_err();
        return Ok(status(is_partial, planned.kept_keys > 0));
    }
    writer.consents = consents(args, &planned)?;
    survey.is_unchanged().await?;
    let shutdown = until_stopped().context("the system does not tell of Ctrl-C")?;
    let written = write(args, &mut writer, &shutdown).await;
    let summary = std::mem::take(&mut writer.summary);
    unless_closed(tell_summary(args, &summary, records, &report, &survey))?;
    written?;
    let is_no = summary.is_incomplete() || summary.kept_keys > 0;
    Ok(status(summary.interrupted, is_no))
}

fn status(is_partial: bool, is_no: bool) -> ExitCode {
    match (is_partial, is_no) {
        (true, _) => not_asked(),
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    }
}

/// Looks at all Tasks, and writes nothing.
async fn look(args: &BackfillArgs, writer: &mut Writer<'_>) -> anyhow::Result<Report> {
    let (mut report, survey) = (Report::default(), writer.survey);
    let take = async |mut task: Surveyed, progress: &mut Progress| {
        if let Ok(revision) = &mut task.verdict {
            revision.keys.retain(|key| !key.kind.is_of_pod());
            revision.unproven.retain(|key| !key.kind.is_of_pod());
        }
        report.add(&task);
        writer.plan(&task).await?;
        if args.survey.output == PreviewFormat::Diff
            && let Ok(revision) = &task.verdict
            && !task.is_audited
        {
            progress.clear();
            let is_written = |key: &_| writer.lost.is_written(key);
            unless_closed(shown::diff(
                (Shape::Task, &task.object, &task.full_name()),
                revision,
                is_written,
            ))?;
        }
        Ok(ControlFlow::Continue(()))
    };
    survey.each(take).await?;
    Ok(report)
}

async fn write(
    args: &BackfillArgs,
    writer: &mut Writer<'_>,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let (mut pace, survey) = (Pace::of(args.qps, shutdown.clone()), writer.survey);
    let take = async |task: Surveyed, _: &mut Progress| writer.write(task, &mut pace).await;
    let written = tokio::select! {
        biased;
        () = shutdown.aborted() => None,
        written = survey.each(take) => Some(written),
    };
    written.unwrap_or_else(|| {
        writer.summary.interrupted = true;
        Ok(())
    })
}

/// Whether TaskRecords can be written; says so if the cluster has none.
async fn has_records(survey: &Survey) -> bool {
    let is_served = Resource::TASK_RECORDS.is_served(&survey.reach.client).await.unwrap_or(true);
    if !is_served {
        warn("the cluster has no TaskRecords: --records does nothing");
    }
    is_served
}

/// Fails where whoever calls lacks a right, before anything is done that needs it.
async fn has_rights(args: &BackfillArgs, survey: &Survey, records: bool) -> anyhow::Result<()> {
    let (client, namespace) = (&survey.reach.client, survey.namespace.as_deref());
    let mut needed = Vec::new();
    if args.write {
        needed.push(("patch", Resource::TASKS));
    }
    if records {
        needed.push(("get", Resource::TASK_RECORDS));
    }
    if records && args.write {
        needed.push(("patch", Resource::TASK_RECORDS));
    }
    let mut lacks = false;
    for (verb, resource) in needed {
        // One who can't say leaves it to the write itself.
        if !may(client, verb, &resource, namespace).await.unwrap_or(true) {
            warn(right(verb, &resource, namespace));
            lacks = true;
        }
    }
    match (lacks, args.write) {
        (false, _) => Ok(()),
        (true, true) => bail!("nothing is written"),
        (true, false) => bail!("what --records would write can't be told"),
    }
}

/// Whether labels may be changed that a TaskBudget selects on, if some would be.
fn consents(args: &BackfillArgs, planned: &Summary) -> anyhow::Result<bool> {
    if args.yes || planned.budgeted == 0 {
        return Ok(args.yes);
    }
    complain(why_asked(planned));
    if !(stdin().is_terminal() && stderr().is_terminal()) {
        bail!("nothing is written: give --yes to write it all the same");
    }
    let _ = write!(stderr(), "Write them? [y/N] ");
    let mut answer = String::new();
    stdin().read_line(&mut answer).context("no answer can be read")?;
    if !matches!(answer.trim(), "y" | "Y" | "yes") {
        bail!("nothing is written");
    }
    Ok(true)
}

fn why_asked(planned: &Summary) -> String {
    format!(
        "{} would have other labels that a TaskBudget selects on ({}): {}. Spend is summed by the labels that \
         TaskRecords have now, so that a budget may be used up by it and block a team, or free one",
        counted(planned.budgeted, "object"),
        planned.budgeted_labels(),
        by_count(
            planned.budgeted,
            "a Task that has not ended, or a TaskRecord",
            "Tasks that have not ended, or TaskRecords"
        )
    )
}

/// The report and what was or would be written, as JSON.
fn print_all(
    report: &Report,
    survey: &Survey,
    summary: &Summary,
    is_dry_run: bool,
) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Shown<'s> {
        preview: ShownReport<'s>,
        is_dry_run: bool,
        backfill: &'s Summary,
    }
    let preview = ShownReport::of(report, survey);
    print_json(&Shown { preview, is_dry_run, backfill: summary })
}

fn tell_plan(
    args: &BackfillArgs,
    planned: &Summary,
    records: bool,
    report: &Report,
    survey: &Survey,
) -> anyhow::Result<()> {
    if args.survey.output == PreviewFormat::Json {
        return print_all(report, survey, planned, true);
    }
    if args.survey.output == PreviewFormat::Diff {
        return Ok(());
    }
    planned.left().into_iter().chain(planned.unmeasured()).try_for_each(print)?;
    print(PODS)?;
    if planned.budgeted > 0 {
        print(format_args!(
            "{}. --write asks before it does that, and with --yes it does not",
            why_asked(planned)
        ))?;
    }
    if let Err(why) = survey.knows_all() {
        return print(format_args!("Dry run: --write would write nothing: {why}"));
    }
    let mut objects = counted(planned.tasks.written, "Task");
    if records {
        objects = format!("{objects} and {}", counted(planned.records.written, "TaskRecord"));
    }
    print(format_args!("Dry run: --write would write {objects}"))
}

fn tell_summary(
    args: &BackfillArgs,
    summary: &Summary,
    records: bool,
    report: &Report,
    survey: &Survey,
) -> anyhow::Result<()> {
    if args.survey.output == PreviewFormat::Json {
        return print_all(report, survey, summary, false);
    }
    summary.sentences(records).into_iter().chain([PODS.to_owned()]).try_for_each(print)
}

#[cfg(test)]
mod tests;
