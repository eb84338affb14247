//! Labels that Kelos took for a text.
//!
//! In Kelos `.Labels` is the text `a, b`, so its own field (v0.25 and later) renders `{{index .Labels
//! 0}}` to the number of a byte: "112" for `priority/high`. That is never what was meant. Where the
//! labels are known here, and the field's template gives just what the Task has when `.Labels` is
//! Kelos's text, the value is taken for such a number, and ours replaces it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::apimachinery::Kind;
use crate::engine::rules::{KeyRule, Row, Rules};
use crate::templates::ErrorKind;
use crate::templates::budget::Budget;
use crate::templates::value::Map;

/// The variable in question.
const LABELS: &str = "Labels";

/// What a variable costs to be shared.
const VARIABLE_STEPS: u64 = 2;

/// What Kelos's own field gave for the keys that print something of `.Labels` as a text.
#[derive(Debug, Default)]
pub(in crate::engine) struct ByteNumbers<'r> {
    given: BTreeMap<(Kind, &'r str), String>,
    has_hit_limits: bool,
}

impl<'r> ByteNumbers<'r> {
    /// Finds out with these variables, at the cost of `budget`. All such keys are rendered, whatever the
    /// Task has of them: so it costs the same, and finds the same, when the Task comes a second time.
    pub(in crate::engine) fn find(
        rules: &'r Rules,
        variables: &Arc<Map>,
        budget: &mut Budget,
    ) -> ByteNumbers<'r> {
        let mut numbers = ByteNumbers::default();
        let Some(labels) = variables.get(LABELS) else { return numbers };
        let reads_labels = |rule: &&KeyRule| {
            let template = rule.plan.as_ref().ok().filter(|_| rule.row == Row::Field);
            let uses = template.and_then(|template| template.uses());
            uses.is_some_and(|uses| uses.has(LABELS))
        };
        let mut rules = rules.keys.iter().filter(reads_labels).peekable();
        if rules.peek().is_none() {
            return numbers;
        }
        if budget.take_steps(variables.len() as u64 * VARIABLE_STEPS).is_err() {
            numbers.has_hit_limits = true;
            return numbers;
        }
        let mut as_kelos_has_them = Map::clone(variables);
        as_kelos_has_them.insert(LABELS.into(), labels.as_plain());
        let as_kelos_has_them = Arc::new(as_kelos_has_them);
        for rule in rules {
            let Ok(template) = &rule.plan else { continue };
            match template.render(&as_kelos_has_them, budget) {
                Ok(given) => drop(numbers.given.insert((rule.kind, &rule.key), given)),
                Err(error) => numbers.has_hit_limits |= error.kind == ErrorKind::Limit,
            }
        }
        numbers
    }

    /// Whether a template was stopped by the budget: with a larger one there may be more to find.
    pub(in crate::engine) fn has_hit_limits(&self) -> bool {
        self.has_hit_limits
    }

    /// Whether Kelos's own field gave this value because `.Labels` is a text there.
    pub(super) fn has(&self, rule: &KeyRule, value: &str) -> bool {
        self.given.get(&(rule.kind, &*rule.key)).is_some_and(|given| given == value)
    }
}
