//! The API server does not ask, or gets no answer that it takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::ca;
use crate::harness::objects::Spawner;
use crate::harness::wait::{TIMEOUT, eventually, within};
use crate::runbooks::fixture::{Fixture, Running, configuration, on_installation};

pub(crate) const COMMANDS: [&str; 7] = [
    LOOK,
    LOOK_WHO,
    "kubectl -n kelos-system logs deployment/kelos-metadata-controller",
    "kubectl delete mutatingwebhookconfiguration kelos-metadata",
    "helm upgrade kelos-metadata charts/kelos-metadata --namespace kelos-system --reset-then-reuse-values",
    LOOK_SPAWNERS,
    "kubectl delete validatingwebhookconfiguration kelos-metadata",
];

const LOOK: &str = "kubectl get mutatingwebhookconfiguration kelos-metadata -o yaml";
const LOOK_SPAWNERS: &str = "kubectl get validatingwebhookconfiguration kelos-metadata -o yaml";
const LOOK_WHO: &str =
    "kubectl get mutatingwebhookconfiguration kelos-metadata -o yaml --show-managed-fields";

#[test]
fn why_the_api_server_does_without_an_answer_is_found_and_repaired() {
    on_installation("runbook-registration", &json!({}), &COMMANDS, async |fixture| {
        let (controller, serving) = fixture.both().await;
        let worker = fixture.labelled().await;
        // Tasks are created all the same, each with a number of its own.
        let controller = wiped(fixture, controller, &worker).await;
        contested(fixture, &controller, &worker).await;
        deleted(fixture, &worker).await;
        at_a_wrong_path(fixture, &serving, &worker).await;
        without_an_answer(fixture, serving, &worker).await;
        without_a_certificate(fixture, &worker).await;
    });
}

/// Creates a Task: it has no label, and the API server's log says why, in one of these ways.
async fn fails_open(fixture: &Fixture<'_>, worker: &Spawner, number: u32, causes: &[&str]) {
    let log = || fixture.cluster.control_plane.api_server_log();
    let before = log().len();
    let task = fixture.team.accepts(worker.issue(number)).await;
    assert_eq!(task.label("area"), None, "{causes:?}");
    let line = eventually("the API server's log has a line", async || {
        let log = log();
        // The line that is being written may be there in part.
        let mut whole =
            log.get(before..)?.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.find(|line| line.contains("failing open")).map(str::to_owned)
    })
    .await;
    assert!(causes.iter().any(|cause| line.contains(cause)), "{causes:?}: {line}");
}

/// Who has the caBundle among what they wrote, as the page has it looked up.
fn writers(fixture: &Fixture<'_>) -> Vec<String> {
    let found = fixture.shell.follows(LOOK_WHO, &[]).ok();
    let found: Value = serde_saphyr::from_str(&found).unwrap();
    let managers = found["metadata"]["managedFields"].as_array().unwrap().iter();
    let managers = managers.filter(|fields| fields.to_string().contains("\"f:caBundle\""));
    managers.map(|fields| fields["manager"].as_str().unwrap().to_owned()).collect()
}

/// Nobody repairs the caBundle, until the controller is there again.
async fn wiped(fixture: &Fixture<'_>, controller: Running, worker: &Spawner) -> Running {
    let bundle = fixture.bundle().await;
    let text = format!("caBundle: {}", bundle.as_str().unwrap());
    let whole = fixture.shell.follows(LOOK, &[]).ok();
    assert!(whole.contains(&text), "{whole}");
    assert!(controller.pod.stop().success());
    fixture.kubelet.forgets(&controller.name).await;
    fixture.wipes_bundle().await;
    let wiped = fixture.shell.follows(LOOK, &[]).ok();
    assert!(!wiped.contains("caBundle"), "{wiped}");
    eventually("the API server has heard of it", async || {
        fixture.team.accepts_dry_run(worker.issue(0)).await.label("area").is_none().then_some(())
    })
    .await;
    fails_open(fixture, worker, 1, &["x509"]).await;

    let controller = fixture.controller().await;
    fixture.shows(LOOK, &text).await;
    fixture.shows(LOOK_SPAWNERS, &text).await;
    fixture.labels(worker).await;
    fixture.shows(COMMANDS[2], "Leading").await;
    controller
}

