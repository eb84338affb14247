//! Two controllers that both believe they lead, and one that must stop.

use std::time::Duration;

use futures_util::future::join;
use tokio::time::sleep;

use crate::certs::fixture::Fixture;
use crate::harness::proxy::{Proxy, Watches};
use crate::harness::wait::eventually;
use crate::harness::{Cluster, ca, on_cluster};

/// Leaders rely on their Lease for 16 s after they renewed it; a rotation is due before that.
const FLAGS: [&str; 6] =
    ["--certificate-lifetime", "15s", "--ca-settle", "1s", "--lease-duration", "24s"];

/// What a controller tried.
const STEPS: &str = "kelos_metadata_certificate_steps_total{";

#[test]
fn two_that_both_believe_they_lead_do_no_harm() {
    on_cluster(async |cluster| {
        let fixture = Fixture::new(cluster, "own-two").await;
        let proxy = Proxy::start(fixture.api_server(), Watches::Pass).await;
        let first = fixture.controller_through(proxy.address, &FLAGS).await;
        fixture.labels().await;
        let no_downtime = fixture.no_downtime();
        // The first one hears nothing of its Lease any more, and another one takes it.
        proxy.traffic.hold_up_leases(true);
        fixture.delete_lease().await;
        let second = fixture.controller(&FLAGS).await;
        eventually("the second one leads", async || second.leads().await.then_some(())).await;
        assert!(first.leads().await, "the first one believes that it leads, too");
        let tried = [first.metric(STEPS).await, second.metric(STEPS).await];
        let served = fixture.served().await.unwrap();
        let mut both = false;
        while first.leads().await {
            if !both {
                // Both take it out again, or try to.
                let foreign = ca::certificate();
                fixture.edit(&[&fixture.live().await, foreign.as_bytes()].concat()).await;
            }
            sleep(Duration::from_millis(500)).await;
            both |= first.metric(STEPS).await > tried[0] && second.metric(STEPS).await > tried[1];
        }
        assert!(both, "both wrote, or tried to, while both led");
        assert_ne!(fixture.served().await.unwrap(), served, "there was a rotation meanwhile");

        let stopped = |line: &serde_json::Value| {
            line["message"].as_str().is_some_and(|text| text.starts_with("Not leading any more"))
        };
        first.log.line("it stops leading", stopped).await;
        let still = proxy.traffic.writes().len();
        // A whole rotation without it.
        let served = fixture.served().await.unwrap();
        let served = fixture.serves_other_than(Some(&served)).await;
        fixture.serves_other_than(Some(&served)).await;
        assert_eq!(proxy.traffic.writes().len(), still, "who leads no more writes no more");
        assert!(!first.leads().await);
        let seen = no_downtime.end().await;
        assert!(seen.served.len() >= 3, "{}", seen.served.len());
        assert!(seen.most_cas <= 4, "{}", seen.most_cas);
    });
}

/// A controller that stands still from before a renewal until after it.
async fn stands_still(cluster: &Cluster, name: &str, with_another: bool) {
    let fixture = Fixture::new(cluster, name).await;
    let flags = ["--certificate-lifetime", "24s", "--ca-settle", "2s", "--lease-duration", "3s"];
    let first = fixture.controller(&flags).await;
    fixture.labels().await;
    let no_downtime = fixture.no_downtime();
    let before = fixture.served().await.unwrap();
    first.signal("STOP");
    let second = if with_another { Some(fixture.controller(&flags).await) } else { None };
    // The renewal is after 16 s, the end after 24 s.
    sleep(Duration::from_secs(17)).await;
    first.signal("CONT");
    let after = fixture.serves_other_than(Some(&before)).await;
    assert_eq!(no_downtime.end().await.served, [before, after].into());
    if let Some(second) = second {
        assert!(second.leads().await && !first.leads().await);
    }
}

#[test]
fn a_leader_that_stood_still_past_the_renewal_goes_on_or_finds_another_one() {
    on_cluster(async |cluster| {
        let alone = stands_still(cluster, "own-still", false);
        join(alone, stands_still(cluster, "own-still-two", true)).await;
    });
}
