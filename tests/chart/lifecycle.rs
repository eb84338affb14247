//! Installed, upgraded, rolled back and taken away again.

use serde_json::{Value, json};

use crate::harness::Cluster;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::install_neighbours;
use crate::renderings::values;
use crate::support::files::{beside, is_kept};
use crate::support::helm::{Helm, NAMESPACE, RELEASE};
use crate::support::installation::helm;
use crate::support::paths::path;
use crate::support::pod::CONFIGURATIONS;
use crate::support::rendering::Rendering;

/// A cluster with the kinds of cert-manager and of the Prometheus operator.
fn with_neighbours(name: &str, test: impl AsyncFnOnce(&Cluster, Helm)) {
    on_own_cluster(name, async |cluster| {
        install_neighbours(&cluster.admin, "cert-manager").await;
        install_neighbours(&cluster.admin, "prometheus-operator").await;
        test(cluster, helm(cluster)).await;
    });
}

/// The objects of this rendering are there, as they were rendered.
async fn are_there(cluster: &Cluster, rendering: &Rendering) {
    for (name, object) in &rendering.objects {
        let found = cluster.admin.get(&path(object)).await.ok();
        assert!(contains(&found, object), "{name}:\n{found:#}\nshould have\n{object:#}");
    }
}

/// The objects of this rendering that the other one lacks are gone.
async fn are_gone(cluster: &Cluster, rendering: &Rendering, but: Option<&Rendering>) {
    for (name, object) in &rendering.objects {
        if but.is_none_or(|but| !but.objects.contains_key(name)) {
            assert_eq!(cluster.admin.get(&path(object)).await.status, 404, "{name}");
        }
    }
}

/// Whether an object has all that another one has; the API server adds defaults.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| contains(whole, part)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len()
                && whole.iter().zip(part).all(|(whole, part)| contains(whole, part))
        }
        // A quantity is kept as a text.
        (Value::String(whole), Value::Number(part)) => *whole == part.to_string(),
        _ => whole == part,
    }
}

#[test]
fn it_is_installed_upgraded_rolled_back_and_gone() {
    with_neighbours("lifecycle", async |cluster, helm| {
        let (default, everything) =
            (Rendering::of(&values("default")), Rendering::of(&values("everything")));
        let before = secrets(cluster).await;

        notes_are_kept("default", &helm.install(&values("default")).ok());
        are_there(cluster, &default).await;

        notes_are_kept("everything", &helm.upgrade(&values("everything")).ok());
        are_there(cluster, &everything).await;
        are_gone(cluster, &default, Some(&everything)).await;

        helm.rollback("1").ok();
        are_there(cluster, &default).await;
        are_gone(cluster, &everything, Some(&default)).await;

        helm.uninstall().ok();
        are_gone(cluster, &default, None).await;
        are_gone(cluster, &everything, None).await;
        assert_eq!(secrets(cluster).await, before, "helm's own record of the release, too");
    });
}

/// What helm says in the end is what is kept, and its example can be pasted.
fn notes_are_kept(name: &str, said: &str) {
    let (_, notes) = said.split_once("\nNOTES:\n").unwrap();
    is_kept(&beside(&format!("renderings/{name}.notes.txt")), notes);
    let (_, labels) = notes.split_once("metadata.kelos.dev/labels='").unwrap();
    let (labels, _) = labels.split_once('\'').unwrap();
    let labels: Value = serde_json::from_str(labels).unwrap();
    assert_eq!(labels, json!({"kelos.dev/source-kind": "{{.Kind}}"}));
}

/// The names of all Secrets in the namespace of the release.
async fn secrets(cluster: &Cluster) -> Vec<String> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/secrets");
    let list = cluster.admin.get(&path).await.ok();
    let items = list["items"].as_array().unwrap().iter();
    items.map(|secret| secret["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_cert_manager_writes_into_the_configuration_stays() {
    with_neighbours("injected", async |cluster, helm| {
        helm.install(&values("default")).ok();
        let path = format!("{CONFIGURATIONS}/{RELEASE}");
        let mut configuration = cluster.admin.get(&path).await.ok();
        let from = &configuration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"];
        let certificate = Rendering::of(&json!({}));
        let certificate = &certificate.the("Certificate")["metadata"];
        let (namespace, name) = (&certificate["namespace"], &certificate["name"]);
        let (namespace, name) = (namespace.as_str().unwrap(), name.as_str().unwrap());
        assert_eq!(from, &json!(format!("{namespace}/{name}")));

        let bundle = json!("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==");
        configuration["webhooks"][0]["clientConfig"]["caBundle"] = bundle.clone();
        cluster.admin.replace(&path, &configuration).await.ok();
        let injected = async || {
            let configuration = cluster.admin.get(&path).await.ok();
            configuration["webhooks"][0]["clientConfig"]["caBundle"].clone()
        };
        helm.upgrade(&json!({"injection": "opt-in", "replicas": 3})).ok();
        assert_eq!(injected().await, bundle);
        helm.rollback("1").ok();
        assert_eq!(injected().await, bundle);
    });
}

#[test]
fn without_cert_manager_its_mode_is_refused_and_nothing_is_applied() {
    on_own_cluster("no-cert-manager", async |cluster| {
        let said = helm(cluster).install(&values("default")).refusal();
        assert!(said.contains("no matches for kind \"Certificate\""), "{said}");
        assert!(said.contains("ensure CRDs are installed first"), "{said}");
        are_gone(cluster, &Rendering::of(&values("default")), None).await;
    });
}
