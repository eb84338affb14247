//! Labels and node selectors of Pods: where they are written, and that a Job can be made of them.

use serde_json::{Map, Value, json};

use crate::harness::crds::Schemas;
use crate::harness::namespace::Namespace;
use crate::harness::objects::NewSpawner;
use crate::harness::{on_cluster, spawner};

const POD_LABELS: &str = "metadata.kelos.dev/pod-labels";
const NODE_SELECTOR: &str = "metadata.kelos.dev/node-selector";
const COPIES: &str = "metadata.kelos.dev/pod-labels-from-task";

/// Asks for labels and nodes of Pods, and for some that no Job could have.
fn asks_for_pods(name: &str) -> NewSpawner {
    spawner(name)
        .labels(json!({"team": "backend"}))
        .annotated(
            POD_LABELS,
            &json!({
                "example.com/number": "{{ .Number }}",
                "title": "{{ .Title }}",
                "kelos.dev/task": "other",
                "job-name": "other",
                "batch.kubernetes.io/controller-uid": "other",
                "kueue.x-k8s.io/queue-name": {"value": "{{ .Title }}", "onInvalid": "sanitize"},
                "kueue.x-k8s.io/priority-class": "High_Priority",
            })
            .to_string(),
        )
        .annotated(
            NODE_SELECTOR,
            &json!({
                "example.com/size": {"value": "{{ .Kind }}", "allowed": ["Issue"]},
                "kubernetes.io/hostname": "node-1",
                "free": "{{ .Title }}",
            })
            .to_string(),
        )
        .annotated(COPIES, "team, kelos.dev/*")
}

/// What a Task says of its Pod as Kelos takes it.
pub(super) fn overrides(task: &Value) -> &Value {
    let of_worker = &task["spec"]["worker"]["podOverrides"];
    if of_worker.is_null() { &task["spec"]["podOverrides"] } else { of_worker }
}

/// The Job that Kelos makes of a Task, as far as labels, nodes and the name go.
pub(super) fn job_of(task: &Value) -> Value {
    let name = &task["metadata"]["name"];
    let mut labels = overrides(task)["labels"].as_object().cloned().unwrap_or_default();
    let built_in = json!({"kelos.dev/name": "kelos", "kelos.dev/component": "task",
                          "kelos.dev/managed-by": "kelos-controller", "kelos.dev/task": name});
    labels.extend(built_in.as_object().unwrap().clone());
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "labels": labels},
        "spec": {"template": {"metadata": {"labels": labels}, "spec": {
            "restartPolicy": "Never", "nodeSelector": overrides(task)["nodeSelector"],
            "containers": [{"name": "agent", "image": "agent"}],
        }}},
    })
}

/// The spec of a Task without labels and nodes of its Pod.
fn rest(task: &Value) -> Value {
    let mut spec = task["spec"].clone();
    for parent in ["", "/worker"] {
        if let Some(parent) = spec.pointer_mut(parent).and_then(Value::as_object_mut) {
            let there = parent.remove("podOverrides").unwrap_or_default();
            parent.insert("account".to_owned(), there["serviceAccountName"].clone());
        }
    }
    spec
}

/// What a Task may say of its Pod: its spec, where that is written, and the labels and nodes that stay.
fn shapes(schemas: Schemas) -> Vec<(Value, &'static str, Value, Value)> {
    let credentials = json!({"type": "none"});
    let legacy = json!({"type": null, "credentials": null, "workspaceRef": null});
    let inline = |overrides: Value| {
        let mut spec = legacy.clone();
        spec["worker"] = json!({"type": "claude-code", "credentials": credentials});
        json_patch::merge(&mut spec["worker"], &json!({ "podOverrides": overrides }));
        spec
    };
    let mut shapes = vec![
        (json!({}), "/spec/podOverrides", json!({}), json!({})),
        (json!({"podOverrides": {}}), "/spec/podOverrides", json!({}), json!({})),
        (
            json!({"podOverrides": {"nodeSelector": {"disk": "ssd", "example.com/size": "mine"}}}),
            "/spec/podOverrides",
            json!({}),
            json!({"disk": "ssd", "example.com/size": "mine"}),
        ),
    ];
    if schemas.has_worker_pools() {
        let labels =
            json!({"podOverrides": {"labels": {"team": "mine"}, "serviceAccountName": "a"}});
        let mut both = inline(json!({"labels": {"a": "b"}}));
        both["podOverrides"] = json!({"labels": {"c": "d"}});
        let mut beside = inline(json!(null));
        beside["podOverrides"] = json!({"labels": {"c": "d"}});
        shapes.extend([
            (labels, "/spec/podOverrides", json!({"team": "mine"}), json!({})),
            (inline(json!(null)), "/spec/worker/podOverrides", json!({}), json!({})),
            (inline(json!({})), "/spec/worker/podOverrides", json!({}), json!({})),
            (both, "/spec/worker/podOverrides", json!({"a": "b"}), json!({})),
            (beside, "/spec/podOverrides", json!({"c": "d"}), json!({})),
        ]);
    }
    shapes
}

