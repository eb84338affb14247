//! What is asked of the API server, how often, and what becomes of it.

use serde_json::{Value, json};
use tokio::time::{Instant as TestInstant, advance};

use super::*;
use crate::cluster::Change;
use crate::cluster::scripted::{Asked, ScriptedResponse, api, status, versions};
use crate::engine::rules::Policy;
use crate::spawners::ClusterChange;
use crate::webhook::Metrics;

const PATIENCE: Duration = Duration::from_millis(1500);

fn lookup(
    answer: impl Fn(&str) -> ScriptedResponse + Clone + Send + 'static,
) -> (Arc<LiveLookup>, Asked) {
    let (client, asked) = api(answer);
    let spawners = Arc::new(Spawners::new(Policy::default()));
    (Arc::new(LiveLookup::new(client, spawners, Arc::clone(Metrics::new().spawners()))), asked)
}

fn spawner(name: &str, uid: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "ns", "uid": uid,
                        "annotations": {"metadata.kelos.dev/labels": "{a: b}"}}})
}

/// An API server that has this uid under every name.
fn has(uid: &'static str) -> impl Fn(&str) -> ScriptedResponse + Clone + Send + 'static {
    move |path| match path.rsplit_once("/taskspawners/") {
        Some((_, name)) => ScriptedResponse::Json(200, spawner(name, uid)),
        None => versions(&["v1alpha2"]),
    }
}

fn not_found(name: &str) -> ScriptedResponse {
    let message = format!("taskspawners.kelos.dev {name:?} not found");
    let mut answer = status(404, "NotFound", &message);
    answer["details"] = json!({"name": name, "group": "kelos.dev", "kind": "taskspawners"});
    ScriptedResponse::Json(404, answer)
}

async fn look_up(lookup: &LiveLookup, name: &str, uid: Option<&str>) -> &'static str {
    look_up_in(lookup, "ns", name, uid).await
}

async fn look_up_in(
    lookup: &LiveLookup,
    namespace: &str,
    name: &str,
    uid: Option<&str>,
) -> &'static str {
    match lookup.look_up(namespace, &Owner { shape: Shape::Task, name, uid }, PATIENCE).await {
        LookupResult::Found(_) => "found",
        LookupResult::Missing => "missing",
        LookupResult::Unavailable => "unavailable",
    }
}

fn gets(asked: &Asked) -> usize {
    asked.count("/taskspawners/")
}

#[tokio::test]
async fn the_owner_of_that_uid_is_found_and_remembered() {
    let (lookup, asked) = lookup(has("1"));
    for _ in 0..3 {
        assert_eq!(look_up(&lookup, "a", Some("1")).await, "found");
    }
    assert_eq!(gets(&asked), 1);
    assert_eq!(look_up(&lookup, "a", Some("2")).await, "missing", "it has another uid now");
    assert_eq!(look_up(&lookup, "a", None).await, "found", "a label names no uid");
    assert_eq!(gets(&asked), 3, "each uid is a query of its own");
    lookup.forget(Shape::Task, "ns", "a");
    assert_eq!(look_up(&lookup, "a", Some("1")).await, "found");
    assert_eq!(gets(&asked), 4, "the watch has shown that name");
}

#[tokio::test]
async fn what_is_missing_is_remembered_for_a_moment() {
    let (lookup, asked) = lookup(|path| match path.rsplit_once("/taskspawners/") {
        Some((_, name)) => not_found(name),
        None => versions(&["v1alpha2"]),
    });
    for _ in 0..3 {
        assert_eq!(look_up(&lookup, "a", Some("1")).await, "missing");
    }
    let first = gets(&asked);
    for name in ["../../../../api/v1/namespaces/ns/secrets/s", "a/b", "..", "A", ""] {
        assert_eq!(look_up(&lookup, name, None).await, "missing", "{name:?}");
    }
    assert_eq!(gets(&asked), first, "what is no name is not asked for");
    lookup.cache().expire();
    assert_eq!(look_up(&lookup, "a", Some("1")).await, "missing");
    assert!(gets(&asked) > first, "the moment is over");
}

