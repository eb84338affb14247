//! Sessions with the chart as it is installed: which ones the API server asks about, and a process with the chart's flags.

use serde_json::{Value, json};

use crate::chart::support::installation::{are_labelled, backend_spawner, install};
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::helm::RELEASE;
use crate::harness::namespace::Namespace;
use crate::harness::pod::{CONFIGURATIONS, Pod};
use crate::harness::sessions::{
    DISPLAY_NAME, SECTION, SessionSpawner, pod_labels, session, session_spawner,
};
use crate::harness::wait::eventually;

const SWITCH: &str = "metadata.kelos.dev/injection";

/// The Session is taken as it is, and the API server does not even ask.
async fn stays_inside(team: &Namespace, pod: &Pod, session: Value) {
    let before = pod.calls().await;
    team.accepts_session(session.clone()).await.is_untouched(session);
    assert_eq!(pod.calls().await, before, "the API server asked");
}

/// Waits until the API server asks about such Sessions, or does not any more.
async fn will_have(team: &Namespace, session: &Value, section: Option<&str>) {
    eventually(&format!("the section {section:?}"), async || {
        let created = team.accepts_session_dry_run(session.clone()).await;
        (created.annotation(SECTION) == section).then_some(())
    })
    .await;
}

/// A SessionSpawner of a team.
async fn helpers(team: &Namespace) -> SessionSpawner {
    let rules = json!({
        "annotations": {DISPLAY_NAME: "#{{ .Number }} {{ .Title }}", SECTION: "{{ .Event }}"},
        "labels": {"number": "{{ .Number }}"},
        "pod-labels": {"example.com/cost": "payments"},
    });
    team.creates_session_spawner(session_spawner("helpers", rules)).await
}

async fn only_those_of_session_spawners_are_asked_about(team: &Namespace, pod: &Pod) {
    let helpers = helpers(team).await;
    will_have(team, &helpers.issue(1, "Fix it"), Some("issues")).await;
    let before = pod.calls().await;
    let created = team.accepts_session(helpers.issue(2, "Fix it")).await;
    assert_eq!(pod.calls().await, before + 1.0);
    assert_eq!(created.annotation(DISPLAY_NAME), Some("#2 Fix it"));
    assert_eq!(created.label("number"), Some("2"));
    assert_eq!(*pod_labels(&created.object), json!({"example.com/cost": "payments"}));
    let before = pod.calls().await;
    team.merges("sessions", created.name(), json!({"metadata": {"annotations": {SECTION: null}}}))
        .await;
    assert_eq!(pod.calls().await, before, "an update is nobody's concern");

    stays_inside(team, pod, session("mine")).await;
    let mut exempt = helpers.issue(3, "Fix it");
    exempt["metadata"]["labels"][SWITCH] = json!("disabled");
    stays_inside(team, pod, exempt).await;
    for (number, key, value) in [(4, "kind", "TaskSpawner"), (5, "apiVersion", "example.com/v1")] {
        let mut other = helpers.issue(number, "Fix it");
        other["metadata"]["ownerReferences"][0][key] = json!(value);
        stays_inside(team, pod, other).await;
    }
    let mut labelled_alone = helpers.issue(6, "Fix it");
    labelled_alone["metadata"].as_object_mut().unwrap().remove("ownerReferences");
    stays_inside(team, pod, labelled_alone).await;
}

#[test]
fn sessions_are_labelled_and_can_be_left_alone() {
    on_own_cluster("chart-sessions", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let (helm, mut values, pod) = install(cluster).await;
        let team = cluster.bare_namespace("team", json!({})).await;
        only_those_of_session_spawners_are_asked_about(&team, &pod).await;
        let off = cluster.bare_namespace("off", json!({SWITCH: "disabled"})).await;
        let helpers = helpers(&off).await;
        stays_inside(&off, &pod, helpers.issue(1, "Fix it")).await;
        assert_eq!(pod.warnings(), Vec::<Value>::new());

        // With defaults for Sessions, about those of people, too; and about no more Tasks than before.
        let people = json!({SECTION: {"value": "People", "on": ["sessions"]}});
        values["defaults"] = json!({ "annotations": people });
        helm.upgrade(&values).ok();
        drop(pod);
        let pod = Pod::start(cluster).await;
        pod.is_ready().await;
        will_have(&team, &session("probe"), Some("People")).await;
        let worker = backend_spawner(&team).await;
        are_labelled(&team, &worker).await;
        let before = pod.calls().await;
        let mut task: Value = worker.issue(1).into();
        let name = task["metadata"]["name"].take();
        task["metadata"] = json!({"name": name});
        team.accepts(task.clone()).await.is_untouched(task);
        assert_eq!(pod.calls().await, before, "the API server asked about a Task of nobody");

        values["sessions"] = json!({"enabled": false});
        helm.upgrade(&values).ok();
        drop(pod);
        let pod = Pod::start(cluster).await;
        pod.is_ready().await;
        will_have(&team, &session("probe"), None).await;
        stays_inside(&team, &pod, session("late")).await;
        are_labelled(&team, &worker).await;
        let configuration = cluster.admin.get(&format!("{CONFIGURATIONS}/{RELEASE}")).await.ok();
        assert_eq!(configuration["webhooks"].as_array().unwrap().len(), 1);
        assert_eq!(pod.warnings(), Vec::<Value>::new());
        assert_eq!(pod.lacking_rights(), Vec::<Value>::new());
        assert!(pod.stop().success());
    });
}
