//! Who wins on the Task.
//!
//! Control keys are not ours. A valid value that is there stays, unless an `allowed` list binds it.
//! What is there and would get the Task refused is repaired if Kelos's own field declares it. Then
//! the templates add what is absent. One bad key never costs another, and never the Task.

use std::cmp::Reverse;
use std::sync::Arc;

use super::decision::{KeyOutcome, Outcome, Skip, skipped_list};
use super::kelos::{Kind, RENDERED_FROM_MARK, SKIPPED_MARK, Task};
use super::patch::Changes;
use super::reason::Reason;
use super::render::budget::Budget;
use super::render::value::Map;
use super::rules::{KeyRule, OnInvalid, Refusal, Row, Rules};
use super::validate::{self, ANNOTATIONS_BYTES};

/// The longest mark of skipped keys, in bytes.
const SKIPPED_MARK_BYTES: usize = 1 << 10;

pub(super) struct Merge<'m, 'r, 't> {
    task: &'m Task<'t>,
    rules: &'r Rules,
    variables: Arc<Map>,
    budget: Budget,
    changes: Changes,
    /// What all annotations take after the changes so far, in bytes.
    annotations_bytes: usize,
}

/// A value that may be written, or why there is none.
type Candidate = Result<String, Skip>;

/// What the Task has of a key.
enum Found {
    /// Nothing, or nothing any more and why: then the template may fill it.
    Absent { removed: Option<Skip> },
    /// Something, and that is the end of it.
    Settled(Outcome),
}

