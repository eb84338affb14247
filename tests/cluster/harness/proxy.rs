//! A proxy between a client and the API server that can hold back watches and requests.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::ca;
use super::traffic::Traffic;

/// What happens to the answers of watches. Every other request passes as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watches {
    /// They pass.
    Pass,
    /// Each piece arrives this much later.
    Late(Duration),
    /// They say nothing, not even that they ended.
    Silent,
}

/// A running proxy.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    pub(crate) traffic: Arc<Traffic>,
    watches: watch::Sender<Watches>,
}

impl Proxy {
    /// Starts a proxy to the API server at this address.
    pub(crate) async fn start(api_server: SocketAddr, watches: Watches) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (watches, watched) = watch::channel(watches);
        let acceptor = TlsAcceptor::from(ca::server(&["127.0.0.1"]));
        let traffic = Arc::new(Traffic::default());
        let seen = Arc::clone(&traffic);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, watched) = (acceptor.clone(), watched.clone());
                let traffic = Arc::clone(&seen);
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    // A client that ends its connection ends the one behind it, too.
                    let upstream = Arc::new(Mutex::new(None));
                    let relay = service_fn(|request| {
                        let (upstream, traffic) = (Arc::clone(&upstream), Arc::clone(&traffic));
                        relay(request, api_server, upstream, watched.clone(), traffic)
                    });
                    let server = hyper::server::conn::http1::Builder::new();
                    let _ = server.serve_connection(TokioIo::new(stream), relay).await;
                });
            }
        });
        Proxy { address, traffic, watches }
    }

    /// Changes what happens to watches, those that run included.
    pub(crate) fn set(&self, watches: Watches) {
        self.watches.send_replace(watches);
    }
}

type Upstream = Arc<Mutex<Option<SendRequest<Incoming>>>>;

/// Asks the API server, on the connection that belongs to the client's.
async fn relay(
    request: Request<Incoming>,
    api_server: SocketAddr,
    upstream: Upstream,
    watches: watch::Receiver<Watches>,
    traffic: Arc<Traffic>,
) -> Result<Response<Relayed>, Box<dyn std::error::Error + Send + Sync>> {
    let asked = (request.method().clone(), request.uri().path().to_owned());
    traffic.before(&asked).await;
    let query = request.uri().query().unwrap_or_default();
    let is_watch = query.split('&').any(|pair| matches!(pair, "watch=true" | "watch=1"));
    let mut upstream = upstream.lock().await;
    if upstream.as_ref().is_none_or(SendRequest::is_closed) {
        *upstream = Some(connect(api_server).await?);
    }
    let sender = upstream.as_mut().ok_or("no connection")?;
    sender.ready().await?;
    let (mut head, body) = sender.send_request(request).await?.into_parts();
    traffic.after(&asked, &mut head).await;
    let (pieces, received) = mpsc::unbounded_channel();
    tokio::spawn(receive(body, pieces));
    let (passed, relayed) = mpsc::unbounded_channel();
    let watches = is_watch.then_some(watches);
    tokio::spawn(pass_on(received, passed, watches));
    Ok(Response::from_parts(head, Relayed(relayed)))
}

async fn connect(
    api_server: SocketAddr,
) -> Result<SendRequest<Incoming>, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(api_server).await?;
    let name = ServerName::from(api_server.ip());
    let stream = TlsConnector::from(ca::client()).connect(name, stream).await?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Takes pieces of an answer as they come, with their time.
async fn receive(mut body: Incoming, pieces: mpsc::UnboundedSender<(Instant, Frame<Bytes>)>) {
    while let Some(Ok(frame)) = body.frame().await {
        if pieces.send((Instant::now(), frame)).is_err() {
            return;
        }
    }
}

/// Hands pieces to the client, when their time has come.
async fn pass_on(
    mut received: mpsc::UnboundedReceiver<(Instant, Frame<Bytes>)>,
    passed: mpsc::UnboundedSender<Frame<Bytes>>,
    mut watches: Option<watch::Receiver<Watches>>,
) {
    loop {
        let next = tokio::select! {
            next = received.recv() => next,
            // The client is gone.
            () = passed.closed() => return,
        };
        if let Some(watches) = &mut watches {
            let is_held = *watches.borrow() == Watches::Silent;
            if is_held {
                let release = watches.wait_for(|watches| *watches != Watches::Silent);
                tokio::select! {
                    _ = release => {}
                    () = passed.closed() => return,
                }
            }
            let late = *watches.borrow();
            if let (Watches::Late(late), Some((came, _))) = (late, &next) {
                sleep_until(*came + late).await;
            }
        }
        let Some((_, frame)) = next else { return };
        if passed.send(frame).is_err() {
            return;
        }
    }
}

/// An answer on its way to the client.
struct Relayed(mpsc::UnboundedReceiver<Frame<Bytes>>);

impl Body for Relayed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}
