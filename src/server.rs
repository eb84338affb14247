//! The accept loop: connections in, requests to a router, and an orderly end.
//!
//! HTTP/1.1 over TLS or, for metrics and health, over plain TCP. axum's own `serve` is not used: it
//! sets no deadlines, and knows no TLS.

mod catch_panic;
mod shutdown;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::Service;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::catch_panic::catch_panic;
pub use self::shutdown::{Shutdown, Signals};

/// How long to wait before the next `accept` when the process has no file or memory for it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How much one listener grants its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more wait in the backlog of the system.
    pub connections: usize,
    /// From the accepted connection to the end of the TLS handshake.
    pub handshake: Duration,
    /// How long a connection may lie idle or take for the head of a request: hyper has one timer
    /// for both. Longer than the 90 s after which the API server closes an idle connection, for if
    /// we closed first, a request on its way to us would be lost.
    pub idle: Duration,
    /// How long requests in flight may take once the server is told to end.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 1024,
            handshake: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            drain: Duration::from_secs(10),
        }
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request in flight was answered.
    Complete,
    /// So many connections were cut, by a second signal or because the time to drain was over.
    Cut(usize),
}

/// A router behind a listener.
#[derive(Clone, Debug)]
pub struct Server {
    app: Router,
    limits: Limits,
    shutdown: Shutdown,
}

/// What lies between TCP and HTTP.
#[derive(Clone)]
enum Transport {
    Plain,
    Tls(TlsAcceptor),
}

impl Server {
    /// Serves `app` until `shutdown`, within the usual limits.
    pub fn new(app: Router, shutdown: Shutdown) -> Server {
        Server { app, limits: Limits::default(), shutdown }
    }

    /// Sets other limits.
    pub fn with_limits(mut self, limits: Limits) -> Server {
        self.limits = limits;
        self
    }

    /// Serves HTTPS; returns when the last connection is closed.
    pub async fn serve_tls(self, listener: TcpListener, tls: Arc<ServerConfig>) -> Drained {
        self.serve(listener, Transport::Tls(TlsAcceptor::from(tls))).await
    }

    /// Serves plain HTTP; returns when the last connection is closed.
    pub async fn serve_plain(self, listener: TcpListener) -> Drained {
        self.serve(listener, Transport::Plain).await
    }

    async fn serve(self, listener: TcpListener, transport: Transport) -> Drained {
        let slots = Arc::new(Semaphore::new(self.limits.connections));
        let connections = TaskTracker::new();
        let cut = CancellationToken::new();
        let app = TowerToHyperService::new(self.app.clone());
        while let Some((stream, slot)) = self.next(&listener, &slots).await {
            let connection = Connection {
                transport: transport.clone(),
                app: app.clone(),
                limits: self.limits,
                shutdown: self.shutdown.clone(),
                _slot: slot,
            };
            let cut = cut.clone();
            connections.spawn(async move {
                tokio::select! {
                    () = connection.run(stream) => (),
                    () = cut.cancelled() => (),
                }
            });
        }
        drop(listener);
        connections.close();
        self.drain(&connections, &cut).await
    }

    /// Waits for a place and then for a client to take it; `None` when the server is to end.
    async fn next(
        &self,
        listener: &TcpListener,
        slots: &Arc<Semaphore>,
    ) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        let accepted = async {
            let slot = Arc::clone(slots).acquire_owned().await.ok()?;
            Some((accept(listener).await, slot))
        };
        tokio::select! {
            biased;
            () = self.shutdown.draining() => None,
            accepted = accepted => accepted,
        }
    }

    async fn drain(&self, connections: &TaskTracker, cut: &CancellationToken) -> Drained {
        let finished = tokio::select! {
            biased;
            () = connections.wait() => true,
            () = self.shutdown.aborted() => false,
            () = sleep(self.limits.drain) => false,
        };
        if finished {
            return Drained::Complete;
        }
        let open = connections.len();
        cut.cancel();
        connections.wait().await;
        Drained::Cut(open)
    }
}

/// Accepts the next connection, however long the system refuses to give one.
///
/// A client that is gone again is passed over at once. When files or memory are short, trying again
/// at once would spin without end, so there is a pause; a run of such errors is logged once.
async fn accept(listener: &TcpListener) -> TcpStream {
    let mut logged = false;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                if !logged {
                    tracing::warn!(%error, "connections cannot be accepted for now");
                    logged = true;
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether an error of `accept` speaks of one connection only.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// One client, from its handshake to its last request.
struct Connection {
    transport: Transport,
    app: TowerToHyperService<Router>,
    limits: Limits,
    shutdown: Shutdown,
    _slot: OwnedSemaphorePermit,
}

impl Connection {
    async fn run(&self, stream: TcpStream) {
        // An answer is one small write: waiting for more to send would only delay it.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone before it began");
            return;
        }
        match &self.transport {
            Transport::Plain => self.http(stream).await,
            Transport::Tls(acceptor) => {
                let handshake = timeout(self.limits.handshake, acceptor.accept(stream));
                // Nobody has sent a request before the handshake is done: nothing to drain.
                let shaken = tokio::select! {
                    shaken = handshake => shaken,
                    () = self.shutdown.draining() => return,
                };
                match shaken {
                    Ok(Ok(stream)) => self.http(stream).await,
                    Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                    Err(_) => tracing::debug!("TLS handshake took too long"),
                }
            }
        }
    }

    /// Answers requests until the client, the idle limit or the end of the server closes.
    async fn http<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let service = hyper::service::service_fn(|request| async {
            let answer = catch_panic(async { self.app.call(request).await }).await;
            Ok::<_, Infallible>(answer.map_or_else(|()| internal_error(), |Ok(answer)| answer))
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.idle)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = self.shutdown.draining() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended badly");
        }
    }
}

/// The answer to a request whose handler panicked; the log has the place.
fn internal_error() -> Response<Body> {
    let mut answer = Response::new(Body::from("internal error: see the log of kelos-metadata\n"));
    *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_of_one_client_are_passed_over_without_a_pause() {
        for (errno, of_the_client) in [
            (libc_errno::ECONNABORTED, true),
            (libc_errno::EMFILE, false),
            (libc_errno::ENFILE, false),
        ] {
            let error = io::Error::from_raw_os_error(errno);
            assert_eq!(is_of_the_client(&error), of_the_client, "{error}");
        }
    }

    /// Numbers of Linux, so that the test needs no crate for them.
    mod libc_errno {
        pub(super) const ECONNABORTED: i32 = 103;
        pub(super) const EMFILE: i32 = 24;
        pub(super) const ENFILE: i32 = 23;
    }
}
