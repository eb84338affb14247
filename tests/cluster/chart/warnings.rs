//! What whoever writes a TaskSpawner is told by the chart's own registration: with kubectl and helm, on a real API
//! server.

use std::fs;

use serde_json::{Value, json};

use crate::chart::support::installation::install;
use crate::harness::Cluster;
use crate::harness::api::Reply;
use crate::harness::cluster::on_own_cluster;
use crate::harness::command_output::CommandOutput;
use crate::harness::crds::Schemas;
use crate::harness::helm::{Helm, RELEASE};
use crate::harness::kubectl::Kubectl;
use crate::harness::wait::eventually;

const WARNING: &str = "Warning: spec.taskTemplate.branch: Kelos has no function `lower`";

/// A TaskSpawner of this name with this branch.
fn spawner(name: &str, branch: &str) -> Value {
    json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner",
        "metadata": {"name": name, "namespace": "team"},
        "spec": {
            "when": {"githubIssues": {"repo": "example/app"}},
            "taskTemplate": {
                "type": "claude-code", "credentials": {"type": "none"},
                "promptTemplate": "Fix {{.Title}}", "branch": branch,
            },
        },
    })
}

fn bad(name: &str) -> Value {
    spawner(name, "kelos/{{lower .ID}}")
}

fn good(name: &str) -> Value {
    spawner(name, "kelos/{{.ID}}")
}

/// How many warnings of ours a command printed that has succeeded.
#[track_caller]
fn warnings(output: CommandOutput) -> usize {
    let count = output.errors.matches(WARNING).count();
    assert_eq!(output.errors.matches("Warning:").count(), count, "{}", output.errors);
    output.ok();
    count
}

/// How many of its warnings are ours: the CRDs of the tests leave out fields, of which the API server warns.
fn ours(reply: &Reply) -> usize {
    reply.warnings.iter().filter(|it| it.ends_with("[not-for-kelos]")).count()
}

/// What helm installs: a chart with this one object.
fn release(helm: &Helm, folder: &std::path::Path, object: &Value) -> CommandOutput {
    let templates = folder.join("templates");
    fs::create_dir_all(&templates).unwrap();
    fs::write(folder.join("Chart.yaml"), "apiVersion: v2\nname: team\nversion: 0.1.0\n").unwrap();
    // Helm takes braces for its own.
    let quoted = object.to_string().replace("{{", "\u{1}").replace("}}", "\u{2}");
    let quoted = quoted.replace('\u{1}', "{{ \"{{\" }}").replace('\u{2}', "{{ \"}}\" }}");
    fs::write(templates.join("spawner.json"), quoted).unwrap();
    let folder = folder.to_str().unwrap();
    helm.run(&["upgrade", "--install", "team", folder, "--namespace", "team"], &json!({}))
}

/// How many warnings there are when this is applied.
#[track_caller]
fn applied(kubectl: &Kubectl, args: &[&str], object: &Value) -> usize {
    let args = [&["apply", "-f", "-"], args].concat();
    warnings(kubectl.run(&args, &object.to_string()))
}

/// Waits until so many warnings are told of a spawner that has something wrong.
async fn tells(kubectl: &Kubectl, what: &str, count: usize) {
    eventually(what, async || {
        (applied(kubectl, &["--dry-run=server"], &bad("probe")) == count).then_some(())
    })
    .await;
}

async fn what_is_written_with_kubectl_is_told(cluster: &Cluster, kubectl: &Kubectl) {
    let apply = |args: &[&str], object: &Value| applied(kubectl, args, object);
    tells(kubectl, "the API server calls the webhook", 1).await;
    assert_eq!(apply(&[], &good("good")), 0);
    assert_eq!(apply(&["--dry-run=server"], &bad("bad")), 1);
    assert_eq!(apply(&[], &bad("bad")), 1);
    assert_eq!(apply(&[], &bad("bad")), 0, "nothing changed");
    assert_eq!(apply(&["--server-side"], &bad("server-side")), 1);

    // It is there, as it was written; what changes nothing that is judged says nothing.
    let path = "/apis/kelos.dev/v1alpha2/namespaces/team/taskspawners/bad";
    let found = cluster.admin.get(path).await.ok();
    assert_eq!(found["spec"]["taskTemplate"]["branch"], "kelos/{{lower .ID}}");
    assert_eq!(found["metadata"].get("labels"), None);
    for change in [
        json!({"spec": {"suspend": true}}),
        json!({"metadata": {"labels": {"a": "b"}}}),
        json!({"metadata": {"finalizers": ["example.com/x"]}}),
        json!({"metadata": {"finalizers": null}}),
    ] {
        let reply = cluster.admin.merge(path, &change).await;
        assert_eq!(ours(&reply), 0, "{change}");
        reply.ok();
    }
    let status = cluster.admin.merge(&format!("{path}/status"), &json!({"status": {}})).await;
    assert_eq!(ours(&status), 0, "{status:?}");
    status.ok();
    let change = json!({"spec": {"taskTemplate": {"promptTemplate": "Mend {{.Title}}"}}});
    let reply = cluster.admin.merge(path, &change).await;
    assert_eq!(ours(&reply), 1, "{reply:?}");
}

#[test]
fn who_writes_a_spawner_is_told_what_is_wrong_and_it_is_written_all_the_same() {
    on_own_cluster("warnings", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let (helm, values, pod) = install(cluster).await;
        cluster.bare_namespace("team", json!({})).await;
        let kubectl = Kubectl::new(&cluster.control_plane.admin_kubeconfig());
        what_is_written_with_kubectl_is_told(cluster, &kubectl).await;

        let folder = tempfile::tempdir().unwrap();
        let told = |output: CommandOutput| {
            let told =
                output.errors.contains("spec.taskTemplate.branch: Kelos has no function `lower`");
            output.ok();
            told
        };
        assert!(!told(release(&helm, folder.path(), &good("released"))));
        assert!(told(release(&helm, folder.path(), &bad("released"))), "helm upgrade prints it");

        // Switched off, nothing is said; and without the webhook everything is written.
        let mut off = values.clone();
        off["spawnerWarnings"] = json!({"enabled": false});
        helm.upgrade(&off).ok();
        let configuration = format!("{VALIDATING}/{RELEASE}");
        assert_eq!(cluster.admin.get(&configuration).await.status, 404);
        tells(&kubectl, "nothing is said where it is switched off", 0).await;
        assert_eq!(applied(&kubectl, &[], &bad("off")), 0, "it is switched off");
        helm.upgrade(&values).ok();
        tells(&kubectl, "it is switched on again", 1).await;
        assert!(pod.stop().success());
        assert_eq!(applied(&kubectl, &[], &bad("away")), 0, "nobody is there to say it");
    });
}

const VALIDATING: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
