//! Installed, upgraded, rolled back and taken away again.

use serde_json::{Value, json};

use crate::chart::renderings::{KEPT, values};
use crate::chart::support::files::{beside, is_kept};
use crate::chart::support::installation::helm;
use crate::chart::support::paths::path;
use crate::chart::support::rendering::Rendering;
use crate::harness::Cluster;
use crate::harness::access::Account;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::install_other_crds;
use crate::harness::helm::Helm;
use crate::harness::pod::CONTROLLER;

/// A cluster with the kinds of cert-manager and of the Prometheus operator.
fn with_other_crds(name: &str, test: impl AsyncFnOnce(&Cluster, Helm)) {
    on_own_cluster(name, async |cluster| {
        install_other_crds(&cluster.admin, "cert-manager").await;
        install_other_crds(&cluster.admin, "prometheus-operator").await;
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
    with_other_crds("lifecycle", async |cluster, helm| {
        let renderings = KEPT.map(|name| Rendering::of(&values(name)));
        let before = made(cluster).await;

        notes_are_kept(KEPT[0], &helm.install(&values(KEPT[0])).ok());
        are_there(cluster, &renderings[0]).await;
        for (name, pair) in KEPT[1..].iter().zip(renderings.windows(2)) {
            notes_are_kept(name, &helm.upgrade(&values(name)).ok());
            are_there(cluster, &pair[1]).await;
            are_gone(cluster, &pair[0], Some(&pair[1])).await;
        }

        helm.rollback("1").ok();
        are_there(cluster, &renderings[0]).await;
        for rendering in &renderings {
            are_gone(cluster, rendering, Some(&renderings[0])).await;
        }

        helm.uninstall().ok();
        for rendering in &renderings {
            are_gone(cluster, rendering, None).await;
        }
        assert_eq!(made(cluster).await, before, "helm's own record of the release, too");
    });
}

#[test]
fn what_the_controller_made_is_removed_as_the_notes_say() {
    on_own_cluster("left-behind", async |cluster| {
        let before = made(cluster).await;
        let helm = helm(cluster);
        let output = helm.install(&values("default")).ok();
        // What the controller does, with its rights.
        let account = Account::existing(&cluster.admin, CONTROLLER).await;
        let account = account.api(cluster.control_plane.address());
        for (collection, name) in MADE.into_iter().zip(["kelos-metadata-tls", CONTROLLER]) {
            account.create(collection, &json!({"metadata": {"name": name}})).await.ok();
        }
        helm.uninstall().ok();
        assert_eq!(made(cluster).await.len(), before.len() + 2, "they are not helm's");
        let commands =
            output.lines().filter_map(|line| line.split_once("kubectl -n kelos-system delete "));
        for (_, object) in commands {
            let (kind, name) = object.split_once(' ').unwrap();
            let collection = MADE.into_iter().find(|path| path.ends_with(&format!("/{kind}s")));
            cluster.admin.delete(&format!("{}/{name}", collection.unwrap())).await.ok();
        }
        assert_eq!(made(cluster).await, before);
    });
}

/// What helm says in the end is what is kept, and its example can be pasted.
fn notes_are_kept(name: &str, output: &str) {
    let (_, notes) = output.split_once("\nNOTES:\n").unwrap();
    is_kept(&beside(&format!("renderings/{name}.notes.txt")), notes);
    let (_, labels) = notes.split_once("metadata.kelos.dev/labels='").unwrap();
    let (labels, _) = labels.split_once('\'').unwrap();
    let labels: Value = serde_json::from_str(labels).unwrap();
    assert_eq!(labels, json!({"kelos.dev/source-kind": "{{.Kind}}"}));
}

/// What the controller makes: Secrets and Leases.
const MADE: [&str; 2] = [
    "/api/v1/namespaces/kelos-system/secrets",
    "/apis/coordination.k8s.io/v1/namespaces/kelos-system/leases",
];

/// The names of all such in the namespace of the release.
async fn made(cluster: &Cluster) -> Vec<String> {
    let mut names = Vec::new();
    for collection in MADE {
        let list = cluster.admin.get(collection).await.ok();
        let items = list["items"].as_array().unwrap().iter();
        names.extend(items.map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()));
    }
    names
}

#[test]
fn without_cert_manager_its_mode_is_refused_and_nothing_is_applied() {
    on_own_cluster("no-cert-manager", async |cluster| {
        let output = helm(cluster).install(&values("cert-manager")).refusal();
        assert!(output.contains("no matches for kind \"Certificate\""), "{output}");
        assert!(output.contains("ensure CRDs are installed first"), "{output}");
        are_gone(cluster, &Rendering::of(&values("cert-manager")), None).await;
    });
}
