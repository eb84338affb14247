//! A controller that is killed after any of its writes: the next one finishes.

use std::time::Duration;

use futures_util::future::{join, join_all};

use crate::certs::fixture::{SECRET_PATIENCE, Scene, issued_ago};
use crate::harness::proxy::{Proxy, Watches};
use crate::harness::served::Served;
use crate::harness::wait::within;
use crate::harness::{Cluster, on_cluster};

/// The writes of a rotation: a certificate is issued, its authority published and marked, it serves;
/// an authority that is over leaves the Secret and the configuration.
const WRITES: usize = 6;

/// How long certificates live that were made before; none of them ends while a test runs.
const LIFE: Duration = Duration::from_secs(9000);

/// When an authority is over that was made before: not before its certificate was replaced.
const LEFT: Duration = Duration::from_secs(15);

const FLAGS: [&str; 4] = ["--ca-settle", "2s", "--lease-duration", "3s"];

/// A scene in which a rotation is due, and an authority will be over in some seconds.
async fn due(cluster: &Cluster, name: &str) -> Scene {
    let scene = Scene::new(cluster, name).await;
    // An authority outlives its certificate by a tenth.
    let ancient = issued_ago(LIFE + LIFE / 10 - LEFT, LIFE);
    scene.seed(&issued_ago(LIFE * 4 / 5, LIFE), &ancient.ca).await;
    scene.webhook.is_ready().await;
    scene.labels().await;
    scene
}

/// Waits until the rotation is over; gives what is served then.
async fn is_over(scene: &Scene, before: &Served) -> Served {
    let after = scene.serves_other_than(Some(before)).await;
    within(SECRET_PATIENCE, "the rotation is over", async || {
        let is_over = scene.authorities().await == 2 && scene.is_settled().await;
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
    let scene = due(cluster, &format!("own-kill-{kill_after}")).await;
    let before = scene.served().await.unwrap();
    let vigil = scene.vigil();
    let proxy = Proxy::start(scene.api_server(), Watches::Pass).await;
    proxy.traffic.halt_after(kill_after);
    let first = scene.controller_through(proxy.address, &FLAGS).await;
    proxy.traffic.halted().await;
    let next = scene.field("next-tls.crt").await;
    first.kill();
    assert_eq!(proxy.traffic.writes().len(), kill_after);

    let _second = scene.controller(&FLAGS).await;
    let after = is_over(&scene, &before).await;
    let seen = vigil.end().await;
    assert_eq!(seen.served, [before, after].into(), "one rotation, killed after {kill_after}");
    if let Some(next) = next {
        let serves = scene.field("tls.crt").await.unwrap();
        assert_eq!(serves, next, "it goes on with what the first one made");
    }
}

/// The writes of a controller that nobody kills: there are no others to be killed after.
async fn not_killed(cluster: &Cluster) {
    let scene = due(cluster, "own-kill-none").await;
    let before = scene.served().await.unwrap();
    let proxy = Proxy::start(scene.api_server(), Watches::Pass).await;
    let _controller = scene.controller_through(proxy.address, &FLAGS).await;
    is_over(&scene, &before).await;
    let writes = proxy.traffic.writes();
    let objects: Vec<&str> = writes
        .iter()
        .map(|write| if write.contains("/secrets/") { "secret" } else { "configuration" })
        .collect();
    let expected = ["secret", "configuration", "secret", "secret", "secret", "configuration"];
    assert_eq!(objects, expected, "{writes:#?}");
    assert_eq!(objects.len(), WRITES);
}
