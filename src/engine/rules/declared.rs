//! What a TaskSpawner says of each key, in its rules annotations and in the Kelos field.

use std::collections::{BTreeMap, BTreeSet};

use super::annotation::{self, Entries, Entry, Unreadable};
use super::{BrokenAnnotation, Policy, Problem, weight};
use crate::apimachinery::Kind;
use crate::engine::kelos::{
    Beyond, KeyList, MAP_BYTES, MOST_KEYS, TaskSpawner, is_ours, rules_annotation,
};
use crate::engine::reason::Reason;
use crate::engine::skip::Skip;
use crate::templates::purse::Purse;

/// What to do about too many keys, of an annotation or of the Kelos field.
pub(super) const FEWER_KEYS: &str = "have fewer, or make two spawners of this one";

/// What is said of one key.
#[derive(Default)]
pub(super) struct Declared<'s> {
    /// The entry of a rules annotation, or of the defaults while those are read.
    pub(super) annotation: Option<Result<Entry, Skip>>,
    /// The template of the Kelos field.
    pub(super) field: Option<&'s str>,
    /// The Kelos field declares it behind its limits.
    pub(super) is_beyond: bool,
}

impl Declared<'_> {
    /// What the defaults of the cluster say.
    pub(super) fn of_defaults(entry: Entry) -> Self {
        Declared { annotation: Some(Ok(entry)), ..Declared::default() }
    }
}

/// What is said of all keys.
#[derive(Default)]
pub(super) struct Declarations<'s> {
    pub(super) keys: BTreeMap<(Kind, Box<str>), Declared<'s>>,
    /// The rules annotations that are not known, or not to their end.
    pub(super) broken_annotations: Vec<BrokenAnnotation>,
    /// What else is to be told.
    pub(super) problems: Vec<Problem>,
    /// The keys of the Kelos field that no rule is about, but those that are not ours.
    pub(super) beyond: Beyond,
}

