//! Who wins on the Task.
//!
//! Control keys are not ours. A valid value that is there stays, unless an `allowed` list binds it.
//! What is there and would get the Task refused is repaired if Kelos's own field declares it. Then
//! the templates add what is absent. One bad key never costs another, and never the Task.

use std::cmp::Reverse;
use std::sync::Arc;

use super::decision::{KeyOutcome, Outcome, skipped_list};
use super::kelos::{Kind, RENDERED_FROM_MARK, SKIPPED_MARK, Task};
use super::patch::Changes;
use super::reason::Reason;
use super::render::budget::Budget;
use super::render::error::TemplateError;
use super::render::value::Map;
use super::rules::{KeyRule, OnInvalid, Refusal, Row, Rules};
use super::validate::{self, ANNOTATIONS_BYTES};

/// The longest mark of skipped keys, in bytes.
const SKIPPED_MARK_BYTES: usize = 1 << 10;

/// What a Task may grow to, as JSON: etcd refuses objects of 1.5 MiB. One that is larger already is
/// refused with us or without us, or etcd takes more here.
const OBJECT_BYTES: usize = 1408 << 10;

pub(super) struct Merge<'m, 'r, 't> {
    task: &'m Task<'t>,
    rules: &'r Rules,
    changes: Changes,
    /// What all annotations take after the changes so far, in bytes.
    annotations_bytes: usize,
    /// By how many bytes of JSON the Task may still grow, if there is a bound.
    room: Option<usize>,
}

/// A value that may be written, or why there is none.
type Candidate = Result<String, TemplateError>;

/// What the Task has of a key.
enum Found {
    /// Nothing, or nothing any more and why: then the template may fill it.
    Absent { removed: Option<TemplateError> },
    /// Something, and that is the end of it.
    Settled(Outcome),
}

/// Renders all keys, in key order, those that are there already too: so a second pass has the same
/// budget left for each key as the first.
pub(super) fn candidates(
    rules: &Rules,
    variables: &Arc<Map>,
    mut budget: Budget,
) -> Vec<Candidate> {
    rules.keys.iter().map(|rule| candidate(rule, variables, &mut budget)).collect()
}

/// Render → sanitize if asked → `allowed` → `default`.
fn candidate(rule: &KeyRule, variables: &Arc<Map>, budget: &mut Budget) -> Candidate {
    let template = rule.plan.as_ref().map_err(|refusal| refused(refusal))?;
    let judged = match template.render(variables, budget) {
        Ok(text) if text.is_empty() && rule.default.is_some() => Ok(None),
        Ok(text) => judge(rule, &text, rule.on_invalid == OnInvalid::Sanitize).map(Some),
        Err(error) => Err(error),
    };
    match (judged, &rule.default) {
        (Ok(Some(value)), _) => Ok(value),
        (Ok(None), Some(default)) => Ok(default.to_string()),
        (Err(skip), Some(default)) if has_stand_in(skip.reason) => Ok(default.to_string()),
        (Err(skip), _) => Err(skip),
        (Ok(None), None) => Ok(String::new()),
    }
}

