//! Label selectors, as Kubernetes has them.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::engine::kelos::StringMap;

/// The label that the API server itself gives each Namespace.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A label selector: all its requirements have to be met.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Selector {
    match_labels: Option<BTreeMap<String, String>>,
    match_expressions: Option<Vec<Requirement>>,
}

/// One of its requirements.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Requirement {
    /// The label that it is about.
    pub key: String,
    operator: String,
    values: Option<Vec<String>>,
}

/// Whether labels are selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are.
    Selects,
    /// They are not.
    Misses {
        /// What is not met.
        requirement: Requirement,
        /// The value of its key, if there is one.
        has: Option<String>,
    },
    /// They are not known.
    Unknown(Requirement),
}

impl Selector {
    /// Whether these labels are selected.
    pub fn of(&self, labels: &StringMap) -> Verdict {
        self.judge(|key| Some(labels.get(key).cloned()))
    }

    /// Whether a Namespace is; even of one whose labels nobody could read its name is known.
    pub fn of_namespace(&self, name: &str, labels: Option<&StringMap>) -> Verdict {
        self.judge(|key| match labels {
            _ if key == NAME_LABEL => Some(Some(name.to_owned())),
            labels => labels.map(|labels| labels.get(key).cloned()),
        })
    }

    /// One that is not met decides, whatever is not known of others.
    fn judge(&self, value: impl Fn(&str) -> Option<Option<String>>) -> Verdict {
        let mut unknown = None;
        for requirement in self.requirements() {
            match value(&requirement.key) {
                None => unknown = unknown.or(Some(requirement)),
                Some(has) => match requirement.is_met(has.as_deref()) {
                    Some(true) => {}
                    Some(false) => return Verdict::Misses { requirement, has },
                    None => unknown = unknown.or(Some(requirement)),
                },
            }
        }
        unknown.map_or(Verdict::Selects, Verdict::Unknown)
    }

    fn requirements(&self) -> impl Iterator<Item = Requirement> + '_ {
        let equal = self.match_labels.iter().flatten().map(|(key, value)| Requirement {
            key: key.clone(),
            operator: "In".to_owned(),
            values: Some(vec![value.clone()]),
        });
        equal.chain(self.match_expressions.iter().flatten().cloned())
    }
}

impl Requirement {
    /// Whether a label with this value meets it; nothing for an operator that Kubernetes does not have.
    fn is_met(&self, value: Option<&str>) -> Option<bool> {
        let is_in = || value.is_some_and(|value| self.values().iter().any(|it| it == value));
        Some(match &*self.operator {
            "In" => is_in(),
            "NotIn" => !is_in(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => return None,
        })
    }

    fn values(&self) -> &[String] {
        self.values.as_deref().unwrap_or_default()
    }

    /// A value that meets it, if it asks for one.
    pub fn a_value_that_does(&self) -> Option<&str> {
        self.values().first().map(String::as_str).filter(|_| self.operator == "In")
    }
}

impl fmt::Display for Requirement {
    /// As kubectl writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, values) = (&self.key, self.values().join(", "));
        match &*self.operator {
            "In" => write!(f, "{key} in ({values})"),
            "NotIn" => write!(f, "{key} notin ({values})"),
            "Exists" => write!(f, "{key}"),
            "DoesNotExist" => write!(f, "!{key}"),
            other => write!(f, "{key} {other} ({values})"),
        }
    }
}
