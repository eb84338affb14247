//! The serving key out of a Secret, read through the API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kelos_metadata::unix_seconds::UnixSeconds;
use serde_json::{Value, json};

use crate::harness::access::{Account, SYSTEM};
use crate::harness::ca::{self, Leaf};
use crate::harness::{Cluster, on_cluster, spawner};

const SECRET: &str = "serving-key";
const SERVER_NAME: &str = "kelos-metadata.kelos-system.svc";

fn data(leaf: &Leaf) -> Value {
    json!({"tls.crt": BASE64.encode(&leaf.certificate), "tls.key": BASE64.encode(&leaf.key)})
}

fn issued() -> Leaf {
    ca::issue(&[SERVER_NAME])
}

/// The certificate of a CA that signs nothing.
fn another_ca() -> String {
    let day = std::time::Duration::from_secs(86_400);
    kelos_metadata::certs::issue(SERVER_NAME, day, UnixSeconds(1_700_000_000)).unwrap().ca
}

async fn write(cluster: &Cluster, data: Value) {
    let secrets = format!("/api/v1/namespaces/{SYSTEM}/secrets");
    let path = format!("{secrets}/{SECRET}");
    if cluster.admin.get(&path).await.status.is_success() {
        cluster.admin.merge(&path, &json!({ "data": data })).await.ok();
    } else {
        let secret = json!({"metadata": {"name": SECRET}, "type": "Opaque", "data": data});
        cluster.admin.create(&secrets, &secret).await.ok();
    }
}

#[test]
fn the_serving_key_follows_its_secret() {
    on_cluster(async |cluster| {
        let address = cluster.control_plane.address();
        let account = Account::with_secret(&cluster.admin, address, SECRET).await;
        let webhook =
            cluster.webhook("secret").with_secret(SECRET).with_account(account).launch().await;
        let flag = format!("--tls-secret {SYSTEM}/{SECRET}");
        let complains = async |of: String| {
            let starts = |line: &Value| {
                line["level"] == "ERROR"
                    && line["problem"].as_str().is_some_and(|problem| problem.starts_with(&of))
            };
            webhook.log.line(&of, starts).await;
        };
        // Nobody need be woken while whoever writes it may be about to.
        let missing = format!("{flag}: there is no such Secret");
        let waits = webhook.log.line("it waits", |line| line["problem"] == missing).await;
        assert_eq!(waits["level"], "INFO", "{waits}");
        let readiness = webhook.readiness().await;
        assert!(readiness.contains("waiting for the serving key"), "{readiness}");

        write(cluster, json!({"tls.crt": BASE64.encode("x")})).await;
        complains(format!("{flag}, field data[\"tls.key\"]: is missing or empty")).await;

        write(cluster, data(&issued())).await;
        webhook.is_ready().await;
        webhook.register().await;
        let namespace = webhook.namespace("secret").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        namespace.will_label(worker.issue(1), "area", "backend").await;

        let (cert, key) = (issued(), issued());
        write(cluster, data(&Leaf { certificate: cert.certificate, key: key.key })).await;
        complains(format!("{flag}, field data[\"tls.key\"]: this private key does not")).await;
        namespace.will_label(worker.issue(2), "area", "backend").await;

        let mut foreign = data(&issued());
        foreign["ca.crt"] = json!(BASE64.encode(another_ca()));
        write(cluster, foreign).await;
        complains(format!("{flag}, field data[\"tls.crt\"]: the certificate is not signed")).await;
        namespace.will_label(worker.issue(2), "area", "backend").await;
        write(cluster, json!({"ca.crt": null})).await;

        let before = webhook.metric("kelos_metadata_certificate_expiry_timestamp_seconds").await;
        assert!(before > 0.0);
        write(cluster, data(&issued())).await;
        cluster.admin.delete(&format!("/api/v1/namespaces/{SYSTEM}/secrets/{SECRET}")).await.ok();
        complains(missing).await;
        namespace.will_label(worker.issue(3), "area", "backend").await;
    });
}
