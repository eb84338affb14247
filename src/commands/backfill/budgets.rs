//! The labels on which TaskBudgets select: spend is counted by them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::budget;
use super::super::reach::{Reach, lacking};
use super::super::stdio::warn;
use crate::cluster::{Error, Resource, Selection};

/// The keys, by namespace; nothing where it is not known which there are.
pub(super) struct Budgets(Option<BTreeMap<String, BTreeSet<String>>>);

impl Budgets {
    /// Reads them. Where they can't be read that is told, and every label may be one of theirs.
    pub(super) async fn read(reach: &Reach, namespace: Option<&str>) -> Budgets {
        let (resource, client) = (Resource::TASK_BUDGETS, &reach.client);
        match resource.read_all(client, Selection { namespace, ..Selection::default() }).await {
            Ok(all) => Budgets::of(all.iter().map(|json| json.get())),
            Err(Error::KindNotServed) => Budgets(Some(BTreeMap::new())),
            Err(error) => {
                let why = lacking("list", &resource, namespace, &error);
                warn(format_args!("every label counts as one that a TaskBudget selects on: {why}"));
                Budgets(None)
            }
        }
    }

    fn of<'j>(all: impl Iterator<Item = &'j str>) -> Budgets {
        let mut keys = BTreeMap::<String, BTreeSet<String>>::new();
        for json in all {
            let Some((namespace, selector)) = budget::read(json) else { return Budgets(None) };
            let of_namespace = keys.entry(namespace.unwrap_or_default()).or_default();
            of_namespace.extend(selector.selected_keys().map(str::to_owned));
        }
        Budgets(Some(keys))
    }

    /// None at all.
    #[cfg(test)]
    pub(super) fn none() -> Budgets {
        Budgets(Some(BTreeMap::new()))
    }

    /// Whether one of the namespace selects on this label, as far as is known.
    pub(super) fn select(&self, namespace: &str, key: &str) -> bool {
        let Budgets(Some(all)) = self else { return true };
        all.get(namespace).is_some_and(|keys| keys.contains(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_selects_on_each_key_of_its_selector_in_its_namespace() {
        let budget = r#"{"metadata": {"namespace": "a"}, "spec": {"taskSelector": {
            "matchLabels": {"team": "x"}, "matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}}}"#;
        let budgets =
            Budgets::of([budget, r#"{"metadata": {"namespace": "b"}, "spec": {}}"#].into_iter());
        for (namespace, key, selected) in [
            ("a", "team", true),
            ("a", "tier", true),
            ("a", "x", false),
            ("b", "team", false),
            ("c", "team", false),
        ] {
            assert_eq!(budgets.select(namespace, key), selected, "{namespace} {key}");
        }
        assert!(Budgets(None).select("a", "x"));
        assert!(
            Budgets::of(["[]", "no"].into_iter()).select("a", "x"),
            "what can't be read may select on all"
        );
    }
}
