//! The HTTPS server in this process, with a tiny application behind the webhook's router.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kelos_metadata::server::{Drained, Limits, Server, Shutdown};
use kelos_metadata::tls::{SelfSigned, ServingKey, server_config};
use kelos_metadata::webhook::Metrics;
use kelos_metadata::webhook::router::{Answer, MUTATE_TASK_PATH, Reply, paths};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::https::Client;
use super::webhook::JSON;

/// Far longer than anything here takes.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Answers with the length of the body; some queries ask for more.
#[derive(Clone, Default)]
pub(crate) struct App {
    /// How many slow requests wait to go on.
    pub(crate) waiting: Arc<AtomicUsize>,
    pub(crate) started: Arc<Notify>,
    pub(crate) go_on: Arc<Notify>,
}

impl Answer for App {
    async fn answer(&self, body: Bytes, query: Option<&str>) -> Reply {
        match query {
            Some("panic") => panic!("on purpose"),
            Some("slow") => {
                let go_on = self.go_on.notified();
                self.waiting.fetch_add(1, Ordering::Relaxed);
                self.started.notify_one();
                go_on.await;
                self.waiting.fetch_sub(1, Ordering::Relaxed);
            }
            _ => (),
        }
        Reply::ok(body.len().to_string())
    }
}

/// A server on a port of its own.
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) ca_pem: String,
    pub(crate) app: App,
    pub(crate) shutdown: Shutdown,
    pub(crate) ended: JoinHandle<Drained>,
    pub(crate) key: Arc<ServingKey>,
}

impl Running {
    pub(crate) async fn start() -> Running {
        Running::with_limits(Limits::default()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Running {
        let made = SelfSigned::new().unwrap();
        let key = ServingKey::new(made.pair);
        let tls = server_config(Arc::clone(&key)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (app, shutdown) = (App::default(), Shutdown::new());
        let routes = paths(app.clone(), None, app.clone(), Arc::new(Metrics::new()));
        let server = Server::new(routes, shutdown.clone()).with_limits(limits);
        let ended = tokio::spawn(server.serve_tls(listener, tls));
        Running { addr, ca_pem: made.certificate_pem, app, shutdown, ended, key }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.addr, &self.ca_pem)
    }

    /// Asserts that an ordinary client is served.
    pub(crate) async fn serves(&self) {
        let (status, _, body) = self.client().post(MUTATE_TASK_PATH, JSON, "{}").await.unwrap();
        assert_eq!((status.as_u16(), &body[..]), (200, &b"2"[..]));
    }

    pub(crate) async fn end(self) -> Drained {
        timeout(TIMEOUT, self.ended).await.expect("the server ends").unwrap()
    }
}
