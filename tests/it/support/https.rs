//! A small HTTPS client: HTTP/1.1, one kept-alive connection, trust in one certificate.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The body of a request: in one piece with a length, or a stream without one.
pub(crate) type RequestBody = BoxBody<Bytes, std::io::Error>;

/// Status, headers and body of an answer.
pub(crate) type Answer = (StatusCode, HeaderMap, Bytes);

/// A client of one server.
pub(crate) struct Client {
    addr: SocketAddr,
    tls: Arc<ClientConfig>,
    open: Mutex<Connections>,
}

#[derive(Default)]
struct Connections {
    current: Option<SendRequest<RequestBody>>,
    made: usize,
}

/// Client settings that trust `ca_pem`, with these TLS versions and ALPN names.
pub(crate) fn tls_config(
    ca_pem: &str,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&str],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        roots.add(certificate.expect("PEM")).expect("a certificate to trust");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("TLS versions of this build")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// Connects and shakes hands; the server is expected to be `localhost`.
pub(crate) async fn connect(
    addr: SocketAddr,
    tls: Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("localhost").expect("a DNS name");
    TlsConnector::from(tls).connect(name, stream).await
}

impl Client {
    /// A client that trusts `ca_pem` and offers HTTP/1.1 over TLS 1.2 and 1.3.
    pub(crate) fn new(addr: SocketAddr, ca_pem: &str) -> Client {
        Client::with_tls(addr, tls_config(ca_pem, rustls::ALL_VERSIONS, &["http/1.1"]))
    }

    /// A client with TLS settings of its own.
    pub(crate) fn with_tls(addr: SocketAddr, tls: Arc<ClientConfig>) -> Client {
        Client { addr, tls, open: Mutex::default() }
    }

    /// Sends a POST with a body of known length.
    pub(crate) async fn post(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> hyper::Result<Answer> {
        let body = Full::new(body.into()).map_err(|never| match never {}).boxed();
        let request = Request::post(path).header(CONTENT_TYPE, content_type);
        self.send(request.body(body).expect("a request")).await
    }

    /// Sends a GET.
    pub(crate) async fn get(&self, path: &str) -> hyper::Result<Answer> {
        let body = Full::default().map_err(|never| match never {}).boxed();
        self.send(Request::get(path).body(body).expect("a request")).await
    }

    /// Sends any request, on the open connection if there is one.
    pub(crate) async fn send(&self, mut request: Request<RequestBody>) -> hyper::Result<Answer> {
        request.headers_mut().insert(HOST, "localhost".parse().expect("a header"));
        let mut open = self.open.lock().await;
        let mut reusable = None;
        if let Some(mut sender) = open.current.take()
            && sender.ready().await.is_ok()
        {
            reusable = Some(sender);
        }
        let mut sender = match reusable {
            Some(sender) => sender,
            None => {
                open.made += 1;
                self.open_connection().await?
            }
        };
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        open.current = Some(sender);
        Ok((head.status, head.headers, body))
    }

    /// How many connections were made so far.
    pub(crate) async fn connections(&self) -> usize {
        self.open.lock().await.made
    }

    async fn open_connection(&self) -> hyper::Result<SendRequest<RequestBody>> {
        let stream = connect(self.addr, Arc::clone(&self.tls)).await.expect("a TLS connection");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}
