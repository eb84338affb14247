//! One client, from its handshake to its last request.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::Service;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::activity::Activity;
use super::body::TrackedBody;
use super::catch_panic::catch_panic;
use super::paced::Paced;
use super::{Limits, Shutdown};

/// The most that is kept of a head, or of a body that nobody reads yet. The API server sends heads
/// of less than 1 KiB.
const BUFFER_BYTES: usize = 64 * 1024;

/// What lies between TCP and HTTP.
#[derive(Clone)]
pub(super) enum Transport {
    Plain,
    Tls(TlsAcceptor),
}

/// What serves one client.
pub(super) struct Connection {
    pub(super) transport: Transport,
    pub(super) app: TowerToHyperService<Router>,
    pub(super) limits: Limits,
    pub(super) shutdown: Shutdown,
    pub(super) activity: Arc<Activity>,
}

impl Connection {
    pub(super) async fn run(&self, stream: TcpStream) {
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

    /// Answers requests until the client, a deadline or the end of the server closes.
    async fn http<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let stream = Paced::new(stream, Arc::clone(&self.activity), self.limits);
        // Its own timer is off: all deadlines are those of the stream.
        let connection = hyper::server::conn::http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(
                TokioIo::new(stream),
                hyper::service::service_fn(|request| self.answer(request)),
            );
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

    /// Answers a request whose head is whole; the connection is busy from this call on.
    fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Body>, Infallible>> {
        let has_begun = self.activity.begin(!request.body().is_end_stream());
        async move {
            if !has_begun {
                // The task is about to be ended: another connection has its place.
                pending::<()>().await;
            }
            let request = request.map(|body| TrackedBody::new(body, &self.activity));
            let answer = catch_panic(async { self.app.call(request).await }).await;
            self.activity.answered();
            Ok(answer.map_or_else(|()| internal_error(), |Ok(answer)| answer))
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
