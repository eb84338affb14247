//! Where the keys of rules annotations stand, and their templates and defaults.

use std::collections::BTreeMap;

use crate::apimachinery::Kind;
use crate::engine::kelos::rules_annotation;
use crate::engine::rules::{KeyRule, Rules};
use crate::templates::Position;

/// The places in the rules annotations of an object.
pub(super) struct Places<'r>(BTreeMap<Kind, Annotation<'r>>);

struct Annotation<'r> {
    text: &'r str,
    keys: BTreeMap<String, Position>,
}

impl<'r> Places<'r> {
    pub(super) fn of(rules: &'r Rules) -> Places<'r> {
        let of = |kind| {
            let text = rules.spawner.metadata.annotations.get(rules_annotation(kind))?;
            Some((kind, Annotation { text, keys: rules.places(kind) }))
        };
        Places(Kind::ALL.into_iter().filter_map(of).collect())
    }

    /// Where the key of a rule stands.
    pub(super) fn key(&self, rule: &KeyRule) -> Option<Position> {
        self.0.get(&rule.kind)?.keys.get(rule.key()).copied()
    }

    /// Where a byte of its template stands; where the key does, if the template is written in another way there.
    pub(super) fn template(&self, rule: &KeyRule, offset: usize) -> Option<Position> {
        let key = self.key(rule)?;
        let text = self.0.get(&rule.kind)?.text;
        let behind = key.offset + rule.key().len();
        let template = rule.source().and_then(|source| text.get(behind..)?.find(source));
        Some(template.map_or(key, |template| Position::of(text, behind + template + offset)))
    }

    /// Where its `default` stands.
    pub(super) fn default(&self, rule: &KeyRule) -> Option<Position> {
        let key = self.key(rule)?.offset;
        let text = self.0.get(&rule.kind)?.text;
        let behind = text.get(key..)?;
        let is_field = |at: usize| {
            let rest = behind.get(at + "default".len()..).unwrap_or_default();
            rest.trim_start_matches(['"', '\'', ' ']).starts_with(':')
        };
        let (at, _) = behind.match_indices("default").find(|(at, _)| is_field(*at))?;
        Some(Position::of(text, key + at))
    }
}
