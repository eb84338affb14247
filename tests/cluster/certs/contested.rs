//! Others who write the same objects, or keep them from being written.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::certs::fixture::{SECRET_PATIENCE, Scene, issued_ago};
use crate::harness::wait::{eventually, within};
use crate::harness::{Cluster, on_cluster};

/// How long a certificate lives that was made before.
const LIFE: Duration = Duration::from_secs(9000);

/// A scene in which a rotation is due.
async fn due(cluster: &Cluster, name: &str) -> Scene {
    let scene = Scene::new(cluster, name).await;
    scene.seed(&issued_ago(LIFE * 4 / 5, LIFE), "").await;
    scene.labels().await;
    scene
}

/// Whether a line of the log begins so.
fn begins(start: &str) -> impl Fn(&Value) -> bool {
    move |line| line["message"].as_str().is_some_and(|text| text.starts_with(start))
}

#[test]
fn a_bundle_is_mended_while_the_secret_can_not_be_written() {
    on_cluster(async |cluster| {
        let scene = due(cluster, "own-immutable").await;
        let good = scene.live().await;
        let before = scene.served().await.unwrap();
        scene.freeze_secret().await;
        let controller = scene.controller(&["--ca-settle", "2s"]).await;
        let refused = begins("Failed to reconcile the certificates");
        controller.log.line("the Secret can't be written", refused).await;
        for bundle in [b"".as_slice(), b"garbage", b""] {
            scene.edit(bundle).await;
            scene.is_mended(&good).await;
        }
        assert_eq!(scene.field("next-tls.crt").await, None);
        scene.labels().await;
        // This is what helps.
        let vigil = scene.vigil();
        scene.delete_secret().await;
        let after = scene.serves_other_than(Some(&before)).await;
        assert_eq!(vigil.end().await.served, [before, after].into());
    });
}

#[test]
fn a_bundle_is_mended_while_the_mark_can_not_be_taken_away() {
    on_cluster(async |cluster| {
        let scene = due(cluster, "own-immutable-mark").await;
        let old = scene.live().await;
        let _controller =
            scene.controller(&["--ca-settle", "1h", "--certificate-lifetime", "9h"]).await;
        scene.is_marked(None).await;
        let good = scene.live().await;
        assert_ne!(old, good);
        scene.freeze_secret().await;
        for bundle in [old.as_slice(), b""] {
            scene.edit(bundle).await;
            scene.is_mended(&good).await;
        }
        scene.labels().await;
    });
}

/// Somebody applies what he exported before the rotation.
#[test]
fn a_bundle_that_is_taken_back_settles_anew() {
    const SETTLE: Duration = Duration::from_secs(6);
    on_cluster(async |cluster| {
        let scene = due(cluster, "own-rolled-back").await;
        let (old, before) = (scene.live().await, scene.served().await.unwrap());
        let vigil = scene.vigil();
        let _controller = scene.controller(&["--ca-settle", "6s"]).await;
        let mark = scene.is_marked(None).await;
        let good = scene.live().await;
        tokio::time::sleep(SETTLE - Duration::from_secs(2)).await;
        let start = Instant::now();
        scene.edit(&old).await;
        scene.is_mended(&good).await;
        scene.is_marked(Some(&mark)).await;
        let after = scene.serves_other_than(Some(&before)).await;
        assert!(start.elapsed() >= SETTLE, "it settled anew, and for as long");
        assert_eq!(vigil.end().await.served, [before, after].into());
    });
}

/// Somebody has his own idea of the Secret, and writes it again and again.
#[test]
fn who_keeps_writing_the_secret_is_told_of() {
    on_cluster(async |cluster| {
        let scene = Scene::new(cluster, "own-contested").await;
        let controller = scene.controller(&["--ca-settle", "2s"]).await;
        scene.labels().await;
        let bundle = scene.live().await;
        let told = eventually("somebody is told", async || {
            scene.spoil_secret(json!({"ca.crt": ""})).await;
            controller.log.lines(begins("Somebody else keeps writing the Secret")).pop()
        })
        .await;
        assert_eq!((&told["secret"], &told["step"]), (&json!("own-contested"), &json!("mend")));
        within(SECRET_PATIENCE, "the Secret is whole", async || {
            scene.is_settled().await.then_some(())
        })
        .await;
        assert_eq!(scene.live().await, bundle, "the caBundle was right all the time");
        scene.labels().await;
    });
}
