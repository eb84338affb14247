//! The values of `examples/clusters`: each is taken by the API server, and the page of the installation has its section.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::chart::accepted::{its_pod_is_restricted, pod_of, try_pod};
use crate::chart::support::files::{beside, read, text};
use crate::chart::support::installation::helm;
use crate::chart::support::paths::path;
use crate::chart::support::rendering::Rendering;
use crate::harness::Cluster;
use crate::harness::cluster::on_own_cluster;

/// The files, in the order of their names.
fn files() -> Vec<PathBuf> {
    let folder = beside("../../../examples/clusters");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 6, "{files:?}");
    files
}

/// The name of a file.
fn name(file: &Path) -> &str {
    file.file_stem().unwrap().to_str().unwrap()
}

/// What the chart renders for a kind of cluster.
fn rendering(name: &str) -> Rendering {
    Rendering::of(&read(&beside(&format!("../../../examples/clusters/{name}.yaml"))))
}

/// What a Deployment says of its Pods.
fn pod_spec<'a>(rendering: &'a Rendering, deployment: &str) -> &'a Value {
    &rendering.object(&format!("Deployment/{deployment}"))["spec"]["template"]["spec"]
}

/// Applies all of it as a trial.
async fn is_taken(cluster: &Cluster, rendering: &Rendering) {
    for (name, object) in &rendering.objects {
        let reply = cluster.admin.apply(&path(object), "&dryRun=All", object).await;
        assert!(reply.status.is_success(), "{name}: {reply:#?}");
        assert!(reply.warnings.is_empty(), "{name}: {:?}", reply.warnings);
    }
}

/// What helm prints after an installation.
fn notes(cluster: &Cluster, values: &Value) -> String {
    let printed = helm(cluster).try_install(values).ok();
    printed.split_once("\nNOTES:\n").unwrap().1.to_owned()
}

#[test]
fn the_api_server_takes_what_is_rendered_for_each_cluster() {
    on_own_cluster("clusters", async |cluster| {
        for (name, level) in [("restricted", "restricted"), ("of-nodes", "privileged")] {
            let labels = json!({"pod-security.kubernetes.io/enforce": level});
            cluster.bare_namespace(name, labels).await;
        }
        for file in files() {
            let values = read(&file);
            let rendering = Rendering::of(&values);
            is_taken(cluster, &rendering).await;
            is_taken(cluster, &Rendering::of_tests(&values)).await;
            let notes = notes(cluster, &values);
            for deployment in rendering.deployments() {
                if deployment["spec"]["template"]["spec"]["hostNetwork"] == true {
                    let pod = pod_of(deployment);
                    let refused = try_pod(cluster, "restricted", &pod).await;
                    let why = refused.message();
                    assert!(why.contains("host namespaces (hostNetwork=true)"), "{why}");
                    try_pod(cluster, "of-nodes", &pod).await.ok();
                    let port = &pod["spec"]["containers"][0]["ports"][0]["containerPort"];
                    assert!(notes.contains(&format!("let the API server through to port {port}.")));
                } else {
                    its_pod_is_restricted(cluster, deployment).await;
                }
            }
        }
        // Whoever lets Helm grant nothing is told what is missing: see [`crate::chart::objects`].
        let notes = notes(cluster, &json!({"rbac": {"create": false}}));
        let templates =
            "--show-only templates/rbac.yaml --show-only templates/controller-rbac.yaml";
        assert!(notes.contains(templates), "{notes}");
    });
}

#[test]
fn the_page_of_the_installation_has_a_section_for_each_cluster() {
    let page = text(&beside("../../../docs/install.md"));
    let sections: Vec<&str> = page.split("\n### ").skip(1).collect();
    for file in files() {
        let link = format!("(../examples/clusters/{}.yaml)", name(&file));
        let section = sections.iter().find(|section| section.contains(&link));
        let section = section.unwrap_or_else(|| panic!("no section has {link}"));
        let heading = section.lines().next().unwrap().to_lowercase().replace(' ', "-");
        let comments = text(&file);
        assert!(comments.starts_with("# "), "{}", file.display());
        let place = format!("docs/install.md#{heading} says");
        assert!(comments.contains(&place), "{}: {place}", file.display());
    }
}

/// The API server reaches nodes there, and no Pods: see [`crate::chart::shape`] for where ports meet.
#[test]
fn in_the_network_of_nodes_are_the_pods_that_are_called_and_no_others() {
    let rendering = rendering("eks-custom-cni");
    let webhook = pod_spec(&rendering, "kelos-metadata");
    assert_eq!(webhook["hostNetwork"], true);
    assert_eq!(webhook["dnsPolicy"], "ClusterFirstWithHostNet");
    let controller = pod_spec(&rendering, "kelos-metadata-controller");
    assert_eq!((controller.get("hostNetwork"), controller.get("dnsPolicy")), (None, None));
    // A new Pod has no room beside an old one, and one Pod less still leaves some.
    let deployment = &rendering.the("Deployment")["spec"];
    let rollout = &deployment["strategy"]["rollingUpdate"];
    assert_eq!(*rollout, json!({"maxSurge": 0, "maxUnavailable": 1}));
    assert!(deployment["replicas"].as_u64().unwrap() > 1);
}

#[test]
fn the_platform_chooses_the_user_where_it_wants_to() {
    let rendering = rendering("openshift");
    for deployment in ["kelos-metadata", "kelos-metadata-controller"] {
        let security = &pod_spec(&rendering, deployment)["securityContext"];
        let fixed = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
        assert_eq!(*security, fixed, "{deployment}");
    }
}

#[test]
fn without_the_internet_all_of_it_comes_from_the_mirror() {
    let mut values: Value = read(&beside("../../../examples/clusters/air-gapped.yaml"));
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    values["image"]["digest"] = json!(digest);
    for rendering in [Rendering::of(&values), Rendering::of_tests(&values)] {
        for object in rendering.objects.values() {
            let pod = match object["kind"].as_str() {
                Some("Deployment") => &object["spec"]["template"]["spec"],
                Some("Pod") => &object["spec"],
                _ => continue,
            };
            let image = pod["containers"][0]["image"].as_str().unwrap();
            assert_eq!(image, format!("registry.example.com/mirror/kelos-metadata@{digest}"));
            assert_eq!(pod["imagePullSecrets"], json!([{"name": "registry-login"}]));
        }
    }
}
