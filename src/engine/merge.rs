//! Who wins on the Task.
//!
//! Control keys are not ours. A valid value that is there stays, unless an `allowed` list binds it.
//! What is there and would get the Task refused is repaired if the Kelos field declares it. Then
//! the templates add what is absent. One bad key never costs another, and never the Task. Two values
//! do not stay though they are valid: [the number of a byte](byte_number), and `<no value>`.

mod beyond;
mod byte_number;
mod copies;
mod pod;

use std::cmp::Reverse;

pub(super) use self::byte_number::ByteNumbers;
use super::candidate::{Candidate, Offer, has_stand_in, is_left_out, is_offered, judge};
use super::decision::{Cause, KeyDecision, KeyOutcome, defaulted_list, skipped_list};
use super::kelos::{MOST_KEYS, Shape, Task, is_ours};
use super::mark::{DEFAULTED, MARKS, RENDERED_FROM, SKIPPED, is_marked, rendered_from};
use super::patch::{Changes, Place};
use super::reason::Reason;
use super::rules::{DeclaredIn, KeyRule, OnInvalid, Rules};
use super::size::Size;
use crate::apimachinery::Kind;
use crate::engine::skip::Skip;
use crate::templates::go::NO_VALUE;
use crate::templates::value::Text;

/// The longest mark of skipped keys, in bytes.
pub(super) const SKIPPED_MARK_BYTES: usize = 1 << 10;
/// The longest mark of keys that have their `default`, in bytes.
pub(super) const DEFAULTED_MARK_BYTES: usize = 512;

/// What a key costs to be merged, beside its values.
const KEY_STEPS: usize = 4;
/// How many bytes of a value that is there are judged and repaired for a step.
const VALUE_BYTES_A_STEP: usize = 16;
/// How many labels and annotations are measured for a step, whosever they are.
const ENTRIES_A_STEP: usize = 8;

/// What merging costs at the most, in steps, beside what is paid with each candidate. It depends on what
/// the Task has of each key, so it is another price the second time. Merging is never left out: it
/// repairs what the API server would refuse.
pub(super) fn price(task: &Task<'_>, rules: &Rules) -> u64 {
    let entries = Kind::ALL.into_iter().filter_map(|kind| task.entries(kind));
    let entries = entries.map(|map| map.len()).sum::<usize>();
    let in_field = rules.keys.iter().filter(|rule| rule.in_field);
    let values = in_field.filter_map(|rule| task.get(rule.kind, rule.key()));
    let bytes = values.map(str::len).sum::<usize>();
    let copies = if rules.copies.prefixes.is_empty() { 0 } else { MOST_KEYS };
    let keys = (rules.keys.len() + rules.copies.keys.len() + copies) * KEY_STEPS;
    (keys + entries / ENTRIES_A_STEP + bytes / VALUE_BYTES_A_STEP) as u64
}

pub(super) struct Merge<'m, 'r, 't> {
    task: &'r Task<'t>,
    rules: &'r Rules,
    /// Looks for the numbers of bytes, while the Task is as Kelos made it.
    numbers: Option<&'m ByteNumbers<'m, 't>>,
    changes: Changes<'r>,
    /// What the Task takes after the changes so far.
    size: Size,
    /// Whether it was answered before.
    is_marked: bool,
    /// The mark, if room is kept for it: then it is counted already.
    kept_mark: Option<Text>,
}

/// What the Task has of a key.
enum Found {
    /// Nothing, or nothing any more and why: then the template may fill it.
    Absent { removed: Option<Skip> },
    /// Something, and that is the end of it.
    Settled(KeyOutcome),
}

