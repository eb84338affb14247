//! Labels that Kelos took for a text.
//!
//! In Kelos `.Labels` is the text `a, b`, so its own field (v0.25 and later) renders `{{index .Labels
//! 0}}` to the number of a byte: "112" for `priority/high`. That is never what was meant. Where the
//! labels are known here, and the field's template gives just what the Task has when `.Labels` is
//! Kelos's text, the value is taken for such a number, and ours replaces it.

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::Arc;

use crate::engine::reason::Reason;
use crate::engine::render::budget::Budget;
use crate::engine::render::value::Map;
use crate::engine::rules::{KeyRule, Row};

/// The variable in question.
const LABELS: &str = "Labels";

/// Finds values that came of `.Labels` as a text.
pub(in crate::engine) struct ByteNumbers<'v> {
    variables: &'v Arc<Map>,
    /// The variables as Kelos has them, once they are needed.
    as_kelos_has_them: OnceCell<Arc<Map>>,
    /// What finding out may cost for all keys together.
    budget: RefCell<Budget>,
    has_hit_limits: Cell<bool>,
}

impl<'v> ByteNumbers<'v> {
    /// Looks with these variables.
    pub(in crate::engine) fn new(variables: &'v Arc<Map>, budget: Budget) -> ByteNumbers<'v> {
        ByteNumbers {
            variables,
            as_kelos_has_them: OnceCell::new(),
            budget: RefCell::new(budget),
            has_hit_limits: Cell::new(false),
        }
    }

    /// Whether a template was stopped by the budget: with a larger one there may be more to find.
    pub(in crate::engine) fn has_hit_limits(&self) -> bool {
        self.has_hit_limits.get()
    }

    /// Whether Kelos's own field gave this value because `.Labels` is a text there.
    pub(super) fn has(&self, rule: &KeyRule, value: &str) -> bool {
        let (Some(labels), Row::Field, Ok(template)) =
            (self.variables.get(LABELS), rule.row, &rule.plan)
        else {
            return false;
        };
        if !template.uses().is_some_and(|uses| uses.has(LABELS)) {
            return false;
        }
        let variables = self.as_kelos_has_them.get_or_init(|| {
            let mut variables = Map::clone(self.variables);
            variables.insert(LABELS.into(), labels.as_plain());
            Arc::new(variables)
        });
        match template.render(variables, &mut self.budget.borrow_mut()) {
            Ok(given) => given == value,
            Err(error) => {
                let is_over = error.reason == Reason::LimitExceeded;
                self.has_hit_limits.set(self.has_hit_limits.get() || is_over);
                false
            }
        }
    }
}
