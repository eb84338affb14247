//! Whom the API server trusts is written into the live configuration, by the controller or by cert-manager: nothing
//! that is done with the chart takes it away.

use serde_json::{Value, json};

use crate::chart::renderings::values;
use crate::chart::support::installation::{
    are_labelled, backend_spawner, bundle, create_serving_secret, helm, provide_certificate,
    provided,
};
use crate::chart::support::rendering::Rendering;
use crate::harness::Cluster;
use crate::harness::access::Account;
use crate::harness::api::Api;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::{Schemas, install_other_crds};
use crate::harness::helm::{Helm, RELEASE};
use crate::harness::pod::{CONFIGURATIONS, CONTROLLER, Pod};

fn path() -> String {
    format!("{CONFIGURATIONS}/{RELEASE}")
}

/// The bundle in the live configuration; null without one.
async fn live(cluster: &Cluster) -> Value {
    let configuration = cluster.admin.get(&path()).await.ok();
    configuration["webhooks"][0]["clientConfig"]["caBundle"].clone()
}

/// Writes a bundle into the live configuration, as this client.
async fn publish(client: &Api, bundle: &Value) {
    let mut configuration = client.get(&path()).await.ok();
    configuration["webhooks"][0]["clientConfig"]["caBundle"] = bundle.clone();
    // A list is written as a whole; that of what was read has only the bundle changed.
    client.merge(&path(), &json!({"webhooks": configuration["webhooks"]})).await.ok();
}

/// Does all with the chart that somebody may do who keeps the mode of these values: after each step the bundle is
/// this one.
async fn stays(cluster: &Cluster, helm: &Helm, values: &Value, bundle: &Value) {
    helm.upgrade(values).ok();
    assert_eq!(live(cluster).await, *bundle, "upgraded with the same values");
    let mut others = values.clone();
    others["injection"] = json!("opt-in");
    others["webhook"] = json!({"annotations": {"example.com/note": "changed"}});
    helm.upgrade(&others).ok();
    assert_eq!(live(cluster).await, *bundle, "upgraded with other values");
    helm.rollback("1").ok();
    assert_eq!(live(cluster).await, *bundle, "rolled back");

    // What GitOps tools do: they apply what `helm template` gives, as field managers of their own.
    for (values, query) in [(values, ""), (&others, "&force=true"), (values, "&force=true")] {
        let rendering = Rendering::of(values);
        let configuration = rendering.the("MutatingWebhookConfiguration");
        cluster.admin.apply(&path(), query, configuration).await.ok();
        assert_eq!(live(cluster).await, *bundle, "applied server-side{query}");
    }
    helm.upgrade(values).ok();
    assert_eq!(live(cluster).await, *bundle, "upgraded after that");
}

#[test]
fn what_the_controller_writes_stays() {
    on_own_cluster("trust", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let (helm, values) = (helm(cluster), values("default"));
        helm.install(&values).ok();
        assert_eq!(live(cluster).await, Value::Null, "the chart brings none");

        // What the controller writes, with its rights and no others.
        let account = Account::existing(&cluster.admin, CONTROLLER).await;
        let account = account.api(cluster.control_plane.address());
        create_serving_secret(&account).await;
        publish(&account, &json!(bundle())).await;

        let pod = Pod::start(cluster).await;
        pod.is_ready().await;
        let team = cluster.bare_namespace("team", json!({})).await;
        let worker = backend_spawner(&team).await;
        are_labelled(&team, &worker).await;

        stays(cluster, &helm, &values, &json!(bundle())).await;
        let task = team.accepts(worker.issue(1)).await;
        assert_eq!(task.label("area"), Some("backend"));
        assert_eq!(pod.warnings(), Vec::<Value>::new());
        assert!(pod.stop().success());
    });
}

#[test]
fn what_cert_manager_writes_stays() {
    on_own_cluster("injected", async |cluster| {
        install_other_crds(&cluster.admin, "cert-manager").await;
        let (helm, values) = (helm(cluster), values("cert-manager"));
        helm.install(&values).ok();
        let configuration = cluster.admin.get(&path()).await.ok();
        let from = &configuration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"];
        let rendering = Rendering::of(&values);
        let certificate = &rendering.the("Certificate")["metadata"];
        let (namespace, name) = (&certificate["namespace"], &certificate["name"]);
        let (namespace, name) = (namespace.as_str().unwrap(), name.as_str().unwrap());
        assert_eq!(from, &json!(format!("{namespace}/{name}")));

        publish(&cluster.admin, &json!(bundle())).await;
        stays(cluster, &helm, &values, &json!(bundle())).await;
    });
}

#[test]
fn a_ca_of_the_values_goes_with_its_mode() {
    on_own_cluster("mode", async |cluster| {
        let helm = helm(cluster);
        helm.install(&provide_certificate(cluster).await).ok();
        assert_eq!(live(cluster).await, json!(bundle()));
        helm.upgrade(&json!({"certificates": {"mode": "selfManaged"}})).ok();
        assert_eq!(live(cluster).await, Value::Null, "the controller begins without it");
        helm.upgrade(&provided()).ok();
        assert_eq!(live(cluster).await, json!(bundle()));
    });
}
