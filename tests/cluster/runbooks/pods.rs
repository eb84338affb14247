//! Pods that do not serve.

use std::fs;

use serde_json::{Value, json};

use crate::harness::kubectl::Kubectl;
use crate::harness::pod::Pod;
use crate::runbooks::fixture::{Fixture, on_installation};

pub(crate) const COMMANDS: [&str; 3] = [PODS, LOGS, "kubectl -n kelos-system logs POD --previous"];

const PODS: &str =
    "kubectl -n kelos-system get deployment,pods -l app.kubernetes.io/name=kelos-metadata";
const LOGS: &str = "kubectl -n kelos-system logs deployment/kelos-metadata --all-pods";

#[test]
fn why_no_pod_serves_is_found() {
    on_installation("runbook-pods", &json!({}), &COMMANDS, async |fixture| {
        // Nobody writes the Secret.
        let serving = fixture.serving().await;
        let waiting = fixture.shows(LOGS, "Waiting for the Secret with the serving key").await;
        assert!(waiting.contains("--tls-secret kelos-system/kelos-metadata-tls"), "{waiting}");
        let found = fixture.shell.follows(PODS, &[]).ok();
        for name in ["kelos-metadata", "kelos-metadata-controller"] {
            assert!(found.contains(&format!("deployment.apps/{name} ")), "{found}");
        }
        assert_eq!(readiness(fixture, &serving.name), "0/1");

        // Somebody does.
        let controller = fixture.controller().await;
        serving.pod.is_ready().await;
        let errors = serving.pod.log.lines(|line| line["level"] == "ERROR");
        assert_eq!(errors, Vec::<Value>::new(), "the Secret was only waited for");
        for pod in [&controller, &serving] {
            pod.pod.is_ready().await;
            fixture.kubelet.reports(&pod.name, &pod.pod).await;
            assert_eq!(readiness(fixture, &pod.name), "1/1");
        }

        // The container is started again.
        let before = fs::read_to_string(&serving.pod.log_file).unwrap();
        let again = Pod::start(fixture.cluster).await;
        again.is_ready().await;
        drop(serving.pod);
        fixture.kubelet.starts(&serving.name, &again).await;
        let previous = fixture.shell.follows(COMMANDS[2], &[("POD", &serving.name)]).ok();
        assert!(previous.starts_with(&before), "{previous}");

        can_not_start(fixture).await;
        a_right_is_missing(fixture).await;
    });
}

/// The column READY of a Pod.
fn readiness(fixture: &Fixture<'_>, pod: &str) -> String {
    let found = fixture.shell.follows(PODS, &[]).ok();
    let line = found.lines().find(|line| line.starts_with(&format!("pod/{pod} ")));
    line.unwrap_or_else(|| panic!("{pod}: {found}")).split_whitespace().nth(1).unwrap().to_owned()
}

/// A new version of the Deployment has a flag that is none. The old Pod serves on, and hides it from who asks for
/// the log of the Deployment.
async fn can_not_start(fixture: &Fixture<'_>) {
    fixture.helm.upgrade(&json!({"extraArgs": ["--no-such-flag"]})).ok();
    let pod = Pod::that_can_not_start(fixture.cluster, "kelos-metadata").await;
    let name = fixture.kubelet.runs(&pod).await;
    let all = fixture.shows(LOGS, "--no-such-flag").await;
    let line = all.lines().find(|line| line.contains("--no-such-flag")).unwrap();
    assert!(line.starts_with(&format!("[pod/{name}/webhook] ")), "{all}");
    assert_eq!(readiness(fixture, &name), "0/1");
    let kubectl = Kubectl::new(&fixture.cluster.control_plane.admin_kubeconfig());
    let one = kubectl.run(&["-n", "kelos-system", "logs", "deployment/kelos-metadata"], "").ok();
    assert!(one.contains("\"Ready\"") && !one.contains("--no-such-flag"), "{one}");
    fixture.kubelet.forgets(&name).await;
    fixture.helm.upgrade(&json!({"extraArgs": []})).ok();
}

/// The webhook may not read the rules.
async fn a_right_is_missing(fixture: &Fixture<'_>) {
    let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kelos-metadata";
    fixture.cluster.admin.delete(bindings).await.ok();
    let _pod = fixture.serving().await;
    let all = fixture.shows(LOGS, "A right is missing").await;
    let line = all.lines().find(|line| line.contains("A right is missing")).unwrap();
    let user = "system:serviceaccount:kelos-system:kelos-metadata";
    for text in ["cannot list resource", user] {
        assert!(line.contains(text), "{text}: {line}");
    }
}
