//! The whole webhook in this process, over real TLS, with rules from a folder.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kelos_metadata::engine::Limits;
use kelos_metadata::engine::rules::Policy;
use kelos_metadata::server::{Drained, Server, Shutdown};
use kelos_metadata::spawners::{FileObjects, ReadObjects, Spawners};
use kelos_metadata::tls::{SelfSigned, ServingKey, server_config};
use kelos_metadata::webhook::Metrics;
use kelos_metadata::webhook::mutate_task::MutateTask;
use kelos_metadata::webhook::router::{MUTATE_TASK_PATH, VALIDATE_SPAWNER_PATH, paths};
use kelos_metadata::webhook::validate_spawner::ValidateSpawner;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::https::{self, Client};
use testing::review::Answer;

pub(crate) const JSON: &str = "application/json";

/// A running webhook, and one client of it.
pub(crate) struct Webhook {
    pub(crate) client: Client,
    pub(crate) metrics: Arc<Metrics>,
    shutdown: Shutdown,
    ended: JoinHandle<Drained>,
}

/// The cache with the manifests of a folder; every one of them can be used.
pub(crate) fn spawners(folder: &Path, policy: Policy) -> Spawners {
    let spawners = Spawners::new(policy);
    let (objects, unusable) = FileObjects::default().update(ReadObjects::of(folder));
    assert!(unusable.is_empty(), "{unusable:?}");
    spawners.replace(objects);
    spawners
}

impl Webhook {
    pub(crate) async fn start(folder: &Path, policy: Policy) -> Webhook {
        let made = SelfSigned::new().unwrap();
        let tls = server_config(ServingKey::new(made.pair)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(listener.local_addr().unwrap(), &made.certificate_pem);
        let (metrics, shutdown) = (Arc::new(Metrics::new()), Shutdown::new());
        let spawners = Arc::new(spawners(folder, policy));
        let validate_spawner = ValidateSpawner::new(Arc::clone(&spawners), Arc::clone(&metrics));
        let mutate_task = MutateTask::new(spawners, Arc::clone(&metrics), Limits::default());
        let routes = paths(
            mutate_task.clone(),
            Some(mutate_task.of_sessions()),
            validate_spawner,
            Arc::clone(&metrics),
        );
        let server = Server::new(routes, shutdown.clone());
        let ended = tokio::spawn(server.serve_tls(listener, tls));
        Webhook { client, metrics, shutdown, ended }
    }

    /// Sends a body as the API server does.
    pub(crate) async fn post(&self, body: impl Into<bytes::Bytes>) -> https::Answer {
        self.post_to(MUTATE_TASK_PATH, body).await
    }

    /// The same to another path.
    pub(crate) async fn post_to(&self, path: &str, body: impl Into<bytes::Bytes>) -> https::Answer {
        self.client.post(&format!("{path}?timeout=3s"), JSON, body).await.unwrap()
    }

    /// Sends a body about a spawner, as the API server does.
    pub(crate) async fn post_spawner(&self, body: impl Into<bytes::Bytes>) -> https::Answer {
        let path = format!("{VALIDATE_SPAWNER_PATH}?timeout=2s");
        self.client.post(&path, JSON, body).await.unwrap()
    }

    /// Sends a review, and reads the answer to it.
    pub(crate) async fn review(&self, review: &Value) -> Answer {
        let (status, headers, body) = self.post(review.to_string()).await;
        assert_eq!(status, 200);
        assert_eq!(headers["content-type"], "application/json");
        Answer::read(review, &body)
    }

    /// Stops the server; every request was answered by then.
    pub(crate) async fn stop(self) {
        drop(self.client);
        self.shutdown.drain();
        let drained = timeout(Duration::from_secs(30), self.ended).await.unwrap().unwrap();
        assert_eq!(drained, Drained::Complete);
    }
}
