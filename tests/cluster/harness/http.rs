//! A client of servers that speak plain HTTP and may answer in chunks.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The status and the text of what a path answers; nothing if nobody answers.
pub(crate) async fn fetch(address: SocketAddr, path: &str) -> Option<(StatusCode, String)> {
    let stream = TokioIo::new(TcpStream::connect(address).await.ok()?);
    let (mut client, connection) = hyper::client::conn::http1::handshake(stream).await.ok()?;
    tokio::spawn(connection);
    let request = Request::get(path).header(HOST, address.to_string());
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let (head, body) = client.send_request(request).await.ok()?.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    Some((head.status, String::from_utf8(body.into()).unwrap()))
}
