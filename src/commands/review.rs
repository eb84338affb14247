//! `review`: answers AdmissionReviews offline, one a line.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::{load, read_manifests};
use crate::cli::ReviewArgs;
use crate::engine::Limits;
use crate::metrics::Metrics;
use crate::settings;
use crate::spawners::Snapshot;
use crate::webhook::mutate_task::answer_review;

pub(super) fn run(args: &ReviewArgs) -> anyhow::Result<ExitCode> {
    let read = read_manifests(&args.manifests);
    let (spawners, complaints) = load(read, settings::policy(&args.policy)?);
    for complaint in complaints {
        anstream::eprintln!("{complaint}");
    }
    let known = spawners.snapshot();
    answer_all(io::stdin().lock(), io::stdout().lock(), &known)
}

/// Answers line by line. A first line that is no whole document makes all of the input one.
fn answer_all(
    mut input: impl BufRead,
    mut output: impl Write,
    known: &Snapshot,
) -> anyhow::Result<ExitCode> {
    let metrics = Metrics::new();
    let mut answerer = |body: &[u8], number: usize| -> anyhow::Result<bool> {
        let answered = answer_review(body, known, &Limits::default(), &metrics);
        output.write_all(answered.reply.body())?;
        output.write_all(b"\n")?;
        let is_answered = answered.reply.code().is_success();
        if !is_answered {
            anstream::eprintln!(
                "line {number}: no AdmissionReview with a uid; the answer says why"
            );
        }
        Ok(is_answered)
    };
    let (mut line, mut number, mut all_answered) = (Vec::new(), 0, true);
    while input.read_until(b'\n', &mut line).context("standard input can't be read")? > 0 {
        number += 1;
        let is_first = number == 1;
        if is_first && is_cut_off(&line) {
            input.read_to_end(&mut line).context("standard input can't be read")?;
        }
        if !line.trim_ascii().is_empty() {
            all_answered &= answerer(&line, number)?;
        }
        line.clear();
    }
    if number == 0 {
        bail!("standard input is empty: give an AdmissionReview, or one a line");
    }
    Ok(if all_answered { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the line begins a document that goes on behind it.
fn is_cut_off(line: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err_and(|error| error.is_eof())
}
