//! The API server uses a connection again after up to 90 s.

use std::time::Duration;

use tokio::time::sleep;

use crate::clients::raw::{call, shaken};
use crate::support::server::Running;

/// Uses one connection twice for each pause, with the limits that are in force by default.
async fn are_reused_after(pauses: &[u64]) {
    let server = Running::start().await;
    let mut waiting = Vec::new();
    for &seconds in pauses {
        let mut stream = shaken(&server).await;
        waiting.push(tokio::spawn(async move {
            for length in 0..3 {
                call(&mut stream, length).await;
            }
            sleep(Duration::from_secs(seconds)).await;
            call(&mut stream, 5).await;
        }));
    }
    for connection in waiting {
        connection.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_idle_for_half_a_minute_and_a_minute_are_reused() {
    are_reused_after(&[31, 60]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make soak"]
async fn connections_idle_for_longer_than_the_api_server_keeps_them_are_reused() {
    are_reused_after(&[89, 95]).await;
}
