//! The end of the program, as those see it who call it meanwhile.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::header::{CONNECTION, RETRY_AFTER};
use kelos_metadata::server::Drained;
use kelos_metadata::webhook::router::MUTATE_TASK_PATH;
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::time::{sleep, timeout};

use crate::clients::raw::{answer, head, request, send, shaken_with, until_closed};
use crate::support::https::{Client, connect, tls_config};
use crate::support::program::{self, Program, TIMEOUT, get, labels, task};
use crate::support::server::Running;
use crate::support::webhook::JSON;
use testing::review;

/// Long enough for all that a test does meanwhile.
const DELAY: &str = "6s";

/// What a caller notes.
#[derive(Default)]
struct Notes {
    stopping: AtomicBool,
    stop: AtomicBool,
    calls: AtomicUsize,
    last_ones: AtomicUsize,
}

/// Calls without a pause until it is stopped. Every call succeeds; those that begin after the
/// program gets SIGTERM are answered with `Connection: close`.
async fn calls(addr: SocketAddr, ca_pem: String, notes: Arc<Notes>) {
    let client = Client::new(addr, &ca_pem);
    let review = review::creation(&task()).to_string();
    while !notes.stop.load(Ordering::Relaxed) {
        let was_stopping = notes.stopping.load(Ordering::Acquire);
        let (status, headers, _) =
            client.post(MUTATE_TASK_PATH, JSON, review.clone()).await.expect("an answer");
        assert_eq!(status, 200);
        notes.calls.fetch_add(1, Ordering::Relaxed);
        if was_stopping {
            assert_eq!(headers[CONNECTION], "close");
            notes.last_ones.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(TIMEOUT, waiting).await.expect(what);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_fails_while_it_ends() {
    let mut program = Program::with(program::folder("v: one"), &["--shutdown-delay", DELAY]);
    let (addr, health) = (program.address("webhook"), program.address("health"));
    program.message("Ready");
    let ca_pem = std::fs::read_to_string(program.folder.path().join("tls/tls.crt")).unwrap();
    let idle = [(); 5].map(|()| shaken_with(addr, &ca_pem));
    let mut idle = futures_util::future::join_all(idle).await;
    let notes = Arc::new(Notes::default());
    let callers: Vec<_> =
        (0..4).map(|_| tokio::spawn(calls(addr, ca_pem.clone(), Arc::clone(&notes)))).collect();
    until("calls", || notes.calls.load(Ordering::Relaxed) > 50).await;

    program.signal("TERM");
    program.message("Ending: not ready any more, but calls are still served");
    notes.stopping.store(true, Ordering::Release);
    let ready = get(health, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("ending"), "{ready}");
    assert!(get(health, "/healthz").starts_with("HTTP/1.1 200"));
    // Each of them needs a new connection.
    until("calls", || notes.last_ones.load(Ordering::Relaxed) > 50).await;
    let mut used = idle.pop().unwrap();
    send(&mut used, &request(0)).await;
    assert_eq!(answer(&mut used).await.0, 400, "an empty body is no review");
    assert_eq!(until_closed(used).await, b"");
    notes.stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("no call failed");
    }

    // Begun before the end, it is finished after it.
    let review = review::creation(&task()).to_string();
    let (first, second) = review.split_at(review.len() / 2);
    let mut begun = idle.pop().unwrap();
    let length = format!("Content-Length: {}\r\n", review.len());
    send(&mut begun, &(head(&length) + first)).await;
    program.message("Draining: no new connections, requests in flight are finished");
    let refused = async {
        while TcpStream::connect(addr).await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(TIMEOUT, refused).await.expect("no new connections");
    assert!(get(health, "/healthz").starts_with("HTTP/1.1 200"), "alive while it drains");
    send(&mut begun, second).await;
    assert_eq!(answer(&mut begun).await.0, 200);
    assert_eq!(until_closed(begun).await, b"");
    for stream in idle {
        let last = until_closed(stream).await;
        let last = String::from_utf8_lossy(&last);
        assert!(last.starts_with("HTTP/1.1 503 ") && last.contains("retry-after: 1\r\n"), "{last}");
    }
    program.message("Stopped");
    assert!(program.child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    for (first, second) in [("TERM", "TERM"), ("INT", "TERM"), ("TERM", "INT")] {
        let mut program = Program::with(program::folder("v: one"), &["--shutdown-delay", "1h"]);
        let client = program.client(program.address("webhook"));
        assert_eq!(labels(&client).await["v"], "one");
        program.signal(first);
        program.message("Ending: not ready any more, but calls are still served");
        assert_eq!(labels(&client).await["v"], "one");
        program.signal(second);
        program.message("Aborting: requests in flight are dropped");
        assert!(program.child.wait().unwrap().success());
    }
}

/// How often it is tried at least to send requests just as the server closes; as often again as it
/// takes to have some in time and some too late.
const ROUNDS: u64 = 10;
const MOST_ROUNDS: u64 = 200;
const AT_ONCE: u64 = 40;

/// Sends a request after a pause, on a connection that may be closed meanwhile; gives the status.
async fn meets_the_end(
    addr: SocketAddr,
    tls: Arc<ClientConfig>,
    connected: Arc<Barrier>,
    pause: Duration,
) -> String {
    let mut stream = connect(addr, tls).await.unwrap();
    connected.wait().await;
    sleep(pause).await;
    // As any client does it: what was sent before is read first, and to send may fail.
    if stream.write_all(request(2).as_bytes()).await.is_ok() {
        let _ = stream.flush().await;
    }
    let mut received = Vec::new();
    let read = timeout(TIMEOUT, stream.read_to_end(&mut received)).await.expect("closed");
    let received = String::from_utf8_lossy(&received).into_owned();
    assert!(received.starts_with("HTTP/1.1 "), "{read:?} after {received:?}");
    assert!(received.to_ascii_lowercase().contains(&format!("{CONNECTION}: close")), "{received}");
    let status = received[9..12].to_owned();
    assert_eq!(status == "503", received.contains(&format!("{RETRY_AFTER}: 1\r\n")), "{received}");
    status
}

/// Some of these are in time, and some meet the last word; none is lost.
#[tokio::test(flavor = "multi_thread")]
async fn who_meets_the_end_is_served_or_sent_elsewhere() {
    let mut seen = BTreeSet::new();
    for round in 0.. {
        if round >= ROUNDS && seen.len() == 2 {
            break;
        }
        assert!(round < MOST_ROUNDS, "{seen:?}");
        let server = Running::start().await;
        server.shutdown.retire();
        let tls = tls_config(&server.ca_pem, rustls::ALL_VERSIONS, &[]);
        let connected = Arc::new(Barrier::new(AT_ONCE as usize + 1));
        let clients: Vec<_> = (0..AT_ONCE)
            .map(|n| {
                let (addr, tls) = (server.addr, Arc::clone(&tls));
                let (connected, pause) = (Arc::clone(&connected), Duration::from_micros(250 * n));
                tokio::spawn(meets_the_end(addr, tls, connected, pause))
            })
            .collect();
        connected.wait().await;
        sleep(Duration::from_millis(round % 10)).await;
        server.shutdown.drain();
        for client in clients {
            seen.insert(client.await.expect("not lost"));
        }
        assert_eq!(server.end().await, Drained::Complete);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["200", "503"]);
}