#[tokio::test(start_paused = true)]
async fn four_at_once_two_of_a_namespace_one_of_each_name_and_the_wait_counts() {
    let slow = |path: &str| match path.rsplit_once("/taskspawners/") {
        Some((_, name)) => ScriptedResponse::Later(
            GET_TIMEOUT - Duration::from_millis(100),
            Box::new(not_found(name)),
        ),
        None => versions(&["v1alpha2"]),
    };
    let (lookup, asked) = lookup(slow);
    lookup.get.version.store(Some(Arc::new("v1alpha2".to_owned())));
    let names = [
        ("ns", "a"),
        ("ns", "a"),
        ("ns", "b"),
        ("ns", "c"),
        ("ns", "d"),
        ("ns", "e"),
        ("other", "a"),
        ("third", "a"),
        ("fourth", "a"),
    ];
    let callers = names.map(|(namespace, name)| {
        let lookup = Arc::clone(&lookup);
        tokio::spawn(async move {
            let begun = TestInstant::now();
            (look_up_in(&lookup, namespace, name, None).await, begun.elapsed())
        })
    });
    tokio::task::yield_now().await;
    advance(Duration::from_millis(10)).await;
    assert_eq!(gets(&asked), PLACES.places, "{:?}", asked.all());
    assert_eq!(asked.count("/ns/taskspawners/"), PLACES.of_one, "others have places, too");
    for caller in callers {
        let (_, waited) = caller.await.unwrap();
        assert!(waited <= PATIENCE, "{waited:?}");
    }
    assert_eq!(asked.count("/ns/taskspawners/a"), 1, "the second one waited for the first");
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_does_not_answer_costs_half_a_second() {
    let never = |_: &str| ScriptedResponse::Later(Duration::from_secs(60), Box::new(versions(&[])));
    let (lookup, _) = lookup(never);
    let begun = TestInstant::now();
    assert_eq!(look_up(&lookup, "a", None).await, "unavailable");
    assert!(begun.elapsed() <= GET_TIMEOUT + Duration::from_millis(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn trouble_is_not_remembered() {
    let forbidden = |path: &str| match path.rsplit_once("/taskspawners/") {
        Some(_) => {
            ScriptedResponse::Json(403, status(403, "Forbidden", "taskspawners is forbidden"))
        }
        None => versions(&["v1alpha2"]),
    };
    let (lookup, asked) = lookup(forbidden);
    assert_eq!(look_up(&lookup, "a", None).await, "unavailable");
    assert_eq!(look_up(&lookup, "a", None).await, "unavailable");
    assert_eq!(gets(&asked), 2);
}

#[tokio::test]
async fn a_version_that_is_gone_is_replaced_by_the_one_of_the_day() {
    let upgraded = |path: &str| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        _ if path.contains("/v1alpha1/") => ScriptedResponse::Text(404, "404 page not found\n"),
        _ => ScriptedResponse::Json(200, spawner("a", "1")),
    };
    let (lookup, _) = lookup(upgraded);
    lookup.get.version.store(Some(Arc::new("v1alpha1".to_owned())));
    assert_eq!(look_up(&lookup, "a", Some("1")).await, "found");
}

#[tokio::test]
async fn a_panic_while_rules_are_compiled_is_found_with_a_problem() {
    let (client, _) = api(has("1"));
    let spawners =
        Arc::new(Spawners::compiling_with(|_, _, _| panic!("on purpose"), Policy::default()));
    let metrics = Metrics::new();
    let lookup = LiveLookup::new(client, spawners, Arc::clone(metrics.spawners()));
    let looked = lookup
        .look_up("ns", &Owner { shape: Shape::Task, name: "a", uid: Some("1") }, PATIENCE)
        .await;
    let LookupResult::Found(known) = looked else { panic!("{looked:?}") };
    assert_eq!((known.rules.keys.len(), known.rules.problems.len()), (0, 1));
    let text = metrics.encode().unwrap();
    assert!(text.contains("lookups_total{result=\"found\"} 1\n"), "{text}");
}

#[tokio::test]
async fn a_cluster_without_kelos_has_no_owner() {
    let (lookup, _) = lookup(|_| ScriptedResponse::Text(404, "404 page not found\n"));
    assert_eq!(look_up(&lookup, "a", Some("1")).await, "missing");
}

#[tokio::test]
async fn what_a_right_is_missing_for_counts_as_missing_once_the_cache_is_warm() {
    let forbidden = |path: &str| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        _ => ScriptedResponse::Json(403, status(403, "Forbidden", "it is forbidden")),
    };
    let (lookup, asked) = lookup(forbidden);
    for _ in 0..3 {
        assert!(matches!(lookup.namespace("ns", PATIENCE).await, LookupResult::Missing));
    }
    assert_eq!(asked.count("/api/v1/namespaces/ns"), 1, "{:?}", asked.all());
    for change in Change::all(Vec::new()) {
        lookup.spawners.apply(ClusterChange::Spawners(Shape::Task, change));
    }
    assert_eq!(look_up(&lookup, "a", None).await, "missing");
}