/// Somebody else writes the caBundle again and again.
async fn contested(fixture: &Fixture<'_>, controller: &Running, worker: &Spawner) {
    let foreign = BASE64.encode(ca::certificate());
    let theirs = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "kelos-metadata"},
        "webhooks": [{"name": "mtask.metadata.kelos.dev", "clientConfig": {"caBundle": foreign}}],
    });
    let says = "Somebody else keeps writing the caBundle";
    let logged = |line: &Value| line["message"].as_str().is_some_and(|text| text.starts_with(says));
    let write = async || {
        let written = fixture.cluster.admin.apply(&configuration(), "&force=true", &theirs).await;
        // The controller may be writing at the same moment.
        assert!(written.status.is_success() || written.status == 409, "{written:#?}");
    };
    within(TIMEOUT, says, async || {
        write().await;
        (!controller.pod.log.lines(logged).is_empty()).then_some(())
    })
    .await;
    fixture.shows(COMMANDS[2], says).await;
    // The controller waits for a while before it writes again, and whoever wrote last is named.
    within(TIMEOUT, "the other writer is named", async || {
        write().await;
        // Beside the controller, which has the webhooks that are let be.
        writers(fixture).contains(&"tests".to_owned()).then_some(())
    })
    .await;
    fixture.labels(worker).await;
    assert_eq!(writers(fixture), ["kelos-metadata-controller"]);
}

/// The registrations are taken away, and brought back: that for spawners first, which is nothing to Tasks.
async fn deleted(fixture: &Fixture<'_>, worker: &Spawner) {
    fixture.shell.follows(COMMANDS[6], &[]).ok();
    fixture.labels(worker).await;
    fixture.shell.follows(COMMANDS[3], &[]).ok();
    eventually("nobody is asked", async || {
        fixture.team.accepts_dry_run(worker.issue(0)).await.label("area").is_none().then_some(())
    })
    .await;
    let task = fixture.team.accepts(worker.issue(2)).await;
    task.is_untouched(worker.issue(2));
    fixture.shell.follows(COMMANDS[4], &[]).ok();
    eventually("the controller writes the caBundle", async || {
        fixture.bundle().await.as_str().map(|_| ())
    })
    .await;
    fixture.shows(LOOK_SPAWNERS, "caBundle: ").await;
    fixture.labels(worker).await;
}

/// The registration sends Tasks to where nothing is served.
async fn at_a_wrong_path(fixture: &Fixture<'_>, serving: &Running, worker: &Spawner) {
    let at = |path: &str| {
        let service = json!({"namespace": "kelos-system", "name": "kelos-metadata", "path": path});
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "kelos-metadata"},
            "webhooks": [
                {"name": "mtask.metadata.kelos.dev", "clientConfig": {"service": service}},
            ],
        })
    };
    let apply = async |path: &str| {
        fixture.cluster.admin.apply(&configuration(), "&force=true", &at(path)).await.ok();
    };
    apply("/mutate").await;
    eventually("the API server asks there", async || {
        fixture.team.accepts_dry_run(worker.issue(0)).await.label("area").is_none().then_some(())
    })
    .await;
    fails_open(fixture, worker, 6, &["nothing is served here"]).await;
    let says = "Nothing is served at this path";
    let logged = |line: &Value| line["message"].as_str().is_some_and(|text| text.starts_with(says));
    serving.pod.log.line("the path is logged", logged).await;
    apply("/mutate-task").await;
    fixture.labels(worker).await;
}

/// The Pod is gone, or packets are dropped on the way to it.
async fn without_an_answer(fixture: &Fixture<'_>, serving: Running, worker: &Spawner) {
    assert!(serving.pod.stop().success());
    fixture.kubelet.forgets(&serving.name).await;
    fails_open(fixture, worker, 3, &["connection refused"]).await;
    // It takes connections, and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = "kelos-system/kelos-metadata:443";
    fixture.cluster.control_plane.set_backends(service, vec![mute.local_addr().unwrap()]);
    fails_open(fixture, worker, 4, &["context deadline exceeded"]).await;
}

/// The webhook wants a certificate that this API server does not show.
async fn without_a_certificate(fixture: &Fixture<'_>, worker: &Spawner) {
    let secret = json!({
        "metadata": {"name": "api-servers"},
        "data": {"ca.crt": BASE64.encode(ca::certificate())},
    });
    fixture.cluster.admin.create("/api/v1/namespaces/kelos-system/secrets", &secret).await.ok();
    fixture.helm.upgrade(&json!({"clientCA": {"secretName": "api-servers"}})).ok();
    let serving = fixture.serving().await;
    serving.pod.is_ready().await;
    // The alert says it; but the end of the connection may overtake it.
    let causes = [
        "certificate required",
        "connection reset by peer",
        "broken pipe",
        "use of closed network connection",
    ];
    fails_open(fixture, worker, 5, &causes).await;
    let logged = |line: &Value| line["message"] == "A client was rejected";
    let line = serving.pod.log.line("a client was rejected", logged).await;
    assert!(line["problem"].is_string(), "{line}");
}
