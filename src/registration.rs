//! Registration: which webhooks of a configuration are ours, and whether the API server asks one about a Task.
//!
//! The API server asks a webhook if one of its rules, both selectors and all match conditions hold. This is judged
//! as it does it, for the creation of a Task. What can't be known (labels that nobody could read, a condition that
//! is not ours) makes the judgement uncertain, never wrong.

mod condition;
mod fault;
mod judged;
mod policy;
mod selector;

use serde::Deserialize;
use serde_json::Value;

use self::condition::MatchCondition;
use self::fault::Astray;
pub use self::fault::Faults;
use self::judged::Judged;
pub use self::policy::AdmissionPolicy;
pub use self::selector::{Requirement, Selector, Verdict};
use crate::certs::OurWebhook;
use crate::engine::kelos::{Shape, StringMap};
use crate::words::words;

/// How long the API server waits for a webhook that does not say, in seconds.
const DEFAULT_TIMEOUT_SECONDS: u64 = 10;

/// The port of a Service that is called, where none is named.
const DEFAULT_PORT: u64 = 443;

/// The label that Helm's charts put on what they make, and how its value begins where the chart is ours.
const CHART_LABEL: &str = "helm.sh/chart";
const CHART: &str = "kelos-metadata-";

/// A MutatingWebhookConfiguration or a ValidatingWebhookConfiguration, as far as it matters.
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
    labels: Option<StringMap>,
}

/// A webhook of a configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Webhook {
    name: String,
    client_config: ClientConfig,
    rules: Option<Vec<Rule>>,
    match_policy: Option<String>,
    namespace_selector: Option<Selector>,
    object_selector: Option<Selector>,
    match_conditions: Option<Vec<MatchCondition>>,
    failure_policy: Option<String>,
    timeout_seconds: Option<u64>,
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
    port: Option<u64>,
}

impl Service {
    /// The port of it that is called.
    pub fn port(&self) -> u64 {
        self.port.unwrap_or(DEFAULT_PORT)
    }
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
        /// It asks where we don't answer.
        Astray = "astray",
        /// That can't be told.
        Unknown = "unknown",
    }
}

/// The webhook of ours that is asked about what has this shape.
pub fn webhook_of(shape: Shape) -> OurWebhook {
    match shape {
        Shape::Task => OurWebhook::Task,
        Shape::Session => OurWebhook::Session,
    }
}

/// A Task or Session, and what is known of its Namespace.
#[derive(Clone, Copy, Debug)]
pub struct NewTask<'a> {
    /// Which of the two.
    pub shape: Shape,
    /// The object.
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
    /// Whether it is not, and that for a switch alone, by which its selectors go.
    pub is_of_switch: bool,
    /// What to do about it, if one command is enough.
    pub hint: Option<String>,
    /// What becomes of a Task about which nobody answers: `Ignore` or `Fail`.
    pub failure_policy: String,
    /// The caBundle, in Base64.
    pub ca_bundle: String,
    /// The Service, if it is called through one.
    pub service: Option<Service>,
}

impl Configuration {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whether the chart has made it, so that Helm writes it again.
    pub fn is_of_chart(&self) -> bool {
        let label = self.metadata.labels.as_ref().and_then(|it| it.get(CHART_LABEL));
        label.is_some_and(|it| it.starts_with(CHART))
    }

    /// The webhooks in it that are this one of ours: by their names, or else by the path under which we answer.
    pub fn ours(&self, ours: OurWebhook) -> impl Iterator<Item = &Webhook> {
        self.webhooks.iter().flatten().filter(move |it| it.is(ours))
    }

    /// The webhooks of others in it that may be asked about new Tasks, as of a MutatingWebhookConfiguration.
    pub fn others(&self, shape: Shape) -> impl Iterator<Item = &Webhook> {
        let ours = webhook_of(shape);
        self.webhooks.iter().flatten().filter(move |it| !it.is(ours) && it.asks_about(ours))
    }

    /// The webhooks of ours in it, judged; it is a MutatingWebhookConfiguration.
    pub fn judge<'c>(&'c self, task: NewTask<'c>) -> impl Iterator<Item = Registration> + 'c {
        let ours = self.ours(webhook_of(task.shape));
        ours.map(move |webhook| webhook.judge(&self.metadata.name, task))
    }
}

