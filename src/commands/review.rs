//! `review`: answers AdmissionReviews offline, one a line.

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use bytes::Bytes;
use serde::de::IgnoredAny;

use super::stdio::{UNWRITABLE, complain};
use super::{Loaded, defaults, load, not_asked, read_manifests};
use crate::cli::ReviewArgs;
use crate::engine::Limits;
use crate::engine::kelos::Shape;
use crate::spawners::{ReadObjects, Snapshot};
use crate::webhook::Metrics;
use crate::webhook::mutate_task::answer_review;
use crate::webhook::validate_spawner::answer_spawner_review;

pub(super) fn run(args: &ReviewArgs) -> anyhow::Result<ExitCode> {
    if args.manifests != Path::new("-") {
        let context = || format!("--manifests {} can't be read", args.manifests.display());
        args.manifests.metadata().with_context(context)?;
    }
    let mut read = ReadObjects::default();
    read_manifests(&args.manifests, args.policy.defaults.as_deref(), |found| read.take(found));
    let Loaded { spawners, problems, .. } = load(read, defaults::policy(&args.policy)?);
    for problem in problems {
        complain(problem);
    }
    let mut answerer = Answerer {
        known: spawners.snapshot(),
        metrics: Metrics::new(),
        output: io::stdout().lock(),
        all_answered: true,
    };
    answerer.answer_all(io::stdin().lock())?;
    Ok(if answerer.all_answered { ExitCode::SUCCESS } else { not_asked() })
}

struct Answerer<W> {
    known: Arc<Snapshot>,
    metrics: Metrics,
    output: W,
    all_answered: bool,
}

impl<W: Write> Answerer<W> {
    /// Answers line by line, as they come, unless all of the input is one document.
    fn answer_all(&mut self, mut input: impl BufRead) -> anyhow::Result<()> {
        let unreadable = "standard input can't be read";
        let (mut line, mut number) = (Vec::new(), 0);
        while input.read_until(b'\n', &mut line).context(unreadable)? > 0 {
            number += 1;
            if number == 1 && is_manifest(&line) {
                bail!("{NO_MANIFESTS}");
            }
            if number == 1 && is_cut_off(&line) {
                input.read_to_end(&mut line).context(unreadable)?;
                return self.answer_document_or_lines(&line);
            }
            self.answer(&line, number)?;
            line.clear();
        }
        if number == 0 {
            bail!("standard input is empty: give an AdmissionReview, or one a line");
        }
        Ok(())
    }

    /// The first line is no whole document: either it goes on, or it is a broken one among others.
    fn answer_document_or_lines(&mut self, input: &[u8]) -> anyhow::Result<()> {
        if serde_json::from_slice::<IgnoredAny>(input).is_ok() {
            return self.answer(input, 1);
        }
        let lines = input.split_inclusive(|byte| *byte == b'\n');
        (1..).zip(lines).try_for_each(|(number, line)| self.answer(line, number))
    }

    fn answer(&mut self, body: &[u8], number: usize) -> anyhow::Result<()> {
        if body.trim_ascii().is_empty() {
            return Ok(());
        }
        let plural = plural_in(body);
        let answered = if Shape::ALL.iter().any(|makes| plural == makes.spawner_plural()) {
            answer_spawner_review(&Bytes::copy_from_slice(body), &self.known)
        } else {
            let shape = Shape::ALL.into_iter().find(|shape| plural == shape.plural());
            let shape = shape.unwrap_or_default();
            answer_review(shape, body, &self.known, &Limits::default(), &self.metrics)
        };
        self.output.write_all(answered.reply.body()).context(UNWRITABLE)?;
        self.output.write_all(b"\n").context(UNWRITABLE)?;
        if !answered.reply.code().is_success() {
            match serde_json::from_slice::<TypeMeta>(body) {
                Ok(TypeMeta { kind }) if kind.parse::<Shape>().is_ok() => complain(NO_MANIFESTS),
                _ => complain(format_args!(
                    "line {number}: no AdmissionReview with a uid; the answer says why"
                )),
            }
            self.all_answered = false;
        }
        Ok(())
    }
}

/// The plural of what a request is about: `serve` answers each at a path of its own.
fn plural_in(body: &[u8]) -> String {
    let review: Result<Review, _> = serde_json::from_slice(body);
    review.map(|it| it.request.resource.resource).unwrap_or_default()
}

/// What a request is about.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Review {
    request: Request,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Request {
    resource: Resource,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Resource {
    resource: String,
}

/// What an object says of itself.
#[derive(serde::Deserialize)]
struct TypeMeta {
    kind: String,
}

const NO_MANIFESTS: &str = "standard input is a manifest, and no AdmissionReview in JSON: `kelos-metadata render -f` \
                            shows what a Task gets";

/// Whether the first line is one of a manifest in YAML.
fn is_manifest(line: &[u8]) -> bool {
    ["apiVersion:", "kind:", "metadata:", "---"].iter().any(|it| line.starts_with(it.as_bytes()))
}

/// Whether the line begins a document that goes on behind it.
fn is_cut_off(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_err_and(|error| error.is_eof())
}
