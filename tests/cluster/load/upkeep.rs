//! An installation that is kept up while Tasks are created: restarts, rotations, upgrades, accidents.

use std::time::Duration;

use serde_json::json;

use crate::harness::cluster::{Cluster, alone_on_own_cluster};
use crate::harness::crds::Schemas;
use crate::load::installation::Installation;
use crate::load::stream::Stream;

async fn is_kept_up(cluster: &Cluster, rounds: usize, pace: Duration) {
    cluster.install(Schemas::V1alpha2).await;
    let mut installation = Installation::install(cluster).await;
    let team = cluster.bare_namespace("team", json!({})).await;
    let stream = Stream::at_pace(team, pace).await;
    let certificate_watch = installation.watch_certificates();
    for round in 1..=rounds {
        let step = |name: &str| stream.step(format!("round {round}, {name}"));
        step("rolling restart");
        installation.roll().await;
        step("restart of the controller");
        installation.replace_controller().await;
        step("kill of the controller");
        installation.kill_controller().await;
        step("rotation");
        installation.rotates().await;
        step("helm upgrade");
        installation.upgrade(&format!("upgraded-{round}")).await;
        step("kubectl apply");
        installation.apply(&format!("applied-{round}"), &[]).await;
        step("kubectl apply --server-side");
        // The apply before it took the fields over that helm had.
        installation.apply(&format!("applied-there-{round}"), &["--server-side"]).await;
        step("delete of the Secret");
        installation.delete_secret().await;
        step("garbage in the Secret");
        installation.spoil_secret().await;
        step("foreign pair in the Secret");
        installation.plant_pair().await;
        stream.flows(20).await;
    }
    let tally = stream.end().await;
    let seen = certificate_watch.end().await;
    println!(
        "{rounds} rounds of upkeep: {} Tasks, {} certificates in {} looks, at most {} CAs",
        tally.asked,
        seen.served.len(),
        seen.looks,
        seen.most_cas
    );
    tally.all_are_labelled();
    assert!(seen.served.len() > 3 * rounds, "{}", seen.served.len());
}

#[test]
fn no_upkeep_costs_a_task_or_a_label() {
    alone_on_own_cluster("upkeep", async |cluster| {
        is_kept_up(cluster, 3, Duration::from_millis(50)).await;
    });
}

#[test]
#[ignore = "twenty rounds of the test above: make soak"]
fn twenty_rounds_of_upkeep_cost_no_task_and_no_label() {
    alone_on_own_cluster("upkeep-on", async |cluster| {
        is_kept_up(cluster, 20, Duration::from_millis(200)).await;
    });
}
