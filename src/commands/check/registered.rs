//! What is registered with the API server, found by what it is and not by the name of its configuration.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::asking::Asking;
use super::{Report, Topic, full_name};
use crate::certs::ConfigurationKind;
use crate::engine::kelos::GROUP;
use crate::registration::{Configuration, Webhook};

/// The longest timeout that is good: so long a Task waits where the webhook hangs.
const LONGEST_TIMEOUT_SECONDS: u64 = 10;

/// A webhook of ours, as it is registered.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) kind: ConfigurationKind,
    pub(super) configuration: String,
    pub(super) webhook: Webhook,
    /// The PEM of the caBundle.
    pub(super) bundle: Vec<u8>,
    pub(super) target: Target,
}

/// Where the API server calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A Service.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The port of it.
        port: u64,
    },
    /// A URL, which may be of any network.
    Url(String),
}

impl Target {
    /// The name that the certificate has to have.
    pub(super) fn server_name(&self) -> String {
        match self {
            Target::Service { namespace, name, .. } => format!("{name}.{namespace}.svc"),
            Target::Url(url) => {
                let parsed = url::Url::parse(url).ok();
                let host = parsed.as_ref().and_then(url::Url::host_str).unwrap_or_default();
                host.trim_matches(['[', ']']).to_owned()
            }
        }
    }
}

impl Registered {
    /// What it is called in the report.
    pub(super) fn title(&self) -> String {
        format!("{} in {}/{}", self.webhook.name(), self.kind, self.configuration)
    }

    fn of(kind: ConfigurationKind, configuration: &str, webhook: &Webhook) -> Registered {
        let target = match (webhook.service(), webhook.url()) {
            (Some(service), _) => Target::Service {
                namespace: service.namespace.clone(),
                name: service.name.clone(),
                port: service.port(),
            },
            (None, url) => Target::Url(url.unwrap_or_default().to_owned()),
        };
        Registered {
            kind,
            configuration: configuration.to_owned(),
            webhook: webhook.clone(),
            bundle: BASE64.decode(webhook.ca_bundle()).unwrap_or_default(),
            target,
        }
    }

    fn judge(&self, report: &mut Report) {
        let (title, webhook) = (self.title(), &self.webhook);
        let again = "install the chart again: `helm upgrade` writes it as it should be";
        if !webhook.asks_about(self.kind) {
            let (operation, plural) = self.kind.asked_about();
            let text = format!(
                "{title} has no rule for {operation} of {plural}.{GROUP}: the API server never asks"
            );
            report.bad(Topic::Registration, text, again);
        } else if webhook.failure_policy() != "Ignore" {
            let text = format!(
                "{title} has failurePolicy {}: what it is asked about is refused while no Pod of ours answers",
                webhook.failure_policy()
            );
            report.bad(Topic::Registration, text, again);
        } else if webhook.timeout_seconds() > LONGEST_TIMEOUT_SECONDS {
            let text = format!(
                "{title} has timeoutSeconds {}: whoever creates waits so long where our Pods hang",
                webhook.timeout_seconds()
            );
            report.bad(Topic::Registration, text, again);
        } else {
            let seconds = webhook.timeout_seconds();
            let text = format!("{title}, failurePolicy Ignore, timeoutSeconds {seconds}");
            report.good(Topic::Registration, text);
        }
    }
}

#[cfg(test)]
impl Registered {
    /// What Tasks are answered by, as the chart registers it.
    pub(super) fn chart() -> Registered {
        let selector = serde_json::json!({"matchExpressions": [
            {"key": "metadata.kelos.dev/injection", "operator": "NotIn", "values": ["disabled"]}]});
        let webhook = serde_json::json!({
            "name": "mtask.metadata.kelos.dev",
            "clientConfig": {"service": {"namespace": "kelos-system", "name": "kelos-metadata"}},
            "rules": [{"apiGroups": [GROUP], "apiVersions": ["*"], "resources": ["tasks"], "operations": ["CREATE"]}],
            "namespaceSelector": selector,
        });
        let webhook: Webhook = serde_json::from_value(webhook).unwrap();
        Registered::of(ConfigurationKind::Mutating, "kelos-metadata", &webhook)
    }
}

/// Finds what is registered and judges it; nothing if Tasks can't be answered at all, or nobody may say.
pub(super) async fn find(asking: &Asking, report: &mut Report) -> Option<Vec<Registered>> {
    let (mut found, mut knows_mutating) = (Vec::new(), true);
    for kind in ConfigurationKind::ALL {
        let all = asking.list(&kind.resource(), None, None).await;
        match all.and_then(|all| read(kind, all)) {
            Ok(ours) => found.extend(ours),
            Err(why) => {
                report.refused(Topic::Registration, &format!("each {kind}"), &why);
                knows_mutating &= kind != ConfigurationKind::Mutating;
            }
        }
    }
    for one in &found {
        one.judge(report);
    }
    let of = |kind| found.iter().filter(|it| it.kind == kind).collect::<Vec<_>>();
    match &of(ConfigurationKind::Mutating)[..] {
        [] if !knows_mutating => return None,
        [] => {
            let text = "no MutatingWebhookConfiguration registers kelos-metadata: Tasks are created as they are";
            report.bad(Topic::Registration, text, "install the chart: docs/install.md");
            return None;
        }
        [_] => {}
        several => {
            let titles: Vec<String> = several.iter().map(|it| it.title()).collect();
            let text = format!("Tasks are answered {} times: {}", several.len(), titles.join(", "));
            report.bad(Topic::Registration, text, "delete the one that nobody installed");
        }
    }
    Some(found)
}

