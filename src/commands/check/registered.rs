//! What is registered with the API server, found by what it is and not by the name of its configuration.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::asking::{Asking, list, text};
use super::{Report, Topic, full_name};
use crate::certs::ConfigurationKind;
use crate::cluster::Resource;
use crate::engine::kelos::GROUP;
use crate::webhook::router::{MUTATE_TASK_PATH, VALIDATE_SPAWNER_PATH};

/// The longest timeout that is good: so long a Task waits where the webhook hangs.
const LONGEST_TIMEOUT_SECONDS: u64 = 10;

/// A webhook of ours, as it is registered.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) kind: ConfigurationKind,
    pub(super) configuration: String,
    pub(super) webhook: String,
    /// The PEM of the caBundle.
    pub(super) bundle: Vec<u8>,
    pub(super) target: Target,
    pub(super) namespace_selector: Value,
    /// The whole configuration: what it says of a Task is judged elsewhere.
    pub(super) whole: Value,
    failure_policy: String,
    timeout_seconds: u64,
    /// What is wrong with what it is asked for, if anything.
    missing: Option<&'static str>,
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
        format!("{} in {}/{}", self.webhook, self.kind, self.configuration)
    }

    /// Reads a webhook, if it is one of ours.
    fn read(kind: ConfigurationKind, whole: &Value, webhook: &Value) -> Option<Registered> {
        let name = text(webhook, "/name");
        let (path, resource, operation) = match kind {
            ConfigurationKind::Mutating => (MUTATE_TASK_PATH, "tasks", "CREATE"),
            ConfigurationKind::Validating => (VALIDATE_SPAWNER_PATH, "taskspawners", "UPDATE"),
        };
        let (url, service) = (text(webhook, "/clientConfig/url"), "/clientConfig/service");
        let is_ours = kind.webhooks().contains(&name)
            || text(webhook, &format!("{service}/path")) == path
            || url.ends_with(path);
        if !is_ours {
            return None;
        }
        let target = match url {
            "" => Target::Service {
                namespace: text(webhook, &format!("{service}/namespace")).to_owned(),
                name: text(webhook, &format!("{service}/name")).to_owned(),
                port: number(webhook, &format!("{service}/port"), 443),
            },
            url => Target::Url(url.to_owned()),
        };
        let is_for = |rule: &Value| {
            let has = |field: &str, word: &str| {
                list(rule, field).iter().any(|it| it == word || it == "*")
            };
            has("/apiGroups", GROUP) && has("/resources", resource) && has("/operations", operation)
        };
        let missing = match list(webhook, "/rules").iter().any(is_for) {
            true => None,
            false if kind == ConfigurationKind::Mutating => Some("CREATE of tasks.kelos.dev"),
            false => Some("UPDATE of taskspawners.kelos.dev"),
        };
        Some(Registered {
            kind,
            configuration: text(whole, "/metadata/name").to_owned(),
            whole: whole.clone(),
            webhook: name.to_owned(),
            bundle: BASE64.decode(text(webhook, "/clientConfig/caBundle")).unwrap_or_default(),
            target,
            namespace_selector: webhook.get("namespaceSelector").cloned().unwrap_or_default(),
            failure_policy: text(webhook, "/failurePolicy").to_owned(),
            timeout_seconds: number(webhook, "/timeoutSeconds", 10),
            missing,
        })
    }

    fn judge(&self, report: &mut Report) {
        let title = self.title();
        let again = "install the chart again: `helm upgrade` writes it as it should be";
        if let Some(missing) = self.missing {
            let text = format!("{title} has no rule for {missing}: the API server never asks");
            report.bad(Topic::Registration, text, again);
        } else if self.failure_policy != "Ignore" {
            let text = format!(
                "{title} has failurePolicy {}: what it is asked about is refused while no Pod of ours answers",
                self.failure_policy
            );
            report.bad(Topic::Registration, text, again);
        } else if self.timeout_seconds > LONGEST_TIMEOUT_SECONDS {
            let text = format!(
                "{title} has timeoutSeconds {}: whoever creates waits so long where our Pods hang",
                self.timeout_seconds
            );
            report.bad(Topic::Registration, text, again);
        } else {
            let text =
                format!("{title}, failurePolicy Ignore, timeoutSeconds {}", self.timeout_seconds);
            report.good(Topic::Registration, text);
        }
    }
}

fn number(object: &Value, pointer: &str, default: u64) -> u64 {
    object.pointer(pointer).and_then(Value::as_u64).unwrap_or(default)
}

/// Finds what is registered and judges it; nothing if Tasks can't be answered at all, or nobody may say.
pub(super) async fn find(asking: &Asking, report: &mut Report) -> Option<Vec<Registered>> {
    let mut found = Vec::new();
    for kind in ConfigurationKind::ALL {
        let resource = match kind {
            ConfigurationKind::Mutating => Resource::MUTATING_WEBHOOK_CONFIGURATIONS,
            ConfigurationKind::Validating => Resource::VALIDATING_WEBHOOK_CONFIGURATIONS,
        };
        match asking.list(&resource, None, None).await {
            Ok(all) => found.extend(read(kind, &all)),
            Err(why) => report.refused(Topic::Registration, &format!("each {kind}"), &why),
        }
    }
    for one in &found {
        one.judge(report);
    }
    let of = |kind| found.iter().filter(|it| it.kind == kind).collect::<Vec<_>>();
    match &of(ConfigurationKind::Mutating)[..] {
        [] if report.lacks(Topic::Registration) => return None,
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

fn read(kind: ConfigurationKind, all: &[Value]) -> Vec<Registered> {
    let of = |configuration: &Value| -> Vec<Registered> {
        let webhooks = list(configuration, "/webhooks").iter();
        webhooks.filter_map(|webhook| Registered::read(kind, configuration, webhook)).collect()
    };
    all.iter().flat_map(of).collect()
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

    fn judged(webhook: Value) -> Option<String> {
        let configuration = json!({"metadata": {"name": "c"}, "webhooks": [webhook]});
        let found = read(ConfigurationKind::Mutating, &[configuration]);
        let mut report = Report::default();
        found.first()?.judge(&mut report);
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
        let found = Registered::read(ConfigurationKind::Mutating, &Value::Null, &by_url).unwrap();
        assert_eq!(found.target.server_name(), "h.example.com");
        let other = webhook(|it| {
            it["name"] = json!("other.example.com");
            it["clientConfig"]["service"]["path"] = json!("/other");
        });
        assert_eq!(judged(other), None);
        let found =
            Registered::read(ConfigurationKind::Mutating, &Value::Null, &webhook(|_| {})).unwrap();
        assert_eq!((&*found.bundle, &*found.target.server_name()), (&b"x"[..], "n.ns.svc"));
    }

    #[test]
    fn what_would_lose_or_delay_tasks_is_bad() {
        type Change = fn(&mut Value);
        let changes: [(Change, &str); 3] = [
            (|it| it["failurePolicy"] = json!("Fail"), "failurePolicy Fail"),
            (|it| it["timeoutSeconds"] = json!(30), "timeoutSeconds 30"),
            (|it| it["rules"][0]["operations"] = json!(["UPDATE"]), "no rule for CREATE of tasks"),
        ];
        for (change, said) in changes {
            let report = judged(webhook(change)).unwrap();
            assert!(report.starts_with("✗ registration: ") && report.contains(said), "{report}");
        }
    }
}
