//! The accept loop: connections in, requests to a router, and an orderly end.
//!
//! HTTP/1.1 over TLS or, for metrics and health, over plain TCP. axum's own `serve` is not used: it
//! sets no deadlines, and knows no TLS.

mod accept;
mod activity;
mod body;
mod catch_panic;
mod connection;
mod limits;
mod paced;
mod parting;
mod places;
mod refused;
mod shutdown;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use self::accept::accept;
use self::connection::{Connection, Transport};
pub use self::limits::Limits;
use self::places::{Place, Places};
use self::refused::Refused;
pub use self::shutdown::{Shutdown, Signals};
use crate::seldom::Seldom;

/// How many clients the system may have let in that are not accepted yet, when a server is to end.
const BACKLOG: usize = 128;
/// How long it is waited for each of them.
const LAST_CALL: Duration = Duration::from_millis(10);
/// How long those who were let in may wait for their places then.
const LAST_PLACES: Duration = Duration::from_secs(1);

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
        let places = Places::new(self.connections());
        let connections = TaskTracker::new();
        let app = TowerToHyperService::new(self.app.clone());
        let told = Told::default();
        let refused = Arc::new(Refused::default());
        let serve = |(stream, place): (TcpStream, Place)| {
            let id = place.id();
            let connection = Connection {
                transport: transport.clone(),
                app: app.clone(),
                limits: self.limits,
                shutdown: self.shutdown.clone(),
                activity: Arc::clone(place.activity()),
                refused: Arc::clone(&refused),
            };
            let task = connections.spawn(async move {
                // Dropped last, when the socket is closed.
                let _place = place;
                connection.run(stream).await;
            });
            places.held_by(id, task.abort_handle());
        };
        while let Some(next) = self.next(&listener, &places, &told).await {
            serve(next);
        }
        // Whom the system has let in believes to be connected, and does not try again.
        let until = Instant::now() + LAST_PLACES;
        for _ in 0..BACKLOG {
            let last = accept(&listener, &places, &told.shortage);
            let Ok(stream) = timeout(LAST_CALL, last).await else { break };
            let Ok(place) = timeout_at(until, places.take()).await else { break };
            serve((stream, place));
        }
        drop(listener);
        connections.close();
        self.drain(&connections, &places).await
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

    /// Waits for a client, and then for a place for it; `None` when the server is to end. Who has been accepted
    /// is not dropped for that: it still gets the time to find a place.
    async fn next(
        &self,
        listener: &TcpListener,
        places: &Arc<Places>,
        told: &Told,
    ) -> Option<(TcpStream, Place)> {
        let stream = tokio::select! {
            biased;
            () = self.shutdown.draining() => return None,
            stream = accept(listener, places, &told.shortage) => stream,
        };
        if places.are_full() && told.full.is_due() {
            tracing::warn!("All places are taken: idle connections are closed for new ones");
        }
        let too_late = async {
            self.shutdown.draining().await;
            sleep(LAST_PLACES).await;
        };
        tokio::select! {
            biased;
            place = places.take() => Some((stream, place)),
            () = too_late => None,
        }
    }

    async fn drain(&self, connections: &TaskTracker, places: &Places) -> Drained {
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
        places.evict_all();
        connections.wait().await;
        Drained::Cut(open)
    }
}

/// What the log has been told of.
#[derive(Debug, Default)]
struct Told {
    full: Seldom,
    shortage: Seldom,
}
