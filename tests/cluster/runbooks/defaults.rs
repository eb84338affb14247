//! Defaults are changed, tried, looked at on each replica, and have a mistake.

use serde_json::{Value, json};

use crate::harness::helm::{NAMESPACE, RELEASE, chart};
use crate::runbooks::fixture::{Fixture, TEAM, on_installation};

pub(crate) const COMMANDS: [&str; 9] = [
    WRITE,
    RENDER,
    SUM,
    LOADED,
    INVALID,
    "kubectl get taskspawner NAME -o yaml > spawner.yaml",
    "kubectl get task NAME -o yaml > task.yaml",
    "kubectl get namespace NAME -o yaml > namespace.yaml",
    OFF,
];

const WRITE: &str = "kubectl -n kelos-system get configmap kelos-metadata -o jsonpath='{.data.defaults\\.yaml}' > defaults.yaml";
const RENDER: &str =
    "kelos-metadata render --defaults defaults.yaml -f spawner.yaml -f task.yaml -f namespace.yaml";
const SUM: &str = "kubectl -n kelos-system get configmap kelos-metadata -o jsonpath='{.data.defaults\\.yaml}' | sha256sum";
const LOADED: &str =
    "kubectl -n kelos-system logs deployment/kelos-metadata --all-pods | grep 'Loaded defaults'";
const OFF: &str = "helm upgrade kelos-metadata charts/kelos-metadata --namespace kelos-system --reset-then-reuse-values --set defaults=null";
const INVALID: &str = "kubectl -n kelos-system logs deployment/kelos-metadata --all-pods | grep 'The file of defaults'";

#[test]
fn other_defaults_are_tried_and_seen_and_so_is_a_mistake() {
    let team = "{{ index .Namespace.Labels \"kubernetes.io/metadata.name\" }}";
    let labels = json!({"team": team, "env": "prod"});
    let values = json!({"defaults": {"labels": labels}});
    on_installation("runbook-defaults", &values, &COMMANDS, async |fixture| {
        let (_controller, serving) = fixture.both().await;
        let shell = &fixture.shell;
        let worker = fixture.labelled().await;
        let task = fixture.team.accepts(worker.issue(1)).await;
        assert_eq!((task.label("team"), task.label("env")), (Some(TEAM), Some("prod")));

        shell.follows(COMMANDS[5], &[("NAME", "worker")]).ok();
        shell.follows(COMMANDS[6], &[("NAME", "worker-1")]).ok();
        shell.follows(COMMANDS[7], &[("NAME", TEAM)]).ok();
        shell.follows(WRITE, &[]).ok();
        let rendered = shell.follows(RENDER, &[]).ok();
        let is_team = |line: &str| line.contains(&format!(" team  \"{TEAM}\""));
        assert!(rendered.lines().any(is_team), "{rendered}");

        let sum = shell.follows(SUM, &[]).ok();
        let sum = sum.split_whitespace().next().unwrap();
        let loaded = shell.follows(LOADED, &[]).ok();
        assert!(loaded.starts_with(&format!("[pod/{}/webhook] ", serving.name)), "{loaded}");
        assert!(loaded.contains(&format!("\"sha256\":\"{sum}\"")), "{sum}: {loaded}");

        a_key_goes_with_null(fixture).await;
        they_are_switched_off(fixture).await;
        let broken = json!({"defaults": {"labels": {"team": "{{ .Title"}}});
        fixture.helm.upgrade(&broken).ok();
        // It has started with the mistake.
        let _other = fixture.serving().await;
        let told = shell.follows(INVALID, &[]).ok();
        assert!(told.contains("The file of defaults is invalid; there are no defaults"), "{told}");
        assert!(told.contains("\"line\":2"), "{told}");
    });
}

/// The file is gone, and with it the flag that names it: new Pods start.
async fn they_are_switched_off(fixture: &Fixture<'_>) {
    fixture.shell.follows(OFF, &[]).ok();
    let at = |path: &str| format!("{path}/namespaces/{NAMESPACE}");
    let file = format!("{}/configmaps/kelos-metadata", at("/api/v1"));
    assert_eq!(fixture.cluster.admin.get(&file).await.status, 404);
    let deployment = format!("{}/deployments/kelos-metadata", at("/apis/apps/v1"));
    let deployment = fixture.cluster.admin.get(&deployment).await.ok();
    assert!(!deployment.to_string().contains("defaults"), "{deployment}");
}

/// Values that are used again keep a key that the new file does not name.
async fn a_key_goes_with_null(fixture: &Fixture<'_>) {
    let upgrade = |labels: Value| {
        let (chart, values) = (chart(), json!({"defaults": {"labels": labels}}));
        let args = ["upgrade", RELEASE, chart.to_str().unwrap(), "--namespace", NAMESPACE];
        let args = [&args[..], &["--reset-then-reuse-values", "-f", "-"]].concat();
        fixture.helm.run(&args, &values).ok();
    };
    let path = format!("/api/v1/namespaces/{NAMESPACE}/configmaps/kelos-metadata");
    let file = async || fixture.cluster.admin.get(&path).await.ok()["data"]["defaults.yaml"].take();
    upgrade(json!({"team": "other"}));
    assert_eq!(file().await, "labels:\n  env: prod\n  team: other\nsyntax: auto\n");
    // The same file serves for the next upgrade, too.
    for _ in 0..2 {
        upgrade(json!({"env": null}));
        assert_eq!(file().await, "labels:\n  team: other\nsyntax: auto\n");
    }
}
