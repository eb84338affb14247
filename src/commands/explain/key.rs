//! A key of the Task: what it has, what today's rules give, where the template stands, and what it reads.

use serde::Serialize;

use super::step::Sign;
use crate::commands::cells::{field, outcome_text};
use crate::commands::shown_variable::ShownVariable;
use crate::commands::subject::{ShownKey, ShownPlace, Subject};
use crate::engine::comparison::{Change, Compared};
use crate::engine::reason::Reason;
use crate::engine::rules::{DeclaredIn, KeyRule};
use crate::engine::{KeyDecision, KeyOutcome, Told};

/// What is said in the place of an outcome where today's says nothing.
const KNOWN_AT_CREATION: &str = "known at its creation only";

/// A key, explained.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyStep<'k> {
    pub(super) result: Sign,
    #[serde(flatten)]
    pub(super) shown: ShownKey<'k>,
    /// What today's rules would change: `same`, `added`, `changed` or `lost`; nothing for a rules annotation itself.
    pub(super) change: Option<&'static str>,
    /// Where the key is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) declared: Option<Declared>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<&'k str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default: Option<&'k str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allowed: Option<Vec<&'k str>>,
    /// What the marks of the Task tell of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<ShownMark>,
    /// The variables that the template reads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) variables: Vec<ReadVariable<'k>>,
    /// The error as a compiler shows it, or what else is to be told.
    #[serde(skip)]
    pub(super) snippet: Option<String>,
    /// The outcome in words.
    #[serde(skip)]
    pub(super) outcome: String,
    #[serde(skip)]
    changes: Option<Change>,
    /// Whether it was skipped for a reason that its team should hear of.
    #[serde(skip)]
    pub(super) is_skipped: bool,
    /// Whether what it is to be was known at the creation of the Task alone, so that it counts as right.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) is_open: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(it: &bool) -> bool {
    !it
}

/// Where a key is declared.
#[derive(Serialize)]
pub(super) struct Declared {
    /// The rules annotation, the field, or `defaults`.
    #[serde(rename = "in")]
    pub(super) place: String,
    /// In the rules annotation, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<usize>,
    /// In the file of the TaskSpawner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<ShownPlace>,
}

/// What a mark tells of a key.
#[derive(Serialize)]
pub(super) struct ShownMark {
    /// `skipped` or `defaulted`.
    pub(super) told: &'static str,
    pub(super) reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) variable: Option<String>,
}

/// A variable that the template reads.
#[derive(Serialize)]
pub(super) struct ReadVariable<'v> {
    #[serde(flatten)]
    pub(super) shown: ShownVariable<'v>,
    /// What makes a missing one known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
}

/// Explains a key that is compared.
pub(super) fn of_compared<'k>(
    subject: &'k Subject<'_, '_>,
    compared: &'k Compared<'_, '_>,
    told: &Told,
) -> KeyStep<'k> {
    let key = compared.decision;
    // What is not there is missing, whatever it was to be.
    let is_open = compared.is_open && compared.has.is_some();
    let gives = if is_open { &compared.has } else { &compared.gives };
    let change = Change::between(compared.has.as_deref(), gives.as_deref());
    let is_skipped = !is_open && key.news_skip().is_some();
    let result = match change {
        Change::Same if is_skipped => Sign::No,
        Change::Same => Sign::Ok,
        Change::Added | Change::Changed | Change::Lost => Sign::No,
    };
    let shown = subject.shown_key(key, gives.as_deref(), compared.has.as_deref());
    let step = of(subject, key, shown, result, told);
    KeyStep {
        change: Some(change.as_str()),
        changes: Some(change),
        is_open,
        is_skipped,
        // That today nobody knows it is no error of the template.
        snippet: step.snippet.filter(|_| !is_open),
        ..step
    }
}

/// Explains a rules annotation of which not all is read.
pub(super) fn of_annotation<'k>(
    subject: &'k Subject<'_, '_>,
    key: &'k KeyDecision<'_>,
    told: &Told,
) -> KeyStep<'k> {
    of(subject, key, subject.shown_key(key, None, None), Sign::No, told)
}

fn of<'k>(
    subject: &'k Subject<'_, '_>,
    key: &'k KeyDecision<'_>,
    shown: ShownKey<'k>,
    result: Sign,
    told: &Told,
) -> KeyStep<'k> {
    let rule = subject.rules.rule(key.kind, key.key);
    let mark = told.of(key.kind, key.key).map(|it| ShownMark {
        told: it.told_as.as_str(),
        reason: it.reason.clone(),
        variable: it.variable.clone(),
    });
    KeyStep {
        result,
        shown,
        change: None,
        declared: key.declared_in.map(|declared_in| declared(subject, key, declared_in)),
        template: rule.and_then(KeyRule::source),
        default: rule.and_then(|rule| rule.default.as_deref()),
        allowed: rule
            .and_then(|rule| Some(rule.allowed.as_ref()?.iter().map(|it| &**it).collect())),
        mark,
        variables: rule.map(|rule| variables(subject, key, rule)).unwrap_or_default(),
        snippet: subject.explanation(key).or_else(|| subject.note(key)),
        outcome: outcome_text(&key.outcome),
        changes: None,
        is_skipped: key.news_skip().is_some(),
        is_open: false,
    }
}

