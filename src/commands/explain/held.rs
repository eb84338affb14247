//! Keys that somebody else has on a Task, and what the rules would give in their place.

use std::collections::BTreeMap;

use serde_json::Value;

use super::holder::{Holder, holder};
use crate::apimachinery::Kind;
use crate::engine::comparison::Compared;
use crate::engine::kelos::Task;
use crate::engine::rules::{DeclaredIn, Rules};
use crate::engine::variables::Facts;
use crate::engine::{Decision, Limits, decide};

/// A key that field managers of others have.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Their names.
    pub(super) by: String,
    /// Whether one of them came to it after the Task was created.
    pub(super) is_later: bool,
    /// What the rules give a Task that comes without it.
    pub(super) rules_give: Option<String>,
    /// Whether it is what the Task has that is refused, and not what the template gives.
    pub(super) is_refused: bool,
}

/// The keys of a Task that others have, by kind and key.
pub(super) type AllHeld = BTreeMap<(Kind, String), Held>;

/// Looks for the keys that others have; `as_new` is the Task as it was before the answer, in which they stand.
pub(super) fn held(
    object: &Value,
    as_new: &Value,
    compared: &[Compared<'_, '_>],
    rules: &Rules,
    facts: &Facts<'_>,
) -> AllHeld {
    // What the Kelos field declares, Kelos sends itself.
    let is_ours = |it: &&Compared<'_, '_>| {
        let declared_in = it.decision.declared_in;
        it.has.is_some()
            && matches!(declared_in, Some(DeclaredIn::RulesAnnotation | DeclaredIn::Defaults))
    };
    let of_others = compared.iter().filter(is_ours).filter_map(|it| {
        let key = it.decision;
        match holder(object, key.kind, key.key) {
            Holder::Others { names, is_later } => Some((key, names, is_later)),
            _ => None,
        }
    });
    let of_others: Vec<_> = of_others.collect();
    if of_others.is_empty() {
        return AllHeld::new();
    }
    let mut bare = as_new.clone();
    for (key, ..) in &of_others {
        let map = if key.kind == Kind::Label { "labels" } else { "annotations" };
        let map = bare.pointer_mut(&format!("/metadata/{map}")).and_then(Value::as_object_mut);
        map.and_then(|map| map.remove(key.key));
    }
    let bare = bare.to_string();
    let Ok(task) = Task::parse_as(rules.spawner.makes, &bare) else { return AllHeld::new() };
    let decision = decide(&task, rules, facts, &Limits::default());
    let all = of_others.into_iter().map(|(key, by, is_later)| {
        let (rules_give, is_failing) = given(&decision, key.kind, key.key);
        let is_refused = !is_failing && (key.news_skip().is_some() || key.news_default().is_some());
        ((key.kind, key.key.to_owned()), Held { by, is_later, rules_give, is_refused })
    });
    all.collect()
}

/// What a key gets, and whether there is an error in what the template gives.
fn given(decision: &Decision<'_>, kind: Kind, key: &str) -> (Option<String>, bool) {
    let found = decision.keys.iter().find(|it| it.kind == kind && it.key == key);
    found.map_or((None, false), |it| {
        let is_failing = it.news_skip().is_some() || it.news_default().is_some();
        (it.written().map(str::to_owned), is_failing)
    })
}
