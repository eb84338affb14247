//! What was found: a line for each thing that was looked at.

use std::fmt;
use std::process::ExitCode;

use serde::Serialize;

use crate::commands::counted::counted;
use crate::commands::{harmless, not_asked};
use crate::words::words;

words! {
    /// What a line is about.
    pub(super) enum Topic {
        /// The version of the API server.
        Kubernetes = "kubernetes",
        /// The kinds of Kelos, their fields, and its own version.
        Kelos = "kelos",
        /// What is registered with the API server.
        Registration = "registration",
        /// The Service, and where it leads.
        Endpoints = "endpoints",
        /// The Deployments of ours.
        Program = "program",
        /// What is served, and whether the API server trusts it.
        Certificate = "certificate",
        /// Which controller leads.
        Lease = "lease",
        /// The Secret that the controller keeps.
        Rotation = "rotation",
        /// What the ServiceAccounts may do.
        Rights = "rights",
        /// The switches of Namespaces.
        Switches = "switches",
        /// A Task, end to end.
        Task = "task",
    }
}

words! {
    /// How it is.
    pub(super) enum Verdict {
        /// As it should be.
        Good = "good",
        /// Not as it should be.
        Bad = "bad",
        /// That could not be seen.
        NotJudged = "not_judged",
    }
}

impl Verdict {
    const fn sign(self) -> char {
        match self {
            Verdict::Good => '✓',
            Verdict::Bad => '✗',
            Verdict::NotJudged => '?',
        }
    }
}

/// A thing that was looked at.
#[derive(Debug)]
struct Line {
    topic: Topic,
    verdict: Verdict,
    text: String,
    /// What to do.
    hint: Option<String>,
    /// Whether a right was missing, or the API server did not say: whoever may ask can have it judged.
    was_refused: bool,
}

/// All that was looked at, in that order.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Line>);

impl Report {
    /// It is as it should be.
    pub(super) fn good(&mut self, topic: Topic, text: impl Into<String>) {
        self.add(topic, Verdict::Good, text.into(), None, false);
    }

    /// It is not, and this is what to do.
    pub(super) fn bad(&mut self, topic: Topic, text: impl Into<String>, hint: impl Into<String>) {
        self.add(topic, Verdict::Bad, text.into(), Some(hint.into()), false);
    }

    /// It can't be seen as things are; `hint` says how it could.
    pub(super) fn not_judged(
        &mut self,
        topic: Topic,
        text: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(topic, Verdict::NotJudged, text.into(), Some(hint.into()), false);
    }

    /// It was not to be had: which right is missing, or what else the API server says.
    pub(super) fn refused(&mut self, topic: Topic, what: &str, why: &str) {
        let text = format!("{what}: {why}");
        let is_right = why.starts_with("you lack the right");
        let hint = if is_right { "ask as somebody who may" } else { "check again" };
        self.add(topic, Verdict::NotJudged, text, Some(hint.to_owned()), true);
    }

    /// Whether something about this is bad.
    pub(super) fn is_bad(&self, topic: Topic) -> bool {
        self.0.iter().any(|line| line.topic == topic && line.verdict == Verdict::Bad)
    }

    /// What was refused.
    pub(super) fn refusals(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|line| line.was_refused).map(|line| &*line.text)
    }

    /// 1 if something is bad, 2 if something could not be asked.
    pub(super) fn status(&self) -> ExitCode {
        if self.count(Verdict::Bad) > 0 {
            ExitCode::FAILURE
        } else if self.0.iter().any(|line| line.was_refused) {
            not_asked()
        } else {
            ExitCode::SUCCESS
        }
    }

    fn add(
        &mut self,
        topic: Topic,
        verdict: Verdict,
        text: String,
        hint: Option<String>,
        was_refused: bool,
    ) {
        // What others wrote into the cluster may have anything in it.
        let text = harmless::line(&text).into_owned();
        let hint = hint.map(|hint| harmless::line(&hint).into_owned());
        self.0.push(Line { topic, verdict, text, hint, was_refused });
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.0.iter().filter(|line| line.verdict == verdict).count()
    }
}

/// The report for people.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Line { topic, verdict, text, hint, .. } in &self.0 {
            writeln!(f, "{} {topic}: {text}", verdict.sign())?;
            if let Some(hint) = hint {
                writeln!(f, "  → {hint}")?;
            }
        }
        let [good, bad, unknown] = Verdict::ALL.map(|verdict| self.count(verdict));
        write!(f, "{}: {good} good, {bad} bad, {unknown} not judged", counted(self.0.len(), "line"))
    }
}

/// The report for programs. Fields may be added; those that are there keep their names and meaning.
impl Serialize for Report {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'r> {
            lines: Vec<ShownLine<'r>>,
            good: usize,
            bad: usize,
            not_judged: usize,
        }
        #[derive(Serialize)]
        struct ShownLine<'r> {
            topic: &'static str,
            verdict: &'static str,
            text: &'r str,
            #[serde(skip_serializing_if = "Option::is_none")]
            hint: Option<&'r str>,
        }
        let lines = self.0.iter().map(|line| ShownLine {
            topic: line.topic.as_str(),
            verdict: line.verdict.as_str(),
            text: &line.text,
            hint: line.hint.as_deref(),
        });
        let [good, bad, not_judged] = Verdict::ALL.map(|verdict| self.count(verdict));
        Shown { lines: lines.collect(), good, bad, not_judged }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ExitCode` can't be compared.
    fn status(report: &Report) -> String {
        format!("{:?}", report.status())
    }

    #[test]
    fn a_bad_line_counts_before_one_that_was_refused_and_one_that_is_not_judged_counts_nothing() {
        let code = |code: u8| format!("{:?}", ExitCode::from(code));
        let mut report = Report::default();
        report.good(Topic::Kelos, "v1alpha2");
        report.not_judged(Topic::Task, "no namespace is switched on", "switch one on");
        assert_eq!(status(&report), code(0));
        report.refused(Topic::Lease, "the Lease", "you lack the right to get leases");
        assert_eq!(status(&report), code(2));
        report.bad(Topic::Endpoints, "nobody\nis\u{1b}ready", "look");
        assert_eq!(status(&report), code(1));
        assert!(report.is_bad(Topic::Endpoints) && !report.is_bad(Topic::Task));
        assert_eq!(
            report.to_string(),
            "✓ kelos: v1alpha2\n\
             ? task: no namespace is switched on\n  → switch one on\n\
             ? lease: the Lease: you lack the right to get leases\n  → ask as somebody who may\n\
             ✗ endpoints: nobody\\nis\\u{1b}ready\n  → look\n\
             4 lines: 1 good, 1 bad, 2 not judged"
        );
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["lines"][3]["verdict"], "bad");
        assert_eq!((&json["good"], &json["not_judged"]), (&1.into(), &2.into()));
    }
}
