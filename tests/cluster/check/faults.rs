//! Each fault is one bad line, and no other.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kelos_metadata::certs::issue;
use kelos_metadata::unix_seconds::UnixSeconds;
use serde_json::{Value, json};

use super::endpoint_slice::EndpointSlice;
use super::page::is_followed;
use super::said::{Caller, Said};
use crate::chart::support::installation::{are_labelled, backend_spawner, install};
use crate::harness::Cluster;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::pod::CONFIGURATIONS;
use crate::harness::registration::SERVER_NAME;
use crate::harness::wait::eventually;

pub(super) const VALIDATING: &str =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/kelos-metadata";
const ROLE: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles/kelos-metadata";

pub(super) fn mutating() -> String {
    format!("{CONFIGURATIONS}/kelos-metadata")
}

fn check(caller: &Caller) -> Said {
    caller.runs(&["check", "-n", "team", "-o", "json"])
}

/// What is said as soon as something is bad, or nothing: the API server learns of a change a moment after it is
/// written.
pub(super) async fn check_until(caller: &Caller, status: i32) -> Said {
    eventually("check says so", async || {
        let said = check(caller);
        (said.status == status).then_some(said)
    })
    .await
}

/// There is one bad line, about this and with this text.
pub(super) async fn only_bad(caller: &Caller, topic: &str, text: &str) {
    let said = check_until(caller, 1).await;
    let bad = said.lines("bad");
    assert!(
        matches!(&bad[..], [(found, told)] if found == topic && told.contains(text)),
        "{topic}, {text}: {bad:#?}"
    );
}

/// There is none, and nothing is left out.
async fn all_good(caller: &Caller) {
    let said = check_until(caller, 0).await;
    let (bad, unknown) = (said.lines("bad"), said.lines("not_judged"));
    assert!(said.status == 0 && bad.is_empty() && unknown.is_empty(), "{bad:#?} {unknown:#?}");
}

/// Changes an object while something is looked at.
pub(super) async fn while_changed(
    cluster: &Cluster,
    path: &str,
    change: &Value,
    look: impl AsyncFnOnce(),
) {
    let before = cluster.admin.get(path).await.ok();
    cluster.admin.json_patch(path, change).await.ok();
    look().await;
    let mut now = cluster.admin.get(path).await.ok();
    let version = now["metadata"]["resourceVersion"].take();
    let mut back = before;
    back["metadata"]["resourceVersion"] = version;
    cluster.admin.replace(path, &back).await.ok();
}

