//! Certificates that nobody renews.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::harness::wait::eventually;
use crate::runbooks::fixture::{Fixture, on_installation};

pub(crate) const COMMANDS: [&str; 3] =
    [HOLDER, LOG, "kubectl -n kelos-system delete secret kelos-metadata-tls"];

pub(crate) const OF_CERT_MANAGER: [&str; 1] =
    ["kubectl -n kelos-system describe certificates --show-events"];

const HOLDER: &str = "kubectl -n kelos-system get pods,lease";
const LOG: &str = "kubectl -n kelos-system logs deployment/kelos-metadata-controller";

const SECRET: &str = "/api/v1/namespaces/kelos-system/secrets/kelos-metadata-tls";
const LEASE: &str =
    "/apis/coordination.k8s.io/v1/namespaces/kelos-system/leases/kelos-metadata-controller";
const BINDING: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/kelos-system/rolebindings/kelos-metadata-controller";
const ACCOUNT: &str = "system:serviceaccount:kelos-system:kelos-metadata-controller";

/// The words of the log when nothing can be done.
const STUCK: &str = "Failed to reconcile the certificates";

#[test]
fn why_nothing_is_renewed_is_found_and_repaired() {
    on_installation("runbook-certificates", &json!({}), &COMMANDS, async |fixture| {
        let nobody = fixture.shell.follows(HOLDER, &[]);
        assert!(!nobody.output.contains("lease.coordination.k8s.io"), "{nobody:?}");
        let (controller, serving) = fixture.both().await;
        let worker = fixture.labelled().await;
        fixture.kubelet.reports(&controller.name, &controller.pod).await;
        let found = fixture.shell.follows(HOLDER, &[]).ok();
        let lease = fixture.cluster.admin.get(LEASE).await.ok();
        let holder = lease["spec"]["holderIdentity"].as_str().unwrap();
        for text in
            ["lease.coordination.k8s.io/kelos-metadata-controller", holder, &controller.name]
        {
            assert!(found.contains(text), "{text}: {found}");
        }

        // The Secret can't be repaired: it is immutable.
        let garbage = BASE64.encode("garbage");
        let data = json!({"tls.crt": garbage, "tls.key": garbage, "ca.crt": garbage});
        let change = json!({"immutable": true, "data": data});
        fixture.cluster.admin.merge(SECRET, &change).await.ok();
        let log = fixture.shows(LOG, STUCK).await;
        assert!(error(&log, STUCK).contains("immutable"), "{log}");
        let refused = |line: &Value| {
            line["message"]
                .as_str()
                .is_some_and(|text| text.starts_with("Rejected the new serving key"))
        };
        serving.pod.log.line("it is refused", refused).await;
        fixture.labels(&worker).await;
        fixture.shell.follows(COMMANDS[2], &[]).ok();
        eventually("a new Secret", async || {
            let secret = fixture.cluster.admin.get(SECRET).await.body;
            (secret["data"]["tls.crt"].is_string() && secret["immutable"].is_null()).then_some(())
        })
        .await;
        fixture.labels(&worker).await;
        drop(controller);
        rights_are_missing(fixture).await;
        fixture.labels(&worker).await;
    });
}

/// The binding of the controller's Role is gone; `helm upgrade` brings it back.
async fn rights_are_missing(fixture: &Fixture<'_>) {
    fixture.cluster.admin.delete(BINDING).await.ok();
    fixture.cluster.admin.delete(LEASE).await.ok();
    let pods = fixture.cluster.admin.get("/api/v1/namespaces/kelos-system/pods").await.ok();
    for pod in pods["items"].as_array().unwrap() {
        fixture.kubelet.forgets(pod["metadata"]["name"].as_str().unwrap()).await;
    }
    let controller = fixture.controller().await;
    for (message, resource) in [(STUCK, "secrets"), ("Failed to keep the Lease", "leases")] {
        let log = fixture.shows(LOG, message).await;
        let error = error(&log, message);
        for text in ["cannot", &format!("resource \"{resource}\""), ACCOUNT] {
            assert!(error.contains(text), "{text}: {error}");
        }
    }
    fixture.helm.upgrade(&json!({})).ok();
    controller.pod.is_ready().await;
    eventually("it leads", async || {
        let metrics = controller.pod.metrics().await;
        metrics.contains("kelos_metadata_controller_leader 1\n").then_some(())
    })
    .await;
    assert!(controller.pod.stop().success());
}

/// What the last line of a log with this message says is the error.
fn error(log: &str, message: &str) -> String {
    let mut lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let begins =
        |line: &Value| line["message"].as_str().is_some_and(|text| text.starts_with(message));
    lines.rfind(begins).unwrap()["error"].as_str().unwrap().to_owned()
}

#[test]
fn cert_manager_says_why_it_renews_nothing() {
    let values = json!({"certificates": {"mode": "certManager"}});
    on_installation("runbook-cert-manager", &values, &OF_CERT_MANAGER, async |fixture| {
        let certificates = "/apis/cert-manager.io/v1/namespaces/kelos-system/certificates";
        let certificate =
            fixture.cluster.admin.get(&format!("{certificates}/kelos-metadata")).await.ok();
        // cert-manager reports its errors in events.
        let event = json!({
            "metadata": {"name": "kelos-metadata.1", "namespace": "kelos-system"},
            "involvedObject": {
                "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
                "namespace": "kelos-system", "name": "kelos-metadata",
                "uid": certificate["metadata"]["uid"],
            },
            "type": "Warning", "reason": "Failed", "message": "the issuer is not ready",
        });
        fixture.cluster.admin.create("/api/v1/namespaces/kelos-system/events", &event).await.ok();
        let found = fixture.shell.follows(OF_CERT_MANAGER[0], &[]).ok();
        for text in ["kelos-metadata-ca", "kelos-metadata-tls", "the issuer is not ready"] {
            assert!(found.contains(text), "{text}: {found}");
        }
    });
}
