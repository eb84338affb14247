//! What is registered with the API server, found by what it is and not by the name of its configuration.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::asking::Asking;
use super::{Report, Topic, full_name};
use crate::certs::{ConfigurationKind, OurWebhook};
use crate::commands::registrations::again;
use crate::registration::{Configuration, Faults, Webhook};

/// The longest timeout that is good: so long a Task waits where the webhook hangs.
const LONGEST_TIMEOUT_SECONDS: u64 = 10;

/// A webhook of ours, as it is registered.
#[derive(Debug)]
pub(super) struct Registered {
    /// Which of ours it is.
    pub(super) ours: OurWebhook,
    pub(super) configuration: String,
    /// Whether the chart has made the configuration.
    pub(super) is_of_chart: bool,
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
    /// Whether it is a Service in this namespace.
    pub(super) fn is_in(&self, wanted: &str) -> bool {
        matches!(self, Target::Service { namespace, .. } if namespace == wanted)
    }

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
        let kind = self.ours.configuration();
        format!("{} in {kind}/{}", self.webhook.name(), self.configuration)
    }

    fn of(ours: OurWebhook, configuration: &Configuration, webhook: &Webhook) -> Registered {
        let target = match (webhook.service(), webhook.url()) {
            (Some(service), _) => Target::Service {
                namespace: service.namespace.clone(),
                name: service.name.clone(),
                port: service.port(),
            },
            (None, url) => Target::Url(url.unwrap_or_default().to_owned()),
        };
        Registered {
            ours,
            configuration: configuration.name().to_owned(),
            is_of_chart: configuration.is_of_chart(),
            webhook: webhook.clone(),
            bundle: BASE64.decode(webhook.ca_bundle()).unwrap_or_default(),
            target,
        }
    }

    /// Judges it where Kelos's kinds are served in these versions.
    fn judge(&self, served: &[String], report: &mut Report) {
        let (title, webhook) = (self.title(), &self.webhook);
        let Faults { mut wrong, unknown } = webhook.faults(self.ours, served);
        let (policy, seconds) = (webhook.failure_policy(), webhook.timeout_seconds());
        if policy != "Ignore" {
            wrong.push(format!(
                "has failurePolicy {policy}: what it is asked about is refused while no Pod of ours answers"
            ));
        }
        if seconds > LONGEST_TIMEOUT_SECONDS {
            wrong.push(format!(
                "has timeoutSeconds {seconds}: whoever creates waits so long where our Pods hang"
            ));
        }
        let all = |faults: Vec<String>| format!("{title} {}", faults.join("; it "));
        if !wrong.is_empty() {
            report.bad(Topic::Registration, all(wrong), again(self.is_of_chart));
        } else if !unknown.is_empty() {
            let hint = "compare it with what the chart registers: `helm get manifest`";
            report.not_judged(Topic::Registration, all(unknown), hint);
        } else {
            let text = format!("{title}, failurePolicy Ignore, timeoutSeconds {seconds}");
            report.good(Topic::Registration, text);
        }
    }
}

#[cfg(test)]
impl Registered {
    /// What Tasks are answered by, as the chart registers it, after a change.
    pub(super) fn chart(change: impl FnOnce(&mut Value)) -> Registered {
        let selector = serde_json::json!({"matchExpressions": [
            {"key": "metadata.kelos.dev/injection", "operator": "NotIn", "values": ["disabled"]}]});
        let mut webhook = serde_json::json!({
            "name": "mtask.metadata.kelos.dev",
            "clientConfig": {"service": {
                "namespace": "kelos-system", "name": "kelos-metadata", "path": "/mutate-task"}},
            "rules": [{"apiGroups": ["kelos.dev"], "apiVersions": ["*"], "resources": ["tasks"], "operations": ["CREATE"]}],
            "namespaceSelector": selector,
        });
        change(&mut webhook);
        let labels = serde_json::json!({"helm.sh/chart": "kelos-metadata-0.1.0"});
        let metadata = serde_json::json!({"name": "kelos-metadata", "labels": labels});
        let object = serde_json::json!({"metadata": metadata, "webhooks": [webhook]});
        read(ConfigurationKind::Mutating, vec![object]).unwrap().remove(0)
    }
}

/// The webhooks of ours that are registered.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) all: Vec<Registered>,
    /// Whether what Tasks are answered by could not be read.
    pub(super) is_unread: bool,
}

impl Found {
    /// What Tasks are answered by.
    pub(super) fn tasks(&self) -> Option<&Registered> {
        self.all.iter().find(|it| it.ours == OurWebhook::Task)
    }

