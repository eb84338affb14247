//! Webhooks that are gone from one moment to the next, with failurePolicy Ignore as it is installed.

use std::time::Duration;

use crate::harness::cluster::{Cluster, alone_on_cluster};
use crate::load::fleet::Fleet;
use crate::load::stream::Stream;

async fn one_of_two_is_killed(cluster: &Cluster, name: &str, rounds: usize) {
    let mut fleet = Fleet::start(cluster, name, 2, "Ignore", &[]).await;
    let stream = Stream::start(fleet.namespace(name).await).await;
    for round in 0..rounds {
        fleet.kill_and_restart(round % 2, Duration::from_secs(1)).await;
        stream.flows(20).await;
    }
    let tally = stream.end().await;
    println!(
        "one of two killed {rounds} times: {} of {} Tasks labelled",
        tally.labelled, tally.asked
    );
    tally.all_exist();
    // What was on its way to the one that was killed has no label; the rest has.
    let lost = tally.asked - tally.labelled;
    assert!(lost <= rounds * 100, "{tally:?}");
}

#[test]
fn every_task_exists_when_one_of_two_webhooks_is_killed() {
    alone_on_cluster(async |cluster| one_of_two_is_killed(cluster, "one-killed", 3).await);
}

#[test]
#[ignore = "twenty rounds of the test above: make soak"]
fn every_task_exists_when_one_of_two_webhooks_is_killed_twenty_times() {
    alone_on_cluster(async |cluster| one_of_two_is_killed(cluster, "one-killed-on", 20).await);
}

#[test]
fn every_task_exists_when_all_webhooks_are_gone() {
    alone_on_cluster(async |cluster| {
        let mut fleet = Fleet::start(cluster, "gone", 2, "Ignore", &[]).await;
        let stream = Stream::start(fleet.namespace("gone").await).await;
        stream.flows(20).await;
        fleet.kill_all();
        stream.flows(100).await;
        let tally = stream.end().await;
        tally.all_exist();
        assert!(tally.labelled < tally.asked, "the webhooks were not gone: {tally:?}");
    });
}
