//! More requests than are answered at once.

use std::sync::atomic::Ordering;

use kelos_metadata::webhook::router::{MAX_IN_FLIGHT, MUTATE_TASK_PATH};
use tokio::time::{Duration, sleep, timeout};

use crate::clients::raw::{answer, call, request, send, shaken};
use crate::support::server::{Running, TIMEOUT};
use crate::support::webhook::JSON;

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_no_slot_gets_a_503_and_the_slots_come_back() {
    let server = Running::start().await;
    let slow = request(2).replace(MUTATE_TASK_PATH, &format!("{MUTATE_TASK_PATH}?slow"));
    let mut streams = Vec::new();
    for _ in 0..MAX_IN_FLIGHT {
        let mut stream = shaken(&server).await;
        send(&mut stream, &slow).await;
        streams.push(stream);
    }
    let all_wait = async {
        while server.app.waiting.load(Ordering::Relaxed) < MAX_IN_FLIGHT {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(TIMEOUT, all_wait).await.expect("all have slots");
    for _ in 0..3 {
        let (status, headers, body) =
            server.client().post(MUTATE_TASK_PATH, JSON, "{}").await.unwrap();
        assert_eq!(status, 503);
        assert_eq!(
            (&headers["retry-after"], &headers["connection"]),
            (&"1".parse().unwrap(), &"close".parse().unwrap())
        );
        assert!(String::from_utf8_lossy(&body).contains("too many requests"), "{body:?}");
    }
    // Whoever has said only half of it takes no place.
    let mut half = shaken(&server).await;
    send(&mut half, &request(500)[..300]).await;
    server.app.go_on.notify_waiters();
    for stream in &mut streams {
        assert_eq!(answer(stream).await, (200, "2".to_owned()));
        call(stream, 3).await;
    }
    server.serves().await;
}
