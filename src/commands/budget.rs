//! A TaskBudget: which Tasks it counts.

use serde::Deserialize;

use crate::engine::lint::BudgetSelector;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Budget {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    namespace: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    task_selector: Option<BudgetSelector>,
}

/// Its namespace, if it names one, and what it selects; nothing if it is none.
pub(super) fn read(json: &str) -> Option<(Option<String>, BudgetSelector)> {
    let Budget { metadata, spec } = serde_json::from_str(json).ok()?;
    Some((metadata.namespace, spec.task_selector.unwrap_or_default()))
}
