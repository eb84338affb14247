//! When all connection slots, or all the room for large bodies, are taken.

use std::time::Duration;

use kelos_metadata::server::Limits;
use kelos_metadata::webhook::router::{MAX_BODY_BYTES, MUTATE_TASK_PATH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::clients::raw::{answer, call, head, request, send, shaken, until_closed};
use crate::support::server::{Running, TIMEOUT};
use crate::support::webhook::JSON;

async fn with_slots(connections: usize) -> Running {
    Running::with_limits(Limits { connections, ..Limits::default() }).await
}

/// Times are told apart by milliseconds.
async fn a_moment() {
    sleep(Duration::from_millis(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn never_served_clients_are_evicted_first_then_the_oldest_idle_one_and_a_busy_one_never() {
    let server = with_slots(4).await;
    let mut busy = shaken(&server).await;
    let slow = request(2).replace(MUTATE_TASK_PATH, &format!("{MUTATE_TASK_PATH}?slow"));
    busy.write_all(slow.as_bytes()).await.unwrap();
    timeout(TIMEOUT, server.app.started.notified()).await.expect("in flight");

    let mut first = shaken(&server).await;
    a_moment().await;
    let mut second = shaken(&server).await;
    call(&mut second, 2).await;
    a_moment().await;
    let silent = TcpStream::connect(server.addr).await.unwrap();
    a_moment().await;
    // The first was there before the others, but it has been used since.
    call(&mut first, 2).await;
    a_moment().await;

    let mut third = shaken(&server).await;
    assert_eq!(until_closed(silent).await, b"", "the only one that was never answered");
    call(&mut third, 2).await;
    a_moment().await;
    let mut fourth = shaken(&server).await;
    assert_eq!(until_closed(second).await, b"", "idle for longest");
    for stream in [&mut first, &mut third, &mut fourth] {
        call(stream, 2).await;
    }
    for _ in 0..40 {
        server.serves().await;
    }
    server.app.go_on.notify_one();
    assert_eq!(answer(&mut busy).await, (200, "2".to_owned()));
    call(&mut busy, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_one_waits_while_all_are_busy() {
    let server = with_slots(1).await;
    let mut busy = shaken(&server).await;
    let slow = request(2).replace(MUTATE_TASK_PATH, &format!("{MUTATE_TASK_PATH}?slow"));
    busy.write_all(slow.as_bytes()).await.unwrap();
    timeout(TIMEOUT, server.app.started.notified()).await.expect("in flight");
    let mut next = Box::pin(server.serves());
    assert!(timeout(Duration::from_millis(300), next.as_mut()).await.is_err());
    server.app.go_on.notify_one();
    assert_eq!(answer(&mut busy).await, (200, "2".to_owned()));
    timeout(TIMEOUT, next).await.expect("served");
}

/// A head that is whole makes a connection no busier, if the body does not follow.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_end_push_out_nobody_who_was_answered() {
    let server = with_slots(8).await;
    let mut kept = shaken(&server).await;
    call(&mut kept, 2).await;
    let mut held = Vec::new();
    for _ in 0..30 {
        let mut half = shaken(&server).await;
        half.write_all((head("Content-Length: 100\r\n") + "x").as_bytes()).await.unwrap();
        held.push(half);
    }
    call(&mut kept, 2).await;
    server.serves().await;
    call(&mut kept, 2).await;
}

/// Whoever was let in before the end still gets the place that it waits for, and is told to ask elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_slot_at_the_end_gets_an_answer() {
    let server = with_slots(1).await;
    let mut busy = shaken(&server).await;
    let slow = request(2).replace(MUTATE_TASK_PATH, &format!("{MUTATE_TASK_PATH}?slow"));
    busy.write_all(slow.as_bytes()).await.unwrap();
    timeout(TIMEOUT, server.app.started.notified()).await.expect("in flight");
    let mut next = Box::pin(async {
        let mut late = shaken(&server).await;
        send(&mut late, &request(2)).await;
        answer(&mut late).await.0
    });
    // It is accepted by then, and waits.
    assert!(timeout(Duration::from_millis(300), next.as_mut()).await.is_err());
    server.shutdown.drain();
    a_moment().await;
    server.app.go_on.notify_one();
    assert_eq!(answer(&mut busy).await, (200, "2".to_owned()));
    drop(busy);
    let status = timeout(TIMEOUT, next).await.expect("an answer");
    assert!([200, 503].contains(&status), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_and_half_sent_requests_do_not_keep_others_out() {
    let server = with_slots(16).await;
    let mut held = Vec::new();
    for round in 0..20 {
        for _ in 0..16 {
            held.push(TcpStream::connect(server.addr).await.unwrap());
        }
        // Half a head does not make a connection busy.
        let mut half = shaken(&server).await;
        half.write_all(&request(2).as_bytes()[..20]).await.unwrap();
        server.serves().await;
        drop(half);
        assert!(held.len() > 16 * round);
    }
    drop(held);
    server.serves().await;
}

/// 32 MiB are room for four of the largest bodies; the next one is told to try again.
#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_that_stop_half_way_turn_away_large_ones_only() {
    let server = Running::start().await;
    let (tell, mut answers) = tokio::sync::mpsc::channel(10);
    let mut large = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (mut stream, tell) = (shaken(&server).await, tell.clone());
        large.spawn(async move {
            let head = head(&format!("Content-Length: {MAX_BODY_BYTES}\r\n"));
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&[b' '; 200 * 1024]).await.unwrap();
            let mut received = [0; 300];
            let length = stream.read(&mut received).await.unwrap();
            tell.send(String::from_utf8_lossy(&received[..length]).into_owned()).await.unwrap();
        });
    }
    let received = timeout(TIMEOUT, answers.recv()).await.expect("one is turned away").unwrap();
    assert!(received.starts_with("HTTP/1.1 503 "), "{received}");
    assert!(
        received.contains("retry-after: 1\r\n") && received.contains("connection: close\r\n"),
        "{received}"
    );
    for _ in 0..10 {
        server.serves().await;
    }
    large.shutdown().await;
    let room_is_back = async {
        let body = vec![b' '; MAX_BODY_BYTES];
        while server.client().post(MUTATE_TASK_PATH, JSON, body.clone()).await.unwrap().0 != 200 {
            a_moment().await;
        }
    };
    timeout(TIMEOUT, room_is_back).await.expect("room");
}
