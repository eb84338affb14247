//! An installation that nobody has given a certificate.

use std::time::Duration;

use serde_json::Value;

use crate::certs::fixture::Scene;
use crate::harness::on_cluster;
use crate::harness::served::authorities;
use crate::harness::wait::eventually;

#[test]
fn out_of_nothing_a_task_is_labelled() {
    on_cluster(async |cluster| {
        let scene = Scene::new(cluster, "own-nothing").await;
        let controller = scene.controller(&[]).await;
        scene.labels().await;
        scene.webhook.is_ready().await;
        assert!(controller.readiness().await.starts_with("HTTP/1.1 200"));

        let secret = scene.secret().await.unwrap();
        assert_eq!(secret["type"], "kubernetes.io/tls");
        let fields: Vec<&String> = secret["data"].as_object().unwrap().keys().collect();
        assert_eq!(fields, ["ca.crt", "tls.crt", "tls.key"]);
        assert_eq!(scene.field("ca.crt").await.unwrap(), scene.live().await);
        assert_eq!(scene.authorities().await, 1);

        // Nobody waits for those who can't be served yet: each step was taken once.
        for (step, times) in [("issue", 1.0), ("publish", 1.0), ("promote", 1.0), ("mend", 0.0)] {
            let series = format!(
                "kelos_metadata_certificate_steps_total{{step=\"{step}\",result=\"done\"}}"
            );
            eventually(step, async || (controller.metric(&series).await == times).then_some(()))
                .await;
        }
        let series = "kelos_metadata_certificate_steps_total{";
        assert_eq!(controller.metric(series).await, 3.0, "and nothing else");
        assert!(controller.leads().await);
        let expiry = "kelos_metadata_certificate_expiry_timestamp_seconds";
        let expiries = [controller.metric(expiry).await, scene.webhook.metric(expiry).await];
        assert!(expiries[0] > 1e9 && expiries[0] == expiries[1], "{expiries:?}");
        assert!(controller.stop().success());
    });
}

#[test]
fn a_second_controller_waits_and_goes_on_where_the_first_one_ended() {
    on_cluster(async |cluster| {
        let scene = Scene::new(cluster, "own-second").await;
        let first = scene.controller(&[]).await;
        scene.labels().await;
        let second = scene.controller(&[]).await;
        eventually("the second one is ready", async || {
            second.readiness().await.starts_with("HTTP/1.1 200").then_some(())
        })
        .await;
        assert!(first.leads().await && !second.leads().await);
        let served = scene.served().await;
        let vigil = scene.vigil();
        // It lets the Lease go: nobody waits for its end.
        assert!(first.stop().success());
        eventually("the second one leads", async || second.leads().await.then_some(())).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(vigil.end().await.served.into_iter().collect::<Vec<_>>(), [served.unwrap()]);
        assert_eq!(second.metric("kelos_metadata_certificate_steps_total{").await, 0.0);
    });
}

#[test]
fn a_configuration_may_come_last_and_may_be_taken_away() {
    on_cluster(async |cluster| {
        let scene = Scene::new(cluster, "own-late").await;
        let configuration = scene.take_configuration().await;
        let controller = scene.controller(&[]).await;
        scene.webhook.is_ready().await;
        assert!(controller.readiness().await.starts_with("HTTP/1.1 200"));
        scene.put_configuration(&configuration).await;
        scene.labels().await;
        let bundle = scene.live().await;
        let configuration = scene.take_configuration().await;
        scene.put_configuration(&configuration).await;
        scene.is_mended(&bundle).await;
        scene.labels().await;
    });
}

/// Whatever is logged, nothing of the Secret is.
#[test]
fn nothing_of_the_key_is_logged() {
    on_cluster(async |cluster| {
        let scene = Scene::new(cluster, "own-log").await;
        let flags = ["--log-level", "trace", "--ca-settle", "1s", "--certificate-lifetime", "6s"];
        let controller = scene.controller(&flags).await;
        let first = scene.serves_other_than(None).await;
        let keys = [scene.field("tls.key").await.unwrap()];
        scene.serves_other_than(Some(&first)).await;
        let all: Vec<Value> = controller.log.lines(|_| true);
        assert!(all.len() > 100, "{}", all.len());
        for key in keys {
            let key = String::from_utf8(key).unwrap();
            let parts = key.lines().filter(|line| !line.starts_with("-----"));
            for part in parts.chain(["PRIVATE KEY", "tls.key"]) {
                let found = controller.log.lines(|line| line.to_string().contains(part));
                assert!(found.is_empty(), "{part}: {found:#?}");
            }
        }
        assert_eq!(authorities(b"garbage").len(), 0);
    });
}
