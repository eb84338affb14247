//! A healthy installation whose controller makes the certificates, seen by its admin, by the Pod of `helm test`, and by
//! a team.

use serde_json::{Value, json};

use super::endpoint_slice::EndpointSlice;
use super::lacking::each_right_that_is_missing_costs_its_line;
use super::page::is_followed;
use super::said::Caller;
use crate::chart::support::can_i::{self, Rule};
use crate::chart::support::installation::{
    are_labelled, backend_spawner, grant_what_tests_take, helm,
};
use crate::chart::support::paths::path;
use crate::chart::support::rendering::Rendering;
use crate::harness::Cluster;
use crate::harness::access::Account;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::helm::NAMESPACE;
use crate::harness::pod::Pod;
use crate::harness::wait::eventually;

/// The switch of a Namespace.
const INJECTION: &str = "metadata.kelos.dev/injection";

/// The ServiceAccount of `helm test`.
const TEST: &str = "kelos-metadata-test";

/// Has the cluster know of a Kelos, which does not run here.
pub(crate) async fn install_kelos(cluster: &Cluster) {
    let labels =
        json!({"app.kubernetes.io/name": "kelos", "app.kubernetes.io/component": "manager"});
    let container =
        json!({"name": "manager", "image": "ghcr.io/kelos-dev/kelos-controller:v0.52.0"});
    let deployment = json!({
        "metadata": {"name": "kelos-controller-manager", "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    });
    let path = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments");
    cluster.admin.create(&path, &deployment).await.ok();
}

/// The values that let `helm test` try a Task.
fn values() -> Value {
    json!({"test": {"namespace": "team"}})
}

#[test]
fn a_healthy_installation_is_good_to_admins_and_to_helm_test() {
    on_own_cluster("check-healthy", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        install_kelos(cluster).await;
        helm(cluster).install(&values()).ok();
        let _controller = Pod::controller(cluster).await;
        let pod = Pod::start(cluster).await;
        pod.is_ready().await;
        let _slice = EndpointSlice::create(cluster, pod.webhook()).await;
        let namespace = cluster.bare_namespace("team", json!({})).await;
        let spawner = backend_spawner(&namespace).await;
        are_labelled(&namespace, &spawner).await;

        let said = Caller::admin(cluster).runs(&["check", "-n", "team", "-o", "json"]);
        let good = said.lines("good");
        assert_eq!((said.status, good.len()), (0, 18), "{}", said.output);
        for (topic, text) in [
            ("kelos", "kelos.dev is served as v1alpha2 and v1alpha1; Tasks have labels of Pods"),
            ("kelos", "Deployment kelos-system/kelos-controller-manager runs Kelos v0.52.0"),
            ("certificate", "1 endpoint serves for kelos-metadata.kelos-system.svc, until "),
            ("lease", "Lease kelos-system/kelos-metadata-controller: "),
            ("rotation", "Secret kelos-system/kelos-metadata-tls: the certificate is renewed at "),
            ("task", "it has the mark `worker@"),
        ] {
            let is_told = good.iter().any(|line| line.0 == topic && line.1.contains(text));
            assert!(is_told, "{topic}: {text}: {}", said.output);
        }
        assert_eq!(
            cluster.admin.get("/apis/kelos.dev/v1alpha2/tasks").await.ok()["items"],
            json!([])
        );

        let commands = ["kelos-metadata check -n team", "kelos-metadata version"];
        is_followed(&Caller::admin(cluster), &commands);
        helm_test(cluster).await;
        team(cluster).await;
    });
}

/// The Pod of `helm test` finds nothing bad with the rights that it has, and has no others.
async fn helm_test(cluster: &Cluster) {
    let rendering = grant_what_tests_take(cluster, &values()).await;
    let pod = rendering.object(&format!("Pod/{TEST}"));
    let reply = cluster.admin.apply(&path(pod), "&dryRun=All", pod).await;
    assert!(reply.status.is_success() && reply.warnings.is_empty(), "{reply:#?}");

    let account = Account::existing(&cluster.admin, TEST).await;
    let caller = Caller::with(&account.kubeconfig(cluster.control_plane.address()));
    let container = &pod["spec"]["containers"][0];
    let args: Vec<&str> =
        container["args"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(args, ["check", "--namespace=team"]);
    let said = eventually("the rights of helm test", async || {
        let said = caller.runs(&args);
        (said.status != 2).then_some(said)
    })
    .await;
    assert!(said.status == 0 && said.output.contains("\n✓ task: "), "{said:?}");
    let not_judged: Vec<&str> = said.output.lines().filter(|line| line.starts_with('?')).collect();
    assert!(
        matches!(not_judged[..], [one] if one.contains("you lack the right to get secrets")),
        "the serving key is not for it: {said:?}"
    );

    let team = "/api/v1/namespaces/team";
    let switched = |to: Value| json!({"metadata": {"labels": {INJECTION: to}}});
    cluster.admin.merge(team, &switched(json!("disabled"))).await.ok();
    let off = caller.runs(&args);
    let is_told = off.output.contains("\n? task: no Task was tried in namespace team: ");
    assert!(off.status == 0 && is_told, "{off:?}");
    cluster.admin.merge(team, &switched(Value::Null)).await.ok();
    each_right_that_is_missing_costs_its_line(cluster, &caller, &args).await;

    let may = async |namespace: &str, verb: &str, group: &str, resource: &str| {
        can_i::may(cluster, TEST, namespace, &Rule::on_any(verb, group, resource)).await
    };
    assert!(may("team", "create", "kelos.dev", "tasks").await);
    for (namespace, verb, group, resource) in [
        (NAMESPACE, "create", "kelos.dev", "tasks"),
        ("team", "delete", "kelos.dev", "tasks"),
        ("team", "update", "kelos.dev", "tasks"),
        (NAMESPACE, "get", "", "secrets"),
        (NAMESPACE, "create", "", "pods"),
        ("team", "get", "apps", "deployments"),
        ("", "patch", "admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    ] {
        assert!(!may(namespace, verb, group, resource).await, "{verb} {resource} in {namespace}");
    }
}

/// Who may only look at her own namespace is told which rights are missing.
async fn team(cluster: &Cluster) {
    let accounts = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts");
    cluster.admin.create(&accounts, &json!({"metadata": {"name": "team"}})).await.ok();
    let account = Account::existing(&cluster.admin, "team").await;
    let caller = Caller::with(&account.kubeconfig(cluster.control_plane.address()));
    let said = caller.runs(&["check", "-n", "team"]);
    assert_eq!(said.status, 2, "{said:?}");
    let right = "each MutatingWebhookConfiguration: you lack the right to list \
                 mutatingwebhookconfigurations.admissionregistration.k8s.io";
    assert!(said.output.contains(&format!("? registration: {right}")), "{said:?}");
    assert!(!said.output.contains('✗'), "{said:?}");
    for topic in ["endpoints", "program", "certificate", "lease", "rotation", "rights"] {
        let line = format!("\n? {topic}: not looked at, for what is registered is not known\n");
        assert!(said.output.contains(&line), "{said:?}");
    }
    let switches =
        "\n? switches: the switches of Namespaces: you lack the right to list namespaces";
    assert!(said.output.contains(switches), "{said:?}");
    let task = "\n? task: a Task by dry run: you lack the right to create tasks.kelos.dev in namespace team";
    assert!(said.output.contains(task), "{said:?}");
    may_create_tasks(cluster, &caller).await;

    let versions = caller.runs(&["version"]);
    assert!(
        versions.status == 2 && versions.output.contains("\nServer: not known\n"),
        "{versions:?}"
    );
    assert!(versions.errors.contains("you lack the right to list mutating"), "{versions:?}");
}

/// Who may create Tasks in her namespace learns that they are answered.
async fn may_create_tasks(cluster: &Cluster, caller: &Caller) {
    const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/team";
    let rule = json!({"apiGroups": ["kelos.dev"], "resources": ["tasks", "taskspawners"],
                      "verbs": ["get", "list", "create"]});
    let role = json!({"metadata": {"name": "member"}, "rules": [rule]});
    cluster.admin.create(&format!("{RBAC}/roles"), &role).await.ok();
    let binding = json!({
        "metadata": {"name": "member"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "member"},
        "subjects": [{"kind": "ServiceAccount", "name": "team", "namespace": NAMESPACE}],
    });
    cluster.admin.create(&format!("{RBAC}/rolebindings"), &binding).await.ok();
    let said = eventually("the rights of a member", async || {
        let said = caller.runs(&["check", "-n", "team"]);
        said.output.contains("\n✓ task: ").then_some(said)
    })
    .await;
    assert!(said.status == 2 && said.output.contains("it has the mark `worker@"), "{said:?}");
}

#[test]
fn without_a_namespace_helm_test_may_create_no_task() {
    let rendering = Rendering::of_tests(&json!({}));
    let pod = rendering.object(&format!("Pod/{TEST}"));
    assert_eq!(pod["spec"]["containers"][0]["args"], json!(["check", "--skip-task"]));
    for (name, object) in &rendering.objects {
        assert!(!object["rules"].to_string().contains("tasks"), "{name}");
        assert_eq!(object["metadata"]["annotations"]["helm.sh/hook"], "test", "{name}");
        let policy = &object["metadata"]["annotations"]["helm.sh/hook-delete-policy"];
        assert_eq!(policy, "before-hook-creation,hook-succeeded", "{name}");
    }
}
