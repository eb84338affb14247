//! The marks of a Task that is written again, about the keys that it then has.

use crate::apimachinery::Kind;
use crate::engine::decision::{Decision, Item, KeyDecision, listed};
use crate::engine::kelos::{DEFAULTED_MARK, RENDERED_FROM_MARK, SKIPPED_MARK, Task};
use crate::engine::mark::{Told, ToldAs, ToldKey, told};
use crate::engine::merge::{DEFAULTED_MARK_BYTES, SKIPPED_MARK_BYTES};
use crate::engine::patch::{Operation, Path};
use crate::engine::skip::Skip;

/// What the marks of a Task are to say.
#[derive(Debug, Default)]
pub struct Marks {
    /// Which rules it was rendered from; nothing where there is nothing to say.
    rendered_from: Option<String>,
    /// The same as the Task says it now.
    had: Option<String>,
    /// The other marks that there is no room for.
    without_room: Vec<ToldAs>,
    keys: Vec<MarkedKey>,
}

/// What is told of a key.
#[derive(Debug)]
struct MarkedKey {
    kind: Kind,
    key: String,
    /// If it becomes what was decided.
    decided: Option<ToldKey>,
    /// If it stays.
    had: Option<ToldKey>,
}

impl Marks {
    pub(super) fn of(stored: &Task<'_>, decision: &Decision<'_>) -> Marks {
        let had = told(stored);
        let keys = decision.keys.iter().map(|it| MarkedKey {
            kind: it.kind,
            key: it.key.to_owned(),
            decided: decided(it),
            had: still_true(stored, &had, it).cloned(),
        });
        let keys: Vec<MarkedKey> = keys.collect();
        let lacks_room = |told_as: &ToldAs| {
            let is_told =
                |it: &MarkedKey| it.decided.as_ref().is_some_and(|it| it.told_as == *told_as);
            keys.iter().any(is_told) && written(decision, mark_of(*told_as)).is_none()
        };
        Marks {
            rendered_from: written(decision, RENDERED_FROM_MARK),
            had: had.rendered_from,
            without_room: ToldAs::ALL.into_iter().filter(lacks_room).collect(),
            keys,
        }
    }

    /// The marks of the Task once it is written; none of a mark that it is to lose. Of a key that stays as it is they
    /// say what they said, as far as that is true, and not what was decided about it. `has_more` says that the Task
    /// keeps other keys of ours: then it stays marked.
    pub fn written(
        &self,
        stays: impl Fn(Kind, &str) -> bool,
        has_more: bool,
    ) -> [(&'static str, Option<String>); 3] {
        let had = || self.had.clone().filter(|_| has_more);
        let rendered_from = self.rendered_from.clone().or_else(had);
        let list = |told_as: ToldAs, limit: usize| {
            let keys = self.keys.iter();
            let told = keys.filter_map(|it| match stays(it.kind, &it.key) {
                true => it.had.as_ref(),
                false => it.decided.as_ref(),
            });
            let list = listed(told.filter(|it| it.told_as == told_as).map(item), limit);
            let has_room = rendered_from.is_some() && !self.without_room.contains(&told_as);
            Some(list).filter(|list| !list.is_empty() && has_room)
        };
        let skipped = list(ToldAs::Skipped, SKIPPED_MARK_BYTES);
        let defaulted = list(ToldAs::Defaulted, DEFAULTED_MARK_BYTES);
        [
            (RENDERED_FROM_MARK, rendered_from.clone()),
            (SKIPPED_MARK, skipped),
            (DEFAULTED_MARK, defaulted),
        ]
    }
}

const fn mark_of(told_as: ToldAs) -> &'static str {
    match told_as {
        ToldAs::Skipped => SKIPPED_MARK,
        ToldAs::Defaulted => DEFAULTED_MARK,
    }
}

fn item(told: &ToldKey) -> Item<'_> {
    (told.kind, &told.key, &told.reason, told.variable.as_deref())
}

fn decided(decision: &KeyDecision<'_>) -> Option<ToldKey> {
    let told_as = |told_as: ToldAs, skip: &Skip| ToldKey {
        told_as,
        kind: decision.kind,
        key: decision.key.to_owned(),
        reason: skip.reason.as_str().to_owned(),
        variable: skip.variable.as_deref().map(str::to_owned),
    };
    let skipped = decision.news_skip().map(|skip| told_as(ToldAs::Skipped, skip));
    skipped.or_else(|| decision.news_default().map(|skip| told_as(ToldAs::Defaulted, skip)))
}

/// What the Task says of a key, unless what it has says otherwise.
fn still_true<'t>(stored: &Task<'_>, had: &'t Told, key: &KeyDecision<'_>) -> Option<&'t ToldKey> {
    let told = had.of(key.kind, key.key)?;
    let has_value = stored.get(key.kind, key.key).is_some();
    (has_value == (told.told_as == ToldAs::Defaulted)).then_some(told)
}

/// What a decision writes into an annotation.
fn written(decision: &Decision<'_>, annotation: &str) -> Option<String> {
    decision.operations.iter().find_map(|operation| match operation {
        Operation::Add(Path::Key(_, place), Some(value))
        | Operation::Replace(Path::Key(_, place), value)
            if (place.kind, place.key) == (Kind::Annotation, annotation) =>
        {
            Some(value.to_string())
        }
        _ => None,
    })
}
