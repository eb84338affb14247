//! A flood of the largest bodies, and of many small ones that stop half-way: ordinary calls go on,
//! within the memory that the chart gives a Pod.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kelos_metadata::webhook::router::MAX_BODY_BYTES;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::clients::raw::{head, send, shaken_with};
use crate::support::https::Client;
use crate::support::program::{self, Program, TIMEOUT, task};
use testing::memory::{memory_limit, peak_memory};
use testing::review;

/// Clients that send the largest bodies at once, and how often each does.
const LARGE: usize = 24;
const TIMES: usize = 4;
/// Clients that stop shortly before the end of a body that is taken without asking for room.
const HALF: usize = 480;

/// What else a Pod may hold, in bytes: the rules of 5,000 TaskSpawners, and two Tasks with loops.
const ELSE: usize = (35 + 2 * 32) << 20;

/// The review of a Task whose prompt fills the largest body.
fn largest() -> String {
    let mut task = task();
    task["spec"] = json!({"prompt": "PROMPT"});
    let review = review::creation(&task).to_string();
    let room = MAX_BODY_BYTES - review.len() + "PROMPT".len();
    review.replace("PROMPT", &"x".repeat(room))
}

/// Sends the largest body several times; it is answered, or gets 503.
async fn floods(addr: SocketAddr, ca_pem: Arc<str>, body: Arc<str>, answers: Arc<AtomicUsize>) {
    for _ in 0..TIMES {
        let mut stream = shaken_with(addr, &ca_pem).await;
        let headers = format!("Content-Length: {}\r\nConnection: close\r\n", body.len());
        let text = head(&headers);
        let sending = async {
            stream.write_all(text.as_bytes()).await?;
            stream.write_all(body.as_bytes()).await?;
            stream.flush().await
        };
        // Who is turned away may be reset while he sends.
        let _ = timeout(TIMEOUT, sending).await.expect("taken or refused");
        let mut received = Vec::new();
        let _ = timeout(TIMEOUT, stream.read_to_end(&mut received)).await.expect("closed");
        let received = String::from_utf8_lossy(&received);
        assert!(
            received.starts_with("HTTP/1.1 200 ") || received.starts_with("HTTP/1.1 503 "),
            "{received:.80}"
        );
        answers.fetch_add(usize::from(received.starts_with("HTTP/1.1 200 ")), Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_bodies_stays_within_the_memory_of_a_pod() {
    let program = Program::with(program::folder("v: one"), &["--shutdown-delay", "0s"]);
    let addr = program.address("webhook");
    let ca_pem = fs::read_to_string(program.folder.path().join("tls/tls.crt")).unwrap();
    let mut held = Vec::new();
    for _ in 0..HALF {
        let mut stream = shaken_with(addr, &ca_pem).await;
        let text = head("Content-Length: 65536\r\n") + &" ".repeat(65_000);
        send(&mut stream, &text).await;
        held.push(stream);
    }
    let (ca, body) = (Arc::from(ca_pem.as_str()), Arc::from(largest()));
    let answers = Arc::new(AtomicUsize::new(0));
    let mut flood = JoinSet::new();
    for _ in 0..LARGE {
        flood.spawn(floods(addr, Arc::clone(&ca), Arc::clone(&body), Arc::clone(&answers)));
    }
    let client = Client::new(addr, &ca_pem);
    let mut calls = 0;
    while !flood.is_empty() {
        while let Some(ended) = flood.try_join_next() {
            ended.expect("answered or told to come back");
        }
        assert_eq!(program::labels(&client).await["v"], "one");
        calls += 1;
    }
    assert!(calls > 10 && answers.load(Ordering::Relaxed) > 0, "{calls} {answers:?}");
    let (peak, limit) = (peak_memory(program.child.id()), memory_limit());
    assert!(peak + ELSE < limit, "{peak} and {ELSE} of {limit} bytes");
}
