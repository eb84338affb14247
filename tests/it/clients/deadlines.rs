//! Slow clients are closed in time, and trickling does not help them.

use std::time::Duration;

use kelos_metadata::server::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::clients::raw::{
    TRICKLE, answer, call, ended_by, head, request, shaken, trickle, until_closed,
};
use crate::support::server::{Running, TIMEOUT};

const DEADLINE: Duration = Duration::from_millis(500);
const FAR: Duration = Duration::from_secs(3600);

/// Every deadline is far away; a test brings its own nearer.
fn far() -> Limits {
    Limits { handshake: FAR, head: FAR, body: FAR, answer: FAR, idle: FAR, ..Limits::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_handshake_is_cut() {
    let server = Running::with_limits(Limits { handshake: DEADLINE, ..far() }).await;
    // The beginning of a ClientHello that goes on for long.
    let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3].into_iter().chain([7; 400]);
    let begun = Instant::now();
    let stream = TcpStream::connect(server.addr).await.unwrap();
    assert_eq!(trickle(stream, hello).await, b"");
    ended_by(DEADLINE, begun);

    let begun = Instant::now();
    let silent = TcpStream::connect(server.addr).await.unwrap();
    assert_eq!(until_closed(silent).await, b"");
    ended_by(DEADLINE, begun);
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_is_cut_from_its_first_byte_on() {
    let server = Running::with_limits(Limits { head: DEADLINE, ..far() }).await;
    let endless = || head("").into_bytes().into_iter().take(40).chain([b'a'; 5000]);

    let stream = shaken(&server).await;
    // Silence before the first byte is another matter.
    sleep(2 * DEADLINE).await;
    let begun = Instant::now();
    assert_eq!(trickle(stream, endless()).await, b"");
    ended_by(DEADLINE, begun);

    // On a connection that has served before, and with empty lines in front.
    let mut stream = shaken(&server).await;
    call(&mut stream, 2).await;
    sleep(2 * DEADLINE).await;
    call(&mut stream, 3).await;
    let begun = Instant::now();
    assert_eq!(trickle(stream, b"\r\n\r\n".iter().copied().chain(endless())).await, b"");
    ended_by(DEADLINE, begun);

    // With an ordinary request in the same piece.
    let mut stream = shaken(&server).await;
    let begun = Instant::now();
    let one_and_a_half = request(2) + &request(2)[..30];
    stream.write_all(one_and_a_half.as_bytes()).await.unwrap();
    assert_eq!(answer(&mut stream).await, (200, "2".to_owned()));
    assert_eq!(until_closed(stream).await, b"");
    ended_by(DEADLINE, begun);
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_cut_from_the_end_of_its_head_on() {
    let server = Running::with_limits(Limits { body: DEADLINE, ..far() }).await;
    let chunk = || b"1\r\na\r\n".iter().copied().cycle().take(5000);
    for (headers, body) in [
        ("Content-Length: 100000\r\n", vec![b' '; 5000]),
        ("Transfer-Encoding: chunked\r\n", chunk().collect()),
    ] {
        let mut stream = shaken(&server).await;
        // A request before this one has used nothing up.
        call(&mut stream, 2).await;
        sleep(2 * DEADLINE).await;
        let begun = Instant::now();
        stream.write_all(head(headers).as_bytes()).await.unwrap();
        let received = trickle(stream, body).await;
        ended_by(DEADLINE, begun);
        let received = String::from_utf8_lossy(&received);
        assert!(
            received.starts_with("HTTP/1.1 400 ") && received.contains("took too long"),
            "{received}"
        );
    }
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_end_is_cut_at_its_size() {
    let server = Running::with_limits(far()).await;
    let mut stream = shaken(&server).await;
    stream.write_all(head("Transfer-Encoding: chunked\r\n").as_bytes()).await.unwrap();
    let mut chunk = b"100000\r\n".to_vec();
    chunk.resize(chunk.len() + 0x10_0000, b' ');
    chunk.extend(b"\r\n");
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut received = Vec::new();
    let sending = async {
        loop {
            if writer.write_all(&chunk).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let reading = async {
        let _ = timeout(TIMEOUT, reader.read_to_end(&mut received)).await.expect("closed");
    };
    tokio::select! {
        () = sending => (),
        () = reading => (),
    }
    assert!(received.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&received));
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_take_the_answers_is_cut() {
    let server = Running::with_limits(Limits { answer: DEADLINE, ..far() }).await;
    let begun = Instant::now();
    let mut stream = shaken(&server).await;
    let requests = request(0).repeat(100);
    let sending = async {
        // Never reads; an error comes when the server has closed.
        while stream.write_all(requests.as_bytes()).await.is_ok() {}
    };
    timeout(TIMEOUT, sending).await.expect("closed");
    assert!(begun.elapsed() >= DEADLINE);
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_within_reason_is_served() {
    let limits = Limits { head: TIMEOUT, body: TIMEOUT, ..far() };
    let server = Running::with_limits(limits).await;
    let mut stream = shaken(&server).await;
    for length in 0..3 {
        for byte in request(length).into_bytes() {
            stream.write_all(&[byte]).await.unwrap();
            sleep(TRICKLE / 10).await;
        }
        assert_eq!(answer(&mut stream).await, (200, length.to_string()));
    }
}
