//! Others who write the same objects, or keep them from being written.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::certs::fixture::{Fixture, SECRET_TIMEOUT, issued_ago};
use crate::harness::wait::{eventually, within};
use crate::harness::{Cluster, on_cluster};

/// How long a certificate lives that was made before.
const LIFE: Duration = Duration::from_secs(9000);

/// An installation whose rotation is due.
async fn due(cluster: &Cluster, name: &str) -> Fixture {
    let fixture = Fixture::new(cluster, name).await;
    fixture.seed(&issued_ago(LIFE * 4 / 5, LIFE), "").await;
    fixture.labels().await;
    fixture
}

/// Whether a line of the log begins so.
fn begins(start: &str) -> impl Fn(&Value) -> bool {
    move |line| line["message"].as_str().is_some_and(|text| text.starts_with(start))
}

#[test]
fn a_bundle_is_repaired_while_the_secret_can_not_be_written() {
    on_cluster(async |cluster| {
        let fixture = due(cluster, "own-immutable").await;
        let good = fixture.live().await;
        let before = fixture.served().await.unwrap();
        fixture.freeze_secret().await;
        let controller = fixture.controller(&["--ca-settle", "2s"]).await;
        let refused = begins("Failed to reconcile the certificates");
        controller.log.line("the Secret can't be written", refused).await;
        for bundle in [b"".as_slice(), b"garbage", b""] {
            fixture.edit(bundle).await;
            fixture.is_repaired(&good).await;
        }
        assert_eq!(fixture.field("next-tls.crt").await, None);
        fixture.labels().await;
        // This is what helps.
        let no_downtime = fixture.no_downtime();
        fixture.delete_secret().await;
        let after = fixture.serves_other_than(Some(&before)).await;
        assert_eq!(no_downtime.end().await.served, [before, after].into());
    });
}

#[test]
fn a_bundle_is_repaired_while_the_mark_can_not_be_taken_away() {
    on_cluster(async |cluster| {
        let fixture = due(cluster, "own-immutable-mark").await;
        let old = fixture.live().await;
        let _controller =
            fixture.controller(&["--ca-settle", "1h", "--certificate-lifetime", "9h"]).await;
        fixture.is_marked(None).await;
        let good = fixture.live().await;
        assert_ne!(old, good);
        fixture.freeze_secret().await;
        for bundle in [old.as_slice(), b""] {
            fixture.edit(bundle).await;
            fixture.is_repaired(&good).await;
        }
        fixture.labels().await;
    });
}

/// Somebody applies what he exported before the rotation.
#[test]
fn a_bundle_that_is_taken_back_settles_anew() {
    const SETTLE: Duration = Duration::from_secs(6);
    on_cluster(async |cluster| {
        let fixture = due(cluster, "own-rolled-back").await;
        let (old, before) = (fixture.live().await, fixture.served().await.unwrap());
        let no_downtime = fixture.no_downtime();
        let _controller = fixture.controller(&["--ca-settle", "6s"]).await;
        let mark = fixture.is_marked(None).await;
        let good = fixture.live().await;
        tokio::time::sleep(SETTLE - Duration::from_secs(2)).await;
        let start = Instant::now();
        fixture.edit(&old).await;
        fixture.is_repaired(&good).await;
        fixture.is_marked(Some(&mark)).await;
        let after = fixture.serves_other_than(Some(&before)).await;
        assert!(start.elapsed() >= SETTLE, "it settled anew, and for as long");
        assert_eq!(no_downtime.end().await.served, [before, after].into());
    });
}

/// Somebody has his own idea of the Secret, and writes it again and again.
#[test]
fn who_keeps_writing_the_secret_is_reported() {
    on_cluster(async |cluster| {
        let fixture = Fixture::new(cluster, "own-contested").await;
        let controller = fixture.controller(&["--ca-settle", "2s"]).await;
        fixture.labels().await;
        let bundle = fixture.live().await;
        let logged = eventually("it is logged", async || {
            fixture.spoil_secret(json!({"ca.crt": ""})).await;
            controller.log.lines(begins("Somebody else keeps writing the Secret")).pop()
        })
        .await;
        assert_eq!((&logged["secret"], &logged["step"]), (&json!("own-contested"), &json!("mend")));
        within(SECRET_TIMEOUT, "the Secret is whole", async || {
            fixture.is_settled().await.then_some(())
        })
        .await;
        assert_eq!(fixture.live().await, bundle, "the caBundle was right all the time");
        fixture.labels().await;
    });
}
