//! A key of the Task: what it has, what today's rules give, where the template stands, and what it reads.

use serde::Serialize;

use super::held::Held;
use super::step::Sign;
use super::variable::{ReadVariable, missing, read_by};
use crate::commands::cells::{field, outcome_text};
use crate::commands::subject::{ShownKey, ShownPlace, Subject};
use crate::engine::comparison::{Change, Compared};
use crate::engine::reason::Reason;
use crate::engine::rules::{DeclaredIn, KeyRule};
use crate::engine::{KeyDecision, KeyOutcome, Told};

/// What is said in the place of an outcome where today's says nothing.
const KNOWN_AT_CREATION: &str = "known at its creation only";

/// How many characters of a value stand in a sentence: no label has more.
const CLIPPED_CHARS: usize = 63;

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
    #[serde(skip)]
    subject: &'k Subject<'k, 'k>,
    #[serde(skip)]
    decision: &'k KeyDecision<'k>,
    /// Whether its error is told: that today nobody knows something is none of the template.
    #[serde(skip)]
    has_snippet: bool,
    /// The outcome in words.
    #[serde(skip)]
    pub(super) outcome: String,
    #[serde(skip)]
    changes: Option<Change>,
    /// The field managers of others that have the key on the Task.
    #[serde(rename = "heldBy", skip_serializing_if = "Option::is_none")]
    held_by: Option<String>,
    /// What the rules give a Task that comes without a key that others have.
    #[serde(rename = "rulesGive", skip_serializing_if = "Option::is_none")]
    rules_give: Option<String>,
    /// Whether it is the value of the Task that is refused, and not what the template gives.
    #[serde(skip)]
    is_refused: bool,
    /// Why it is skipped, or has its default.
    #[serde(skip)]
    problem: Option<String>,
    /// The condition that is not met today, and under which the rules would give something.
    #[serde(skip)]
    unmet: Option<&'static str>,
    /// Whether it belongs to the Pod of the Task.
    #[serde(skip)]
    pub(super) is_of_pod: bool,
    /// Whether it is missing because the Task is older than the line of its TaskSpawner that prints what it reads.
    #[serde(skip)]
    pub(super) is_older: bool,
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

