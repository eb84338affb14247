//! A webhook that is called by a URL, as one is that runs outside of the cluster.

use serde_json::{Value, json};

use super::faults::{VALIDATING, check_until, mutating, only_bad};
use super::said::Caller;
use crate::chart::support::installation::{are_labelled, backend_spawner, bundle, helm, provided};
use crate::harness::Cluster;
use crate::harness::ca;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::helm::NAMESPACE;
use crate::harness::pod::Pod;
use crate::harness::registration::SERVER_NAME;

/// Registers it so, as the one webhook of ours.
async fn register(cluster: &Cluster, client_config: Value) {
    let path = "/webhooks/0/clientConfig";
    let change = json!([{"op": "replace", "path": path, "value": client_config}]);
    cluster.admin.json_patch(&mutating(), &change).await.ok();
}

#[test]
fn a_webhook_that_is_called_by_a_url_is_judged_by_what_is_served_there() {
    on_own_cluster("check-url", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        super::healthy::install_kelos(cluster).await;
        let leaf = ca::issue(&[SERVER_NAME, "127.0.0.1"]);
        let secret = json!({
            "metadata": {"name": "kelos-metadata-tls"},
            "type": "kubernetes.io/tls",
            "stringData": {"tls.crt": leaf.certificate, "tls.key": leaf.key},
        });
        let secrets = format!("/api/v1/namespaces/{NAMESPACE}/secrets");
        cluster.admin.create(&secrets, &secret).await.ok();
        let mut values = provided();
        values["sessions"] = json!({"enabled": false});
        helm(cluster).install(&values).ok();
        let pod = Pod::start(cluster).await;
        pod.is_ready().await;
        let namespace = cluster.bare_namespace("team", json!({})).await;
        let spawner = backend_spawner(&namespace).await;
        are_labelled(&namespace, &spawner).await;
        cluster.admin.delete(VALIDATING).await.ok();
        let admin = Caller::admin(cluster);

        let address = pod.webhook();
        let url = format!("https://{address}/mutate-task");
        register(cluster, json!({"url": url, "caBundle": bundle()})).await;
        are_labelled(&namespace, &spawner).await;
        let said = check_until(&admin, 0).await;
        let good = said.lines("good");
        for (topic, text) in [
            ("endpoints", format!("{url} leads to 1 endpoint")),
            (
                "certificate",
                "the caBundle trusts what 1 endpoint serves for 127.0.0.1, until".to_owned(),
            ),
            ("task", "it has the mark `worker@".to_owned()),
        ] {
            let is_told = good.iter().any(|it| it.0 == topic && it.1.contains(&text));
            assert!(is_told, "{topic}: {text}: {good:#?}");
        }
        let unknown = said.lines("not_judged");
        let text = format!(
            "{url} is called, and no Service: what runs there, and with which rights, is not looked at"
        );
        assert_eq!(unknown, [("program".to_owned(), text)]);
        let versions = admin.runs(&["version"]);
        let why = format!("the version of the server: {url} is called, and no Service");
        assert!(versions.status == 0 && versions.errors.contains(&why), "{versions:?}");

        let other = url.replace("127.0.0.1", "localhost");
        register(cluster, json!({"url": other, "caBundle": bundle()})).await;
        only_bad(&admin, "certificate", "the certificate is not for localhost").await;

        register(cluster, json!({"url": url})).await;
        let said = admin.runs(&["check", "-n", "team", "--skip-task", "-o", "json"]);
        let text = "has no caBundle: the API server trusts the CAs of its own system";
        let unknown = said.lines("not_judged");
        let is_told = unknown.iter().any(|it| it.0 == "certificate" && it.1.contains(text));
        assert!(said.status == 0 && is_told, "{said:?}");
    });
}
