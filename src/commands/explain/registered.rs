//! The step from the API server to the webhook.

use serde::Serialize;
use serde_json::Value;

use super::step::{Sign, Step};
use super::world::{Registrations, World};
use crate::certs::{Trust, trust};
use crate::clock;
use crate::commands::registrations::again;
use crate::engine::kelos::Shape;
use crate::registration::{Asks, Registration, Webhook, deciding, webhook_of};

/// Whether the API server asks about the Task.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RegisteredStep {
    #[serde(flatten)]
    pub(super) step: Step,
    /// `yes`, `no`, `unknown`, or `astray`: it asks where nobody answers.
    pub(super) asks: &'static str,
    /// The MutatingWebhookConfiguration that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) configuration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) webhook: Option<String>,
    /// Whether it can trust what it asks, as far as the caBundle tells; nothing if it does not ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_trusted: Option<bool>,
    /// What becomes of Tasks, where it asks and no answer counts.
    #[serde(skip)]
    pub(super) unanswered: Option<Unanswered>,
    /// Whether it does not ask for a switch alone, by a selector.
    #[serde(skip)]
    pub(super) is_of_switch: bool,
    /// What has it ask, where it does not.
    #[serde(skip)]
    pub(super) command: Option<String>,
}

/// What becomes of a Task about which the API server asks and has no answer that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// It is created as it is.
    Created,
    /// It is refused.
    Refused,
}

impl Unanswered {
    fn of(failure_policy: &str) -> Unanswered {
        match failure_policy {
            "Ignore" => Unanswered::Created,
            _ => Unanswered::Refused,
        }
    }
}

/// That nobody is asked, and what to do.
fn unregistered(world: &World) -> (String, &'static str) {
    let others = Shape::ALL.into_iter().filter(|shape| *shape != world.shape).map(webhook_of);
    let others = others.flat_map(|other| world.webhooks(other).map(move |it| (other, it)));
    let asks = |webhook: &Webhook| webhook.asks_about(webhook_of(world.shape));
    let Some((other, webhook)) = others.max_by_key(|(_, webhook)| asks(webhook)) else {
        let text = "no MutatingWebhookConfiguration registers the webhook: the API server asks nobody about Tasks";
        return (text.to_owned(), "is kelos-metadata installed here? (docs/install.md)");
    };
    let hint = match world.shape {
        Shape::Task => "install the chart again: `helm upgrade` registers what is missing",
        Shape::Session => {
            "set `sessions.enabled` in the values of the chart, and upgrade (docs/sessions.md)"
        }
    };
    let path = other.path();
    let text = match asks(webhook) {
        true => format!("the API server asks at `{path}`, where no Task is answered"),
        false => format!(
            "only `{}` is registered: the API server asks nobody about Tasks",
            webhook.name()
        ),
    };
    (text, hint)
}

/// Judges the registrations; nothing if nobody named any.
pub(super) fn registered(world: &World, object: &Value) -> Option<RegisteredStep> {
    let bare = |step, asks: Asks| RegisteredStep {
        step,
        asks: asks.as_str(),
        configuration: None,
        webhook: None,
        is_trusted: None,
        unanswered: None,
        is_of_switch: false,
        command: None,
    };
    if matches!(world.registrations, Registrations::NotGiven) {
        return None;
    }
    let Some(all) = world.registered(object) else {
        let text = "whether the API server asks kelos-metadata about this Task is not known: the registration could not be read";
        return Some(bare(Step::new(Sign::Unknown, text), Asks::Unknown));
    };
    let Some(first) = deciding(&all) else {
        let (text, hint) = unregistered(world);
        return Some(bare(Step::new(Sign::No, text).with([hint.to_owned()]), Asks::No));
    };
    let (step, is_trusted) = match first.asks {
        Asks::Yes => trusted(first, world.has_own_certificate),
        Asks::Unknown => {
            let text = format!(
                "whether the API server asks kelos-metadata about this Task is not known: MutatingWebhookConfiguration {}: {}",
                first.configuration,
                first.because.join("; ")
            );
            (Step::new(Sign::Unknown, text), None)
        }
        Asks::Astray => {
            let what = format!("nobody answers: {}", first.because.join("; "));
            let todo = again(world.is_of_chart(&first.configuration));
            (unanswered(first, &what).with([todo.to_owned()]), None)
        }
        Asks::No => (refused(&all), None),
    };
    let is_unanswered = first.asks == Asks::Astray || is_trusted == Some(false);
    Some(RegisteredStep {
        step,
        unanswered: is_unanswered.then(|| Unanswered::of(&first.failure_policy)),
        asks: first.asks.as_str(),
        configuration: Some(first.configuration.clone()),
        webhook: Some(first.webhook.clone()),
        is_trusted,
        is_of_switch: first.is_of_switch,
        command: first.hint.clone(),
    })
}

