//! The MutatingWebhookConfiguration.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::access::SYSTEM;
use super::api::Api;
use super::ca;

/// The label that says which webhook of the tests serves a namespace.
pub(crate) const SERVED_BY: &str = "test.example.com/webhook";

/// The name of the Service, and its name in certificates.
pub(crate) const SERVICE: &str = "kelos-metadata";
pub(crate) const SERVER_NAME: &str = "kelos-metadata.kelos-system.svc";

pub(crate) const CONFIGURATIONS: &str =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/// Holds for a Task that names a TaskSpawner, in one of the three ways.
const HAS_OWNER: &str = "\
has(object.metadata.ownerReferences) && object.metadata.ownerReferences.exists(owner, \
has(owner.controller) && owner.controller && owner.kind == 'TaskSpawner' && owner.apiVersion.startsWith('kelos.dev/')) \
|| has(object.metadata.labels) && 'kelos.dev/taskspawner' in object.metadata.labels \
|| has(object.metadata.annotations) && 'kelos.dev/created-from-taskspawner' in object.metadata.annotations";

/// What of the configuration is a choice.
#[derive(Clone)]
pub(crate) struct Registration {
    /// Webhooks are called in the order of these names.
    pub(crate) name: String,
    pub(crate) failure_policy: &'static str,
    pub(crate) reinvocation_policy: &'static str,
    /// Whether the API server keeps back the Tasks of namespaces that are switched off.
    pub(crate) selects_namespaces: bool,
    /// Whether a caBundle is part of it from the start.
    pub(crate) is_trusted: bool,
    /// Whether the API server also asks about Sessions, those of people, too.
    pub(crate) has_sessions: bool,
}

impl Registration {
    /// Registers the webhook of this name, on this port of the Service.
    pub(crate) async fn create(&self, api: &Api, webhook: &str, port: u16) {
        let name = &self.name;
        let mut configuration = self.configuration("mtask.metadata.kelos.dev", webhook, port);
        configuration["webhooks"][0]["matchConditions"] =
            json!([{"name": "has-owner", "expression": HAS_OWNER}]);
        if self.has_sessions {
            let mut of_sessions = self.configuration("msession.metadata.kelos.dev", webhook, port);
            let mut added = of_sessions["webhooks"][0].take();
            added["clientConfig"]["service"]["path"] = json!("/mutate-session");
            added["rules"][0]["resources"] = json!(["sessions"]);
            configuration["webhooks"].as_array_mut().unwrap().push(added);
        }
        if !self.is_trusted {
            for webhook in configuration["webhooks"].as_array_mut().unwrap() {
                webhook["clientConfig"].as_object_mut().unwrap().remove("caBundle");
            }
        }
        let created = api.create(CONFIGURATIONS, &configuration).await;
        assert!(created.status.is_success(), "{name}: {created:#?}");
    }

    /// Registers another webhook, which wants all Tasks of the namespaces that `webhook` serves.
    pub(crate) async fn create_other(&self, api: &Api, webhook: &str, url: &str) {
        let mut configuration = self.configuration("other.example.com", webhook, 443);
        configuration["webhooks"][0]["clientConfig"] =
            json!({"url": url, "caBundle": BASE64.encode(ca::certificate())});
        api.create(CONFIGURATIONS, &configuration).await.ok();
    }

    fn configuration(&self, name: &str, webhook: &str, port: u16) -> Value {
        let mut selector = vec![json!({"key": SERVED_BY, "operator": "In", "values": [webhook]})];
        if self.selects_namespaces {
            let values = ["disabled"];
            let key = "metadata.kelos.dev/injection";
            selector.push(json!({"key": key, "operator": "NotIn", "values": values}));
        }
        json!({
            "metadata": {"name": self.name},
            "webhooks": [{
                "name": name,
                "clientConfig": {
                    "service": {"namespace": SYSTEM, "name": SERVICE, "path": "/mutate-task", "port": port},
                    "caBundle": BASE64.encode(ca::certificate()),
                },
                "rules": [{
                    "apiGroups": ["kelos.dev"], "apiVersions": ["*"], "operations": ["CREATE"],
                    "resources": ["tasks"], "scope": "Namespaced",
                }],
                "namespaceSelector": {"matchExpressions": selector},
                "failurePolicy": self.failure_policy,
                "matchPolicy": "Exact",
                "reinvocationPolicy": self.reinvocation_policy,
                "sideEffects": "None",
                "timeoutSeconds": 3,
                "admissionReviewVersions": ["v1"],
            }],
        })
    }
}
