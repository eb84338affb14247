//! `lint`: what is wrong with TaskSpawners and SessionSpawners, in files or in the cluster.

mod edit;
mod explain;
mod files;
mod fix;
mod github;
mod in_cluster;
mod json;
mod judge;
mod object;
mod place;
mod sarif;
mod text;
mod unread;
mod uri;

use std::process::ExitCode;

use anyhow::bail;

use self::files::Files;
use self::fix::Fixed;
use self::object::Read;
use self::place::Placed;
use self::unread::Unread;
use super::stdio::complain;
use super::{defaults, not_asked};
use crate::cli::{LintArgs, LintFormat};
use crate::engine::lint::{Severity, Surroundings};

pub(super) fn run(args: &LintArgs) -> anyhow::Result<ExitCode> {
    if let Some(rule) = args.explain {
        explain::print(rule)?;
        return Ok(ExitCode::SUCCESS);
    }
    let policy = defaults::policy(&args.policy)?;
    let around =
        Surroundings { kelos: args.kelos, allowed: &args.allow, ..Surroundings::new(&policy) };
    let paths: Vec<_> = args.files.iter().chain(&args.filename).collect();
    if args.fix && paths.is_empty() {
        bail!("--fix writes files: name them with -f");
    }
    let mut report = Report::default();
    if paths.is_empty() {
        let files = Files::default();
        report.add(&in_cluster::read(args)?, &around, &files);
        report.show(args, &files)?;
    } else {
        let mut files = Files::read(&paths, args.policy.defaults.as_deref());
        if args.fix && files.has_stream() {
            bail!("--fix writes files: standard input is none");
        }
        let namespace = args.namespace().unwrap_or("default");
        if args.fix {
            report.fixed = fix::all(&mut files, namespace, &around);
        }
        let read = files.objects(namespace);
        report.add(&read, &around, &files);
        report.show(args, &files)?;
    }
    Ok(report.status(args.strict))
}

/// What was found, and what is told of it.
#[derive(Default)]
struct Report {
    placed: Vec<Placed>,
    /// How many objects were looked at.
    objects: usize,
    /// The replacements that were written.
    fixed: Fixed,
    /// What could not be linted; told on standard error whatever the format.
    unread: Vec<Unread>,
}

impl Report {
    fn add(&mut self, read: &Read, around: &Surroundings<'_>, files: &Files) {
        let judged = judge::all(read, around);
        let refused = judged.refused.iter();
        let refused = refused.map(|(at, why)| Unread::refused(&read.objects[*at], why, files));
        self.unread = read.unread.iter().cloned().chain(refused).collect();
        self.unread.iter().for_each(complain);
        self.objects = read.objects.len();
        self.placed = place::all(read, judged.findings, files);
        if read.objects.is_empty() && self.unread.is_empty() {
            complain(format_args!(
                "there is no TaskSpawner and no SessionSpawner in {}: nothing to lint",
                if read.is_cluster { "the cluster" } else { "what -f names" }
            ));
        }
    }

    fn show(&mut self, args: &LintArgs, files: &Files) -> anyhow::Result<()> {
        let least = args.min_severity;
        self.placed.retain(|placed| placed.finding.severity <= least);
        match args.output {
            LintFormat::Text => text::print(self, files, args.fix),
            LintFormat::Json => json::print(self, files),
            LintFormat::Sarif => sarif::print(self, files),
            LintFormat::Github => github::print(self, files),
        }
    }

    fn count(&self, severity: Severity) -> usize {
        self.placed.iter().filter(|placed| placed.finding.severity == severity).count()
    }

    fn status(&self, is_strict: bool) -> ExitCode {
        let least = if is_strict { Severity::Warning } else { Severity::Error };
        let is_no = self.placed.iter().any(|placed| placed.finding.severity <= least);
        match (!self.unread.is_empty() || self.fixed.failed, is_no) {
            (true, _) => not_asked(),
            (false, true) => ExitCode::FAILURE,
            (false, false) => ExitCode::SUCCESS,
        }
    }
}
