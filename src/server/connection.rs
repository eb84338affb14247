//! One client, from its handshake to its last request.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::body::TrackedBody;
use super::catch_panic::catch_panic;
use super::client_rejections::ClientRejections;
use super::connection_state::ConnectionState;
use super::early_503::close_with_503;
use super::timeout_stream::TimeoutStream;
use super::{App, Limits, Shutdown};

/// The most that is kept of a head, or of a body that nobody reads yet: a piece of TLS. The API
/// server sends heads of less than 1 KiB.
const BUFFER_BYTES: usize = 16 * 1024;

/// How long a handshake may go on when the server drains. Who fails to connect does not try again,
/// and who says nothing shall not hold the end up.
const LAST_HANDSHAKES: Duration = Duration::from_secs(1);

/// What lies between TCP and HTTP.
#[derive(Clone)]
pub(super) enum Transport {
    Plain,
    Tls(TlsAcceptor),
}

/// What serves one client.
pub(super) struct Connection<A> {
    pub(super) transport: Transport,
    pub(super) app: A,
    pub(super) limits: Limits,
    pub(super) shutdown: Shutdown,
    pub(super) state: Arc<ConnectionState>,
    pub(super) rejections: Arc<ClientRejections>,
}

impl<A: App> Connection<A> {
    pub(super) async fn run(&self, stream: TcpStream) {
        // An answer is one small write: waiting for more to send would only delay it.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone before it began");
            return;
        }
        match &self.transport {
            Transport::Plain => drop(self.http(stream).await),
            Transport::Tls(acceptor) => {
                let client = stream.peer_addr().ok();
                let handshake = timeout(self.limits.handshake, acceptor.accept(stream));
                let last_call = async {
                    self.shutdown.draining().await;
                    sleep(LAST_HANDSHAKES).await;
                };
                let shaken = tokio::select! {
                    shaken = handshake => shaken,
                    () = last_call => return,
                };
                match shaken {
                    // Over TLS comes the API server, which must not lose a request.
                    Ok(Ok(stream)) => {
                        if let Some(stream) = self.http(stream).await {
                            close_with_503(stream).await;
                        }
                    }
                    Ok(Err(error)) if self.rejections.log(&error, client) => (),
                    Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                    Err(_) => tracing::debug!("TLS handshake took too long"),
                }
            }
        }
    }

    /// Answers requests until the client or a deadline closes; gives the stream back if it is the
    /// end of the server that does, and nothing is under way on it.
    async fn http<S>(&self, stream: S) -> Option<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let stream = TimeoutStream::new(stream, Arc::clone(&self.state), self.limits);
        // Its own timer is off: all deadlines are those of the stream.
        let mut connection = hyper::server::conn::http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(
                TokioIo::new(stream),
                hyper::service::service_fn(|request| self.answer(request)),
            );
        let mut draining = pin!(self.shutdown.draining());
        let mut is_draining = false;
        // Both change in `poll` alone: what is at rest after it has read all that had come.
        let ended = poll_fn(|context| {
            if let Poll::Ready(ended) = Pin::new(&mut connection).poll(context) {
                return Poll::Ready(Some(ended));
            }
            is_draining = is_draining || draining.as_mut().poll(context).is_ready();
            if is_draining && self.state.is_at_rest() {
                return Poll::Ready(None);
            }
            Poll::Pending
        });
        match ended.await {
            None => Some(connection.into_parts().io.into_inner().into_inner()),
            Some(ended) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended badly");
                }
                None
            }
        }
    }

    /// Answers a request whose head is whole; the connection is busy from this call on.
    fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Body>, Infallible>> {
        let has_begun = self.state.begin(!request.body().is_end_stream());
        async move {
            if !has_begun {
                // The task is about to be ended: another connection has its slot.
                pending::<()>().await;
            }
            let request = request.map(|body| Body::new(TrackedBody::new(body, &self.state)));
            let answer = catch_panic(self.app.answer(request)).await;
            self.state.answered();
            let mut answer = answer.unwrap_or_else(|()| internal_error());
            if self.shutdown.is_retiring() {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(answer)
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
