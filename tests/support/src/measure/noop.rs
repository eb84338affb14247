//! A server of the product's own stack that does nothing: what HTTPS itself costs.
//!
//! It reads each body and answers one constant AdmissionReview. Whatever the product needs beyond
//! this is the price of its job.

use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::Result;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use kelos_metadata::server::{Server, Shutdown};
use kelos_metadata::tls::{self, KeyPair, ServingKey};
use tokio::net::TcpListener;

const ANSWER: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"8ea41374-b2e0-4dc1-bdfd-a664857a180c","allowed":true}}"#;

/// Serves on loopback until the process is killed; says on stderr where.
pub fn serve(certificate: &Path, key: &Path) -> Result<()> {
    let pair = KeyPair::from_files(certificate, key)?;
    let tls = tls::server_config(ServingKey::new(pair))?;
    // The runtime that `#[tokio::main]` makes: it obeys TOKIO_WORKER_THREADS.
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        eprintln!("webhook listens on {}", listener.local_addr()?);
        Server::new(router(), Shutdown::new()).serve_tls(listener, tls).await;
        Ok(())
    })
}

fn router() -> Router {
    Router::new().route("/mutate-task", post(answer))
}

async fn answer(_body: Bytes) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], ANSWER)
}