/// That the API server asks and no answer counts, why, and what comes of it.
fn unanswered(registration: &Registration, what: &str) -> Step {
    let Registration { configuration, failure_policy, .. } = registration;
    let then = match Unanswered::of(failure_policy) {
        Unanswered::Created => "Tasks are created without an answer meanwhile",
        Unanswered::Refused => "no Task can be created meanwhile",
    };
    let then = format!(
        "{then} (failurePolicy {failure_policy}): docs/operations.md#kelosmetadatafailopen"
    );
    Step::new(Sign::No, format!("{}, and {what}", asks_about(configuration))).with([then])
}

/// That the API server asks.
fn asks_about(configuration: &str) -> String {
    format!("MutatingWebhookConfiguration {configuration} has the API server ask about this Task")
}

/// Why none of them has the API server ask.
fn refused(all: &[Registration]) -> Step {
    let why = |it: &Registration| {
        format!("MutatingWebhookConfiguration {}: {}", it.configuration, it.because.join("; "))
    };
    let (first, others) = all.split_first().map_or((None, &[][..]), |(it, rest)| (Some(it), rest));
    let text = format!(
        "the API server does not ask about this Task: {}",
        first.map(why).unwrap_or_default()
    );
    let hint = first.and_then(|it| it.hint.clone());
    let hint = hint.map(|command| format!("for the Tasks to come: `{command}`"));
    Step::new(Sign::No, text).with(others.iter().map(why)).with(hint)
}

/// Whether the caBundle can be that of the server.
fn trusted(registration: &Registration, has_own_certificate: Option<bool>) -> (Step, Option<bool>) {
    let asks = asks_about(&registration.configuration);
    let distrusted = |why: String| {
        let what = format!("then it does not trust the answer: {why}");
        (unanswered(registration, &what), Some(false))
    };
    match (trust(&registration.ca_bundle, clock::now()), has_own_certificate) {
        (Trust::Nobody, _) if registration.service.is_none() => {
            let detail = "it calls a URL and has no caBundle: the API server trusts the CAs of its own system, which can't \
                          be seen from here";
            (Step::new(Sign::Note, asks).with([detail.to_owned()]), None)
        }
        (Trust::Nobody, _) => distrusted("its caBundle is empty".to_owned()),
        (Trust::NoCertificate, _) => distrusted("its caBundle holds no certificate".to_owned()),
        (Trust::NotValidNow, _) => {
            distrusted("no certificate in its caBundle is valid now".to_owned())
        }
        (Trust::Own, Some(false)) => {
            let detail = "its caBundle is of `kelos-metadata controller`, and the Deployment serves a certificate from \
                          elsewhere";
            (Step::new(Sign::Note, asks).with([detail.to_owned()]), None)
        }
        (Trust::Own, _) => (Step::new(Sign::Ok, asks), Some(true)),
        (Trust::Others(names), Some(true)) => distrusted(format!(
            "its caBundle is of {}, and what is served is signed by a CA of `kelos-metadata controller`",
            names.join(" and ")
        )),
        (Trust::Others(_), Some(false)) => (Step::new(Sign::Ok, asks), None),
        (Trust::Others(names), None) => {
            let detail = format!(
                "its caBundle is of {}: right where you or cert-manager issue the certificate, and not where \
                 `kelos-metadata controller` does",
                names.join(" and ")
            );
            (Step::new(Sign::Note, asks).with([detail]), None)
        }
    }
}
