//! Where the API server keeps the kinds that the chart has.

use serde_json::Value;

/// Kinds with their plural.
const PLURALS: [(&str, &str); 19] = [
    ("Certificate", "certificates"),
    ("ClusterRole", "clusterroles"),
    ("ClusterRoleBinding", "clusterrolebindings"),
    ("ConfigMap", "configmaps"),
    ("Deployment", "deployments"),
    ("HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    ("Issuer", "issuers"),
    ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
    ("NetworkPolicy", "networkpolicies"),
    ("Pod", "pods"),
    ("PodDisruptionBudget", "poddisruptionbudgets"),
    ("PodMonitor", "podmonitors"),
    ("Role", "roles"),
    ("PrometheusRule", "prometheusrules"),
    ("RoleBinding", "rolebindings"),
    ("Service", "services"),
    ("ServiceAccount", "serviceaccounts"),
    ("ServiceMonitor", "servicemonitors"),
    ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
];

/// The path of all objects of this one's kind, in its namespace if it has one.
#[track_caller]
pub(crate) fn collection(object: &Value) -> String {
    let (version, kind) =
        (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
    let plural = PLURALS.iter().find(|(of, _)| *of == kind);
    let (_, plural) = plural.unwrap_or_else(|| panic!("{kind}: its plural is not in the list"));
    let api = if version.contains('/') { "apis" } else { "api" };
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("/{api}/{version}/namespaces/{namespace}/{plural}"),
        None => format!("/{api}/{version}/{plural}"),
    }
}

/// The path of an object.
#[track_caller]
pub(crate) fn path(object: &Value) -> String {
    format!("{}/{}", collection(object), object["metadata"]["name"].as_str().unwrap())
}