impl<'m, 'r, 't> Merge<'m, 'r, 't> {
    /// Starts with a Task that takes so many bytes.
    pub(super) fn new(
        task: &'m Task<'t>,
        rules: &'r Rules,
        object_bytes: usize,
    ) -> Merge<'m, 'r, 't> {
        let annotations = task.entries(Kind::Annotation).into_iter().flatten();
        let annotations_bytes = annotations.map(|(key, value)| key.len() + value.len()).sum();
        let room = OBJECT_BYTES.checked_sub(object_bytes);
        Merge { task, rules, changes: Changes::default(), annotations_bytes, room }
    }

    /// Goes through all keys; gives the changes and what became of each key.
    pub(super) fn run(mut self, candidates: Vec<Candidate>) -> (Changes, Vec<KeyOutcome<'r>>) {
        let rules = self.rules;
        let keys = || rules.keys.iter().zip(&candidates);
        let mut found: Vec<Found> = keys().map(|(rule, ours)| self.find(rule, ours)).collect();
        self.shed_annotations(&mut found);
        let mut outcomes = Vec::with_capacity(rules.keys.len());
        for ((rule, candidate), found) in rules.keys.iter().zip(candidates).zip(found) {
            let outcome = match found {
                Found::Settled(outcome) => outcome,
                Found::Absent { removed } => self.fill(rule, candidate, removed),
            };
            let row = Some(rule.row);
            outcomes.push(KeyOutcome { kind: rule.kind, key: &rule.key, row, outcome });
        }
        for carrier in &rules.broken_carriers {
            let outcome =
                Outcome::Skipped(TemplateError::new(carrier.reason, carrier.message.clone()));
            outcomes.push(KeyOutcome { kind: carrier.kind, key: &carrier.key, row: None, outcome });
        }
        self.mark(&outcomes);
        (self.changes, outcomes)
    }

    /// Looks at what the Task has of a key, and repairs it if it can't stay.
    fn find(&mut self, rule: &KeyRule, ours: &Candidate) -> Found {
        let Some(value) = self.task.get(rule.kind, &rule.key) else {
            return Found::Absent { removed: None };
        };
        match &rule.plan {
            Err(refusal) if refusal.error.reason == Reason::Protected => {
                return Found::Settled(Outcome::Skipped(refused(refusal)));
            }
            Err(refusal) if refusal.error.reason == Reason::InvalidKey => {
                // The API server would refuse the Task. What Kelos did not render is not ours.
                if rule.in_field {
                    self.remove(rule);
                }
                return Found::Settled(Outcome::Skipped(refused(refusal)));
            }
            _ => {}
        }
        match judge(rule, value, rule.in_field && rule.on_invalid == OnInvalid::Sanitize) {
            Ok(same) if same == value => Found::Settled(keep(rule, value, ours)),
            Ok(repaired) => Found::Settled(self.repair(rule, repaired)),
            Err(skip) => match (skip.reason, &rule.default) {
                (Reason::InvalidValue, _) if !rule.in_field => {
                    Found::Settled(Outcome::Skipped(existing()))
                }
                (Reason::NotAllowed, Some(default)) if self.fits(rule.kind, &rule.key, default) => {
                    Found::Settled(self.repair(rule, default.to_string()))
                }
                _ => {
                    self.remove(rule);
                    Found::Absent { removed: Some(skip) }
                }
            },
        }
    }

    fn repair(&mut self, rule: &KeyRule, value: String) -> Outcome {
        self.set(rule, value.clone());
        Outcome::Repaired(value)
    }

    /// Annotations that arrive over the total would get the Task refused: those that Kelos's field
    /// declares go, the largest first.
    fn shed_annotations(&mut self, found: &mut [Found]) {
        if self.annotations_bytes <= ANNOTATIONS_BYTES {
            return;
        }
        let rules = self.rules;
        let mut by_size: Vec<(usize, usize)> = (rules.keys.iter().enumerate())
            .filter(|(_, rule)| {
                rule.kind == Kind::Annotation && rule.in_field && !rule.is_protected()
            })
            .filter_map(|(index, rule)| {
                let value = self.changes.get(self.task, rule.kind, &rule.key)?;
                Some((rule.key.len() + value.len(), index))
            })
            .collect();
        by_size.sort_by_key(|(size, index)| (Reverse(*size), *index));
        for (_, index) in by_size {
            if self.annotations_bytes <= ANNOTATIONS_BYTES {
                break;
            }
            self.remove(&rules.keys[index]);
            found[index] = Found::Absent { removed: Some(too_large()) };
        }
    }

    /// Writes what the template gave. Why the key was removed, if it was there, tells its team
    /// more than why the template can't replace it.
    fn fill(&mut self, rule: &KeyRule, ours: Candidate, removed: Option<TemplateError>) -> Outcome {
        match ours {
            Ok(value) if self.fits(rule.kind, &rule.key, &value) => {
                self.set(rule, value.clone());
                if removed.is_some() { Outcome::Repaired(value) } else { Outcome::Applied(value) }
            }
            Ok(_) => Outcome::Skipped(removed.unwrap_or_else(too_large)),
            Err(skip) => Outcome::Skipped(removed.unwrap_or(skip)),
        }
    }

    /// Whether the API server and etcd would still take the Task with this value.
    fn fits(&self, kind: Kind, key: &str, value: &str) -> bool {
        let old = self.changes.get(self.task, kind, key).map_or(0, |old| key.len() + old.len());
        let new = key.len() + value.len();
        let annotations_fit =
            kind == Kind::Label || self.annotations_bytes - old + new <= ANNOTATIONS_BYTES;
        annotations_fit && self.room.is_none_or(|room| growth(key, value) <= room)
    }

    fn set(&mut self, rule: &KeyRule, value: String) {
        self.set_key(rule.kind, &rule.key, value);
    }

    fn set_key(&mut self, kind: Kind, key: &str, value: String) {
        self.forget(kind, key);
        if kind == Kind::Annotation {
            self.annotations_bytes += key.len() + value.len();
        }
        self.room = self.room.map(|room| room.saturating_sub(growth(key, &value)));
        self.changes.set(kind, key, value);
    }

    fn remove(&mut self, rule: &KeyRule) {
        self.forget(rule.kind, &rule.key);
        self.changes.remove(rule.kind, &rule.key);
    }

    /// Takes a key that is there off the annotations' total.
    fn forget(&mut self, kind: Kind, key: &str) {
        if kind == Kind::Annotation
            && let Some(old) = self.changes.get(self.task, kind, key)
        {
            self.annotations_bytes -= key.len() + old.len();
        }
    }

    /// Sets the two marks, once in the life of a Task, if there is something to tell.
    fn mark(&mut self, outcomes: &[KeyOutcome<'_>]) {
        let is_marked = self.task.get(Kind::Annotation, RENDERED_FROM_MARK).is_some();
        let news = || outcomes.iter().filter(|outcome| outcome.is_news_skip());
        if is_marked || (self.changes.is_empty(self.task) && news().next().is_none()) {
            return;
        }
        let from = format!("{}@{}", self.rules.spawner.metadata.name, self.rules.hash);
        let skipped = skipped_list(outcomes, SKIPPED_MARK_BYTES);
        for (key, value) in [(RENDERED_FROM_MARK, from), (SKIPPED_MARK, skipped)] {
            let is_there = self.task.get(Kind::Annotation, key).is_some();
            if !is_there && !value.is_empty() && self.fits(Kind::Annotation, key, &value) {
                self.set_key(Kind::Annotation, key, value);
            }
        }
    }
}

