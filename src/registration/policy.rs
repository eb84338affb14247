//! MutatingAdmissionPolicies: they write to new objects as webhooks do, within the API server.

use serde::Deserialize;

use super::webhook_of;
use super::{Metadata, Rule};
use crate::engine::kelos::Shape;

/// A MutatingAdmissionPolicy, as far as it matters.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AdmissionPolicy {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    match_constraints: Option<Constraints>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Constraints {
    resource_rules: Option<Vec<Rule>>,
}

impl AdmissionPolicy {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whether it may be applied when what has this shape is created.
    pub fn is_for(&self, shape: Shape) -> bool {
        let rules = self.spec.match_constraints.iter().flat_map(|it| &it.resource_rules).flatten();
        rules.into_iter().any(|rule| rule.is_for(webhook_of(shape)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_is_for_tasks_if_one_of_its_rules_is() {
        let policy = |group: &str, resource: &str| -> AdmissionPolicy {
            let rule = json!({"apiGroups": [group], "apiVersions": ["*"], "resources": [resource],
                              "operations": ["CREATE", "UPDATE"]});
            serde_json::from_value(json!({
                "metadata": {"name": "p"},
                "spec": {"matchConstraints": {"resourceRules": [rule], "matchPolicy": "Equivalent"}},
            }))
            .unwrap()
        };
        for (group, resource, is_it) in [
            ("kelos.dev", "tasks", true),
            ("*", "*", true),
            ("", "pods", false),
            ("kelos.dev", "sessions", false),
        ] {
            assert_eq!(policy(group, resource).is_for(Shape::Task), is_it, "{group} {resource}");
        }
        let empty: AdmissionPolicy =
            serde_json::from_value(json!({"metadata": {"name": "p"}})).unwrap();
        assert!(!empty.is_for(Shape::Task));
    }
}