/// Explains a key that is compared, that others may have, and that rules give under a condition that may not be met.
pub(super) fn of_compared<'k>(
    subject: &'k Subject<'_, '_>,
    compared: &'k Compared<'_, '_>,
    told: &Told,
    held: Option<&Held>,
    unmet: Option<&'static str>,
) -> KeyStep<'k> {
    let key = compared.decision;
    // What is not there is missing, whatever it was to be.
    let is_open = compared.is_open && compared.has.is_some();
    let gives = if is_open { &compared.has } else { &compared.gives };
    let change = Change::between(compared.has.as_deref(), gives.as_deref());
    let is_skipped = !is_open && key.news_skip().is_some();
    let is_existing =
        matches!(&key.outcome, KeyOutcome::Skipped(skip) if skip.reason == Reason::Existing);
    // What somebody wrote on the Task after its creation, and the rules give otherwise.
    let is_overwritten = is_existing
        && held.is_some_and(|it| {
            it.is_later && it.rules_give.is_some() && it.rules_give != compared.has
        });
    let is_refused = !is_open && held.is_some_and(|it| it.is_refused);
    let result = match change {
        Change::Same if is_skipped => Sign::No,
        Change::Same if is_overwritten => Sign::Note,
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
        has_snippet: !is_open && !is_refused,
        held_by: held.map(|it| it.by.clone()),
        rules_give: held.and_then(|it| it.rules_give.clone()),
        is_refused,
        unmet,
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
        default: rule.and_then(|rule| rule.default().map(|it| &**it)),
        allowed: rule.and_then(|rule| Some(rule.allowed()?.iter().map(|it| &**it).collect())),
        mark,
        variables: rule.map(|rule| read_by(subject, key, rule)).unwrap_or_default(),
        subject,
        decision: key,
        has_snippet: true,
        outcome: outcome_text(&key.outcome),
        changes: None,
        held_by: None,
        rules_give: None,
        is_refused: false,
        problem: key.news_skip().or(key.news_default()).map(|skip| skip.message.clone()),
        unmet: None,
        is_of_pod: key.kind.is_of_pod(),
        is_older: missing(key).is_some_and(|variable| subject.is_older(variable)),
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

impl KeyStep<'_> {
    pub(super) fn change(&self) -> Option<Change> {
        self.changes
    }

    /// The error as a compiler shows it, or what else is to be told; `help` stands in place of what is to be done.
    pub(super) fn snippet(&self, help: Option<&str>) -> Option<String> {
        if !self.has_snippet {
            return None;
        }
        let explanation = match help {
            Some(help) => self.subject.explanation_with(self.decision, help),
            None => self.subject.explanation(self.decision),
        };
        explanation.or_else(|| self.subject.note(self.decision))
    }

    /// What is to be done about its error.
    pub(super) fn help(&self) -> Option<&str> {
        self.shown.hint.as_deref().filter(|_| self.has_snippet)
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
        if let Some(told) = self.told_state() {
            return format!("is {told} ({outcome})");
        }
        let give = match self.unmet {
            None => ("give", String::new()),
            Some(unmet) => ("would give", format!(" {unmet}")),
        };
        let rules_give = |value: String| format!("today's rules {} {value}{}", give.0, give.1);
        match (self.changes, has, gives) {
            (Some(Change::Same), Some(has), _) => format!("is {has} ({outcome})"),
            (Some(Change::Added), _, Some(gives)) => {
                format!("is missing, and {} ({outcome})", rules_give(gives))
            }
            (Some(Change::Changed), Some(has), Some(gives)) => {
                format!("is {has}, and {} ({outcome})", rules_give(gives))
            }
            (Some(Change::Lost), Some(has), _) => {
                format!("is {has}, and today's rules do not give it ({outcome})")
            }
            (None, ..) => format!("is not read, or not to its end ({outcome})"),
            _ if self.is_skipped => format!("is missing ({outcome})"),
            _ => format!("is not there, and need not be ({outcome})"),
        }
    }

    /// What the Task has of a key that no rule of today changes or may change, and whose it is: behind `is`.
    pub(super) fn told_state(&self) -> Option<String> {
        let has = clipped(self.shown.now?);
        let from = self.held_by.as_ref().map(|by| format!(" from {by}")).unwrap_or_default();
        let gives = self.rules_give.as_deref().map_or("nothing".to_owned(), clipped);
        if self.result == Sign::Note {
            return Some(format!(
                "{has}{from}; today's rules give {gives}, and a value that is there stays"
            ));
        }
        let why = self.problem.as_deref().unwrap_or("it is skipped");
        if self.is_refused {
            // What stands in for it is not what the rules give where there is no value.
            let gives = match &self.decision.outcome {
                KeyOutcome::Defaulted(default, _) => clipped(default),
                _ => gives,
            };
            return Some(format!(
                "{has}{from}, which a new Task would not keep: {why}; today's rules give {gives} in its place, and a \
                 backfill leaves what others wrote"
            ));
        }
        if self.changes != Some(Change::Same) || !self.is_skipped {
            return None;
        }
        Some(match self.shown.outcome == Reason::Protected.as_str() {
            true => format!("{has}{from}, and the rule for it is never applied: {why}"),
            false => format!("{has}{from}, and the rule for it gives nothing: {why}"),
        })
    }

    /// Why it is skipped, in a clause.
    pub(super) fn why(&self) -> Option<String> {
        let message = self.shown.message?;
        Some(match self.shown.outcome.parse() {
            Ok(Reason::InvalidKey) => format!("`{}` is no valid key: {message}", self.shown.key),
            Ok(Reason::RenderError) => format!("the template fails: {message}"),
            _ => message.to_owned(),
        })
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

/// The beginning of a value, for a sentence.
fn clipped(value: &str) -> String {
    match value.char_indices().nth(CLIPPED_CHARS) {
        Some((end, _)) => format!("{}…", quoted(value.get(..end).unwrap_or_default())),
        None => quoted(value),
    }
}

/// A value of the Task, with what a terminal would obey spelled out.
pub(super) fn quoted(value: &str) -> String {
    format!("{value:?}")
}
