//! The HTTPS server over real sockets, with a tiny application behind the webhook's router.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::support::https::{Client, RequestBody, connect, tls_config};
use crate::support::server::{Running, TIMEOUT};
use crate::support::webhook::JSON;
use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::{Body, Frame};
use hyper::header::CONTENT_TYPE;
use kelos_metadata::server::{Drained, Limits, Server, Shutdown};
use kelos_metadata::tls::SelfSigned;
use kelos_metadata::webhook::router::{MAX_BODY_BYTES, MUTATE_TASK_PATH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A body of unknown length: so many mebibytes, then `more` bytes.
struct Stream {
    mebibytes: usize,
    more: usize,
}

impl Body for Stream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let size = if self.mebibytes > 0 {
            self.mebibytes -= 1;
            1024 * 1024
        } else {
            std::mem::take(&mut self.more)
        };
        Poll::Ready((size > 0).then(|| Ok(Frame::data(Bytes::from(vec![b' '; size])))))
    }
}

fn chunked(mebibytes: usize, more: usize) -> Request<RequestBody> {
    let body = BodyExt::boxed(Stream { mebibytes, more });
    Request::post(MUTATE_TASK_PATH).header(CONTENT_TYPE, JSON).body(body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_requests() {
    let server = Running::start().await;
    let client = server.client();
    for length in 0..20 {
        let body = vec![b' '; length];
        let (status, headers, body) = client.post(MUTATE_TASK_PATH, JSON, body).await.unwrap();
        assert_eq!(status, 200);
        assert_eq!(headers[CONTENT_TYPE], JSON);
        assert_eq!(body, length.to_string());
    }
    assert_eq!(client.connections().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_tls_versions_are_served_and_only_http_1() {
    let server = Running::start().await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for alpn in [&["http/1.1"][..], &["h2", "http/1.1"], &[]] {
            let tls = tls_config(&server.ca_pem, &[version], alpn);
            let stream = connect(server.addr, Arc::clone(&tls)).await.unwrap();
            let (_, session) = stream.get_ref();
            assert_eq!(session.protocol_version(), Some(version.version));
            assert_eq!(session.alpn_protocol(), (!alpn.is_empty()).then_some(&b"http/1.1"[..]));
            let client = Client::with_tls(server.addr, tls);
            let (status, ..) = client.post(MUTATE_TASK_PATH, JSON, "{}").await.unwrap();
            assert_eq!(status, 200);
        }
        let h2 = tls_config(&server.ca_pem, &[version], &["h2"]);
        let error = connect(server.addr, h2).await.unwrap_err().to_string();
        assert!(error.contains("NoApplicationProtocol"), "{error}");
    }
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_handshakes_do_not_disturb_the_next_client() {
    let server = Running::start().await;
    let stranger = SelfSigned::new().unwrap().certificate_pem;
    for round in 0..10 {
        let distrust = tls_config(&stranger, rustls::ALL_VERSIONS, &[]);
        assert!(connect(server.addr, distrust).await.is_err());
        let mut plain = TcpStream::connect(server.addr).await.unwrap();
        plain.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut received = Vec::new();
        // An alert or a reset, but an end.
        let _ = timeout(TIMEOUT, plain.read_to_end(&mut received)).await.expect("closed");
        assert!(!received.starts_with(b"HTTP"), "round {round}");
        drop(TcpStream::connect(server.addr).await.unwrap());
    }
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_shakes_hands_is_closed() {
    let limits =
        Limits { handshake: Duration::from_millis(100), connections: 1, ..Limits::default() };
    let server = Running::with_limits(limits).await;
    let mut silent = TcpStream::connect(server.addr).await.unwrap();
    // It holds the only place: the next one is served because it is thrown out.
    server.serves().await;
    let mut received = Vec::new();
    let _ = timeout(TIMEOUT, silent.read_to_end(&mut received)).await.expect("closed");
    assert_eq!(received, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_after_its_limit() {
    let limits = Limits { idle: Duration::from_millis(100), ..Limits::default() };
    let server = Running::with_limits(limits).await;
    let tls = tls_config(&server.ca_pem, rustls::ALL_VERSIONS, &[]);
    let mut idle = connect(server.addr, tls).await.unwrap();
    let mut received = Vec::new();
    let _ = timeout(TIMEOUT, idle.read_to_end(&mut received)).await.expect("closed");
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_taken_up_to_seven_mebibytes() {
    let server = Running::start().await;
    let client = server.client();
    let full = vec![b' '; MAX_BODY_BYTES];
    let (status, _, body) = client.post(MUTATE_TASK_PATH, JSON, full).await.unwrap();
    assert_eq!((status.as_u16(), body), (200, MAX_BODY_BYTES.to_string().into()));
    let (status, _, body) = client.send(chunked(7, 0)).await.unwrap();
    assert_eq!((status.as_u16(), body), (200, MAX_BODY_BYTES.to_string().into()));
    assert_eq!(client.connections().await, 1);

    for mebibytes in [7, 9, 40] {
        let mut over = vec![b' '; mebibytes * 1024 * 1024];
        over.push(b' ');
        let announced = client.post(MUTATE_TASK_PATH, JSON, over).await.unwrap();
        let streamed = client.send(chunked(mebibytes, 1)).await.unwrap();
        for (status, headers, body) in [announced, streamed] {
            assert_eq!(status, 413, "{mebibytes}");
            assert_eq!(headers["connection"], "close");
            assert!(String::from_utf8_lossy(&body).contains("7 MiB"));
        }
    }
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_before_sending_too_much_gets_a_413_at_once() {
    let server = Running::start().await;
    let tls = tls_config(&server.ca_pem, rustls::ALL_VERSIONS, &[]);
    let mut stream = connect(server.addr, tls).await.unwrap();
    let head = format!(
        "POST {MUTATE_TASK_PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        MAX_BODY_BYTES + 1
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let _ = timeout(TIMEOUT, stream.read_to_end(&mut received)).await.expect("closed");
    assert!(received.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&received));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_requests_get_a_reason_and_the_connection_lives_on() {
    let server = Running::start().await;
    let client = server.client();
    let (status, headers, _) = client.get(MUTATE_TASK_PATH).await.unwrap();
    assert_eq!((status.as_u16(), &headers["allow"]), (405, &"POST".parse().unwrap()));
    let (status, _, body) = client.post(MUTATE_TASK_PATH, "text/plain", "SECRET").await.unwrap();
    assert_eq!(status, 415);
    assert!(!String::from_utf8_lossy(&body).contains("SECRET"));
    assert_eq!(client.get("/elsewhere").await.unwrap().0, 404);
    assert_eq!(client.post(MUTATE_TASK_PATH, JSON, "").await.unwrap().0, 200);
    assert_eq!(client.connections().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_one_request() {
    let server = Running::start().await;
    let client = server.client();
    let path = format!("{MUTATE_TASK_PATH}?panic");
    let (status, _, body) = client.post(&path, JSON, "{}").await.unwrap();
    assert_eq!(status, 500);
    assert!(!String::from_utf8_lossy(&body).contains("on purpose"));
    assert_eq!(client.post(MUTATE_TASK_PATH, JSON, "{}").await.unwrap().0, 200);
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_key_serves_new_connections_and_keeps_the_old() {
    let server = Running::start().await;
    let old = server.client();
    assert_eq!(old.post(MUTATE_TASK_PATH, JSON, "{}").await.unwrap().0, 200);
    let next = SelfSigned::new().unwrap();
    server.key.replace(next.pair);
    assert_eq!(old.post(MUTATE_TASK_PATH, JSON, "{}").await.unwrap().0, 200);
    assert_eq!(old.connections().await, 1);
    let new = Client::new(server.addr, &next.certificate_pem);
    assert_eq!(new.post(MUTATE_TASK_PATH, JSON, "{}").await.unwrap().0, 200);
    let tls = tls_config(&server.ca_pem, rustls::ALL_VERSIONS, &[]);
    assert!(connect(server.addr, tls).await.is_err());
}

/// Sends a request that stays in the handler until it is told to go on.
async fn slow_request(server: &Running) -> JoinHandle<hyper::Result<u16>> {
    let client = server.client();
    let sent = tokio::spawn(async move {
        let (status, ..) = client.post(&format!("{MUTATE_TASK_PATH}?slow"), JSON, "{}").await?;
        Ok(status.as_u16())
    });
    timeout(TIMEOUT, server.app.started.notified()).await.expect("the request arrives");
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_finishes_what_is_in_flight_and_takes_nothing_new() {
    let server = Running::start().await;
    let idle = server.client();
    assert_eq!(idle.post(MUTATE_TASK_PATH, JSON, "{}").await.unwrap().0, 200);
    let in_flight = slow_request(&server).await;
    server.shutdown.drain();
    // The listener is closed at some moment from now on.
    let closed = async {
        while TcpStream::connect(server.addr).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(TIMEOUT, closed).await.expect("no new connections");
    assert!(!server.ended.is_finished());
    server.app.go_on.notify_one();
    assert_eq!(in_flight.await.unwrap().unwrap(), 200);
    assert_eq!(server.end().await, Drained::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_has_an_end_by_time_or_by_a_second_signal() {
    let limits = Limits { drain: Duration::from_millis(100), ..Limits::default() };
    let server = Running::with_limits(limits).await;
    let in_flight = slow_request(&server).await;
    server.shutdown.drain();
    assert!(in_flight.await.unwrap().is_err());
    assert_eq!(server.end().await, Drained::Cut(1));

    let limits = Limits { drain: Duration::from_secs(3600), ..Limits::default() };
    let server = Running::with_limits(limits).await;
    let in_flight = slow_request(&server).await;
    server.shutdown.drain();
    server.shutdown.abort();
    assert!(in_flight.await.unwrap().is_err());
    assert_eq!(server.end().await, Drained::Cut(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_server_speaks_plain_http() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let routes = Router::new().route("/healthz", get(async || Ok::<_, Infallible>("ok\n")));
    let ended = tokio::spawn(Server::new(routes, shutdown.clone()).serve_plain(listener));
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut received = String::new();
    timeout(TIMEOUT, stream.read_to_string(&mut received)).await.expect("an answer").unwrap();
    assert!(received.starts_with("HTTP/1.1 200 ") && received.ends_with("ok\n"), "{received}");
    shutdown.drain();
    assert_eq!(timeout(TIMEOUT, ended).await.unwrap().unwrap(), Drained::Complete);
}
