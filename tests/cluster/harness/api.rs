//! A client of the API server that shows what others hide: the status of a refusal, and warnings.

use std::net::SocketAddr;

use futures_util::Stream;
use http_body_util::BodyExt;
use hyper::header::{CONTENT_TYPE, WARNING};
use hyper::http::request::Builder;
use hyper::{Request, StatusCode};
use kube::Client;
use kube::client::Body;
use kube::config::{AuthInfo, Config};
use kube::core::WatchEvent;
use serde_json::Value;

use super::ca;

/// A client with one identity. Paths are those of the REST API.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
}

/// What the API server answered to one request.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// The texts of the Warning headers.
    pub(crate) warnings: Vec<String>,
    /// The object, or the Status that says why not.
    pub(crate) body: Value,
}

impl Reply {
    /// The object.
    ///
    /// # Panics
    /// When the request failed.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:#?}");
        self.body
    }

    /// What the Status says.
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

impl Api {
    /// A client with this bearer token.
    pub(crate) fn new(address: SocketAddr, token: &str) -> Api {
        let mut config = Config::new(format!("https://{address}").parse().unwrap());
        let roots = der(&ca::certificate());
        config.root_cert = Some(roots);
        // A test wants to see the first answer, whatever it is.
        config.default_retry = false;
        config.auth_info = AuthInfo { token: Some(token.to_owned().into()), ..AuthInfo::default() };
        Api { client: Client::try_from(config).unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(path), None).await.unwrap()
    }

    pub(crate) async fn create(&self, path: &str, object: &Value) -> Reply {
        let request = Request::post(path).header(CONTENT_TYPE, "application/json");
        self.send(request, Some(object)).await.unwrap()
    }

    pub(crate) async fn replace(&self, path: &str, object: &Value) -> Reply {
        let request = Request::put(path).header(CONTENT_TYPE, "application/json");
        self.send(request, Some(object)).await.unwrap()
    }

    pub(crate) async fn merge(&self, path: &str, change: &Value) -> Reply {
        let request = Request::patch(path).header(CONTENT_TYPE, "application/merge-patch+json");
        self.send(request, Some(change)).await.unwrap()
    }

    pub(crate) async fn json_patch(&self, path: &str, change: &Value) -> Reply {
        let request = Request::patch(path).header(CONTENT_TYPE, "application/json-patch+json");
        self.send(request, Some(change)).await.unwrap()
    }

    /// Server-side apply, as `kubectl apply --server-side --validate=strict` does it.
    pub(crate) async fn apply(&self, path: &str, query: &str, object: &Value) -> Reply {
        let path = format!("{path}?fieldManager=tests&fieldValidation=Strict{query}");
        let request = Request::patch(path).header(CONTENT_TYPE, "application/apply-patch+yaml");
        self.send(request, Some(object)).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Request::delete(path), None).await.unwrap()
    }

    /// What a path answers that is no JSON.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no success.
    pub(crate) async fn text(&self, path: &str) -> kube::Result<String> {
        let request = Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)?;
        self.client.request_text(request).await
    }

    /// What a watch tells.
    ///
    /// # Errors
    /// When it does not begin, or breaks off.
    pub(crate) async fn watch(
        &self,
        path: &str,
    ) -> kube::Result<impl Stream<Item = kube::Result<WatchEvent<Value>>> + use<>> {
        let request = Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)?;
        self.client.request_events(request).await
    }

    async fn send(&self, request: Builder, body: Option<&Value>) -> kube::Result<Reply> {
        let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let request = request.body(Body::from(body)).map_err(kube::Error::HttpError)?;
        let (head, body) = self.client.send(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        let warnings = head.headers.get_all(WARNING).iter();
        Ok(Reply {
            status: head.status,
            warnings: warnings
                .map(|header| warning_text(std::str::from_utf8(header.as_bytes()).unwrap()))
                .collect(),
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        })
    }
}

/// The text of `299 - "text"`.
fn warning_text(header: &str) -> String {
    let quoted = header.strip_prefix("299 - \"").and_then(|rest| rest.strip_suffix('"'));
    quoted.unwrap_or(header).replace("\\\"", "\"").replace("\\\\", "\\")
}

fn der(pem: &str) -> Vec<Vec<u8>> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
    certificates.map(|certificate| certificate.unwrap().to_vec()).collect()
}