    fn judge(&self, served: &[String], report: &mut Report) {
        for one in &self.all {
            one.judge(served, report);
        }
        let of_tasks = self.all.iter().filter(|it| it.ours == OurWebhook::Task);
        match &of_tasks.collect::<Vec<_>>()[..] {
            [] if self.is_unread => {}
            [] => {
                let text = "no MutatingWebhookConfiguration registers kelos-metadata: Tasks are created as they are";
                report.bad(Topic::Registration, text, "install the chart: docs/install.md");
            }
            [_] => {}
            several => {
                let titles: Vec<String> = several.iter().map(|it| it.title()).collect();
                let text =
                    format!("Tasks are answered {} times: {}", several.len(), titles.join(", "));
                report.bad(Topic::Registration, text, "delete the one that nobody installed");
            }
        }
    }
}

/// Finds what is registered and judges it, where Kelos's kinds are served in these versions.
pub(super) async fn find(asking: &Asking, served: &[String], report: &mut Report) -> Found {
    let mut found = Found::default();
    for kind in ConfigurationKind::ALL {
        let all = asking.list(&kind.resource(), None, None).await;
        match all.and_then(|all| read(kind, all)) {
            Ok(ours) => found.all.extend(ours),
            Err(why) => {
                report.refused(Topic::Registration, &format!("each {kind}"), &why);
                found.is_unread |= kind == ConfigurationKind::Mutating;
            }
        }
    }
    found.judge(served, report);
    found
}

/// The webhooks of ours in these configurations, or that they are not to be read.
fn read(kind: ConfigurationKind, all: Vec<Value>) -> Result<Vec<Registered>, String> {
    let mut found = Vec::new();
    for configuration in all {
        let configuration: Configuration = serde_json::from_value(configuration)
            .map_err(|_| format!("one of them has not the fields of a {kind}"))?;
        for ours in OurWebhook::ALL.into_iter().filter(|it| it.configuration() == kind) {
            let found_here = configuration.ours(ours);
            found.extend(found_here.map(|webhook| Registered::of(ours, &configuration, webhook)));
        }
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
            "rules": [{"apiGroups": ["kelos.dev"], "apiVersions": ["*"], "resources": ["tasks"], "operations": ["CREATE"]}],
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
        found(webhook).first()?.judge(&["v1alpha2".to_owned()], &mut report);
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
            let found = find(&asking, &[], &mut report).await;
            assert!(found.all.is_empty());
            assert_eq!(found.is_unread, refused == "mutating");
            let report = report.to_string();
            assert!(report.contains(said), "{report}");
            assert_eq!(report.contains('✗'), refused == "validating", "{report}");
        }
    }

    #[test]
    fn helm_is_named_for_what_its_chart_has_made_alone() {
        let mut said = Vec::new();
        for chart in ["kelos-metadata-0.1.0", "other-0.1.0"] {
            let metadata = json!({"name": "c", "labels": {"helm.sh/chart": chart}});
            let bad = webhook(|it| it["rules"] = json!([]));
            let object = json!({"metadata": metadata, "webhooks": [bad]});
            let mut report = Report::default();
            read(ConfigurationKind::Mutating, vec![object]).unwrap()[0].judge(&[], &mut report);
            said.push(report.to_string());
        }
        said.push(judged(webhook(|it| it["rules"] = json!([]))).unwrap());
        let named: Vec<bool> = said.iter().map(|it| it.contains("helm upgrade")).collect();
        assert_eq!(named, [true, false, false], "{said:#?}");
        assert!(said[2].contains("\n  → it is not the chart's"), "{}", said[2]);
    }

    #[test]
    fn what_would_lose_or_delay_tasks_is_bad() {
        type Change = fn(&mut Value);
        let changes: [(Change, &str); 9] = [
            (
                |it| it["clientConfig"]["service"]["path"] = json!("/mutate"),
                "MutatingWebhookConfiguration/c has path /mutate, and only /mutate-task is served",
            ),
            (
                |it| {
                    it["rules"][0]["apiVersions"] = json!(["v1alpha1"]);
                    it["matchPolicy"] = json!("Exact");
                },
                "has apiVersions [v1alpha1], and kelos.dev is served as v1alpha2: the API server never asks",
            ),
            (
                |it| it["matchConditions"] = json!([{"name": "off", "expression": "false"}]),
                "has a matchCondition off that never holds: `false`",
            ),
            (
                |it| {
                    it["objectSelector"] = json!({"matchLabels": {"team": "x"}});
                    it["failurePolicy"] = json!("Fail");
                },
                "that are otherwise; it has failurePolicy Fail: what",
            ),
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
        let condition = json!([{"name": "mine", "expression": "a == 1"}]);
        let unknown = judged(webhook(|it| it["matchConditions"] = condition)).unwrap();
        assert!(unknown.starts_with("? registration: "), "{unknown}");
    }
}
