use serde_json::{Value, json};

use super::*;
use crate::cluster::Change;
use crate::cluster::scripted::{self, api, status};
use crate::engine::rules::Policy;
use crate::spawners::{ClusterChange, Objects};

#[test]
fn patience_follows_the_api_server() {
    for (query, milliseconds) in [
        (None, 1500),
        (Some("timeout=3s"), 1500),
        (Some("timeout=2s"), 1000),
        (Some("timeout=1s"), 0),
        (Some("x=1&timeout=30s"), 1500),
        (Some("timeout=soon"), 1500),
    ] {
        assert_eq!(patience(query), Duration::from_millis(milliseconds), "{query:?}");
    }
}

/// What answers a new Task of a TaskSpawner with this label template, and how many keys it counts as
/// applied and in all.
fn respond_to(template: &str, place: Place) -> (Result<Answered, Needs>, [u64; 2]) {
    let spawners = Spawners::new(Policy::default());
    let labels = json!({"made": template}).to_string();
    let spawner = json!({"metadata": {"name": "worker", "namespace": "default", "annotations": {
        "metadata.kelos.dev/labels": labels}}});
    spawners.replace(Objects {
        spawners: vec![Arc::new(serde_json::from_value(spawner).unwrap())],
        workspaces: Vec::new(),
        pools: Vec::new(),
        namespaces: Vec::new(),
    });
    let review = json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "6ea4f1f5-0c7b-4a2c-9d9e-1b8d4d2a7f10",
            "resource": {"group": "kelos.dev", "version": "v1alpha2", "resource": "tasks"},
            "namespace": "default", "operation": "CREATE",
            "object": {"metadata": {
                "name": "worker-1", "namespace": "default",
                "labels": {"kelos.dev/taskspawner": "worker"}}},
        },
    });
    let sight = Sight { known: spawners.snapshot(), owner: OwnerSight::Missing };
    let (body, metrics) = (review.to_string(), Metrics::new());
    let answered = respond(body.as_bytes(), &sight, &Limits::default(), &metrics, place);
    let encoded = metrics.encode().unwrap();
    let keys = encoded.lines().filter(|line| line.starts_with("kelos_metadata_keys_total{"));
    let number = |line: &str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    let applied = keys.clone().filter(|line| line.contains("\"applied\"")).map(number).sum();
    (answered, [applied, keys.map(number).sum()])
}

#[test]
fn only_what_is_cheap_is_rendered_where_requests_are_read() {
    for (template, is_cheap) in [
        ("plain", true),
        ("{{ .Task.Name | upper }}", true),
        ("{{ len (until 1000) }}", true),
        ("{{ len (until 9000) }}", false),
        ("{{ 9000 | until | length }}", false),
        ("{{ repeat 1000000000 \"x\" }}", false),
        ("{{ 'x' * 1000000000 }}", false),
        ("{{ range .Task.Labels }}x{{ end }}", false),
    ] {
        let (in_line, [_, counted]) = respond_to(template, Place::InLine);
        assert_eq!(matches!(in_line, Err(Needs::Pool { .. })), !is_cheap, "{template}");
        assert_eq!(counted, u64::from(is_cheap), "a key is counted once: {template}");
        let (apart, [_, counted]) = respond_to(template, Place::Apart);
        assert!(apart.is_ok() && counted == 1, "{template}");
    }
}

#[test]
fn what_is_too_much_in_line_has_all_of_its_budget_apart() {
    let (apart, [applied, _]) = respond_to("{{ len (until 9000) }}", Place::Apart);
    assert_eq!((apart.unwrap().outcome, applied), (Outcome::Patched, 1));
}

/// The creation of a Task of a TaskSpawner that nobody knows.
fn creation() -> Bytes {
    let resource = json!({"group": "kelos.dev", "version": "v1alpha2", "resource": "tasks"});
    let review = json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
        "uid": "u", "operation": "CREATE", "namespace": "ns", "resource": resource,
        "kind": {"group": "kelos.dev", "version": "v1alpha2", "kind": "Task"},
        "object": {"kind": "Task", "apiVersion": "kelos.dev/v1alpha2", "metadata": {
            "name": "t", "labels": {"kelos.dev/taskspawner": "worker"}}},
    }});
    Bytes::from(review.to_string())
}

#[tokio::test]
async fn a_cold_cache_that_can_not_ask_says_try_again_and_a_warm_one_lets_the_task_be() {
    let away = |_: &str| scripted::Answer::Json(500, status(500, "InternalError", "away"));
    let (client, asked) = api(away);
    let spawners = Arc::new(Spawners::new(Policy::default()));
    let metrics = Arc::new(Metrics::new());
    let live = LiveLookup::new(client, Arc::clone(&spawners), Arc::clone(&metrics));
    let answer = MutateTask::new(Arc::clone(&spawners), metrics, Limits::default())
        .with_live_lookup(Arc::new(live));
    let cold = answer.answered(creation(), Some("timeout=3s")).await;
    assert_eq!((cold.outcome, cold.reply.code().as_u16()), (Outcome::Unavailable, 503));
    assert!(!asked.all().is_empty(), "it has tried to ask");

    spawners.apply(ClusterChange::Spawners(Change::Listed));
    let warm = answer.answered(creation(), Some("timeout=3s")).await;
    assert_eq!((warm.outcome, warm.reply.code().as_u16()), (Outcome::UnknownOwner, 200));
    let said: Value = serde_json::from_slice(warm.reply.body()).unwrap();
    assert_eq!(said["response"]["allowed"], true);
}
