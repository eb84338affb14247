//! Clients that send bytes, and say what came back.

use std::net::SocketAddr;
use std::time::Duration;

use kelos_metadata::webhook::router::MUTATE_TASK_PATH;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::client::TlsStream;

use crate::support::https::{connect, tls_config};
use crate::support::server::{Running, TIMEOUT};
use crate::support::webhook::JSON;

/// How long a client that trickles waits between two bytes.
pub(crate) const TRICKLE: Duration = Duration::from_millis(10);

/// Shakes hands and nothing more.
pub(crate) async fn shaken(server: &Running) -> TlsStream<TcpStream> {
    shaken_with(server.addr, &server.ca_pem).await
}

pub(crate) async fn shaken_with(addr: SocketAddr, ca_pem: &str) -> TlsStream<TcpStream> {
    connect(addr, tls_config(ca_pem, rustls::ALL_VERSIONS, &[])).await.unwrap()
}

/// The head of a request to the webhook, with these headers too.
pub(crate) fn head(more: &str) -> String {
    head_to(MUTATE_TASK_PATH, more)
}

/// The same of a request to another path.
pub(crate) fn head_to(path: &str, more: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\n{more}\r\n")
}

/// A whole request with a body of so many bytes.
pub(crate) fn request(length: usize) -> String {
    head(&format!("Content-Length: {length}\r\n")) + &" ".repeat(length)
}

/// Reads one answer with a short body, and gives its status and its body.
pub(crate) async fn answer<S: AsyncRead + Unpin>(stream: &mut S) -> (u16, String) {
    let mut received = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&received);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return (head[9..12].parse().unwrap(), body.to_owned());
            }
        }
        // Byte by byte, so that nothing of the next answer is taken.
        let byte = timeout(TIMEOUT, stream.read_u8()).await.expect("an answer");
        received.push(byte.unwrap_or_else(|error| panic!("{error} after {received:?}")));
    }
}

/// Sends a text. Without the flush TLS may keep a part of it for later.
pub(crate) async fn send<S: AsyncWrite + Unpin>(stream: &mut S, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// Sends a request of so many bytes, and asserts that it is answered.
pub(crate) async fn call<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, length: usize) {
    send(stream, &request(length)).await;
    assert_eq!(answer(stream).await, (200, length.to_string()));
}

/// Sends these bytes one at a time until the server closes, and gives what it sent.
///
/// When there are no more, it waits for the end.
pub(crate) async fn trickle<S>(stream: S, bytes: impl IntoIterator<Item = u8>) -> Vec<u8>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut received = Vec::new();
    let reading = async {
        // A reset is an end too.
        let _ = reader.read_to_end(&mut received).await;
    };
    let writing = async {
        for byte in bytes {
            if writer.write_all(&[byte]).await.is_err() || writer.flush().await.is_err() {
                break;
            }
            tokio::time::sleep(TRICKLE).await;
        }
        std::future::pending::<()>().await;
    };
    let closed = async {
        tokio::select! {
            () = reading => (),
            () = writing => (),
        }
    };
    timeout(TIMEOUT, closed).await.expect("closed");
    received
}

/// Waits until the server closes, and gives what it sent.
pub(crate) async fn until_closed<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> Vec<u8> {
    trickle(stream, []).await
}

/// Asserts that something ended by this deadline: not before it, nor long after.
pub(crate) fn ended_by(deadline: Duration, begun: Instant) {
    let took = begun.elapsed();
    assert!(took >= deadline, "{took:?} is before the deadline of {deadline:?}");
    assert!(took < deadline * 10, "{took:?} is long after the deadline of {deadline:?}");
}
