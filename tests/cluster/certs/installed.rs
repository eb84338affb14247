//! An installation that nobody has given a certificate.

use std::time::Duration;

use serde_json::Value;

use crate::certs::fixture::Fixture;
use crate::harness::on_cluster;
use crate::harness::served::ca_certificates;
use crate::harness::wait::eventually;

#[test]
fn out_of_nothing_a_task_is_labelled() {
    on_cluster(async |cluster| {
        let fixture = Fixture::new(cluster, "own-nothing").await;
        let controller = fixture.controller(&[]).await;
        fixture.labels().await;
        fixture.webhook.is_ready().await;
        assert!(controller.readiness().await.starts_with("HTTP/1.1 200"));

        let secret = fixture.secret().await.unwrap();
        assert_eq!(secret["type"], "kubernetes.io/tls");
        let fields: Vec<&String> = secret["data"].as_object().unwrap().keys().collect();
        assert_eq!(fields, ["ca.crt", "tls.crt", "tls.key"]);
        assert_eq!(fixture.field("ca.crt").await.unwrap(), fixture.live().await);
        assert_eq!(fixture.ca_certificates().await, 1);

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
        let expiries = [controller.metric(expiry).await, fixture.webhook.metric(expiry).await];
        assert!(expiries[0] > 1e9 && expiries[0] == expiries[1], "{expiries:?}");
        assert!(controller.stop().success());
    });
}

#[test]
fn a_second_controller_waits_and_goes_on_where_the_first_one_ended() {
    on_cluster(async |cluster| {
        let fixture = Fixture::new(cluster, "own-second").await;
        let first = fixture.controller(&[]).await;
        fixture.labels().await;
        let second = fixture.controller(&[]).await;
        eventually("the second one is ready", async || {
            second.readiness().await.starts_with("HTTP/1.1 200").then_some(())
        })
        .await;
        assert!(first.leads().await && !second.leads().await);
        let served = fixture.served().await;
        let no_downtime = fixture.no_downtime();
        // It lets the Lease go: nobody waits for its end.
        assert!(first.stop().success());
        eventually("the second one leads", async || second.leads().await.then_some(())).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(
            no_downtime.end().await.served.into_iter().collect::<Vec<_>>(),
            [served.unwrap()]
        );
        assert_eq!(second.metric("kelos_metadata_certificate_steps_total{").await, 0.0);
    });
}

#[test]
fn a_configuration_may_come_last_and_may_be_taken_away() {
    on_cluster(async |cluster| {
        let fixture = Fixture::new(cluster, "own-late").await;
        let configuration = fixture.take_configuration().await;
        let controller = fixture.controller(&[]).await;
        fixture.webhook.is_ready().await;
        // The Secret, which the webhook waits for, is written a moment before the controller says so.
        eventually("the controller is ready without a configuration", async || {
            controller.readiness().await.starts_with("HTTP/1.1 200").then_some(())
        })
        .await;
        fixture.put_configuration(&configuration).await;
        fixture.labels().await;
        let bundle = fixture.live().await;
        let configuration = fixture.take_configuration().await;
        fixture.put_configuration(&configuration).await;
        fixture.is_repaired(&bundle).await;
        fixture.labels().await;
    });
}

#[test]
fn rights_from_before_spawners_were_registered_are_enough_for_tasks() {
    on_cluster(async |cluster| {
        let fixture = Fixture::new(cluster, "own-rights").await;
        fixture.takes_right_to_validating().await;
        let controller = fixture.controller(&[]).await;
        fixture.labels().await;
        assert!(controller.readiness().await.starts_with("HTTP/1.1 200"));
    });
}

/// Whatever is logged, nothing of the Secret is.
#[test]
fn nothing_of_the_key_is_logged() {
    on_cluster(async |cluster| {
        let fixture = Fixture::new(cluster, "own-log").await;
        let flags = ["--log-level", "trace", "--ca-settle", "1s", "--certificate-lifetime", "6s"];
        let controller = fixture.controller(&flags).await;
        let first = fixture.serves_other_than(None).await;
        let keys = [fixture.field("tls.key").await.unwrap()];
        fixture.serves_other_than(Some(&first)).await;
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
        assert_eq!(ca_certificates(b"garbage").len(), 0);
    });
}