/// A valid value stays. It is worth a word only if the template would have given another one; what
/// Kelos's own field declares, Kelos itself has rendered.
fn keep(rule: &KeyRule, value: &str, ours: &Candidate) -> Outcome {
    if rule.row == Row::Field || ours.as_ref().is_ok_and(|ours| ours == value) {
        Outcome::Kept
    } else {
        Outcome::Skipped(existing())
    }
}

/// How many bytes of JSON an entry takes at the most, with its place in the managed fields: a second
/// pass must not find less room than is left after the first.
fn growth(key: &str, value: &str) -> usize {
    let escaped = |b: u8| match b {
        b'<' | b'>' | b'&' | 0..0x20 | 0x7f => 6,
        b'"' | b'\\' | 0x80.. => 2,
        _ => 1,
    };
    3 * key.len() + value.bytes().map(escaped).sum::<usize>() + 128
}

/// The value as it may be written: sanitized if asked, and allowed.
fn judge(rule: &KeyRule, text: &str, sanitize: bool) -> Candidate {
    let value = match validate::value(rule.kind, text) {
        Ok(()) => text.into(),
        Err(error) if sanitize => match validate::sanitize(text) {
            clean if clean.is_empty() => return Err(invalid(error)),
            clean => clean,
        },
        Err(error) => return Err(invalid(error)),
    };
    if rule.allows(&value) {
        Ok(value.into_owned())
    } else {
        Err(TemplateError::new(Reason::NotAllowed, "the value is not in the key's `allowed` list"))
    }
}

fn invalid(error: validate::ValueError) -> TemplateError {
    TemplateError::new(Reason::InvalidValue, error.to_string()).hint(validate::VALUE_HINT)
}

fn too_large() -> TemplateError {
    TemplateError::new(
        Reason::TooLarge,
        "the Task would grow too large: it may have 256 KiB of annotations, and 1.4 MiB in all",
    )
}

fn existing() -> TemplateError {
    TemplateError::new(Reason::Existing, "the Task has a value of its own for it")
}

fn refused(refusal: &Refusal) -> TemplateError {
    refusal.error.clone()
}

fn has_stand_in(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::MissingVariable | Reason::RenderError | Reason::InvalidValue | Reason::NotAllowed
    )
}