impl<'m, 'r, 't> Merge<'m, 'r, 't> {
    /// Starts with a Task that takes so many bytes.
    pub(super) fn new(
        task: &'r Task<'t>,
        rules: &'r Rules,
        numbers: Option<&'m ByteNumbers<'m, 't>>,
        object_bytes: usize,
    ) -> Merge<'m, 'r, 't> {
        let is_marked = is_marked(task, rules);
        let mut size = Size::of(task, object_bytes);
        for place in rules.keys.iter().map(|rule| rule.place()).chain(MARKS) {
            if let Some(value) = task.entries(place.kind).and_then(|it| it.get(place.key)) {
                size = size.as_written(value);
            }
        }
        let changes = Changes::default();
        let mut merge = Merge { task, rules, numbers, changes, size, is_marked, kept_mark: None };
        // What stands in the place of a mark of a Task that is not marked are not our words.
        if !is_marked && rules.has_something_to_say() {
            for mark in MARKS {
                if task.get(mark.kind, mark.key).is_some() {
                    merge.remove(mark);
                }
            }
        }
        // What labels and annotations told is read once: the mark says that it was.
        merge.keep_room_for_mark();
        merge
    }

    /// Keeps room for the mark, if there is some: it comes before all keys.
    fn keep_room_for_mark(&mut self) {
        if self.kept_mark.is_some() || self.is_marked || self.rules.field_declares_ours {
            return;
        }
        let mark = rendered_from(self.rules);
        let size = self.size_with(RENDERED_FROM, &mark);
        if size.annotations_fit() && size.fits_etcd() {
            self.size = size;
            self.kept_mark = Some(mark);
        }
    }

    /// Goes through all keys; gives the changes and what became of each key.
    pub(super) fn run(mut self, candidates: Vec<Candidate>) -> (Changes<'r>, Vec<KeyDecision<'r>>) {
        let rules = self.rules;
        let mut removed = self.remove_beyond();
        let keys = || rules.keys.iter().zip(&candidates);
        let mut found: Vec<Found> = keys().map(|(rule, ours)| self.find(rule, ours)).collect();
        self.shed_beyond(&mut removed);
        self.shed_annotations(&mut found);
        // What was removed has made room.
        self.keep_room_for_mark();
        let mut outcomes = Vec::with_capacity(rules.keys.len());
        for ((rule, candidate), found) in rules.keys.iter().zip(candidates).zip(found) {
            let outcome = match found {
                Found::Settled(outcome) => outcome,
                Found::Absent { removed } => self.fill(rule, candidate, removed),
            };
            let declared_in = Some(rule.declared_in);
            outcomes.push(KeyDecision { kind: rule.kind, key: rule.key(), declared_in, outcome });
        }
        self.copy(&mut outcomes);
        outcomes.extend(removed);
        for broken in &rules.broken_annotations {
            let outcome = KeyOutcome::Skipped(broken.error.clone());
            // Whatever it holds, the rules annotation itself is an annotation.
            outcomes.push(KeyDecision {
                kind: Kind::Annotation,
                key: broken.name,
                declared_in: None,
                outcome,
            });
        }
        self.mark(&outcomes);
        (self.changes, outcomes)
    }

    /// Looks at what the Task has of a key, and repairs it if it can't stay.
    fn find(&mut self, rule: &'r KeyRule, ours: &Candidate) -> Found {
        if rule.kind.is_of_pod() {
            return self.find_of_pod(rule, ours);
        }
        let Some(value) = self.task.get(rule.kind, rule.key()) else {
            return Found::Absent { removed: None };
        };
        if let Some(refused) = self.refused_key(rule) {
            return Found::Settled(refused);
        }
        // What Kelos did not render is not ours to trim.
        let trimmed = if rule.in_field { rule.trimmed(value) } else { value };
        if !is_offered(ours, trimmed)
            && self.numbers.is_some_and(|numbers| numbers.has(rule, value))
        {
            self.remove(rule.place());
            let removed =
                ours.as_ref().err().cloned().unwrap_or_else(|| too_large(self.task.shape()));
            return Found::Absent { removed: Some(removed) };
        }
        // Of a Task that is settled nobody knows any more what its templates gave.
        let is_rendered = self.numbers.is_some();
        let says_so = || {
            let template = rule.plan.as_ref();
            template.is_ok_and(|it| it.source().contains(NO_VALUE) || it.prints_names_only())
        };
        if is_rendered
            && rule.in_field
            && !is_offered(ours, trimmed)
            && value.contains(NO_VALUE)
            && !says_so()
        {
            self.remove(rule.place());
            return Found::Absent { removed: Some(no_value()) };
        }
        if rule.in_field && rule.default().is_some() && is_left_out(rule, trimmed) {
            return self.replace(rule, Cause::Empty);
        }
        let sanitize = rule.in_field && rule.on_invalid == OnInvalid::Sanitize;
        if trimmed.is_empty() && !value.is_empty() {
            return self.replace(rule, Cause::Failed(blank()));
        }
        match judge(rule, trimmed, sanitize) {
            Ok(same) if same == value => Found::Settled(keep(self.task.shape(), rule, value, ours)),
            Ok(repaired) => self.repair(rule, value.len(), repaired.into()),
            Err(skip) if !rule.in_field && !binds_others(rule, value, skip.reason) => {
                Found::Settled(KeyOutcome::Skipped(existing(self.task.shape())))
            }
            Err(skip) => self.replace(rule, Cause::Failed(skip)),
        }
    }

    /// What becomes of a key that is there and that nobody may write.
    fn refused_key(&mut self, rule: &'r KeyRule) -> Option<KeyOutcome> {
        let Err(refusal) = &rule.plan else { return None };
        match refusal.error.reason {
            Reason::Protected => match (rule.in_field, is_ours(rule.key())) {
                // What Kelos wrote there would stand for words of ours, or switch us off.
                (true, true) => self.remove(rule.place()),
                // Kelos knows its own control keys: nobody asked us for anything.
                (true, false) => return Some(KeyOutcome::Kept),
                (false, _) => {}
            },
            // The API server would refuse the Task. What Kelos did not render is not ours.
            Reason::InvalidKey if rule.in_field => self.remove(rule.place()),
            Reason::InvalidKey => {}
            _ => return None,
        }
        Some(KeyOutcome::Skipped(refusal.error.clone()))
    }

    /// Sets the default instead of a value that is empty or not allowed; removes what can't be repaired so.
    fn replace(&mut self, rule: &'r KeyRule, cause: Cause) -> Found {
        let is_valid = match &cause {
            Cause::Empty => true,
            Cause::Failed(skip) => skip.reason == Reason::NotAllowed,
        };
        if is_valid
            && let Some(default) = rule.default().cloned()
            && self.set_if_it_fits(rule.place(), &default, self.size_with(rule.place(), &default))
        {
            return Found::Settled(KeyOutcome::Defaulted(default, cause));
        }
        self.remove(rule.place());
        match cause {
            Cause::Empty => Found::Absent { removed: None },
            Cause::Failed(skip) => Found::Absent { removed: Some(skip) },
        }
    }

    /// Sets a valid value in the place of one that has so many bytes. One that has more may be too much, and the old
    /// one can't stay.
    fn repair(&mut self, rule: &'r KeyRule, bytes: usize, value: Text) -> Found {
        let size = self.size_with(rule.place(), &value);
        if value.len() > bytes && !size.fits_etcd() {
            self.remove(rule.place());
            return Found::Absent { removed: Some(too_large(self.task.shape())) };
        }
        self.set(rule.place(), value.clone(), size);
        Found::Settled(KeyOutcome::Repaired(value))
    }

    /// Annotations that arrive over the total would get the Task refused: those that the Kelos field
    /// declares go, the largest first.
    fn shed_annotations(&mut self, found: &mut [Found]) {
        if self.size.annotations_fit() {
            return;
        }
        let rules = self.rules;
        let mut by_size: Vec<(usize, usize)> = (rules.keys.iter().enumerate())
            .filter(|(_, rule)| {
                rule.kind == Kind::Annotation && rule.in_field && !rule.is_protected()
            })
            .filter_map(|(index, rule)| {
                let value = self.changes.get(self.task, rule.kind, rule.key())?;
                Some((rule.key().len() + value.len(), index))
            })
            .collect();
        by_size.sort_by_key(|(size, index)| (Reverse(*size), *index));
        for (_, index) in by_size {
            if self.size.annotations_fit() {
                break;
            }
            self.remove(rules.keys[index].place());
            found[index] = Found::Absent { removed: Some(too_large(self.task.shape())) };
        }
    }

    /// Writes what the template gave. Why the key was removed, if it was there, tells its team
    /// more than why the template can't replace it.
    fn fill(&mut self, rule: &'r KeyRule, ours: Candidate, removed: Option<Skip>) -> KeyOutcome {
        let Offer { value, defaulted } = match ours {
            Ok(offer) => offer,
            Err(skip) => return KeyOutcome::Skipped(removed.unwrap_or(skip)),
        };
        // What stood there is removed by now.
        let size = self.size.with(rule.place(), &value);
        if !self.set_if_it_fits(rule.place(), &value, size) {
            return KeyOutcome::Skipped(removed.unwrap_or_else(|| too_large(self.task.shape())));
        }
        match (defaulted, removed) {
            (Some(cause), removed) => {
                let of_removed = removed.map(Cause::Failed).filter(has_stand_in);
                KeyOutcome::Defaulted(value, of_removed.unwrap_or(cause))
            }
            (None, Some(_)) => KeyOutcome::Repaired(value),
            (None, None) => KeyOutcome::Applied(value),
        }
    }

    /// Sets a key if the API server and etcd still take the Task, which has this size with it; says
    /// whether.
    fn set_if_it_fits(&mut self, place: Place<'r>, value: &Text, size: Size) -> bool {
        let fits = match place.kind {
            Kind::Label | Kind::PodLabel | Kind::NodeSelector => size.fits_etcd(),
            Kind::Annotation => size.fits_etcd() && size.annotations_fit(),
        };
        if fits {
            self.set(place, value.clone(), size);
        }
        fits
    }

    fn set(&mut self, place: Place<'r>, value: Text, size: Size) {
        self.changes.set(place, value);
        self.size = size;
    }

    fn remove(&mut self, place: Place<'r>) {
        self.size = self.size_without(place);
        self.changes.remove(place);
    }

    fn size_with(&self, place: Place<'_>, value: &str) -> Size {
        self.size_without(place).with(place, value)
    }

    fn size_without(&self, place: Place<'_>) -> Size {
        match self.changes.get(self.task, place.kind, place.key) {
            Some(value) => self.size.without(place, value),
            None => self.size,
        }
    }

    /// Sets the marks, once in the life of a Task, if there is room and something to tell.
    fn mark(&mut self, outcomes: &[KeyDecision<'_>]) {
        let Some(mark) = self.kept_mark.take() else { return };
        let is_news = |it: &KeyDecision<'_>| it.news_skip().or(it.news_default()).is_some();
        let news = outcomes.iter().any(is_news);
        if !news && self.changes.is_empty(self.task) {
            return;
        }
        self.changes.set(RENDERED_FROM, mark);
        let skipped = skipped_list(outcomes, SKIPPED_MARK_BYTES);
        let defaulted = defaulted_list(outcomes, DEFAULTED_MARK_BYTES);
        for (place, list) in [(SKIPPED, skipped), (DEFAULTED, defaulted)] {
            if !list.is_empty() {
                let list = Text::from(list);
                self.set_if_it_fits(place, &list, self.size_with(place, &list));
            }
        }
    }
}

