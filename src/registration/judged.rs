//! Why the API server does not ask a webhook about a Task or Session, or why that can't be told.

use serde_json::Value;

use super::condition::MatchCondition;
use super::{NewTask, Rule, Selector, Verdict, Webhook, has, webhook_of};
use crate::engine::kelos::{GROUP, INJECTION_SETTING, StringMap};

/// What was found on the way.
#[derive(Default)]
pub(super) struct Judged {
    /// Why the API server does not ask.
    pub(super) refusals: Vec<String>,
    /// What can't be told.
    pub(super) unknown: Vec<String>,
    /// How many of the refusals are for the switch.
    pub(super) of_switch: usize,
    pub(super) hint: Option<String>,
}

impl Judged {
    pub(super) fn rules(&mut self, webhook: &Webhook, task: NewTask<'_>) {
        let NewTask { shape, object, .. } = task;
        let is_for_it = |rule: &&Rule| rule.is_for(webhook_of(shape));
        let rules = || webhook.rules.iter().flatten().filter(is_for_it);
        if rules().next().is_none() {
            let plural = shape.plural();
            self.refusals.push(format!("none of its rules is for CREATE of {plural} in {GROUP}"));
            return;
        }
        // Without a word it is Equivalent: Tasks of other versions are converted.
        let is_exact = webhook.match_policy.as_deref() == Some("Exact");
        let api_version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        let version = api_version.rsplit('/').next().unwrap_or_default();
        if is_exact && !rules().any(|rule| has(&rule.api_versions, version)) {
            let versions: Vec<&str> =
                rules().flat_map(|rule| &rule.api_versions).map(String::as_str).collect();
            self.unknown.push(format!(
                "its rules are for {} that are written as {} alone, and how this one was written is not known",
                shape.several(),
                versions.join(", ")
            ));
        }
    }

    pub(super) fn namespace(&mut self, selector: Option<&Selector>, task: NewTask<'_>) {
        let Some(selector) = selector else { return };
        let name = task.namespace;
        match selector.of_namespace(name, task.namespace_labels) {
            Verdict::Selects => {}
            Verdict::Misses { requirement, has } => {
                if requirement.key == INJECTION_SETTING {
                    self.of_switch += 1;
                    let word = requirement.a_value_that_does();
                    let change = match word {
                        Some(word) => format!("{INJECTION_SETTING}={word}"),
                        None => format!("{INJECTION_SETTING}-"),
                    };
                    self.hint = Some(format!("kubectl label namespace {name} {change} --overwrite"));
                }
                self.refusals.push(format!(
                    "its namespaceSelector wants `{requirement}`, and Namespace {name} has {}",
                    label(&requirement.key, has.as_deref())
                ));
            }
            Verdict::Unknown(requirement) => self.unknown.push(format!(
                "its namespaceSelector wants `{requirement}`, and the labels of Namespace {name} are not known"
            )),
        }
    }

    pub(super) fn object(
        &mut self,
        selector: Option<&Selector>,
        NewTask { shape, object, .. }: NewTask<'_>,
    ) {
        let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
        let labels: StringMap = labels
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.into(), value.as_str()?.to_owned())))
            .collect();
        if let Some(Verdict::Misses { requirement, has }) = selector.map(|it| it.of(&labels)) {
            self.of_switch += usize::from(requirement.key == INJECTION_SETTING);
            self.refusals.push(format!(
                "its objectSelector wants `{requirement}`, and the {shape} has {}",
                label(&requirement.key, has.as_deref())
            ));
        }
    }

    pub(super) fn conditions(&mut self, conditions: &[MatchCondition], task: NewTask<'_>) {
        for condition in conditions {
            match condition.holds(task.object) {
                Some(true) => {}
                Some(false) => self.refusals.push(format!(
                    "its matchCondition {} holds {}",
                    condition.name,
                    condition.what_for()
                )),
                None => self.unknown.push(format!(
                    "its matchCondition {} is not the chart's, and is not judged: `{}`",
                    condition.name,
                    condition.in_one_line()
                )),
            }
        }
    }
}

fn label(key: &str, value: Option<&str>) -> String {
    value.map_or("no such label".to_owned(), |value| format!("`{key}: {value}`"))
}
