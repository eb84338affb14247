//! TaskBudgets: by which labels they count.

use serde::Deserialize;

use crate::engine::kelos::StringMap;

/// `spec.taskSelector` of a TaskBudget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BudgetSelector {
    /// The labels that its Tasks have.
    pub match_labels: StringMap,
    /// What else is asked of their labels.
    pub match_expressions: Vec<Expression>,
}

/// An entry of `matchExpressions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Expression {
    /// The key of the label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
}

impl BudgetSelector {
    /// The keys that a Task must have to be counted.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let asked = self.match_expressions.iter();
        let asked = asked.filter(|it| matches!(&*it.operator, "In" | "Exists"));
        self.match_labels.keys().map(|key| &**key).chain(asked.map(|it| &*it.key))
    }

    /// The keys on which it depends whether a Task is counted.
    pub fn selected_keys(&self) -> impl Iterator<Item = &str> {
        let asked = self.match_expressions.iter().map(|it| &*it.key);
        self.match_labels.keys().map(|key| &**key).chain(asked)
    }

    /// Whether it counts the Tasks that are without a key.
    pub(super) fn catches_without(&self, key: &str) -> bool {
        let mut asked = self.match_expressions.iter();
        asked.any(|it| it.key == key && matches!(&*it.operator, "DoesNotExist" | "NotIn"))
    }
}
