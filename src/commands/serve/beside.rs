//! The two plain listeners beside the webhook, on a thread and a runtime of their own: whatever requests
//! and rules do to the other threads, a kubelet and a scraper get their answers.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::super::listen::listen;
use crate::admin;
use crate::readiness::Readiness;
use crate::server::{Server, Shutdown};
use crate::settings::ServeSettings;
use crate::webhook::Metrics;

/// The name of the thread.
const THREAD: &str = "beside";

/// Metrics and health, served until the end.
pub(super) struct Beside {
    shutdown: Shutdown,
    thread: JoinHandle<()>,
}

impl Beside {
    /// Listens, and serves from then on.
    ///
    /// # Errors
    /// What keeps it from listening, with the flag that the address came from.
    pub(super) async fn start(
        settings: &ServeSettings,
        metrics: &Arc<Metrics>,
        readiness: &Readiness,
    ) -> anyhow::Result<Beside> {
        let listeners = vec![
            (
                listen(&settings.metrics, "metrics").await?,
                admin::metrics_router(Arc::clone(metrics)),
            ),
            (listen(&settings.health, "health").await?, admin::health_router(readiness.clone())),
        ];
        Beside::serve(listeners).await
    }

    async fn serve(listeners: Vec<(TcpListener, Router)>) -> anyhow::Result<Beside> {
        // A listener belongs to the runtime that it was made in.
        let listeners =
            listeners.into_iter().map(|(listener, app)| Ok((listener.into_std()?, app)));
        let listeners = listeners.collect::<std::io::Result<Vec<_>>>()?;
        let shutdown = Shutdown::new();
        let until = shutdown.clone();
        let (started, has_started) = oneshot::channel();
        let run = move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(started.send(Err(error))),
            };
            runtime.block_on(async {
                let mut servers = Vec::new();
                for (listener, app) in listeners {
                    match TcpListener::from_std(listener) {
                        Ok(listener) => {
                            let server =
                                Server::new(app, until.clone()).with_limits(admin::limits());
                            servers.push(tokio::spawn(server.serve_plain(listener)));
                        }
                        Err(error) => return drop(started.send(Err(error))),
                    }
                }
                let _ = started.send(Ok(()));
                for server in servers {
                    let _ = server.await;
                }
            });
        };
        let thread = Builder::new().name(THREAD.to_owned()).spawn(run);
        let thread = thread.context("no thread can be started")?;
        has_started.await.context("metrics and health are not served, by a bug")??;
        Ok(Beside { shutdown, thread })
    }

    /// Finishes what is in flight, and ends.
    pub(super) fn end(self) {
        self.shutdown.drain();
        // It panics only by a bug, of which the log has the place by then.
        let _ = self.thread.join();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    /// A GET on this thread, which does nothing else meanwhile.
    fn get(address: std::net::SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[tokio::test]
    async fn health_and_metrics_answer_while_no_other_thread_does() {
        let (metrics, readiness) = (Arc::new(Metrics::new()), Readiness::unready("starting"));
        let listener = || TcpListener::bind("127.0.0.1:0");
        let (one, two) = (listener().await.unwrap(), listener().await.unwrap());
        let addresses = [&one, &two].map(|listener| listener.local_addr().unwrap());
        let listeners = vec![
            (one, admin::metrics_router(metrics)),
            (two, admin::health_router(readiness.clone())),
        ];
        let beside = Beside::serve(listeners).await.unwrap();
        // The only thread of this runtime is blocked from here on, and all of its tasks with it.
        assert!(get(addresses[0], "/metrics").contains("kelos_metadata_rules_bytes 0"));
        assert!(get(addresses[1], "/healthz").starts_with("HTTP/1.1 200"));
        assert!(get(addresses[1], "/readyz").starts_with("HTTP/1.1 503"));
        readiness.set_ready();
        assert!(get(addresses[1], "/readyz").starts_with("HTTP/1.1 200"));
        beside.end();
        assert!(TcpStream::connect(addresses[1]).is_err(), "it has ended");
    }
}
