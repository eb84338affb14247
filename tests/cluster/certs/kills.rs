//! A controller that is killed after any of its writes: the next one finishes.

use std::time::Duration;

use futures_util::future::{join, join_all};

use crate::certs::fixture::{Fixture, SECRET_TIMEOUT, issued_ago};
use crate::harness::proxy::{Proxy, Watches};
use crate::harness::served::Served;
use crate::harness::wait::within;
use crate::harness::{Cluster, on_cluster};

/// The writes of a rotation: a certificate is issued, its CA published and marked, it serves;
/// a CA that has expired leaves the Secret and the configuration.
const WRITES: usize = 6;

/// How long certificates live that were made before; none of them ends while a test runs.
const LIFE: Duration = Duration::from_secs(9000);

/// When a CA expires that was made before: not before its certificate was replaced.
const LEFT: Duration = Duration::from_secs(15);

const FLAGS: [&str; 4] = ["--ca-settle", "2s", "--lease-duration", "3s"];

/// An installation whose rotation is due, and one of whose CAs expires in some seconds.
async fn due(cluster: &Cluster, name: &str) -> Fixture {
    let fixture = Fixture::new(cluster, name).await;
    // A CA outlives its certificate by a tenth.
    let ancient = issued_ago(LIFE + LIFE / 10 - LEFT, LIFE);
    fixture.seed(&issued_ago(LIFE * 4 / 5, LIFE), &ancient.ca).await;
    fixture.webhook.is_ready().await;
    fixture.labels().await;
    fixture
}

/// Waits until the rotation is over; gives what is served then.
async fn is_over(fixture: &Fixture, before: &Served) -> Served {
    let after = fixture.serves_other_than(Some(before)).await;
    within(SECRET_TIMEOUT, "the rotation is over", async || {
        let is_over = fixture.ca_certificates().await == 2 && fixture.is_settled().await;
        is_over.then_some(())
    })
    .await;
    after
}

#[test]
fn whoever_comes_after_a_kill_finishes_the_rotation() {
    on_cluster(async |cluster| {
        let rounds = (1..=WRITES).map(|kill_after| killed_after(cluster, kill_after));
        // Most of it is waiting.
        join(not_killed(cluster), join_all(rounds)).await;
    });
}

/// Kills the first controller when the API server has done so many writes of it.
async fn killed_after(cluster: &Cluster, kill_after: usize) {
    let fixture = due(cluster, &format!("own-kill-{kill_after}")).await;
    let before = fixture.served().await.unwrap();
    let no_downtime = fixture.no_downtime();
    let proxy = Proxy::start(fixture.api_server(), Watches::Pass).await;
    proxy.traffic.halt_after(kill_after);
    let first = fixture.controller_through(proxy.address, &FLAGS).await;
    proxy.traffic.halted().await;
    let next = fixture.field("next-tls.crt").await;
    first.kill();
    assert_eq!(proxy.traffic.writes().len(), kill_after);

    let _second = fixture.controller(&FLAGS).await;
    let after = is_over(&fixture, &before).await;
    let seen = no_downtime.end().await;
    assert_eq!(seen.served, [before, after].into(), "one rotation, killed after {kill_after}");
    if let Some(next) = next {
        let serves = fixture.field("tls.crt").await.unwrap();
        assert_eq!(serves, next, "it goes on with what the first one made");
    }
}

/// The writes of a controller that nobody kills: there are no others to be killed after.
async fn not_killed(cluster: &Cluster) {
    let fixture = due(cluster, "own-kill-none").await;
    let before = fixture.served().await.unwrap();
    let proxy = Proxy::start(fixture.api_server(), Watches::Pass).await;
    let _controller = fixture.controller_through(proxy.address, &FLAGS).await;
    is_over(&fixture, &before).await;
    let writes = proxy.traffic.writes();
    let objects: Vec<&str> = writes
        .iter()
        .map(|write| if write.contains("/secrets/") { "secret" } else { "configuration" })
        .collect();
    let expected = ["secret", "configuration", "secret", "secret", "secret", "configuration"];
    assert_eq!(objects, expected, "{writes:#?}");
    assert_eq!(objects.len(), WRITES);
}
