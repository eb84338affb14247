//! Which Tasks the API server asks about: by namespace, by owner, and by the Task itself.

use serde_json::{Value, json};

use crate::chart::support::installation::{are_labelled, are_left_alone, backend_spawner, install};
use crate::harness::Cluster;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::namespace::Namespace;
use crate::harness::objects::Spawner;
use crate::harness::pod::Pod;

const SWITCH: &str = "metadata.kelos.dev/injection";

/// A namespace with a TaskSpawner that asks for a label.
struct Team {
    namespace: Namespace,
    spawner: Spawner,
}

impl Team {
    async fn new(cluster: &Cluster, name: &str, labels: Value) -> Team {
        let namespace = cluster.bare_namespace(name, labels).await;
        let spawner = backend_spawner(&namespace).await;
        Team { namespace, spawner }
    }

    /// Its Tasks are labelled, as soon as the API server knows its configuration.
    async fn is_served(&self) {
        are_labelled(&self.namespace, &self.spawner).await;
    }

    /// Its Tasks stay inside the API server, which does not even ask.
    async fn is_not_served(&self, pod: &Pod) {
        are_left_alone(&self.namespace, &self.spawner).await;
        self.stays_inside(pod, self.spawner.issue(2)).await;
    }

    async fn stays_inside(&self, pod: &Pod, task: impl Into<Value>) {
        let (before, task) = (pod.calls().await, task.into());
        self.namespace.accepts(task.clone()).await.is_untouched(task);
        assert_eq!(pod.calls().await, before, "the API server asked");
    }

    /// The API server asks, and changes nothing.
    async fn is_audited(&self, pod: &Pod, number: u32) {
        let before = pod.calls().await;
        let task = self.spawner.issue(number);
        let created = self.namespace.accepts(task.clone()).await;
        created.is_untouched(task);
        assert_eq!(pod.calls().await, before + 1.0);
        let event = self.namespace.audit_event(created.name()).await;
        assert_eq!(event["annotations"]["mtask.metadata.kelos.dev/applied"], "label:area");
    }
}

/// A value of the webhook's own choice beside the certificate's.
fn with(values: &Value, more: Value) -> Value {
    let mut values = values.clone();
    for (key, value) in more.as_object().unwrap() {
        values[key] = value.clone();
    }
    values
}

#[test]
fn namespaces_are_switched_as_the_values_say() {
    on_own_cluster("namespaces", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let (helm, values, pod) = install(cluster).await;
        let plain = Team::new(cluster, "plain", json!({})).await;
        let enabled = Team::new(cluster, "enabled", json!({SWITCH: "enabled"})).await;
        let disabled = Team::new(cluster, "disabled", json!({SWITCH: "disabled"})).await;
        let audited = Team::new(cluster, "audited", json!({SWITCH: "audit"})).await;

        plain.is_served().await;
        enabled.is_served().await;
        disabled.is_not_served(&pod).await;
        audited.is_audited(&pod, 1).await;

        let excluded = json!({"excludeNamespaces": ["enabled"]});
        helm.upgrade(&with(&values, excluded)).ok();
        enabled.is_not_served(&pod).await;
        plain.is_served().await;

        helm.upgrade(&with(&values, json!({"injection": "opt-in"}))).ok();
        plain.is_not_served(&pod).await;
        enabled.is_served().await;
        audited.is_audited(&pod, 2).await;
        assert_eq!(pod.warnings(), Vec::<Value>::new());
        assert!(pod.stop().success());
    });
}

#[test]
fn tasks_without_a_taskspawner_and_exempt_ones_stay_inside_the_api_server() {
    on_own_cluster("tasks", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let (_helm, _, pod) = install(cluster).await;
        let team = Team::new(cluster, "team", json!({})).await;
        team.is_served().await;
        let worker = &team.spawner;
        team.stays_inside(&pod, worker.issue(1).labelled(SWITCH, "disabled")).await;

        let changed = |number, change: &dyn Fn(&mut Value)| -> Value {
            let mut task = worker.issue(number).into();
            change(&mut task);
            task
        };
        let is_labelled = async |task: Value| {
            let created = team.namespace.accepts(task).await;
            assert_eq!(created.label("area"), Some("backend"), "{}", created.name());
        };
        // The three ways of naming an owner, each alone.
        is_labelled(changed(2, &|task| task["metadata"]["labels"] = json!({}))).await;
        is_labelled(worker.issue(3).without_owner_reference().into()).await;
        let from = json!({"kelos.dev/created-from-taskspawner": "worker"});
        is_labelled(changed(4, &|task| {
            let name = task["metadata"]["name"].take();
            task["metadata"] = json!({"name": name, "annotations": from});
        }))
        .await;
        // Nobody's, and somebody else's.
        let bare = changed(5, &|task| {
            let name = task["metadata"]["name"].take();
            task["metadata"] = json!({"name": name});
        });
        team.stays_inside(&pod, bare).await;
        for (number, key, value) in
            [(6, "kind", "Session"), (7, "apiVersion", "example.com/v1"), (8, "kind", "CronJob")]
        {
            let other = changed(number, &|task| {
                task["metadata"]["ownerReferences"][0][key] = json!(value);
            });
            team.stays_inside(&pod, other).await;
        }
        // An owner that does not control it is none; the label is asked then.
        is_labelled(changed(9, &|task| {
            let owner = &mut task["metadata"]["ownerReferences"][0];
            owner["controller"] = json!(false);
            owner["kind"] = json!("Session");
        }))
        .await;
    });
}
