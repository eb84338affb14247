//! Clocks that are off, and certificates that are over.

use std::time::Duration;

use futures_util::future::join;
use tokio::time::sleep;

use crate::certs::fixture::{DAY, SECRET_PATIENCE, Scene, issued_ago};
use crate::harness::proxy::{Proxy, Watches};
use crate::harness::wait::{eventually, within};
use crate::harness::{Cluster, on_cluster};

const FLAGS: [&str; 4] = ["--ca-settle", "2s", "--lease-duration", "3s"];

#[test]
fn a_certificate_that_is_over_at_the_start_is_replaced() {
    on_cluster(async |cluster| {
        let scene = Scene::new(cluster, "own-expired").await;
        let expired = issued_ago(DAY, DAY - Duration::from_secs(10));
        scene.seed(&expired, "").await;
        let before = scene.served_at_last().await;
        let _controller = scene.controller(&FLAGS).await;
        scene.serves_other_than(Some(&before)).await;
        scene.labels().await;
        within(SECRET_PATIENCE, "what is over is dropped", async || {
            (scene.authorities().await == 1 || scene.authorities().await == 2).then_some(())
        })
        .await;
    });
}

/// A controller for which the API server's clock is ten minutes off makes what another one can live
/// with, and begins what another one can finish.
#[test]
fn a_clock_may_be_ten_minutes_off_either_way() {
    on_cluster(async |cluster| {
        join(clock_off(cluster, "own-behind", -600), clock_off(cluster, "own-ahead", 600)).await;
    });
}

async fn clock_off(cluster: &Cluster, name: &str, seconds: i64) {
    let scene = Scene::new(cluster, name).await;
    let proxy = Proxy::start(scene.api_server(), Watches::Pass).await;
    proxy.traffic.set_clock_ahead(seconds);
    let first = scene.controller_through(proxy.address, &FLAGS).await;
    scene.labels().await;
    let vigil = scene.vigil();
    let before = scene.served().await.unwrap();
    // It is killed while its next certificate settles.
    proxy.traffic.halt_after(proxy.traffic.writes().len() + 3);
    scene.spoil_secret(serde_json::json!({"tls.key": ""})).await;
    proxy.traffic.halted().await;
    first.kill();
    let second = scene.controller(&FLAGS).await;
    scene.serves_other_than(Some(&before)).await;
    eventually("the second one leads", async || second.leads().await.then_some(())).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(vigil.end().await.served.len(), 2, "{seconds}");
}
