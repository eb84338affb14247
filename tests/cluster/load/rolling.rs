//! Webhooks that are replaced, one after the other, while Tasks are created.

use crate::harness::cluster::{Cluster, alone_on_cluster};
use crate::load::fleet::Fleet;
use crate::load::stream::Stream;

/// Long enough for the Service to forget a webhook that gets SIGTERM.
const SHUTDOWN_DELAY: &str = "--shutdown-delay=2s";

async fn rolls(cluster: &Cluster, name: &str, rounds: usize) {
    let mut fleet = Fleet::start(cluster, name, 2, "Fail", &[SHUTDOWN_DELAY]).await;
    let stream = Stream::start(fleet.namespace(name).await).await;
    for _ in 0..rounds {
        for _ in 0..2 {
            fleet.replace_oldest().await;
            stream.flows(20).await;
        }
    }
    let tally = stream.end().await;
    println!("{rounds} rolling restarts of two webhooks: {} Tasks", tally.asked);
    tally.all_are_labelled();
}

#[test]
fn a_rolling_restart_costs_no_task_and_no_label() {
    alone_on_cluster(async |cluster| rolls(cluster, "rolling", 3).await);
}

#[test]
#[ignore = "twenty rounds of the test above: make soak"]
fn twenty_rolling_restarts_cost_no_task_and_no_label() {
    alone_on_cluster(async |cluster| rolls(cluster, "rolling-on", 20).await);
}
