//! What others spoil is repaired, and the last good key serves meanwhile.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::certs::fixture::{DAY, Fixture, SECRET_TIMEOUT, issued_ago};
use crate::harness::controller::Controller;
use crate::harness::wait::within;
use crate::harness::{ca, on_cluster};

/// A webhook that is looked after, and serves.
async fn looked_after(fixture: &Fixture) -> Controller {
    let controller = fixture.controller(&["--ca-settle", "2s"]).await;
    fixture.labels().await;
    controller
}

#[test]
fn a_spoilt_bundle_is_repaired() {
    on_cluster(async |cluster| {
        let fixture = Fixture::new(cluster, "own-bundle").await;
        let _controller = looked_after(&fixture).await;
        let good = fixture.live().await;
        let foreign = ca::certificate();
        let ours = issued_ago(DAY / 24, DAY).ca;
        let longer = [good.as_slice(), foreign.as_bytes()].concat();
        for _ in 0..3 {
            for bundle in [b"", foreign.as_bytes(), ours.as_bytes(), &longer] {
                fixture.edit(bundle).await;
                fixture.is_repaired(&good).await;
            }
        }
        fixture.labels().await;
    });
}

/// Spoils the Secret, and waits until it is whole again, with another certificate. Nothing is lost.
async fn is_repaired(fixture: &Fixture, spoil: impl AsyncFnOnce()) {
    let before = fixture.served().await.unwrap();
    let no_downtime = fixture.no_downtime();
    spoil().await;
    let after = fixture.serves_other_than(Some(&before)).await;
    within(SECRET_TIMEOUT, "the Secret is whole", async || {
        fixture.is_settled().await.then_some(())
    })
    .await;
    let seen = no_downtime.end().await;
    assert_eq!(seen.served, [before, after].into(), "the last good key serves until then");
}

fn garbage() -> Value {
    let field = BASE64.encode("garbage");
    json!({"tls.crt": field, "tls.key": field, "ca.crt": field, "next-tls.crt": field,
           "next-tls.key": field, "other": field})
}

#[test]
fn a_secret_that_is_deleted_or_spoilt_is_made_anew() {
    on_cluster(async |cluster| {
        let fixture = Fixture::new(cluster, "own-secret").await;
        let _controller = looked_after(&fixture).await;
        is_repaired(&fixture, async || fixture.delete_secret().await).await;
        is_repaired(&fixture, async || fixture.spoil_secret(garbage()).await).await;
        let empty = json!({"tls.crt": "", "tls.key": "", "ca.crt": null});
        is_repaired(&fixture, async || fixture.spoil_secret(empty).await).await;
        let key = BASE64.encode(issued_ago(DAY / 24, DAY).key);
        is_repaired(&fixture, async || fixture.spoil_secret(json!({"tls.key": key})).await).await;
        assert_eq!(fixture.field("other").await.unwrap(), b"garbage", "not ours: not touched");
    });
}

/// As many bytes as the Secret has room for if these fields are empty, less a few.
async fn filling(fixture: &Fixture, emptied: &[&str]) -> String {
    const LARGEST: usize = 1 << 20;
    let mut room = LARGEST - 100;
    for field in ["ca.crt", "tls.crt", "tls.key"] {
        if !emptied.contains(&field) {
            room -= fixture.field(field).await.map_or(0, |bytes| bytes.len());
        }
    }
    BASE64.encode("x".repeat(room))
}

#[test]
fn a_secret_that_has_no_room_is_made_anew() {
    on_cluster(async |cluster| {
        let fixture = Fixture::new(cluster, "own-full").await;
        let controller = looked_after(&fixture).await;
        let logged = |line: &Value| {
            line["message"].as_str().is_some_and(|text| text.starts_with("The Secret is full"))
        };
        // Its own field makes room.
        let huge = filling(&fixture, &["tls.crt"]).await;
        is_repaired(&fixture, async || fixture.spoil_secret(json!({"tls.crt": huge})).await).await;
        assert!(controller.log.lines(logged).is_empty());
        let huge = filling(&fixture, &["tls.key"]).await;
        let spoil = json!({"tls.key": "", "other": huge});
        is_repaired(&fixture, async || fixture.spoil_secret(spoil).await).await;
        assert_eq!(fixture.field("other").await, None, "it had to make room");
        assert_eq!(controller.log.lines(logged).len(), 1);
    });
}

#[test]
fn a_spoilt_secret_is_repaired_by_whoever_comes_later() {
    on_cluster(async |cluster| {
        let fixture = Fixture::new(cluster, "own-later").await;
        let first = looked_after(&fixture).await;
        first.kill();
        let no_downtime = fixture.no_downtime();
        let before = fixture.served().await.unwrap();
        fixture.spoil_secret(garbage()).await;
        let _second = fixture.controller(&["--ca-settle", "2s"]).await;
        let after = fixture.serves_other_than(Some(&before)).await;
        assert_eq!(no_downtime.end().await.served, [before, after].into());
    });
}
