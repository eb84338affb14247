//! Registration: whether the API server asks us about a Task, as a MutatingWebhookConfiguration says.
//!
//! The API server asks a webhook if one of its rules, both selectors and all match conditions hold. This is judged
//! as it does it, for the creation of a Task. What can't be known (labels that nobody could read, a condition that
//! is not ours) makes the judgement uncertain, never wrong.

mod condition;
mod selector;

use serde::Deserialize;
use serde_json::Value;

use self::condition::MatchCondition;
use self::selector::{Selector, Verdict};
use crate::certs::ConfigurationKind;
use crate::engine::kelos::{GROUP, INJECTION_SETTING, StringMap};
use crate::words::words;

/// The path under which Tasks are answered: a webhook that is registered by another name is known by it.
const PATH: &str = "/mutate-task";

/// A MutatingWebhookConfiguration, as far as it matters.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Configuration {
    #[serde(default)]
    metadata: Metadata,
    webhooks: Option<Vec<Webhook>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Webhook {
    name: String,
    client_config: ClientConfig,
    rules: Option<Vec<Rule>>,
    match_policy: Option<String>,
    namespace_selector: Option<Selector>,
    object_selector: Option<Selector>,
    match_conditions: Option<Vec<MatchCondition>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ClientConfig {
    ca_bundle: Option<String>,
    service: Option<Service>,
    url: Option<String>,
}

/// The Service that the API server calls.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    path: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    api_groups: Vec<String>,
    api_versions: Vec<String>,
    resources: Vec<String>,
    operations: Vec<String>,
    scope: Option<String>,
}

words! {
    /// Whether the API server asks.
    pub enum Asks {
        /// It does.
        Yes = "yes",
        /// It does not.
        No = "no",
        /// That can't be told.
        Unknown = "unknown",
    }
}

/// A Task, and what is known of its Namespace.
#[derive(Clone, Copy, Debug)]
pub struct NewTask<'a> {
    /// The Task.
    pub object: &'a Value,
    /// The name of its namespace.
    pub namespace: &'a str,
    /// The labels of its Namespace, if they are known.
    pub namespace_labels: Option<&'a StringMap>,
}

/// A webhook of ours, and whether the API server asks it about a Task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The MutatingWebhookConfiguration.
    pub configuration: String,
    /// The webhook in it.
    pub webhook: String,
    /// Whether it is asked.
    pub asks: Asks,
    /// Why it is not, or why that can't be told; each a sentence without a full stop.
    pub because: Vec<String>,
    /// What to do about it, if there is something.
    pub hint: Option<String>,
    /// The caBundle, in Base64.
    pub ca_bundle: String,
    /// The Service, if it is called through one.
    pub service: Option<Service>,
}

impl Configuration {
    /// The webhooks of ours in it, judged.
    pub fn judge<'c>(&'c self, task: NewTask<'c>) -> impl Iterator<Item = Registration> + 'c {
        let ours = self.webhooks.iter().flatten().filter(|it| it.is_ours());
        ours.map(move |webhook| webhook.judge(&self.metadata.name, task))
    }
}

impl Webhook {
    fn is_ours(&self) -> bool {
        let config = &self.client_config;
        let path = config.service.as_ref().and_then(|it| it.path.as_deref());
        let is_of_url = config.url.as_deref().is_some_and(|url| url.ends_with(PATH));
        ConfigurationKind::Mutating.webhooks().contains(&&*self.name)
            || path == Some(PATH)
            || is_of_url
    }

    fn judge(&self, configuration: &str, task: NewTask<'_>) -> Registration {
        let mut judged = Judged::default();
        judged.rules(self, task.object);
        judged.namespace(self.namespace_selector.as_ref(), task);
        judged.object(self.object_selector.as_ref(), task.object);
        judged.conditions(self.match_conditions.as_deref().unwrap_or_default(), task.object);
        let Judged { refusals, unknown, hint } = judged;
        let (asks, because) = match (refusals.is_empty(), unknown.is_empty()) {
            (false, _) => (Asks::No, refusals),
            (true, false) => (Asks::Unknown, unknown),
            (true, true) => (Asks::Yes, Vec::new()),
        };
        Registration {
            configuration: configuration.to_owned(),
            webhook: self.name.clone(),
            asks,
            because,
            hint: hint.filter(|_| asks == Asks::No),
            ca_bundle: self.client_config.ca_bundle.clone().unwrap_or_default(),
            service: self.client_config.service.clone(),
        }
    }
}

/// What was found on the way.
#[derive(Default)]
struct Judged {
    /// Why the API server does not ask.
    refusals: Vec<String>,
    /// What can't be told.
    unknown: Vec<String>,
    hint: Option<String>,
}

impl Judged {
    fn rules(&mut self, webhook: &Webhook, object: &Value) {
        let rules = || webhook.rules.iter().flatten().filter(|rule| rule.is_for_new_tasks());
        if rules().next().is_none() {
            self.refusals.push(format!("none of its rules is for CREATE of tasks in {GROUP}"));
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
                "its rules are for Tasks that are written as {} alone, and how this one was written is not known",
                versions.join(", ")
            ));
        }
    }

    fn namespace(&mut self, selector: Option<&Selector>, task: NewTask<'_>) {
        let Some(selector) = selector else { return };
        let name = task.namespace;
        match selector.of_namespace(name, task.namespace_labels) {
            Verdict::Selects => {}
            Verdict::Misses { requirement, has } => {
                if requirement.key == INJECTION_SETTING {
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

    fn object(&mut self, selector: Option<&Selector>, object: &Value) {
        let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
        let labels: StringMap = labels
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect();
        if let Some(Verdict::Misses { requirement, has }) = selector.map(|it| it.of(&labels)) {
            self.refusals.push(format!(
                "its objectSelector wants `{requirement}`, and the Task has {}",
                label(&requirement.key, has.as_deref())
            ));
        }
    }

    fn conditions(&mut self, conditions: &[MatchCondition], object: &Value) {
        for condition in conditions {
            match condition.holds(object) {
                Some(true) => {}
                Some(false) => self.refusals.push(format!(
                    "its matchCondition {} holds only for Tasks that name a TaskSpawner as their owner",
                    condition.name
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

impl Rule {
    fn is_for_new_tasks(&self) -> bool {
        let is_of_namespaces =
            self.scope.as_deref().is_none_or(|it| it == "*" || it == "Namespaced");
        let has_tasks = self.resources.iter().any(|it| ["tasks", "*", "*/*"].contains(&&**it));
        has(&self.api_groups, GROUP)
            && has_tasks
            && has(&self.operations, "CREATE")
            && is_of_namespaces
    }
}

/// Whether a list of a rule has a word, or all.
fn has(list: &[String], word: &str) -> bool {
    list.iter().any(|it| it == "*" || it == word)
}

#[cfg(test)]
mod tests;