/// The webhooks of ours in these configurations, or that they are not to be read.
fn read(kind: ConfigurationKind, all: Vec<Value>) -> Result<Vec<Registered>, String> {
    let mut found = Vec::new();
    for configuration in all {
        let configuration: Configuration = serde_json::from_value(configuration)
            .map_err(|_| format!("one of them has not the fields of a {kind}"))?;
        let ours = configuration.ours(kind);
        found.extend(ours.map(|webhook| Registered::of(kind, configuration.name(), webhook)));
    }
    Ok(found)
}

impl Target {
    /// What it is called in the report.
    pub(super) fn title(&self) -> String {
        match self {
            Target::Service { namespace, name, .. } => {
                format!("Service {}", full_name(namespace, name))
            }
            Target::Url(url) => url.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::scripted::{ScriptedResponse as Scripted, status, versions};

    fn webhook(change: impl FnOnce(&mut Value)) -> Value {
        let mut webhook = json!({
            "name": "mtask.metadata.kelos.dev",
            "clientConfig": {
                "service": {"namespace": "ns", "name": "n", "path": "/mutate-task", "port": 443},
                "caBundle": "eA==",
            },
            "rules": [{"apiGroups": ["kelos.dev"], "resources": ["tasks"], "operations": ["CREATE"]}],
            "failurePolicy": "Ignore",
            "timeoutSeconds": 3,
        });
        change(&mut webhook);
        webhook
    }

    fn found(webhook: Value) -> Vec<Registered> {
        let configuration = json!({"metadata": {"name": "c"}, "webhooks": [webhook]});
        read(ConfigurationKind::Mutating, vec![configuration]).unwrap()
    }

    fn judged(webhook: Value) -> Option<String> {
        let mut report = Report::default();
        found(webhook).first()?.judge(&mut report);
        Some(report.to_string())
    }

    #[test]
    fn ours_is_found_by_its_name_its_path_or_its_url() {
        let as_it_is = judged(webhook(|_| {})).unwrap();
        let title = "mtask.metadata.kelos.dev in MutatingWebhookConfiguration/c";
        assert!(as_it_is.starts_with(&format!("✓ registration: {title}, ")), "{as_it_is}");
        assert!(judged(webhook(|it| it["name"] = json!("renamed.example.com"))).is_some());
        let config = json!({"url": "https://h.example.com:8443/mutate-task"});
        let by_url = webhook(|it| {
            it["name"] = json!("renamed.example.com");
            it["clientConfig"] = config;
        });
        assert_eq!(found(by_url)[0].target.server_name(), "h.example.com");
        let other = webhook(|it| {
            it["name"] = json!("other.example.com");
            it["clientConfig"]["service"]["path"] = json!("/other");
        });
        assert_eq!(judged(other), None);
        let found = &found(webhook(|_| {}))[0];
        assert_eq!((&*found.bundle, &*found.target.server_name()), (&b"x"[..], "n.ns.svc"));
    }

    #[tokio::test]
    async fn that_nothing_is_registered_is_bad_whoever_may_not_see_what_judges_spawners() {
        for (refused, said) in [
            ("validating", "✗ registration: no MutatingWebhookConfiguration registers"),
            ("mutating", "? registration: each MutatingWebhookConfiguration: you lack the right"),
        ] {
            let asking = Asking::scripted(move |path| match path {
                "/apis/admissionregistration.k8s.io" => versions(&["v1"]),
                "/apis/admissionregistration.k8s.io/v1" => {
                    let names =
                        ConfigurationKind::ALL.map(|it| json!({"name": it.resource().plural}));
                    Scripted::Json(200, json!({ "resources": names }))
                }
                path if path.contains(refused) => {
                    Scripted::Json(403, status(403, "Forbidden", "no"))
                }
                _ => Scripted::Json(200, json!({"metadata": {}, "items": []})),
            });
            let mut report = Report::default();
            assert!(find(&asking, &mut report).await.is_none());
            let report = report.to_string();
            assert!(report.contains(said), "{report}");
            assert_eq!(report.contains('✗'), refused == "validating", "{report}");
        }
    }

    #[test]
    fn what_would_lose_or_delay_tasks_is_bad() {
        type Change = fn(&mut Value);
        let changes: [(Change, &str); 5] = [
            (|it| it["failurePolicy"] = json!("Fail"), "failurePolicy Fail"),
            (|it| it["timeoutSeconds"] = json!(30), "timeoutSeconds 30"),
            (|it| it["rules"][0]["operations"] = json!(["UPDATE"]), "no rule for CREATE of tasks"),
            (|it| it["rules"][0]["scope"] = json!("Cluster"), "no rule for CREATE of tasks"),
            (|it| it["failurePolicy"] = json!(null), "failurePolicy Fail"),
        ];
        for (change, said) in changes {
            let report = judged(webhook(change)).unwrap();
            assert!(report.starts_with("✗ registration: ") && report.contains(said), "{report}");
        }
        let any = judged(webhook(|it| it["rules"][0]["resources"] = json!(["*/*"]))).unwrap();
        assert!(any.starts_with('✓'), "{any}");
    }
}
