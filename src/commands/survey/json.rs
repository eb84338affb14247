//! A report as JSON.

use serde::Serialize;

use super::Survey;
use super::frequent::Counts;
use super::report::Report;
use super::text::rest;

/// All that was found.
#[derive(Serialize)]
pub(in crate::commands) struct ShownReport<'r> {
    /// How many Tasks were looked at, and how many of them would change.
    tasks: usize,
    differ: usize,
    keys: Vec<ShownKey<'r>>,
    skipped: Vec<ShownSkip<'r>>,
    passed_over: Vec<ShownPassedOver<'r>>,
    /// How many Tasks are in Namespaces that are switched to `audit`.
    audited: usize,
    /// How many say nothing of who has their fields.
    without_managed_fields: usize,
    /// Findings of keys that there was no room for.
    #[serde(skip_serializing_if = "is_zero")]
    not_shown: usize,
    /// The rights that are missing.
    lacking: &'r [String],
    /// Why it is not known for which Namespaces the webhook is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_unread: Option<&'r str>,
}

#[derive(Serialize)]
struct ShownKey<'r> {
    kind: &'static str,
    key: &'r str,
    #[serde(flatten)]
    counts: ShownCounts,
    /// How many of these changes are of keys that a person or another field manager has.
    held: usize,
    values: Vec<ShownValue<'r>>,
    /// What is known of all other values together.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_values: Option<ShownCounts>,
}

#[derive(Serialize)]
struct ShownValue<'r> {
    value: &'r str,
    /// Whether the value goes on.
    #[serde(skip_serializing_if = "is_false")]
    is_cut: bool,
    #[serde(flatten)]
    counts: ShownCounts,
    /// Whether there may be more that are counted among the other values.
    #[serde(skip_serializing_if = "is_false")]
    at_least: bool,
    example: &'r str,
}

#[derive(Serialize)]
struct ShownCounts {
    tasks: usize,
    same: usize,
    added: usize,
    changed: usize,
    lost: usize,
}

#[derive(Serialize)]
struct ShownSkip<'r> {
    kind: &'static str,
    key: &'r str,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<&'r str>,
    message: &'r str,
    tasks: usize,
    example: &'r str,
}

#[derive(Serialize)]
struct ShownPassedOver<'r> {
    reason: &'static str,
    tasks: usize,
    example: &'r str,
}

impl From<&Counts> for ShownCounts {
    fn from(counts: &Counts) -> ShownCounts {
        let Counts { same, added, changed, lost } = *counts;
        ShownCounts { tasks: counts.all(), same, added, changed, lost }
    }
}

impl<'r> ShownReport<'r> {
    /// A report as it is shown.
    pub(in crate::commands) fn of(report: &'r Report, survey: &'r Survey) -> ShownReport<'r> {
        let skipped =
            report.skips.iter().map(|((kind, key, reason, variable), (message, found))| {
                let (kind, reason) = (kind.as_str(), reason.as_str());
                let (variable, tasks, example) =
                    (variable.as_deref(), found.tasks, &*found.example);
                ShownSkip { kind, key, reason, variable, message, tasks, example }
            });
        let passed_over = report.passed_over.iter().map(|(why, found)| ShownPassedOver {
            reason: why.as_str(),
            tasks: found.tasks,
            example: &found.example,
        });
        ShownReport {
            tasks: report.tasks,
            differ: report.differ,
            keys: keys(report),
            skipped: skipped.collect(),
            passed_over: passed_over.collect(),
            audited: report.audited,
            without_managed_fields: report.guessed,
            not_shown: report.without_row,
            lacking: &survey.lacking,
            registration_unread: survey.registrations.as_ref().err().map(String::as_str),
        }
    }
}

fn keys(report: &Report) -> Vec<ShownKey<'_>> {
    let keys = report.keys.iter().map(|((kind, key), of_key)| {
        let sorted = of_key.values.sorted();
        let others = rest(&of_key.counts, sorted.iter().map(|it| &it.counts));
        let values = sorted.into_iter().map(|it| ShownValue {
            value: &it.text,
            is_cut: it.is_cut,
            counts: (&it.counts).into(),
            at_least: it.unseen > 0,
            example: &it.example,
        });
        ShownKey {
            kind: kind.as_str(),
            key,
            counts: (&of_key.counts).into(),
            held: of_key.held,
            values: values.collect(),
            other_values: (others.all() > 0).then(|| (&others).into()),
        }
    });
    keys.collect()
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(it: &bool) -> bool {
    !it
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(it: &usize) -> bool {
    *it == 0
}