/// Creates a Task of every shape, and says of each what it has afterwards and that a Job can be made of it.
pub(crate) async fn are_reached(namespace: &Namespace, schemas: Schemas) {
    let worker = namespace.creates(asks_for_pods("pods")).await;
    namespace.will_label(worker.issue(1), "team", "backend").await;
    let ours = json!({"example.com/number": "", "team": "backend"});
    for (number, (spec, at, labels, nodes)) in (2..).zip(shapes(schemas)) {
        let sent = worker.issue(number).says(spec);
        let task = namespace.accepts(sent.clone()).await.object;
        let with = |ours: &Value, there: &Value| {
            let mut map: Map<String, Value> = ours.as_object().unwrap().clone();
            map.extend(there.as_object().unwrap().clone());
            Value::Object(map)
        };
        let found = task.pointer(at).unwrap_or_else(|| panic!("{at} of {task:#}"));
        assert_eq!(found["nodeSelector"], with(&json!({"example.com/size": "Issue"}), &nodes));
        if schemas.has_pod_labels() {
            let mut expected = with(&ours, &labels);
            expected["example.com/number"] = json!(number.to_string());
            assert_eq!(found["labels"], expected, "{task:#}");
        } else {
            assert!(found["labels"].is_null(), "pruned: {task:#}");
        }
        assert_eq!(rest(&task), rest(&sent.into()), "all else is as it was sent");
        let job = namespace.post("jobs", "?dryRun=All", job_of(&task)).await;
        assert!(job.status.is_success(), "a Job of {task:#}: {job:#?}");
    }
}

/// Has a WorkerPool do a Task: nothing can be said of its Pod, and nothing is lost.
pub(crate) async fn are_unsupported_in_a_pool(namespace: &Namespace) {
    let worker = namespace.creates(asks_for_pods("pooled-pods").of_pool("agents")).await;
    let task = worker.issue(1).of_pool("agents");
    namespace.will_label(task.clone(), "team", "backend").await;
    let task = namespace.accepts(task).await;
    assert!(task.object["spec"]["podOverrides"].is_null(), "{:#}", task.object);
    let skipped = task.annotation("metadata.kelos.dev/skipped").unwrap();
    assert!(skipped.contains("pod_label:example.com/number=unsupported"), "{skipped}");
    assert!(!skipped.contains("pod_label:team"), "nobody asked for this key: {skipped}");
}

#[test]
fn pods_of_every_shape_are_reached() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("pods").await;
        are_reached(&namespace, Schemas::V1alpha2).await;
        are_unsupported_in_a_pool(&namespace).await;
    });
}

#[test]
fn a_job_that_hangs_would_have_been_refused_here() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("refused-jobs").await;
        let refused = |labels: Value, nodes: Value| {
            job_of(&json!({"metadata": {"name": "t"},
                           "spec": {"podOverrides": {"labels": labels, "nodeSelector": nodes}}}))
        };
        for job in [
            refused(json!({"title": "Fix the login page"}), json!({})),
            refused(json!({"batch.kubernetes.io/controller-uid": "other"}), json!({})),
            refused(json!({}), json!({"free": "Fix the login page"})),
        ] {
            let reply = namespace.post("jobs", "?dryRun=All", job.clone()).await;
            assert!(reply.status.is_client_error(), "{job:#} was taken: the test says nothing");
        }
    });
}
