//! The accept loop: connections in, requests to a router, and an orderly end.
//!
//! HTTP/1.1 over TLS or, for metrics and health, over plain TCP. axum's own `serve` is not used: it
//! sets no deadlines, and knows no TLS.

mod accept;
mod body;
mod catch_panic;
mod client_rejections;
mod connection;
mod connection_state;
mod early_503;
mod limits;
mod shutdown;
mod slots;
mod timeout_stream;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use self::accept::accept;
use self::client_rejections::ClientRejections;
pub use self::client_rejections::RejectionReason;
use self::connection::{Connection, Transport};
pub use self::limits::Limits;
pub use self::shutdown::{Shutdown, Signals};
use self::slots::{ConnectionSlots, Slot};
use crate::telemetry::LogLimiter;

/// How many clients the system may have let in that are not accepted yet, when a server is to end.
const BACKLOG: usize = 128;
/// How long it is waited for each of them.
const LAST_CALL: Duration = Duration::from_millis(10);
/// How long those who were let in may wait for their slots then.
const LAST_SLOTS: Duration = Duration::from_secs(1);

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request in flight was answered.
    Complete,
    /// So many connections were cut, by a second signal or because the time to drain was over.
    Cut(usize),
}

/// What answers requests.
pub trait App: Clone + Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send;
}

impl App for Router {
    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let Ok(response) = TowerToHyperService::new(self.clone()).call(request).await;
        response
    }
}

/// An app behind a listener.
#[derive(Clone, Debug)]
pub struct Server<A> {
    app: A,
    limits: Limits,
    shutdown: Shutdown,
    rejection: RejectionReason,
}

impl<A: App> Server<A> {
    /// Serves `app` until `shutdown`, within the usual limits.
    pub fn new(app: A, shutdown: Shutdown) -> Server<A> {
        Server { app, limits: Limits::default(), shutdown, rejection: |_| None }
    }

    /// Sets other limits.
    pub fn with_limits(mut self, limits: Limits) -> Server<A> {
        self.limits = limits;
        self
    }

    /// Logs the handshakes that fail for a reason that `rejection` knows.
    pub fn with_rejections(mut self, rejection: RejectionReason) -> Server<A> {
        self.rejection = rejection;
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
        let slots = ConnectionSlots::new(self.connections());
        let connections = TaskTracker::new();
        let mut log = AcceptLog::default();
        let rejections = Arc::new(ClientRejections::new(self.rejection));
        let serve = |(stream, slot): (TcpStream, Slot)| {
            let id = slot.id();
            let connection = Connection {
                transport: transport.clone(),
                app: self.app.clone(),
                limits: self.limits,
                shutdown: self.shutdown.clone(),
                state: Arc::clone(slot.state()),
                rejections: Arc::clone(&rejections),
            };
            let task = connections.spawn(async move {
                // Dropped last, when the socket is closed.
                let _slot = slot;
                connection.run(stream).await;
            });
            slots.held_by(id, task.abort_handle());
        };
        while let Some(next) = self.next(&listener, &slots, &mut log).await {
            serve(next);
        }
        // Whom the system has let in believes to be connected, and does not try again.
        let until = Instant::now() + LAST_SLOTS;
        for _ in 0..BACKLOG {
            let last = accept(&listener, &slots, &mut log.shortage);
            let Ok(stream) = timeout(LAST_CALL, last).await else { break };
            let Ok(slot) = timeout_at(until, slots.take()).await else { break };
            serve((stream, slot));
        }
        drop(listener);
        connections.close();
        self.drain(&connections, &slots).await
    }

    /// How many connections there can be at once.
    fn connections(&self) -> usize {
        let wanted = self.limits.connections;
        match accept::connections_by_files() {
            Some(possible) if possible < wanted => {
                tracing::warn!(
                    wanted,
                    possible,
                    "Fewer connections at once than usual: raise the limit of open files (ulimit -n)"
                );
                possible
            }
            _ => wanted,
        }
    }

    /// Waits for a client, and then for a slot for it; `None` when the server is to end. Who has been accepted
    /// is not dropped for that: it still gets the time to find a slot.
    async fn next(
        &self,
        listener: &TcpListener,
        slots: &Arc<ConnectionSlots>,
        log: &mut AcceptLog,
    ) -> Option<(TcpStream, Slot)> {
        let stream = tokio::select! {
            biased;
            () = self.shutdown.draining() => return None,
            stream = accept(listener, slots, &mut log.shortage) => stream,
        };
        if slots.are_full() && log.full.is_due() {
            tracing::warn!(
                "All connection slots are taken: idle connections are evicted for new ones"
            );
        }
        let too_late = async {
            self.shutdown.draining().await;
            sleep(LAST_SLOTS).await;
        };
        tokio::select! {
            biased;
            slot = slots.take() => Some((stream, slot)),
            () = too_late => None,
        }
    }

    async fn drain(&self, connections: &TaskTracker, slots: &ConnectionSlots) -> Drained {
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
        slots.evict_all();
        connections.wait().await;
        Drained::Cut(open)
    }
}

/// What the accept loop logs once a minute.
#[derive(Debug, Default)]
struct AcceptLog {
    full: LogLimiter,
    shortage: LogLimiter,
}