fn declared(subject: &Subject<'_, '_>, key: &KeyDecision<'_>, declared_in: DeclaredIn) -> Declared {
    let in_annotation = (declared_in == DeclaredIn::RulesAnnotation)
        .then(|| subject.rules.place_in_annotation(key.kind, key.key))
        .flatten();
    let place = match declared_in {
        DeclaredIn::KelosField => {
            format!("spec.taskTemplate.metadata.{}", key.kind.field())
        }
        DeclaredIn::Defaults | DeclaredIn::RulesAnnotation | DeclaredIn::Task => {
            field(key).to_owned()
        }
    };
    Declared {
        place,
        line: in_annotation.map(|at| at.line),
        column: in_annotation.map(|at| at.column),
        file: subject.place_of_key(key),
    }
}

/// The variables that the template of a key reads, with what makes a missing one known. That of the first one that
/// it fails on stands with the error.
fn variables<'k>(
    subject: &'k Subject<'_, '_>,
    key: &KeyDecision<'_>,
    rule: &KeyRule,
) -> Vec<ReadVariable<'k>> {
    let Some(uses) = rule.plan.as_ref().ok().and_then(|template| template.uses()) else {
        return Vec::new();
    };
    let failed_on = match &key.outcome {
        KeyOutcome::Skipped(skip) if skip.reason == Reason::MissingVariable => {
            skip.variable.as_deref()
        }
        _ => None,
    };
    let is_told = |name: &str| {
        let first = failed_on.map(|it| it.trim_start_matches(['.', '$']));
        let first = first.and_then(|it| it.split('.').next()).unwrap_or_default();
        first.replace('_', "").eq_ignore_ascii_case(&name.replace('_', ""))
    };
    let read = subject.report.0.iter().filter(|it| uses.names_it(&it.name));
    read.map(|variable| {
        let wants_hint = failed_on.is_some() && variable.known.is_err() && !is_told(&variable.name);
        let hint =
            wants_hint.then(|| subject.to_be_known(&format!(".{}", variable.name))).flatten();
        ReadVariable { shown: ShownVariable::from(variable), hint }
    })
    .collect()
}

impl KeyStep<'_> {
    pub(super) fn change(&self) -> Option<Change> {
        self.changes
    }

    /// Kind and key.
    pub(super) fn title(&self) -> String {
        let kind = self.shown.kind.replace('_', " ");
        format!("{kind} {}", self.shown.key)
    }

    /// What there is of it and what today's rules make of it, in one clause.
    pub(super) fn state(&self) -> String {
        let (has, gives) = (self.shown.now.map(quoted), self.shown.value.map(quoted));
        let outcome = if self.is_open { KNOWN_AT_CREATION } else { &*self.outcome };
        match (self.changes, has, gives) {
            (Some(Change::Same), Some(has), _) => format!("is {has} ({outcome})"),
            (Some(Change::Added), _, Some(gives)) => {
                format!("is missing, and today's rules give {gives} ({outcome})")
            }
            (Some(Change::Changed), Some(has), Some(gives)) => {
                format!("is {has}, and today's rules give {gives} ({outcome})")
            }
            (Some(Change::Lost), Some(has), _) => {
                format!("is {has}, and today's rules do not give it ({outcome})")
            }
            (None, ..) => format!("is not read, or not to its end ({outcome})"),
            _ if self.is_skipped => format!("is missing ({outcome})"),
            _ => format!("is not there, and need not be ({outcome})"),
        }
    }

    /// What would change, for a list.
    pub(super) fn difference(&self) -> String {
        let value = |value: Option<&str>| value.map_or("nothing".to_owned(), quoted);
        format!("{}: {} → {}", self.title(), value(self.shown.now), value(self.shown.value))
    }

    /// Where it is declared, for a reader.
    pub(super) fn place(&self) -> Option<String> {
        let declared = self.declared.as_ref()?;
        if let Some(at) = &declared.file {
            return Some(format!("{}:{}:{}", at.file, at.line, at.column));
        }
        let at = declared.line.zip(declared.column);
        let at = at.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
        Some(format!("{}{at}", declared.place))
    }

    /// The word for the place where it is declared.
    pub(super) fn from(&self) -> &'static str {
        self.shown.from.unwrap_or("-")
    }
}

/// A value of the Task, with what a terminal would obey spelled out.
pub(super) fn quoted(value: &str) -> String {
    format!("{value:?}")
}