impl<'m, 'r, 't> Merge<'m, 'r, 't> {
    pub(super) fn new(
        task: &'m Task<'t>,
        rules: &'r Rules,
        variables: Arc<Map>,
        budget: Budget,
    ) -> Merge<'m, 'r, 't> {
        let annotations = task.entries(Kind::Annotation).into_iter().flatten();
        let annotations_bytes = annotations.map(|(key, value)| key.len() + value.len()).sum();
        Merge { task, rules, variables, budget, changes: Changes::default(), annotations_bytes }
    }

    /// Goes through all keys; gives the changes and what became of each key.
    pub(super) fn run(mut self) -> (Changes, Vec<KeyOutcome<'r>>) {
        let rules = self.rules;
        let mut found: Vec<Found> = rules.keys.iter().map(|rule| self.find(rule)).collect();
        self.shed_annotations(&mut found);
        let mut outcomes = Vec::with_capacity(rules.keys.len());
        for (rule, found) in rules.keys.iter().zip(found) {
            let outcome = match found {
                Found::Settled(outcome) => outcome,
                Found::Absent { removed } => self.fill(rule, removed),
            };
            let row = Some(rule.row);
            outcomes.push(KeyOutcome { kind: rule.kind, key: &rule.key, row, outcome });
        }
        for carrier in &rules.broken_carriers {
            let outcome = Outcome::Skipped(Skip::new(carrier.reason, &carrier.message));
            outcomes.push(KeyOutcome { kind: carrier.kind, key: &carrier.key, row: None, outcome });
        }
        self.mark(&outcomes);
        (self.changes, outcomes)
    }

    /// Looks at what the Task has of a key, and repairs it if it can't stay.
    fn find(&mut self, rule: &KeyRule) -> Found {
        let Some(value) = self.task.get(rule.kind, &rule.key) else {
            return Found::Absent { removed: None };
        };
        match &rule.plan {
            Err(refusal) if refusal.reason == Reason::Protected => {
                return Found::Settled(Outcome::Skipped(refused(refusal)));
            }
            Err(refusal) if refusal.reason == Reason::InvalidKey => {
                // The API server would refuse the Task. What Kelos did not render is not ours.
                if rule.in_field {
                    self.remove(rule);
                }
                return Found::Settled(Outcome::Skipped(refused(refusal)));
            }
            _ => {}
        }
        match judge(rule, value, rule.in_field && rule.on_invalid == OnInvalid::Sanitize) {
            Ok(same) if same == value => Found::Settled(self.keep(rule, value)),
            Ok(repaired) => Found::Settled(self.repair(rule, repaired)),
            Err(skip) => match (skip.reason, &rule.default) {
                (Reason::InvalidValue, _) if !rule.in_field => {
                    Found::Settled(Outcome::Skipped(existing()))
                }
                (Reason::NotAllowed, Some(default)) => {
                    Found::Settled(self.repair(rule, default.to_string()))
                }
                _ => {
                    self.remove(rule);
                    Found::Absent { removed: Some(skip) }
                }
            },
        }
    }

    /// A valid value stays. It is worth a word only if the template would have given another one;
    /// what Kelos's own field declares, Kelos itself has rendered.
    fn keep(&mut self, rule: &KeyRule, value: &str) -> Outcome {
        if rule.row == Row::Field || self.candidate(rule).is_ok_and(|ours| ours == value) {
            Outcome::Kept
        } else {
            Outcome::Skipped(existing())
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

    /// Writes what the template gives. Why the key was removed, if it was there, tells its team
    /// more than why the template can't replace it.
    fn fill(&mut self, rule: &KeyRule, removed: Option<Skip>) -> Outcome {
        let candidate = self
            .candidate(rule)
            .and_then(|value| if self.fits(rule, &value) { Ok(value) } else { Err(too_large()) });
        match candidate {
            Ok(value) => {
                self.set(rule, value.clone());
                Outcome::Applied(value)
            }
            Err(skip) => Outcome::Skipped(removed.unwrap_or(skip)),
        }
    }

    /// Render → sanitize if asked → `allowed` → `default`.
    fn candidate(&mut self, rule: &KeyRule) -> Candidate {
        let template = rule.plan.as_ref().map_err(refused)?;
        let rendered = template.render(&self.variables, &mut self.budget);
        let judged = match rendered {
            Ok(text) if text.is_empty() && rule.default.is_some() => Ok(None),
            Ok(text) => judge(rule, &text, rule.on_invalid == OnInvalid::Sanitize).map(Some),
            Err(error) => Err(Skip::from(error)),
        };
        match (judged, &rule.default) {
            (Ok(Some(value)), _) => Ok(value),
            (Ok(None), Some(default)) => Ok(default.to_string()),
            (Err(skip), Some(default)) if has_stand_in(skip.reason) => Ok(default.to_string()),
            (Err(skip), _) => Err(skip),
            (Ok(None), None) => Ok(String::new()),
        }
    }

    fn fits(&self, rule: &KeyRule, value: &str) -> bool {
        rule.kind == Kind::Label
            || self.annotations_bytes + rule.key.len() + value.len() <= ANNOTATIONS_BYTES
    }

    fn set(&mut self, rule: &KeyRule, value: String) {
        self.set_key(rule.kind, &rule.key, value);
    }

    fn set_key(&mut self, kind: Kind, key: &str, value: String) {
        self.forget(kind, key);
        if kind == Kind::Annotation {
            self.annotations_bytes += key.len() + value.len();
        }
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
            let fits = self.annotations_bytes + key.len() + value.len() <= ANNOTATIONS_BYTES;
            if fits && !is_there && !value.is_empty() {
                self.set_key(Kind::Annotation, key, value);
            }
        }
    }
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
        Err(Skip::new(Reason::NotAllowed, "the value is not in the key's `allowed` list"))
    }
}

fn invalid(error: validate::ValueError) -> Skip {
    Skip {
        hint: Some(validate::VALUE_HINT.to_owned()),
        ..Skip::new(Reason::InvalidValue, &error.to_string())
    }
}

fn too_large() -> Skip {
    Skip::new(Reason::TooLarge, "the annotations of the Task would take more than 256 KiB together")
}

fn existing() -> Skip {
    Skip::new(Reason::Existing, "the Task has another value for it already")
}

fn refused(refusal: &Refusal) -> Skip {
    Skip::from(refusal.error.clone())
}

fn has_stand_in(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::MissingVariable | Reason::RenderError | Reason::InvalidValue | Reason::NotAllowed
    )
}