#[test]
fn each_fault_is_the_one_bad_line() {
    on_own_cluster("check-faults", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        super::healthy::install_kelos(cluster).await;
        let (_helm, _values, pod) = install(cluster).await;
        let slice = EndpointSlice::create(cluster, pod.webhook()).await;
        let namespace = cluster.bare_namespace("team", json!({})).await;
        let spawner = backend_spawner(&namespace).await;
        are_labelled(&namespace, &spawner).await;
        let admin = Caller::admin(cluster);
        all_good(&admin).await;

        let foreign = issue(SERVER_NAME, Duration::from_secs(86_400), now()).unwrap().ca;
        let bundle = "/webhooks/0/clientConfig/caBundle";
        let change = json!([{"op": "replace", "path": bundle, "value": BASE64.encode(foreign)}]);
        while_changed(cluster, &mutating(), &change, async || {
            only_bad(&admin, "certificate", "no CA of the caBundle, which has 1, signed").await;
            eventually("the API server stops calling", async || {
                let unknown = check(&admin).lines("not_judged");
                unknown.iter().any(|(topic, _)| topic == "task").then_some(())
            })
            .await;
            is_followed(&admin, &["kelos-metadata check -n team | grep -A1 '^[✗?]'"]);
        })
        .await;

        registrations(cluster, &admin).await;
        of_sessions(cluster, &admin).await;

        EndpointSlice::is_ready(cluster, false).await;
        only_bad(&admin, "endpoints", "leads to no Pod that is ready (1 is not)").await;
        EndpointSlice::is_ready(cluster, true).await;

        let labels = "/metadata/labels";
        let switch = json!([{"op": "add", "path": format!("{labels}/metadata.kelos.dev~1injection"),
                             "value": "Disabled"}]);
        while_changed(cluster, "/api/v1/namespaces/default", &switch, async || {
            only_bad(&admin, "switches", "counts as `audit`: default (`Disabled`)").await;
        })
        .await;

        let verbs = json!([{"op": "replace", "path": "/rules/1/verbs", "value": ["get"]}]);
        while_changed(cluster, ROLE, &verbs, async || {
            only_bad(&admin, "rights", "may not list namespaces, nor watch namespaces").await;
        })
        .await;

        let policy =
            json!([{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"}]);
        while_changed(cluster, VALIDATING, &policy, async || {
            only_bad(&admin, "registration", "has failurePolicy Fail").await;
        })
        .await;
        all_good(&admin).await;

        let nobody = check(&Caller::nobody(cluster));
        assert_eq!((nobody.status, &*nobody.output), (2, ""), "{nobody:?}");

        // The slice is the last to hear of it.
        assert!(pod.stop().success());
        only_bad(&admin, "task", "the webhook did not answer").await;
        drop(slice);

        cluster.admin.delete(&mutating()).await.ok();
        only_bad(&admin, "registration", "no MutatingWebhookConfiguration registers").await;
        // What judges spawners leads to the same program.
        let versions = admin.runs(&["version"]);
        let server = format!("\nServer: {}\n", env!("CARGO_PKG_VERSION"));
        assert!(versions.status == 0 && versions.output.contains(&server), "{versions:?}");
    });
}

/// Nobody asks about Sessions.
async fn of_sessions(cluster: &Cluster, admin: &Caller) {
    let unasked = json!([{"op": "remove", "path": "/webhooks/1"}]);
    while_changed(cluster, &mutating(), &unasked, async || {
        only_bad(admin, "registration", "no webhook asks it about Sessions").await;
    })
    .await;
}

/// Registrations by which no Task of a TaskSpawner is answered, and what is said of each.
async fn registrations(cluster: &Cluster, admin: &Caller) {
    let replaced = |path: &str, value: Value| json!([{"op": "replace", "path": format!("/webhooks/0/{path}"), "value": value}]);
    let wants = |requirement: Value| json!({ "matchExpressions": [requirement] });
    let no_owner = wants(json!({"key": "kelos.dev/taskspawner", "operator": "DoesNotExist"}));
    for (change, topic, text) in [
        (
            replaced("clientConfig/service/path", json!("/mutate")),
            "registration",
            "has path /mutate, and only /mutate-task is served",
        ),
        (
            replaced("rules/0/apiVersions", json!(["v1alpha1"])),
            "registration",
            "has apiVersions [v1alpha1] with matchPolicy Exact: the API server does not ask about tasks that are \
             written as v1alpha2",
        ),
        (
            json!([{"op": "add", "path": "/webhooks/0/matchConditions", "value": [{"name": "off", "expression": "false"}]}]),
            "registration",
            "has a matchCondition off that never holds: `false`",
        ),
        (
            replaced("rules/0/operations", json!(["UPDATE"])),
            "registration",
            "the API server never asks (its rule has operations [UPDATE])",
        ),
        (
            replaced("objectSelector", no_owner),
            "registration",
            "has an objectSelector that wants `!kelos.dev/taskspawner`",
        ),
        (
            replaced("namespaceSelector", json!({"matchLabels": {"team": "x"}})),
            "switches",
            "the namespaceSelector of the registration wants `team in (x)`",
        ),
    ] {
        while_changed(cluster, &mutating(), &change, async || {
            only_bad(admin, topic, text).await;
            let said = admin.runs(&["check", "-n", "team"]);
            for wrong in ["name one that is served", "its Pods may hang"] {
                assert!(!said.output.contains(wrong), "{said:?}");
            }
            let skipped = admin.runs(&["check", "-n", "team", "--skip-task"]);
            assert_eq!(skipped.status, 1, "{skipped:?}");
        })
        .await;
    }
    let nowhere = admin.runs(&["check", "-n", "nope"]);
    let text = "? task: no Task was tried: there is no namespace nope\n";
    assert!(nowhere.status == 2 && nowhere.output.contains(text), "{nowhere:?}");
}

fn now() -> UnixSeconds {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    UnixSeconds::from_secs(elapsed.as_secs())
}