impl<'s> Declarations<'s> {
    /// Collects what a TaskSpawner says. What it takes stays taken off the purse.
    pub(super) fn collect(
        spawner: &'s TaskSpawner,
        policy: &Policy,
        purse: &mut Purse,
    ) -> Declarations<'s> {
        let mut all = Declarations::default();
        if let Some(field) = &spawner.spec.task_template.metadata {
            for (kind, map) in
                [(Kind::Label, &field.labels), (Kind::Annotation, &field.annotations)]
            {
                for (key, template) in map {
                    all.said(kind, key).field = Some(template);
                }
                all.tell_beyond(kind, &field.beyond);
            }
        }
        for kind in Kind::ALL {
            let name = rules_annotation(kind);
            let read = match spawner.metadata.too_long(name) {
                Some(too_long) => Err(too_many_bytes(too_long.bytes)),
                None => match spawner.metadata.annotations.get(name) {
                    Some(text) => read_annotation(text, purse),
                    None => continue,
                },
            };
            let told = match read {
                Ok((text, entries)) => all.annotation(kind, text, entries, purse),
                Err(error) => Some(error),
            };
            all.broken_annotations.extend(told.map(|error| BrokenAnnotation { kind, name, error }));
        }
        let left_out = all.take_room(purse);
        all.keep_beyond(spawner, policy, left_out, purse);
        all
    }

    fn said(&mut self, kind: Kind, key: &str) -> &mut Declared<'s> {
        self.keys.entry((kind, key.into())).or_default()
    }

    /// Takes the entries of a rules annotation as far as its limit goes, and those that guard a key of the Kelos
    /// field; says what is to be told about the others.
    fn annotation(
        &mut self,
        kind: Kind,
        text: &str,
        entries: Entries,
        purse: &mut Purse,
    ) -> Option<Skip> {
        let (keys, mut first) = (entries.len(), None);
        for (count, (key, entry)) in entries.into_iter().enumerate() {
            if count >= MOST_KEYS && !self.keys.contains_key(&(kind, (*key).into())) {
                first.get_or_insert(key);
                continue;
            }
            let entry = entry.map_err(|error| error.within(text, purse));
            self.said(kind, &key).annotation = Some(entry);
        }
        let first = first?;
        let message = format!(
            "{keys} keys, more than {MOST_KEYS}: those from `{}` on are not rendered",
            annotation::shown(&first)
        );
        Some(Skip::new(Reason::LimitExceeded, message).hint(FEWER_KEYS))
    }

    fn tell_beyond(&mut self, kind: Kind, beyond: &Beyond) {
        let Some(keys) = beyond.of(kind) else { return };
        let Some(first) = keys.iter().next() else { return };
        let (count, is_cut) = (keys.len(), beyond.is_cut(kind));
        let more = if is_cut { " or more" } else { "" };
        let risk = if is_cut { ", and a bad one may have the Task refused" } else { "" };
        let message = format!(
            "{count}{more} keys of `spec.taskTemplate.metadata`, from this one on, are over the limit of \
             {MOST_KEYS} keys and 64 KiB: they stay as Kelos renders them{risk}"
        );
        let error = Skip::new(Reason::LimitExceeded, message).hint(FEWER_KEYS);
        self.problems.push(Problem::new(kind, &annotation::shown(first), &error));
    }

    /// Takes what the rules of the keys cost at the least. Those for which nothing is left have none;
    /// gives those of them that the Kelos field declares.
    fn take_room(&mut self, purse: &mut Purse) -> BTreeSet<(Kind, Box<str>)> {
        let mut left_out = BTreeSet::new();
        self.keys.retain(|(kind, key), said| {
            let has_room = purse.take_bytes(weight::key(key)).is_ok();
            if !has_room && said.field.is_some() {
                left_out.insert((*kind, key.clone()));
            }
            has_room
        });
        left_out
    }

    /// Keeps the keys of the Kelos field that have no rule, but those that templates have no business
    /// with. Ours are kept: none of them has any business on a Task that Kelos made.
    fn keep_beyond(
        &mut self,
        spawner: &TaskSpawner,
        policy: &Policy,
        left_out: BTreeSet<(Kind, Box<str>)>,
        purse: &mut Purse,
    ) {
        let Some(field) = &spawner.spec.task_template.metadata else { return };
        let mut keep = |kind: Kind, beyond: &KeyList| -> KeyList {
            let before = left_out.iter().filter(|(of, _)| *of == kind).map(|(_, key)| &**key);
            let keys = before.chain(beyond.iter());
            keys.filter(|key| {
                let is_free = is_ours(key) || !policy.protection.covers(kind, key);
                if policy.defaults.rule(spawner.makes, kind, key).is_some() {
                    // The Kelos field goes before the defaults, and is not rendered here.
                    self.said(kind, key);
                }
                let said = self.keys.get_mut(&(kind, (*key).into()));
                let has_rule = said.map(|said| said.is_beyond = true).is_some();
                is_free && !has_rule
            })
            .collect()
        };
        let labels = keep(Kind::Label, &field.beyond.labels);
        let annotations = keep(Kind::Annotation, &field.beyond.annotations);
        // They are kept whatever it costs: their number is bounded.
        let _ = purse.take_steps(4 * (labels.len() + annotations.len()) as u64);
        let _ = purse.take_bytes(labels.bytes() + annotations.bytes());
        self.beyond = Beyond {
            labels,
            annotations,
            labels_are_cut: field.beyond.labels_are_cut,
            annotations_are_cut: field.beyond.annotations_are_cut,
        };
    }
}

fn too_many_bytes(bytes: usize) -> Skip {
    let message = format!("it has {bytes} bytes, more than {MAP_BYTES}: none of its keys is read");
    Skip::new(Reason::LimitExceeded, message).hint(FEWER_KEYS)
}

fn read_annotation<'t>(text: &'t str, purse: &mut Purse) -> Result<(&'t str, Entries), Skip> {
    if text.len() > MAP_BYTES {
        return Err(too_many_bytes(text.len()));
    }
    match annotation::parse(text, purse) {
        Ok(entries) => Ok((text, entries)),
        Err(Unreadable::Wrong(error)) => Err(error.within(text, purse)),
        Err(Unreadable::Exhausted(exhausted)) => Err(exhausted.into()),
    }
}
