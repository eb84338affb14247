//! Rotations with lives of seconds.

use std::time::Duration;

use crate::certs::fixture::Fixture;
use crate::harness::on_cluster;
use crate::harness::wait::within;

/// Certificates that live for seconds.
pub(crate) const SHORT: [&str; 6] =
    ["--certificate-lifetime", "15s", "--ca-settle", "1s", "--lease-duration", "3s"];

/// Watches so many rotations: what is served is trusted all the time, no Task is lost.
async fn rotations(fixture: &Fixture, count: usize) {
    let _controller = fixture.controller(&SHORT).await;
    fixture.labels().await;
    let no_downtime = fixture.no_downtime();
    let mut served = fixture.served().await.unwrap();
    for _ in 0..count {
        served = fixture.serves_other_than(Some(&served)).await;
    }
    // The last CA goes when it expires.
    within(Duration::from_secs(100), "one CA is left", async || {
        (fixture.ca_certificates().await == 1).then_some(())
    })
    .await;
    let seen = no_downtime.end().await;
    assert!(seen.served.len() > count, "{}", seen.served.len());
    assert!((2..=3).contains(&seen.most_cas), "{}", seen.most_cas);
}

#[test]
fn every_served_certificate_is_trusted() {
    on_cluster(async |cluster| {
        rotations(&Fixture::new(cluster, "own-rotation").await, 3).await;
    });
}

#[test]
#[ignore = "minutes: run by `make soak`"]
fn every_served_certificate_is_trusted_for_long() {
    on_cluster(async |cluster| {
        rotations(&Fixture::new(cluster, "own-long").await, 20).await;
    });
}
