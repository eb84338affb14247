//! Clocks that are off, and certificates that are over.

use std::time::Duration;

use futures_util::future::join;
use tokio::time::sleep;

use crate::certs::fixture::{DAY, Fixture, SECRET_TIMEOUT, issued_ago};
use crate::harness::proxy::{Proxy, Watches};
use crate::harness::wait::{eventually, within};
use crate::harness::{Cluster, on_cluster};

const FLAGS: [&str; 4] = ["--ca-settle", "2s", "--lease-duration", "3s"];

#[test]
fn a_certificate_that_has_expired_at_the_start_is_replaced() {
    on_cluster(async |cluster| {
        let fixture = Fixture::new(cluster, "own-expired").await;
        let expired = issued_ago(DAY, DAY - Duration::from_secs(10));
        fixture.seed(&expired, "").await;
        let before = fixture.served_at_last().await;
        let _controller = fixture.controller(&FLAGS).await;
        fixture.serves_other_than(Some(&before)).await;
        fixture.labels().await;
        within(SECRET_TIMEOUT, "what has expired is dropped", async || {
            (fixture.ca_certificates().await == 1 || fixture.ca_certificates().await == 2)
                .then_some(())
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
    let fixture = Fixture::new(cluster, name).await;
    let proxy = Proxy::start(fixture.api_server(), Watches::Pass).await;
    proxy.traffic.set_clock_ahead(seconds);
    let first = fixture.controller_through(proxy.address, &FLAGS).await;
    fixture.labels().await;
    let no_downtime = fixture.no_downtime();
    let before = fixture.served().await.unwrap();
    // It is killed while its next certificate settles.
    proxy.traffic.halt_after(proxy.traffic.writes().len() + 3);
    fixture.spoil_secret(serde_json::json!({"tls.key": ""})).await;
    proxy.traffic.halted().await;
    first.kill();
    let second = fixture.controller(&FLAGS).await;
    fixture.serves_other_than(Some(&before)).await;
    eventually("the second one leads", async || second.leads().await.then_some(())).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(no_downtime.end().await.served.len(), 2, "{seconds}");
}
