//! The documents as objects of Kubernetes: what `kubectl apply` takes.

use serde_json::{Value, json};

use super::Documents;

/// The name of what belongs to kube-state-metrics.
const KUBE_STATE_METRICS: &str = "kelos-metadata-kube-state-metrics";

/// The ServiceAccount of kube-state-metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The objects: those with a namespace name none, so that whoever applies them says where they go, but for what
/// kube-state-metrics mounts, where its account is known. The PrometheusRule gets
/// `rule_labels`, by which a Prometheus finds it. For the account see [`access`].
///
/// # Errors
///
/// When the configuration of kube-state-metrics can't be written as YAML.
pub fn objects(
    documents: &Documents,
    account: Option<&ServiceAccount>,
    rule_labels: &[(String, String)],
) -> Result<Vec<Value>, serde_saphyr::SerializeError> {
    let config = serde_saphyr::to_string(&documents.kube_state_metrics)?;
    let dashboard = format!("{:#}", documents.dashboard);
    let data = json!({"config.yaml": config});
    let mut config = object("v1", "ConfigMap", KUBE_STATE_METRICS, "data", data);
    if let Some(ServiceAccount { namespace, .. }) = account {
        // It is mounted: it has to be there.
        config["metadata"]["namespace"] = json!(namespace);
    }
    let mut all = vec![config];
    all.extend(access(documents, account));
    let rules = documents.rules.clone();
    let mut rule =
        object("monitoring.coreos.com/v1", "PrometheusRule", "kelos-metadata", "spec", rules);
    for (key, value) in rule_labels {
        rule["metadata"]["labels"][key] = json!(value);
    }
    all.push(rule);
    let data = json!({"kelos-metadata.json": dashboard});
    let mut dashboard = object("v1", "ConfigMap", "kelos-metadata-dashboard", "data", data);
    // By this label Grafana's sidecar finds it.
    dashboard["metadata"]["labels"]["grafana_dashboard"] = "1".into();
    all.push(dashboard);
    Ok(all)
}

/// The rights of kube-state-metrics; with its ServiceAccount they are bound to it, too.
pub fn access(documents: &Documents, account: Option<&ServiceAccount>) -> Vec<Value> {
    let rules = documents.cluster_role.clone();
    let api_version = "rbac.authorization.k8s.io/v1";
    let mut all = vec![object(api_version, "ClusterRole", KUBE_STATE_METRICS, "rules", rules)];
    all.extend(account.map(binding));
    all
}

fn object(api_version: &str, kind: &str, name: &str, field: &str, content: Value) -> Value {
    let labels = json!({"app.kubernetes.io/name": "kelos-metadata"});
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "labels": labels},
        field: content,
    })
}

fn binding(account: &ServiceAccount) -> Value {
    let mut binding = object(
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        KUBE_STATE_METRICS,
        "roleRef",
        json!({
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": KUBE_STATE_METRICS,
        }),
    );
    binding["subjects"] = json!([
        {"kind": "ServiceAccount", "namespace": account.namespace, "name": account.name}
    ]);
    binding
}
