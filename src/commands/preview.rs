//! `preview`: what rules change in the Tasks that are there.

use std::ops::ControlFlow;
use std::process::ExitCode;

use super::reach::block_on;
use super::stdio::{print_json, unless_closed};
use super::survey::json::ShownReport;
use super::survey::{Report, Survey, shown, text};
use super::{defaults, not_asked};
use crate::cli::{PreviewArgs, PreviewFormat, SurveyArgs};
use crate::engine::rules::Policy;

pub(super) fn run(args: &PreviewArgs) -> anyhow::Result<ExitCode> {
    let policy = defaults::policy(&args.survey.policy)?;
    block_on(preview(args, policy))?
}

async fn preview(args: &PreviewArgs, policy: Policy) -> anyhow::Result<ExitCode> {
    let PreviewArgs { filename, survey: SurveyArgs { output, .. }, .. } = args;
    let survey = Survey::begin(args.shape(), &args.survey, filename, policy).await?;
    let survey = survey.with_stand_ins();
    let mut report = Report::default();
    let take = async |task: super::survey::Surveyed, progress: &mut super::progress::Progress| {
        report.add(&task);
        if *output == PreviewFormat::Diff
            && let Ok(revision) = &task.verdict
        {
            progress.clear();
            unless_closed(shown::diff(
                (survey.shape, &task.object, &task.full_name()),
                revision,
                |_| true,
            ))?;
        }
        Ok(ControlFlow::Continue(()))
    };
    survey.each(take).await?;
    unless_closed(match output {
        PreviewFormat::Text => text::report(&report, &survey),
        PreviewFormat::Json => print_json(&ShownReport::of(&report, &survey)),
        PreviewFormat::Diff => Ok(()),
    })?;
    Ok(match (survey.is_partial(), report.has_lost()) {
        (true, _) => not_asked(),
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    })
}
