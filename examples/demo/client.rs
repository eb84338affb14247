//! An HTTPS client like the API server's: one kept-alive HTTP/1.1 connection, trust in one
//! certificate.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use kelos_metadata::tls;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The name in the server's certificate.
pub(crate) const SERVER_NAME: &str = "localhost";

/// A client of one server.
pub(crate) struct Client {
    requests: SendRequest<Full<Bytes>>,
}

impl Client {
    /// Connects to a server and checks its certificate.
    pub(crate) async fn connect(
        address: SocketAddr,
        certificate_pem: &str,
    ) -> anyhow::Result<Client> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificate_pem.as_bytes())?)?;
        let config = ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(address).await?;
        let stream = TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from(SERVER_NAME)?, stream)
            .await
            .context("no TLS connection")?;
        let (requests, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Client { requests })
    }

    /// Sends JSON, and reads the JSON of a successful answer.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = Request::post(path)
            .header(HOST, SERVER_NAME)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body.to_string()))?;
        self.requests.ready().await?;
        let (head, body) = self.requests.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        let text = String::from_utf8_lossy(&body);
        ensure!(head.status == StatusCode::OK, "the server answers {}: {text}", head.status);
        serde_json::from_str(&text).context("the answer is no JSON")
    }
}
