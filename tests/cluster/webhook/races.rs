//! Tasks that are faster than the watch.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::harness::namespace::Namespace;
use crate::harness::objects::LABELS;
use crate::harness::proxy::{Proxy, Watches};
use crate::harness::{Cluster, on_cluster, spawner};

const PAIRS: u32 = 1000;
/// Kelos runs a process for each TaskSpawner, so several create at once.
const AT_ONCE: u32 = 4;
/// One crowd at a time: a look-up has half a second, on machines that are not ours.
static CROWD: Mutex<()> = Mutex::const_new(());

/// Creates TaskSpawners, and with each its first Task at once; gives how many of them are labelled.
async fn labelled(namespace: Namespace) -> usize {
    let _one = CROWD.lock().await;
    let namespace = Arc::new(namespace);
    let mut clients = JoinSet::new();
    for client in 0..AT_ONCE {
        let namespace = Arc::clone(&namespace);
        clients.spawn(async move {
            for number in (client..PAIRS).step_by(AT_ONCE as usize) {
                let worker =
                    spawner(&format!("worker-{number}")).labels(json!({"area": "backend"}));
                let worker = namespace.creates(worker).await;
                let task = match number % 2 {
                    0 => worker.issue(1),
                    _ => worker.issue(1).without_owner_reference(),
                };
                namespace.post("tasks", "", task.into()).await.ok();
            }
        });
    }
    clients.join_all().await;
    let tasks = namespace.tasks().await;
    assert_eq!(tasks.len(), PAIRS as usize);
    tasks.iter().filter(|task| task["metadata"]["labels"]["area"] == "backend").count()
}

#[test]
fn the_first_task_of_each_of_1000_spawners_is_labelled() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("back-to-back").await;
        assert_eq!(labelled(namespace).await, 1000);
    });
}

#[test]
fn they_are_when_the_watch_is_two_seconds_late() {
    on_cluster(async |cluster| {
        let late = Watches::Late(Duration::from_secs(2));
        let proxy = Proxy::start(cluster.control_plane.address(), late).await;
        let webhook = cluster.webhook("late").through(proxy.address).start().await;
        let labelled = labelled(webhook.namespace("late").await).await;
        assert_eq!(labelled, 1000, "{}", webhook.metrics().await);
        let looked_up = webhook.metric("kelos_metadata_lookups_total{result=\"found\"}").await;
        assert!(looked_up > 500.0, "the watch was not late: {looked_up} look-ups");
    });
}

/// Deletes a TaskSpawner and makes it again under its name, several times.
async fn namesakes(cluster: &Cluster, name: &str, watches: Watches) {
    let proxy = Proxy::start(cluster.control_plane.address(), watches).await;
    let setup = cluster.webhook(name).through(proxy.address);
    let namespace = setup.namespace(name).await;
    // Known from the start, so that what its Tasks get tells how far the watch has come.
    let pace = namespace.creates(spawner("pace").labels(json!({"round": ""}))).await;
    let _webhook = setup.start().await;
    for round in 0..5 {
        let manifest = |area: &str| spawner("worker").labels(json!({"area": area}));
        let old = namespace.creates(manifest("old")).await;
        // In some rounds the webhook has seen the old one, in others it may not have.
        if round % 2 == 0 {
            namespace.will_label(old.issue(round), "area", "old").await;
        }
        namespace.deletes(&old).await;
        let new = namespace.creates(manifest("new")).await;
        let of_new = json!({"area": "new", "kelos.dev/taskspawner": "worker"});
        namespace.accepts(new.issue(100 + round)).await.labels_are(of_new.clone());

        let labels = json!({"round": round.to_string()}).to_string();
        namespace.changes(&pace, json!({"metadata": {"annotations": {LABELS: labels}}})).await;
        namespace.will_label(pace.issue(round), "round", &round.to_string()).await;
        namespace.accepts(old.issue(200 + round)).await.is_untouched(old.issue(200 + round));
        namespace.accepts(new.issue(300 + round)).await.labels_are(of_new);
        namespace.deletes(&new).await;
    }
}

#[test]
fn a_namesake_of_the_owner_is_not_the_owner() {
    on_cluster(async |cluster| namesakes(cluster, "namesakes", Watches::Pass).await);
}

#[test]
fn nor_is_it_when_the_watch_is_two_seconds_late() {
    on_cluster(async |cluster| {
        namesakes(cluster, "late-namesakes", Watches::Late(Duration::from_secs(2))).await;
    });
}

#[test]
fn tasks_follow_their_spawner_when_it_changes() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("changes").await;
        let worker = namespace.creates(spawner("worker").labels(json!({"version": "0"}))).await;
        for version in 1..20 {
            let labels = json!({"version": version.to_string()}).to_string();
            let change = json!({"metadata": {"annotations": {LABELS: labels}}});
            namespace.changes(&worker, change).await;
            namespace
                .will_label_within(
                    // A second is what is promised; a machine under load is no broken promise.
                    Duration::from_secs(10),
                    worker.issue(version),
                    "version",
                    &version.to_string(),
                )
                .await;
        }
    });
}