/// A valid value stays. It is worth a word only if the template would have given another one; what
/// the Kelos field declares, Kelos itself has rendered.
fn keep(shape: Shape, rule: &KeyRule, value: &str, ours: &Candidate) -> KeyOutcome {
    if rule.declared_in == DeclaredIn::KelosField || is_offered(ours, value) {
        KeyOutcome::Kept
    } else {
        KeyOutcome::Skipped(existing(shape))
    }
}

/// Whether a value that others wrote has to go: a TaskSpawner may say what its Tasks have of a key.
fn binds_others(rule: &KeyRule, value: &str, reason: Reason) -> bool {
    let own = rule.own_allowed();
    own.is_some_and(|own| reason != Reason::NotAllowed || !own.contains(value))
}

fn no_value() -> Skip {
    let message = "it holds `<no value>`, which Kelos writes where a variable is not there";
    Skip::new(Reason::MissingVariable, message)
}

fn blank() -> Skip {
    Skip::new(Reason::InvalidValue, "Kelos wrote nothing but white space")
}

fn too_large(shape: Shape) -> Skip {
    let message = format!(
        "the {shape} would grow too large: it may have 256 KiB of annotations, and 1.4 MiB in all"
    );
    Skip::new(Reason::TooLarge, message)
}

fn existing(shape: Shape) -> Skip {
    Skip::new(Reason::Existing, format!("the {shape} has a value of its own for it"))
}