impl Webhook {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The caBundle, in Base64; empty where there is none.
    pub fn ca_bundle(&self) -> &str {
        self.client_config.ca_bundle.as_deref().unwrap_or_default()
    }

    /// The Service that is called, unless it is a URL.
    pub fn service(&self) -> Option<&Service> {
        self.client_config.service.as_ref()
    }

    /// The URL that is called, unless it is a Service.
    pub fn url(&self) -> Option<&str> {
        self.client_config.url.as_deref()
    }

    /// What becomes of a request that nobody answers: `Ignore` or `Fail`.
    pub fn failure_policy(&self) -> &str {
        self.failure_policy.as_deref().unwrap_or("Fail")
    }

    /// How long the API server waits for an answer, in seconds.
    pub fn timeout_seconds(&self) -> u64 {
        self.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS)
    }

    /// Which Namespaces it is asked about; nothing for all.
    pub fn namespace_selector(&self) -> Option<&Selector> {
        self.namespace_selector.as_ref()
    }

    /// Which objects it is asked about; nothing for all.
    pub fn object_selector(&self) -> Option<&Selector> {
        self.object_selector.as_ref()
    }

    /// Whether one of its rules is for what webhooks of ours of this kind are asked about.
    pub fn asks_about(&self, ours: OurWebhook) -> bool {
        self.rules.iter().flatten().any(|rule| rule.is_for(ours))
    }

    fn is(&self, webhook: OurWebhook) -> bool {
        let path = self.service().and_then(|it| it.path.as_deref());
        webhook.as_str() == self.name
            || path == Some(webhook.path())
            || self.url().is_some_and(|url| url.ends_with(webhook.path()))
    }

    /// Whether the API server asks it about a Task, as one of this configuration, where we answer.
    pub fn judge(&self, configuration: &str, task: NewTask<'_>) -> Registration {
        let mut judged = Judged::default();
        judged.rules(self, task);
        judged.namespace(self.namespace_selector.as_ref(), task);
        judged.object(self.object_selector.as_ref(), task);
        judged.conditions(self.match_conditions.as_deref().unwrap_or_default(), task);
        let Judged { mut refusals, mut unknown, of_switch, hint } = judged;
        let (is_asked, mut is_astray) = (refusals.is_empty(), false);
        match self.astray(webhook_of(task.shape)) {
            Some(Astray::Surely(text)) => {
                is_astray = true;
                refusals.push(format!("{}it {text}", if is_asked { "" } else { "besides, " }));
            }
            Some(Astray::Perhaps(text)) => unknown.push(format!("it {text}")),
            None => {}
        }
        let (asks, because) = match (is_asked, is_astray, unknown.is_empty()) {
            (false, ..) => (Asks::No, refusals),
            (true, true, true) => (Asks::Astray, refusals),
            (true, true, false) => {
                let nobody =
                    refusals.iter().map(|it| format!("and if it asks, nobody answers: {it}"));
                unknown.extend(nobody);
                (Asks::Unknown, unknown)
            }
            (true, false, false) => (Asks::Unknown, unknown),
            (true, false, true) => (Asks::Yes, Vec::new()),
        };
        let is_of_switch = of_switch > 0 && of_switch == because.len();
        Registration {
            configuration: configuration.to_owned(),
            webhook: self.name.clone(),
            asks,
            because,
            is_of_switch,
            hint: hint.filter(|_| is_of_switch),
            failure_policy: self.failure_policy().to_owned(),
            ca_bundle: self.ca_bundle().to_owned(),
            service: self.service().cloned(),
        }
    }
}

/// The webhook of these that decides: one that refuses every Task, whatever stands beside it; one that is asked, or else one
/// of which that can't be told.
pub fn deciding(judged: &[Registration]) -> Option<&Registration> {
    let best = |asks: Asks| judged.iter().find(|it| it.asks == asks);
    let refuses = |it: &&Registration| it.asks == Asks::Astray && it.failure_policy != "Ignore";
    let refusing = judged.iter().find(refuses);
    refusing.or(best(Asks::Yes)).or(best(Asks::Unknown)).or(best(Asks::Astray)).or(judged.first())
}

impl Rule {
    fn is_for(&self, ours: OurWebhook) -> bool {
        self.lacks(ours).is_empty()
    }
}

/// Whether a list of a rule has a word, or all.
fn has(list: &[String], word: &str) -> bool {
    list.iter().any(|it| it == "*" || it == word)
}

#[cfg(test)]
mod tests;
