//! Rotations with lives of seconds.

use std::time::Duration;

use crate::certs::fixture::Scene;
use crate::harness::on_cluster;
use crate::harness::wait::within;

/// Certificates that live for seconds.
pub(crate) const SHORT: [&str; 6] =
    ["--certificate-lifetime", "15s", "--ca-settle", "1s", "--lease-duration", "3s"];

/// Watches so many rotations: what is served is trusted all the time, no Task is lost.
async fn rotations(scene: &Scene, count: usize) {
    let _controller = scene.controller(&SHORT).await;
    scene.labels().await;
    let vigil = scene.vigil();
    let mut served = scene.served().await.unwrap();
    for _ in 0..count {
        served = scene.serves_other_than(Some(&served)).await;
    }
    // The last authority goes when it is over.
    within(Duration::from_secs(100), "one authority is left", async || {
        (scene.authorities().await == 1).then_some(())
    })
    .await;
    let seen = vigil.end().await;
    assert!(seen.served.len() > count, "{}", seen.served.len());
    assert!((2..=3).contains(&seen.most_authorities), "{}", seen.most_authorities);
}

#[test]
fn every_served_certificate_is_trusted() {
    on_cluster(async |cluster| {
        rotations(&Scene::new(cluster, "own-rotation").await, 3).await;
    });
}

#[test]
#[ignore = "minutes: run by `make soak`"]
fn every_served_certificate_is_trusted_for_long() {
    on_cluster(async |cluster| {
        rotations(&Scene::new(cluster, "own-long").await, 20).await;
    });
}
